//! A configuration file's text between its bytes and the form that is edited.
//!
//! The TOML editor writes `\n` and knows no byte order mark. So it gets lines that end in `\n`, and what it returns is laid
//! over the original: a line that it left alone keeps its own bytes, a new line ends like the others.
//!
//! Invariant: pure, and `restore(text, plain(text))` is `text`.

use imara_diff::{Algorithm, Diff, InternedInput};

const MARK: char = '\u{feff}';

/// Returns the text without byte order mark and carriage returns at the ends of lines, ending in a newline.
pub fn plain(text: &str) -> String {
    let text = text.strip_prefix(MARK).unwrap_or(text).replace("\r\n", "\n");
    if text.is_empty() || text.ends_with('\n') { text } else { text + "\n" }
}

/// Returns the edited plain text in the manner of the original.
pub fn restore(original: &str, edited: &str) -> String {
    let (mark, body) = match original.strip_prefix(MARK) {
        Some(body) => ("\u{feff}", body),
        None => ("", original),
    };
    let old: Vec<&str> = body.split_inclusive('\n').collect();
    let new: Vec<&str> = edited.split_inclusive('\n').collect();
    let mut input = InternedInput::default();
    input.update_before(old.iter().map(|line| bare(line)));
    input.update_after(new.iter().map(|line| bare(line)));
    let ending = ending(&old);
    let (mut text, mut done) = (mark.to_owned(), 0);
    for hunk in Diff::compute(Algorithm::Myers, &input).hunks() {
        old[done..hunk.before.start as usize].iter().for_each(|line| push(&mut text, line, ending));
        let changed = &new[hunk.after.start as usize..hunk.after.end as usize];
        changed.iter().for_each(|line| push(&mut text, bare(line), ending));
        done = hunk.before.end as usize;
    }
    old[done..].iter().for_each(|line| push(&mut text, line, ending));
    let unfinished = !body.is_empty() && !body.ends_with('\n');
    if unfinished && let Some(short) = text.strip_suffix(ending) { short.to_owned() } else { text }
}

/// Appends a line, which gets an ending if it has none.
fn push(text: &mut String, line: &str, ending: &str) {
    text.push_str(line);
    if !line.ends_with('\n') {
        text.push_str(ending);
    }
}

fn bare(line: &str) -> &str {
    let line = line.strip_suffix('\n').unwrap_or(line);
    line.strip_suffix('\r').unwrap_or(line)
}

/// Returns how most lines end.
fn ending(lines: &[&str]) -> &'static str {
    let windows = lines.iter().filter(|line| line.ends_with("\r\n")).count();
    if windows * 2 > lines.len() { "\r\n" } else { "\n" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn untouched_text_keeps_its_bytes() {
        for text in ["", "a", "a\n", "a\r\nb\r\n", "\u{feff}a = 1", "a\r\nb\nc", "\r\n\r\n", "\u{feff}", "a = 'x\r\n"] {
            assert_eq!(restore(text, &plain(text)), text, "{text:?}");
        }
    }

    #[test]
    fn a_new_line_ends_like_the_others() {
        let check = |old: &str, edited: &str, new: &str| assert_eq!(restore(old, edited), new, "{old:?}");
        check("a\r\nb\r\n", "a\nx\nb\n", "a\r\nx\r\nb\r\n");
        check("a\r\nb\r\nc\n", "a\nb\nc\nx\n", "a\r\nb\r\nc\nx\r\n");
        check("a\nb", "a\nb\nx\n", "a\nb\nx");
        check("\u{feff}a\n", "x\n", "\u{feff}x\n");
        check("", "x\n", "x\n");
        check("a\r\nb\r\n", "a\n", "a\r\n");
    }
}
