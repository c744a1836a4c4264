//! One line of the screen: pieces of text, each in a style.

use anstyle::Style;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// A line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line(Vec<(String, Style)>);

impl From<&str> for Line {
    fn from(text: &str) -> Self {
        Self::default().and(text)
    }
}

impl Line {
    /// Adds a piece in a style.
    pub(super) fn with(mut self, text: impl Into<String>, style: Style) -> Self {
        self.0.push((text.into(), style));
        self
    }

    /// Adds a plain piece.
    pub(super) fn and(self, text: impl Into<String>) -> Self {
        self.with(text, Style::new())
    }

    /// Returns the line with its styles; what is beyond the width is cut off.
    pub(super) fn render(&self, width: usize) -> String {
        let (mut line, mut left) = (String::new(), width);
        for (text, style) in &self.0 {
            let text = if text.width() > left { clip(text, left) } else { text.clone() };
            left -= text.width().min(left);
            if !text.is_empty() {
                line.push_str(&format!("{style}{text}{style:#}"));
            }
        }
        line
    }
}

/// Cuts text to a width, and marks where it was cut. What would move the cursor is replaced.
pub(super) fn clip(text: &str, width: usize) -> String {
    let clean: String = text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect();
    if clean.width() <= width {
        return clean;
    }
    let (mut kept, mut used) = (String::new(), 0);
    for letter in clean.chars() {
        let next = letter.width().unwrap_or(0);
        if used + next + 1 > width {
            break;
        }
        kept.push(letter);
        used += next;
    }
    if width > 0 {
        kept.push('…');
    }
    kept
}
