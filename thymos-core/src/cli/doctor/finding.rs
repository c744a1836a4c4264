//! What a check found, and how people and scripts read it.
//!
//! Invariant: pure. A finding that needs attention says why it matters, and names the command or the edit that fixes it.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use serde::Serialize;

/// How things stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// As it should be.
    Good,
    /// Worth knowing; nothing to fix.
    Note,
    /// Something to fix.
    Attention,
    /// The check could not look.
    Unknown,
}

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The check.
    pub check: &'static str,
    /// How things stand.
    pub state: State,
    /// What was found.
    pub what: String,
    /// Why it matters.
    pub why: Option<String>,
    /// What fixes it.
    pub fix: Option<String>,
}

impl Finding {
    /// Returns that all is well.
    pub fn good(check: &'static str, what: impl Into<String>) -> Self {
        Self::new(check, State::Good, what)
    }

    /// Returns something that is worth knowing.
    pub fn note(check: &'static str, what: impl Into<String>) -> Self {
        Self::new(check, State::Note, what)
    }

    /// Returns something to fix; [`why`](Self::why) and [`fix`](Self::fix) say the rest.
    pub fn attention(check: &'static str, what: impl Into<String>) -> Self {
        Self::new(check, State::Attention, what)
    }

    /// Returns that nothing could be seen.
    pub fn unknown(check: &'static str, what: impl Into<String>) -> Self {
        Self::new(check, State::Unknown, what)
    }

    fn new(check: &'static str, state: State, what: impl Into<String>) -> Self {
        Self { check, state, what: what.into(), why: None, fix: None }
    }

    /// Adds why it matters.
    pub fn why(self, why: impl Into<String>) -> Self {
        Self { why: Some(why.into()), ..self }
    }

    /// Adds what fixes it.
    pub fn fix(self, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), ..self }
    }
}

/// Returns the exit status: 1 if something needs attention, 2 if something could not be looked at, else 0.
pub fn status(findings: &[Finding]) -> u8 {
    let any = |state| findings.iter().any(|finding| finding.state == state);
    if any(State::Attention) {
        1
    } else if any(State::Unknown) {
        2
    } else {
        0
    }
}

/// Returns the table and the next steps.
pub fn table(findings: &[Finding]) -> String {
    let width = findings.iter().map(|finding| finding.check.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for finding in findings {
        let (word, style) = mark(finding.state);
        let _ = writeln!(text, "{style}{word:<4}{style:#}  {:<width$}  {}", finding.check, finding.what);
        if let Some(why) = &finding.why {
            let _ = writeln!(text, "      {:<width$}  {why}", "");
        }
    }
    let steps: Vec<&String> = findings.iter().filter_map(|finding| finding.fix.as_ref()).collect();
    if !steps.is_empty() {
        text.push_str("\nNext steps\n");
        steps.iter().enumerate().for_each(|(at, step)| text.push_str(&format!("  {}. {step}\n", at + 1)));
    }
    text
}

fn mark(state: State) -> (&'static str, Style) {
    match state {
        State::Good => ("ok", AnsiColor::Green.on_default()),
        State::Note => ("note", AnsiColor::Cyan.on_default()),
        State::Attention => ("WARN", AnsiColor::Yellow.on_default().bold()),
        State::Unknown => ("SKIP", AnsiColor::Magenta.on_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_tells_what_is_worst() {
        let (good, note) = (Finding::good("a", ""), Finding::note("b", ""));
        let (unknown, attention) = (Finding::unknown("c", ""), Finding::attention("d", ""));
        assert_eq!(status(&[good.clone(), note]), 0);
        assert_eq!(status(&[good.clone(), unknown.clone()]), 2);
        assert_eq!(status(&[good, unknown, attention]), 1);
    }

    #[test]
    fn columns_are_aligned_and_steps_are_numbered() {
        let findings =
            [Finding::good("store", "fine"), Finding::attention("file system", "copies").why("slow").fix("move it")];
        let text = anstream::adapter::strip_str(&table(&findings)).to_string();
        let expected = "ok    store        fine\n\
                        WARN  file system  copies\n                   slow\n\nNext steps\n  1. move it\n";
        assert_eq!(text, expected);
    }
}
