//! The difference between two texts, in the form that `diff -u` has.
//!
//! Invariant: pure. Colours are written always; the stream that prints them takes them out where they are not wanted.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use similar::{ChangeTag, TextDiff};

const ADDED: Style = AnsiColor::Green.on_default();
const REMOVED: Style = AnsiColor::Red.on_default();
const PLACE: Style = AnsiColor::Cyan.on_default();
const NAME: Style = Style::new().bold();

/// Returns the unified difference of a file; nothing where there is none.
#[must_use]
pub fn unified(name: &str, old: &str, new: &str) -> String {
    if old == new {
        return String::new();
    }
    let diff = TextDiff::from_lines(old, new);
    let old_name = if old.is_empty() { "/dev/null" } else { name };
    let new_name = if new.is_empty() { "/dev/null" } else { name };
    let mut text = format!("{NAME}--- {old_name}{NAME:#}\n{NAME}+++ {new_name}{NAME:#}\n");
    for hunk in diff.unified_diff().context_radius(3).iter_hunks() {
        let _ = writeln!(text, "{PLACE}{}{PLACE:#}", hunk.header().to_string().trim_end());
        for change in hunk.iter_changes() {
            let (sign, style) = match change.tag() {
                ChangeTag::Delete => ('-', REMOVED),
                ChangeTag::Insert => ('+', ADDED),
                ChangeTag::Equal => (' ', Style::new()),
            };
            // A carriage return would hide the line on a terminal.
            let line = change.value().trim_end_matches(['\r', '\n']).trim_start_matches('\u{feff}');
            let _ = writeln!(text, "{style}{sign}{line}{style:#}");
            if change.missing_newline() {
                text.push_str("\\ No newline at end of file\n");
            }
        }
    }
    text
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
    fn a_file_that_is_not_there_is_nowhere() {
        let text = anstream::adapter::strip_str(&unified("c", "", "x\r\n")).to_string();
        assert_eq!(text, "--- /dev/null\n+++ c\n@@ -0,0 +1 @@\n+x\n");
    }
}
