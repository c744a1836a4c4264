//! Whether a unit's sources use a variable, `OUT_DIR` most of all, only to find a file.
//!
//! `include!(concat!(env!("OUT_DIR"), "/x.rs"))`, `include!(env!("MADE"))` and their kin (`include_str!`, `include_bytes!`) read
//! a file, and the file's content is an input; the value goes nowhere. Every other use may put the value, its length or its
//! hash into the result.
//!
//! Invariant: `true` is a proof over the tokens of the sources given; anything that is not understood is `false`. A macro of
//! another crate that uses the name is outside these tokens: the search of the outputs stands behind it.

/// Returns whether every use of a variable in the sources is a locator, and there is one.
#[must_use]
pub fn only_locates(variable: &[u8], sources: &[Vec<u8>]) -> bool {
    let mut proven = 0;
    for source in sources {
        // Most sources do not read a variable at all.
        if memchr::memmem::find(source, b"env").is_none() && memchr::memmem::find(source, variable).is_none() {
            continue;
        }
        match uses(variable, &tokens(source)) {
            Some(count) => proven += count,
            None => return false,
        }
    }
    proven > 0
}

#[derive(Debug, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a [u8]),
    Text(&'a [u8]),
    Mark(u8),
}

use Token::{Mark, Text, Word};

/// Counts proven uses; `None` for one that is not proven.
fn uses(variable: &[u8], tokens: &[Token<'_>]) -> Option<usize> {
    let mut proven = 0;
    for (at, token) in tokens.iter().enumerate() {
        let reads = matches!(token, Word(b"env" | b"option_env")) && tokens.get(at + 1) == Some(&Mark(b'!'));
        if reads {
            let plain = matches!(tokens.get(at + 2), Some(Mark(b'(' | b'[' | b'{')))
                && matches!(tokens.get(at + 3), Some(Text(_)));
            if !plain {
                return None;
            }
        }
        let names = match token {
            Text(text) | Word(text) => memchr::memmem::find(text, variable).is_some(),
            Mark(_) => false,
        };
        if names {
            if !is_locator(variable, tokens, at) {
                return None;
            }
            proven += 1;
        }
    }
    Some(proven)
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
fn tokens(source: &[u8]) -> Vec<Token<'_>> {
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

    #[test]
    fn only_files_that_are_found_are_locators() {
        let check = |source: &str, expected: bool| {
            assert_eq!(only_locates(b"OUT_DIR", &[source.into()]), expected, "{source}");
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
    fn garbage_does_not_panic() {
        for source in ["\"", "'", "r#\"", "/*", "b", "'\\", "\u{e9}'", "/* */ */", "r###", "\"\\"] {
            let _ = only_locates(b"OUT_DIR", &[format!("env {source}").into()]);
            let _ = only_locates(b"OUT_DIR", &[source.into()]);
        }
    }
}
