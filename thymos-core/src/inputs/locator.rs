//! Whether a unit uses a variable, `OUT_DIR` most of all, only to find a file.
//!
//! `include!(concat!(env!("OUT_DIR"), "/x.rs"))`, `include!(env!("MADE"))` and their kin (`include_str!`, `include_bytes!`) read
//! a file, and the file's content is an input; the value goes nowhere. Every other use may put the value, its length or its
//! hash into the result.
//!
//! The sources tell what the unit itself does. A macro of another crate may use the variable too, under any spelling, and no
//! token tells; but each use asks the environment once (`lookup_env` in rustc's `rustc_builtin_macros/src/env.rs`). So every use
//! is accounted for where the compiler asked no more often than the unit's own sources found files. A use that is not compiled
//! finds none.
//!
//! Invariant: what is not understood, and a use that is not accounted for, is no locator.
//!
//! The compiler's own lexer (`ra-ap-rustc_lexer` 0.184 with `rustc-literal-escaper`) was measured in the place of `tokens` and
//! `unescaped`: it adds 0.7 s of processor time to an install and three crates, of which one needs Rust 1.89, and it takes text where
//! a source may be any bytes.

use std::borrow::Cow;
use std::collections::HashSet;
use std::path::PathBuf;

use crate::system::os;

/// How often the compiler itself asked for a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// So often.
    Times(u32),
    /// Nobody knows, and macros of other crates may have been used.
    Unknown,
    /// Nobody knows, and there is no other crate.
    UnknownAlone,
}

/// A variable of a unit.
#[derive(Clone, Copy, Debug)]
pub struct Variable<'a> {
    /// Its name.
    pub name: &'a [u8],
    /// Its value.
    pub value: &'a [u8],
    /// How often it was asked for.
    pub asked: Asked,
}

impl Variable<'_> {
    /// Returns whether every use of it finds a file, and there is one. `sources` are the texts of the files in `read`.
    #[must_use]
    pub fn only_locates(self, sources: &[Vec<u8>], read: &[PathBuf]) -> bool {
        let Some(uses) = uses(self.name, sources) else { return false };
        match self.asked {
            Asked::Unknown => false,
            Asked::UnknownAlone => uses.proven > 0 && !uses.renamed,
            Asked::Times(times) => {
                let found = |ending: &Vec<u8>| {
                    let path = os::path_from_bytes([self.value, ending].concat());
                    read.contains(&path)
                };
                times > 0 && uses.endings.iter().filter(|ending| found(ending)).count() >= times as usize
            }
        }
    }
}

