//! The difference between two texts, in the form that `diff -u` has.
//!
//! Invariant: pure. Colours are written always; the stream that prints them takes them out where they are not wanted.

use std::fmt::Write;
use std::ops::Range;

use anstyle::{AnsiColor, Style};
use imara_diff::{Algorithm, Diff, Hunk, InternedInput, Token};

const ADDED: Style = AnsiColor::Green.on_default();
const REMOVED: Style = AnsiColor::Red.on_default();
const PLACE: Style = AnsiColor::Cyan.on_default();
const NAME: Style = Style::new().bold();
/// Lines that are shown around a change.
const CONTEXT: u32 = 3;

/// Returns the unified difference of a file; nothing where there is none.
pub fn unified(name: &str, old: &str, new: &str) -> String {
    if old == new {
        return String::new();
    }
    let lines = InternedInput::new(old, new);
    let mut diff = Diff::compute(Algorithm::Myers, &lines);
    diff.postprocess_lines(&lines);
    let old_name = if old.is_empty() { "/dev/null" } else { name };
    let new_name = if new.is_empty() { "/dev/null" } else { name };
    let mut text = format!("{NAME}--- {old_name}{NAME:#}\n{NAME}+++ {new_name}{NAME:#}\n");
    let hunks: Vec<Hunk> = diff.hunks().collect();
    for near in hunks.chunk_by(|one, next| next.before.start - one.before.end <= 2 * CONTEXT) {
        part(&mut text, &lines, near);
    }
    text
}

/// Writes changes that are near each other, with the lines around them.
fn part(text: &mut String, lines: &InternedInput<&str>, near: &[Hunk]) {
    let [first, ..] = near else { return };
    let last = near.last().unwrap_or(first);
    let before = first.before.start.saturating_sub(CONTEXT)
        ..last.before.end.saturating_add(CONTEXT).min(u32::try_from(lines.before.len()).unwrap_or(u32::MAX));
    let after =
        first.after.start - (first.before.start - before.start)..last.after.end + (before.end - last.before.end);
    let _ = writeln!(text, "{PLACE}@@ -{} +{} @@{PLACE:#}", range(&before), range(&after));
    let mut write = |sign: char, style: Style, tokens: &[Token]| {
        tokens.iter().for_each(|token| line(text, (sign, style), lines.interner[*token]));
    };
    let mut at = before.start;
    for hunk in near {
        write(' ', Style::new(), of(&lines.before, &(at..hunk.before.start)));
        write('-', REMOVED, of(&lines.before, &hunk.before));
        write('+', ADDED, of(&lines.after, &hunk.after));
        at = hunk.before.end;
    }
    write(' ', Style::new(), of(&lines.before, &(at..before.end)));
}

fn of<'a>(tokens: &'a [Token], range: &Range<u32>) -> &'a [Token] {
    &tokens[range.start as usize..range.end as usize]
}

fn line(text: &mut String, (sign, style): (char, Style), line: &str) {
    // A carriage return would hide the line on a terminal.
    let shown = line.trim_end_matches(['\r', '\n']).trim_start_matches('\u{feff}');
    let _ = writeln!(text, "{style}{sign}{shown}{style:#}");
    if !line.ends_with('\n') {
        text.push_str("\\ No newline at end of file\n");
    }
}

/// Returns a range of lines as `diff -u` writes it: one line by its number alone, none by the line before.
fn range(lines: &Range<u32>) -> String {
    match lines.len() {
        0 => format!("{},0", lines.start),
        1 => (lines.start + 1).to_string(),
        count => format!("{},{count}", lines.start + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_names_the_file_and_keeps_the_context() {
        let text = unified("config.toml", "a\nb\n", "a\nx\nb\n");
        let text = anstream::adapter::strip_str(&text).to_string();
        assert_eq!(text, "--- config.toml\n+++ config.toml\n@@ -1,2 +1,3 @@\n a\n+x\n b\n");
        assert_eq!(unified("config.toml", "a", "a"), "");
    }

    #[test]
    fn changes_far_from_each_other_have_their_own_lines_around_them() {
        let old: String = (1..=20).map(|number| format!("{number}\n")).collect();
        let new = old.replace("5\n6\n", "five\n6\n").replace("18\n", "");
        let text = anstream::adapter::strip_str(&unified("c", &old, &new)).to_string();
        let expected = "--- c\n+++ c\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n\
                        @@ -15,6 +15,5 @@\n 15\n 16\n 17\n-18\n 19\n 20\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_file_that_is_not_there_is_nowhere() {
        let text = anstream::adapter::strip_str(&unified("c", "", "x\r\n")).to_string();
        assert_eq!(text, "--- /dev/null\n+++ c\n@@ -0,0 +1 @@\n+x\n");
    }
}
