//! The link that rustc asked for, as data.
//!
//! `rustc --print link-args` writes the command it runs in the form of Rust's `Debug` for `Command`: variables that it sets
//! and removes, then quoted words. Running that command again with one more argument is exactly what a
//! `cargo:rustc-link-arg` leads to, without paying for the compiler again.
//!
//! Invariant: a line that is not understood to its last word is `None`, never a guess.

use std::{iter::Peekable, path::PathBuf, str::Chars};

/// A command that links.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LinkLine {
    /// Variables that rustc sets for the linker, and those that it removes.
    pub(crate) env: Vec<(String, Option<String>)>,
    /// The driver: `cc`.
    pub(crate) program: PathBuf,
    /// Its arguments.
    pub(crate) args: Vec<String>,
}

impl LinkLine {
    /// Returns the command that a line of `--print link-args` shows.
    pub(crate) fn parse(line: &str) -> Option<LinkLine> {
        let mut chars = line.trim().chars().peekable();
        let mut link = LinkLine::default();
        let mut removes = false;
        while let Some(word) = word(&mut chars)? {
            match word {
                _ if link.program.as_os_str().is_empty() => match word {
                    Word::Quoted(program) => link.program = program.into(),
                    Word::Assigned(name, value) => link.env.push((name, Some(value))),
                    Word::Bare(bare) if bare == "env" || bare == "-u" => removes = bare == "-u",
                    Word::Bare(name) if removes => link.env.push((name, None)),
                    Word::Bare(_) => return None,
                },
                Word::Quoted(arg) => link.args.push(arg),
                Word::Assigned(..) | Word::Bare(_) => return None,
            }
        }
        // An argument file would name objects that are gone by now.
        let complete = !link.args.is_empty() && !link.args.iter().any(|arg| arg.starts_with('@'));
        complete.then_some(link)
    }

    /// Returns the same link with another output and more arguments, or `None` if it names no output.
    pub(crate) fn again(&self, output: &str, more: &[String]) -> Option<LinkLine> {
        let mut link = self.clone();
        let at = link.args.iter().position(|arg| arg == "-o")?;
        *link.args.get_mut(at + 1)? = output.to_owned();
        link.args.extend(more.iter().cloned());
        Some(link)
    }
}

enum Word {
    Quoted(String),
    Assigned(String, String),
    Bare(String),
}

/// Returns the next word, `Some(None)` at the end, `None` for text of another form.
#[expect(clippy::option_option, reason = "the end of the line and a broken line are different answers")]
fn word(chars: &mut Peekable<Chars<'_>>) -> Option<Option<Word>> {
    while chars.next_if(|c| *c == ' ').is_some() {}
    let mut name = String::new();
    loop {
        match chars.peek() {
            None if name.is_empty() => return Some(None),
            None | Some(' ') => return Some(Some(Word::Bare(name))),
            Some('"') if name.is_empty() => return Some(Some(Word::Quoted(quoted(chars)?))),
            Some('"') => return Some(Some(Word::Assigned(name.strip_suffix('=')?.to_owned(), quoted(chars)?))),
            Some(c) => {
                name.push(*c);
                chars.next();
            }
        }
    }
}

/// Returns a quoted string with its escapes resolved.
fn quoted(chars: &mut Peekable<Chars<'_>>) -> Option<String> {
    let mut text = String::new();
    chars.next_if_eq(&'"')?;
    loop {
        match chars.next()? {
            '"' => return Some(text),
            '\\' => text.push(escaped(chars)?),
            c => text.push(c),
        }
    }
}

fn escaped(chars: &mut Peekable<Chars<'_>>) -> Option<char> {
    match chars.next()? {
        'n' => Some('\n'),
        't' => Some('\t'),
        'r' => Some('\r'),
        '0' => Some('\0'),
        c @ ('"' | '\'' | '\\') => Some(c),
        'u' => {
            chars.next_if_eq(&'{')?;
            let digits: String = chars.by_ref().take_while(|c| *c != '}').collect();
            char::from_u32(u32::from_str_radix(&digits, 16).ok()?)
        }
        // `\xNN` stands for bytes that are no text, and text is all that can be passed on here.
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_program_and_arguments_are_told_apart() {
        let line = r#"env -u SDKROOT LC_ALL="C" PATH="/a b:/c" "cc" "-m64" "a\"b" "\u{e9}" "-o" "x""#;
        let link = LinkLine::parse(line).expect("a line of rustc");
        let env = [("SDKROOT", None), ("LC_ALL", Some("C")), ("PATH", Some("/a b:/c"))];
        assert_eq!(link.env, env.map(|(name, value)| (name.to_owned(), value.map(str::to_owned))));
        assert_eq!(link.program, PathBuf::from("cc"));
        assert_eq!(link.args, ["-m64", "a\"b", "é", "-o", "x"]);
    }

    #[test]
    fn another_output_replaces_the_first() {
        let link = LinkLine::parse(r#""cc" "a.o" "-o" "x" "-pie""#).expect("a line of rustc");
        let again = link.again("y", &["-fuse-ld=mold".into()]).expect("there is an output");
        assert_eq!(again.args, ["a.o", "-o", "y", "-pie", "-fuse-ld=mold"]);
    }

    #[test]
    fn what_is_not_understood_is_nothing() {
        for line in
            ["", "cc", r#""cc""#, r#""cc" "a"#, r#""cc" "\x80""#, r#""cc" bare"#, r#""cc" "@args""#, "garbage \"x\""]
        {
            assert_eq!(LinkLine::parse(line), None, "{line}");
        }
    }
}