/// The uses of a variable in a unit's sources, which are all proven.
#[derive(Debug, Default)]
struct Uses {
    proven: usize,
    /// What is appended to the value, of each use that says so.
    endings: HashSet<Vec<u8>>,
    /// Whether `env!` is given another name.
    renamed: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Word(&'a [u8]),
    Text(&'a [u8]),
    Mark(u8),
}

use Token::{Mark, Text, Word};

/// Returns the uses in the sources; nothing where one is not proven.
fn uses(variable: &[u8], sources: &[Vec<u8>]) -> Option<Uses> {
    let mut uses = Uses::default();
    for source in sources {
        // Most sources do not read a variable at all.
        let may_name = memchr::memmem::find(source, variable).is_some() || memchr::memchr(b'\\', source).is_some();
        if memchr::memmem::find(source, b"env").is_some() || may_name {
            uses.add(variable, &tokens(source))?;
        }
    }
    Some(uses)
}

impl Uses {
    fn add(&mut self, variable: &[u8], tokens: &[Token<'_>]) -> Option<()> {
        for (at, token) in tokens.iter().enumerate() {
            let reads = matches!(token, Word(b"env" | b"option_env")) && tokens.get(at + 1) == Some(&Mark(b'!'));
            if reads {
                let plain = matches!(tokens.get(at + 2), Some(Mark(b'(' | b'[' | b'{')))
                    && matches!(tokens.get(at + 3), Some(Text(_)));
                if !plain {
                    return None;
                }
            }
            self.renamed |= *token == Word(b"env") && tokens.get(at + 1) == Some(&Word(b"as"));
            let names = match token {
                Text(text) => holds(text, variable) || holds(&unescaped(text), variable),
                Word(text) => holds(text, variable),
                Mark(_) => false,
            };
            if names {
                if !is_locator(variable, tokens, at) {
                    return None;
                }
                self.proven += 1;
                self.endings.extend(ending(tokens, at + 1));
            }
        }
        Some(())
    }
}

fn holds(text: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(text, part).is_some()
}

/// Returns what follows the value in the path: nothing, or the texts that are appended. `at` is behind the name.
fn ending(tokens: &[Token<'_>], at: usize) -> Option<Vec<u8>> {
    let closes = |token: &Token<'_>| matches!(token, Mark(b')' | b']' | b'}'));
    let mut rest = tokens.get(at..)?.iter().skip_while(|token| !closes(token)).skip(1);
    let mut ending = Vec::new();
    loop {
        match rest.next()? {
            token if closes(token) => return Some(ending),
            Mark(b',') => {}
            Text(text) if !text.contains(&b'\\') => ending.extend_from_slice(text),
            _ => return None,
        }
    }
}

/// Returns a text with the escapes undone that can spell a letter.
fn unescaped(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.contains(&b'\\') {
        return Cow::Borrowed(text);
    }
    let (mut plain, mut rest) = (Vec::with_capacity(text.len()), text);
    while let Some((&first, after)) = rest.split_first() {
        let escape = if first == b'\\' { escape(after) } else { None };
        let (letters, length) = escape.unwrap_or(([first].into(), 0));
        plain.extend_from_slice(&letters);
        rest = &after[length..];
    }
    Cow::Owned(plain)
}

/// Reads what follows a backslash: the letter that it stands for, and how long it is. A line that goes on stands for nothing.
fn escape(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    let number = |digits: &[u8]| {
        let digits: String = digits.iter().filter(|digit| **digit != b'_').map(|digit| char::from(*digit)).collect();
        let letter = char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?;
        Some(letter.to_string().into_bytes())
    };
    match text {
        [b'x', one, two, ..] => Some((number(&[*one, *two])?, 3)),
        [b'u', b'{', digits @ ..] => {
            let end = memchr::memchr(b'}', digits)?;
            Some((number(&digits[..end])?, end + 3))
        }
        [b'\n' | b'\r', ..] => {
            let space = text.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            Some((Vec::new(), space))
        }
        [b'\\', ..] => Some((vec![b'\\'], 1)),
        _ => None,
    }
}

/// `include ! ( env ! ( "OUT_DIR"`, or `include ! ( concat ! ( env ! ( "OUT_DIR"` and then anything: whatever is appended, it is a
/// path that is read.
fn is_locator(variable: &[u8], tokens: &[Token<'_>], at: usize) -> bool {
    let opens = |token: Option<&Token<'_>>| matches!(token, Some(Mark(b'(' | b'[' | b'{')));
    let call = |back: usize, names: &[&[u8]]| {
        let Some(start) = at.checked_sub(3 * back) else { return false };
        let name = names.iter().any(|name| tokens[start] == Word(name));
        name && tokens.get(start + 1) == Some(&Mark(b'!')) && opens(tokens.get(start + 2))
    };
    let reads: [&[u8]; 3] = [b"include", b"include_str", b"include_bytes"];
    tokens[at] == Text(variable)
        && call(1, &[b"env"])
        && (call(2, &reads) || (call(2, &[b"concat"]) && call(3, &reads)))
}

/// Splits Rust source into words, string literals and marks; comments and space are dropped.
pub(super) fn tokens(source: &[u8]) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut rest = source;
    while let Some(&first) = rest.first() {
        let length = match first {
            b'/' if rest.starts_with(b"//") => memchr::memchr(b'\n', rest).unwrap_or(rest.len()),
            b'/' if rest.starts_with(b"/*") => block_comment(rest),
            b'"' => {
                let length = string(rest);
                found.push(Text(rest.get(1..length.saturating_sub(1)).unwrap_or_default()));
                length
            }
            b'\'' => character(rest),
            b'r' | b'b' | b'c' if raw_string(rest).is_some() => {
                let (length, text) = raw_string(rest).unwrap_or((1, b""));
                found.push(Text(text));
                length
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'0'..=b'9' | 0x80.. => {
                let ends = |byte: &u8| !(byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80);
                let length = rest.iter().position(ends).unwrap_or(rest.len());
                found.push(Word(&rest[..length]));
                length
            }
            b' ' | b'\t' | b'\r' | b'\n' => 1,
            mark => {
                found.push(Mark(mark));
                1
            }
        };
        rest = &rest[length.max(1).min(rest.len())..];
    }
    found
}

fn block_comment(text: &[u8]) -> usize {
    let (mut depth, mut at) = (0usize, 0);
    while at < text.len() {
        if text[at..].starts_with(b"/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if text[at..].starts_with(b"*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                break;
            }
        } else {
            at += 1;
        }
    }
    at
}

/// Returns the length of a string literal, quotes included.
fn string(text: &[u8]) -> usize {
    let mut at = 1;
    while at < text.len() {
        match text[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

/// Returns the length of a character literal, or 1 for the mark of a lifetime.
fn character(text: &[u8]) -> usize {
    match text {
        [_, b'\\', ..] => text.iter().skip(3).position(|byte| *byte == b'\'').map_or(1, |at| at + 4),
        [_, first, b'\'', ..] if *first != b'\'' => 3,
        [_, 0x80..=0xff, ..] => text.iter().skip(1).take(5).position(|byte| *byte == b'\'').map_or(1, |at| at + 2),
        _ => 1,
    }
}

/// Reads `r"…"`, `r#"…"#`, `br"…"`, `b"…"` and `c"…"`.
fn raw_string(text: &[u8]) -> Option<(usize, &[u8])> {
    let prefix = text.iter().take_while(|byte| matches!(byte, b'r' | b'b' | b'c')).count();
    if prefix > 2 {
        return None;
    }
    let hashes = text[prefix..].iter().take_while(|byte| **byte == b'#').count();
    let open = prefix + hashes;
    if text.get(open) != Some(&b'"') {
        return None;
    }
    if !text[..prefix].contains(&b'r') {
        return (hashes == 0).then(|| {
            let length = prefix + string(&text[prefix..]);
            (length, text.get(open + 1..length - 1).unwrap_or_default())
        });
    }
    let close: Vec<u8> = std::iter::once(b'"').chain(std::iter::repeat_n(b'#', hashes)).collect();
    let end = memchr::memmem::find(&text[open + 1..], &close)?;
    Some((open + 1 + end + close.len(), &text[open + 1..open + 1 + end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locates(source: &str, asked: Asked) -> bool {
        let variable = Variable { name: b"OUT_DIR", value: b"/t/out", asked };
        variable.only_locates(&[source.into()], &["/t/out/x.rs", "/t/out/x", "/t/out"].map(PathBuf::from))
    }

    #[test]
    fn only_files_that_are_found_are_locators() {
        let check = |source: &str, expected: bool| {
            assert_eq!(locates(source, Asked::UnknownAlone), expected, "{source}");
            assert!(!locates(source, Asked::Unknown), "{source}");
        };
        check(r#"include!(concat!(env!("OUT_DIR"), "/x.rs"));"#, true);
        check(r#"include! { concat ! [ env!( "OUT_DIR" ), "/x.rs" ] }"#, true);
        check(r#"static A: &str = include_str!(concat!(env!("OUT_DIR"), "/x"));"#, true);
        check(r#"macro_rules! m { ($f:expr) => { include!(concat!(env!("OUT_DIR"), $f)) } }"#, true);
        check(r#"// env!("OUT_DIR") is not used here"#, false);
        check(r#"include!(concat!(env!("OUT_DIR"), "/x.rs")); // OUT_DIR"#, true);
        check(r#"/* /* */ env!("OUT_DIR") */ include!(concat!(env!("OUT_DIR"), "/x.rs"));"#, true);
        check(r#"const D: &str = env!("OUT_DIR");"#, false);
        check(r#"const D: usize = concat!(env!("OUT_DIR"), "x").len();"#, false);
        check(r#"include!(concat!(env!("OUT_DIR"), "/x.rs")); const D: usize = env!("OUT_DIR").len();"#, false);
        check(r#"include!(concat!(env!("OUT_DIR"), "/x.rs")); const D: &str = env!(concat!("OUT_", "DIR"));"#, false);
        check(r##"include!(concat!(env!("OUT_DIR"), "/x.rs")); const D: &str = env!(r#"OUT_DIR"#);"##, false);
        check(r#"include!(concat!(env!("OUT_DIR"), "/x.rs")); const D: Option<&str> = option_env!("OUT_DIR");"#, false);
        check(r#"fn f<'a>(c: char) -> bool { c == '"' } include!(concat!(env!("OUT_DIR"), "/x"));"#, true);
        check("fn main() {}", false);
        check(r#"include!(env!("OUT_DIR"));"#, true);
        check(r#"static A: &[u8] = include_bytes!(env!("OUT_DIR", "there is no such file"));"#, true);
        check(r#"include!(env!("OUT_DIR_2"));"#, false);
        check(r#"make!(env!("OUT_DIR"));"#, false);
        check(r#"include!(make!(env!("OUT_DIR")));"#, false);
        check(r#"env!("OUT_DIR")"#, false);
    }

    #[test]
    fn an_escaped_name_is_the_name() {
        for spelled in [r"OUT\u{5f}DIR", r"OUT\u{00_5F}DIR", r"OUT\x5fDIR", r"\x4fUT_DIR", "OUT_\\\n    DIR"] {
            let honest = r#"include!(concat!(env!("OUT_DIR"), "/x.rs"));"#;
            for source in [format!("env!(\"{spelled}\").len()"), format!("renamed!(\"{spelled}\").len()")] {
                assert!(!locates(&format!("{honest} {source}"), Asked::UnknownAlone), "{source}");
            }
        }
        assert!(!locates(r#"use core::env as e; include!(concat!(env!("OUT_DIR"), "/x.rs"));"#, Asked::UnknownAlone));
    }

    #[test]
    fn each_time_that_it_was_asked_for_finds_a_file_of_its_own() {
        let check = |source: &str, times: u32, expected: bool| {
            assert_eq!(locates(source, Asked::Times(times)), expected, "{times}: {source}");
        };
        let one = r#"include!(concat!(env!("OUT_DIR"), "/x.rs"));"#;
        let two = r#"include!(concat!(env!("OUT_DIR"), "/x.rs",)); include_str!(concat!(env!("OUT_DIR"), "/", "x"));"#;
        check(one, 1, true);
        check(one, 2, false);
        check(one, 0, false);
        check(two, 2, true);
        check(two, 3, false);
        check(&format!("{one} {one}"), 2, false);
        check(r#"include!(env!("OUT_DIR", "a message"));"#, 1, true);
        check(r#"#[cfg(none)] include!(concat!(env!("OUT_DIR"), "/not-compiled.rs"));"#, 1, false);
        check(r#"macro_rules! m { ($f:expr) => { include!(concat!(env!("OUT_DIR"), $f)) } }"#, 1, false);
        check(&format!("{one} const D: usize = env!(\"OUT_DIR\").len();"), 1, false);
    }

    #[test]
    fn garbage_does_not_panic() {
        for source in [
            "\"", "'", "r#\"", "/*", "b", "'\\", "\u{e9}'", "/* */ */", "r###", "\"\\", "\"\\u{\"", "\"\\x\"", "\"\\\n",
        ] {
            let _ = locates(&format!("env {source}"), Asked::Times(1));
            let _ = locates(source, Asked::Times(1));
        }
    }
}
