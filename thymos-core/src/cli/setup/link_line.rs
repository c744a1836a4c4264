//! The link that rustc runs, read from `--print link-args` so that it can be repeated without the compiler.
//!
//! rustc writes it in the form of Rust's `Debug` for a command: variables that it sets, then quoted words.
//! Invariant: pure; a line that is not understood to its last word is nothing.

/// A command that links.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkLine {
    /// Variables that rustc sets.
    pub variables: Vec<(String, String)>,
    /// The program and its arguments.
    pub words: Vec<String>,
}

impl LinkLine {
    /// Reads a line.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let mut link = Self::default();
        let mut rest = line.trim();
        while !rest.is_empty() {
            if rest.starts_with('"') {
                let (word, after) = quoted(rest)?;
                link.words.push(word);
                rest = after.trim_start();
            } else {
                let (name, after) = rest.split_once('=')?;
                let (value, after) = quoted(after)?;
                let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
                (is_name && link.words.is_empty()).then_some(())?;
                link.variables.push((name.to_owned(), value));
                rest = after.trim_start();
            }
        }
        (link.words.len() > 1).then_some(link)
    }

    /// Returns the arguments for another output.
    #[must_use]
    pub fn with_output(&self, output: &str) -> Option<Vec<String>> {
        let at = self.words.iter().position(|word| word == "-o")?;
        let mut words = self.words[1..].to_vec();
        output.clone_into(words.get_mut(at)?);
        Some(words)
    }
}

/// Returns the quoted string that a text starts with, and what comes after it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut word = String::new();
    let mut rest = text.strip_prefix('"')?;
    loop {
        let end = rest.find(['"', '\\'])?;
        word.push_str(&rest[..end]);
        if rest[end..].starts_with('"') {
            return Some((word, &rest[end + 1..]));
        }
        let escape = rest[end + 1..].chars().next().filter(|c| ['"', '\'', '\\'].contains(c))?;
        word.push(escape);
        rest = &rest[end + 2..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_and_words_are_told_apart() {
        let link =
            LinkLine::parse(r#"LC_ALL="C" PATH="/a b" "cc" "-m64" "a\"b" "-o" "x" "-pie""#).expect("a line of rustc");
        assert_eq!(
            link.variables,
            [("LC_ALL", "C"), ("PATH", "/a b")].map(|(name, value)| (name.into(), value.into()))
        );
        assert_eq!(link.words, ["cc", "-m64", "a\"b", "-o", "x", "-pie"]);
        assert_eq!(link.with_output("y").expect("it has one"), ["-m64", "a\"b", "-o", "y", "-pie"]);
    }

    #[test]
    fn what_is_not_understood_is_nothing() {
        for line in ["", "cc x", r#""cc""#, r#""cc" "a"#, r#""cc" "\u{80}""#, r#"env -u X "cc" "a""#] {
            assert_eq!(LinkLine::parse(line), None, "{line}");
        }
    }
}
