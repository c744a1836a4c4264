//! What `thymos watch` shows, as lines of a terminal of any size.
//!
//! Invariant: pure; no line is wider than the terminal; and nothing is told by colour alone: a bar's parts have their own
//! letters, and every figure its word.

mod line;

use anstyle::{AnsiColor, Style};

use line::{Line, clip};

use super::{Missed, Shown, State};
use crate::history::amount::share;
use crate::history::report::figure::span;

/// Whether colours are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// They are.
    Coloured,
    /// Only bold and dim.
    Plain,
}

/// What one outcome is shown as: its word for one and for many, its letter in a bar, its colour.
const OUTCOMES: [([&str; 2], char, Style); 4] = [
    (["hit", "hits"], '█', AnsiColor::Green.on_default()),
    (["miss", "misses"], '▓', AnsiColor::Yellow.on_default()),
    (["bypassed", "bypassed"], '░', Style::new()),
    (["degraded", "degraded"], '▒', AnsiColor::Magenta.on_default()),
];

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

/// How many columns and lines a terminal has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Its columns.
    pub width: usize,
    /// Its lines.
    pub height: usize,
}

/// Everything the screen tells.
#[derive(Clone, Debug)]
pub struct Screen<'a> {
    /// Where the store is.
    pub store: &'a str,
    /// The builds, the most interesting first.
    pub builds: &'a [Shown],
    /// Lines of the log that could not be read.
    pub damaged: u64,
    /// Whether colours are used.
    pub ink: Ink,
}

impl Screen<'_> {
    /// Returns the lines of the screen, with styles.
    pub fn draw(&self, Size { width, height }: Size) -> Vec<String> {
        let mut lines = vec![self.head(width), Line::default()];
        if self.builds.is_empty() {
            lines.extend(
                ["No build uses this store now. In another terminal:", "  RUSTC_WRAPPER=thymos cargo build"]
                    .map(Line::from),
            );
        }
        let room = height.saturating_sub(lines.len());
        lines.extend(self.blocks(width, room));
        lines.iter().take(height).map(|line| line.render(width)).collect()
    }

    fn head(&self, width: usize) -> Line {
        let quit = "q quits";
        let damaged = if self.damaged == 0 { String::new() } else { format!("  {} damaged lines", self.damaged) };
        let left = clip(&format!("Builds with {}{damaged}", self.store), width.saturating_sub(quit.len() + 2));
        let gap = " ".repeat(width.saturating_sub(left.chars().count() + quit.len()));
        Line::default().with(left, BOLD).and(gap).with(quit, DIM)
    }

    /// Gives every build its lines: running ones all that there is to tell, with fewer misses where the room is small.
    fn blocks(&self, width: usize, room: usize) -> Vec<Line> {
        for misses in (0..=super::MISSES).rev() {
            let lines: Vec<Line> = self.builds.iter().flat_map(|build| self.block(build, (width, misses))).collect();
            if lines.len() <= room || misses == 0 {
                return self.cut(lines, room);
            }
        }
        Vec::new()
    }

    fn cut(&self, mut lines: Vec<Line>, room: usize) -> Vec<Line> {
        if lines.len() > room && room > 0 {
            lines.truncate(room - 1);
            lines.push(Line::default().with("… more builds than lines", DIM));
        }
        lines
    }

    fn block(&self, build: &Shown, (width, misses): (usize, usize)) -> Vec<Line> {
        let units: usize = build.counts.iter().sum();
        let state = match build.state {
            State::Running => format!("running {}", whole(build.took_ms)),
            State::Ended(ago) => format!("took {}, {}", span(build.took_ms * 1000), ended(ago)),
        };
        let name = clip(&build.name, width.saturating_sub(state.chars().count() + 2).max(8));
        let gap = " ".repeat(width.saturating_sub(name.chars().count() + state.chars().count()).max(1));
        let mut lines = vec![Line::default().with(name, BOLD).and(gap).and(state)];
        if units > 0 {
            lines.extend(self.bar(build, width));
            lines.extend(self.counts(build, width));
        }
        if build.state == State::Running {
            lines.extend(compiling(build, width));
        }
        lines.extend(build.misses.iter().take(misses).map(|miss| missed(miss, width)));
        lines.push(Line::default());
        lines
    }

    /// A bar of all units, where there is room for one.
    fn bar(&self, build: &Shown, width: usize) -> Option<Line> {
        let (units, room) = (build.counts.iter().sum::<usize>(), width.saturating_sub(2).min(76));
        if room < 20 {
            return None;
        }
        let mut line = Line::from("  ");
        let (mut seen, mut drawn) = (0, 0);
        for (count, (_, letter, colour)) in build.counts.iter().zip(OUTCOMES) {
            seen += count;
            // What is there is at least one letter wide.
            let end = (seen * room / units).max(drawn + usize::from(*count > 0)).min(room);
            line = line.with(letter.to_string().repeat(end - drawn), self.colour(colour));
            drawn = end;
        }
        Some(line)
    }

    fn counts(&self, build: &Shown, width: usize) -> Vec<Line> {
        let looked_up = build.counts[0] + build.counts[1];
        let mut parts: Vec<(String, Style)> = OUTCOMES
            .iter()
            .zip(build.counts)
            .filter(|(_, count)| *count > 0)
            .map(|((words, letter, colour), count)| {
                (format!("{letter} {count} {}", words[usize::from(count != 1)]), self.colour(*colour))
            })
            .collect();
        if looked_up > 0 {
            parts.push((format!("{} hits", share(build.counts[0] as u64, looked_up as u64)), Style::new()));
        }
        parts.push((format!("saved {}", span(build.saved_us)), Style::new()));
        flow(parts, width)
    }

    fn colour(&self, colour: Style) -> Style {
        if self.ink == Ink::Coloured { colour } else { Style::new() }
    }
}

/// Returns a time span that goes on, given in milliseconds: no faster than one can read.
fn whole(ms: u64) -> String {
    if ms < 60_000 { format!("{} s", ms / 1000) } else { span(ms * 1000) }
}

fn ended(ago_ms: u64) -> String {
    match ago_ms / 60_000 {
        0 => "just now".to_owned(),
        minutes => format!("{minutes} min ago"),
    }
}

/// Puts parts beside each other, two spaces apart, and begins another line where one is full.
fn flow(parts: Vec<(String, Style)>, width: usize) -> Vec<Line> {
    let (mut lines, mut line, mut used) = (Vec::new(), Line::default(), 0);
    for (text, style) in parts {
        let length = text.chars().count() + 2;
        if used + length > width && used > 0 {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        line = line.and("  ").with(text, style);
        used += length;
    }
    lines.push(line);
    lines
}

fn compiling(build: &Shown, width: usize) -> Option<Line> {
    let one = |(krate, for_ms): &(String, u64)| format!("{krate} {}", whole(*for_ms));
    let all: Vec<String> = build.compiling.iter().map(one).collect();
    let text = format!("  compiling now: {}", all.join(", "));
    (!all.is_empty()).then(|| Line::from(clip(&text, width).as_str()))
}

fn missed(miss: &Missed, width: usize) -> Line {
    let text = format!("  {:<20} {:>8}  ", clip(&miss.krate, 20), miss.took);
    let room = width.saturating_sub(text.chars().count());
    Line::from(text.as_str()).with(clip(&miss.why, room), DIM)
}

#[cfg(test)]
mod tests;
