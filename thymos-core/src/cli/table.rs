//! Text for people in columns, as wide as the terminal.
//!
//! Invariant: no line is wider than asked, but for one whose narrow columns alone need more; and everything that is put in is
//! shown, wrapped where it is too long. It prints nothing and decides nothing about colour: `anstream` takes the styles out
//! where the output is no terminal or `NO_COLOR` is set.
//!
//! Of the crates for this, comfy-table takes 3 s of CPU to build and tabled 18 s; neither has headings between rows or breaks a path
//! behind a slash.

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

use crate::settings::environment::{self, Environment};

/// Where nothing tells how wide the terminal is.
const DEFAULT_WIDTH: usize = 80;
/// Narrower than this, words would be broken at every second letter.
const LEAST_WIDTH: usize = 30;
/// Spaces between columns.
const GAP: usize = 2;
/// What is left for a column that wraps, however wide the others are.
const LEAST_COLUMN: usize = 12;

/// What stands above a part.
pub const HEADING: Style = Style::new().bold();
/// What a person can do next.
pub const NEXT: Style = AnsiColor::Cyan.on_default();
/// What is less important than its neighbours.
pub const FAINT: Style = Style::new().dimmed();

/// How a column lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// Flush left, as wide as its widest cell.
    Left,
    /// Flush right, for figures.
    Right,
    /// Flush left, and wrapped to what the others leave.
    Wrapped,
}

/// One cell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    text: String,
    style: Style,
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self { text: text.into(), style: Style::new() }
    }
}

impl Cell {
    /// Returns a cell in a style.
    pub fn styled(text: impl Into<String>, style: Style) -> Self {
        Self { text: text.into(), style }
    }
}

/// Rows of cells.
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<Column>,
    indent: usize,
    rows: Vec<Row>,
}

#[derive(Clone, Debug)]
enum Row {
    Cells(Vec<Cell>),
    Heading(String),
}

impl Table {
    /// Starts a table.
    pub fn new(columns: impl Into<Vec<Column>>) -> Self {
        Self { columns: columns.into(), indent: 0, rows: Vec::new() }
    }

    /// Moves the whole table to the right.
    pub fn indented(self, indent: usize) -> Self {
        Self { indent, ..self }
    }

    /// Adds a row; cells that are missing at its end are empty.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(Row::Cells(cells.into_iter().collect()));
    }

    /// Adds a heading, with an empty line before it unless it comes first.
    pub fn heading(&mut self, text: impl Into<String>) {
        self.rows.push(Row::Heading(text.into()));
    }

    /// Returns the lines, with styles.
    pub fn render(&self, width: usize) -> String {
        let widths = self.widths(width);
        let mut text = String::new();
        for row in &self.rows {
            match row {
                Row::Cells(cells) => self.line(cells, &widths, &mut text),
                Row::Heading(heading) => {
                    let style = HEADING;
                    let before = if text.is_empty() { "" } else { "\n" };
                    text.push_str(&format!("{before}{style}{heading}{style:#}\n"));
                }
            }
        }
        text
    }

    fn widths(&self, width: usize) -> Vec<usize> {
        let mut widths: Vec<usize> = (0..self.columns.len()).map(|at| self.widest(at)).collect();
        let fixed = self.indent + GAP * widths.len().saturating_sub(1);
        let mut over = (fixed + widths.iter().sum::<usize>()).saturating_sub(width);
        // The widest gives way, a column at a time, until all of them are narrow.
        while over > 0
            && let Some(at) = self.gives_way(&widths)
        {
            widths[at] -= 1;
            over -= 1;
        }
        widths
    }

    /// Returns how wide the widest cell of a column is.
    fn widest(&self, at: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| match row {
            Row::Cells(cells) => cells.get(at),
            Row::Heading(_) => None,
        });
        cells.map(|cell| cell.text.width()).max().unwrap_or(0)
    }

    fn gives_way(&self, widths: &[usize]) -> Option<usize> {
        let wrapped = (0..widths.len()).filter(|at| self.columns[*at] == Column::Wrapped);
        wrapped.max_by_key(|at| widths[*at]).filter(|at| widths[*at] > LEAST_COLUMN)
    }

    fn line(&self, row: &[Cell], widths: &[usize], text: &mut String) {
        let empty = Cell::default();
        let cells: Vec<&Cell> = (0..widths.len()).map(|at| row.get(at).unwrap_or(&empty)).collect();
        let pieces: Vec<Vec<String>> =
            cells.iter().zip(widths).map(|(cell, width)| wrap(&cell.text, (*width).max(1))).collect();
        let height = pieces.iter().map(Vec::len).max().unwrap_or(1);
        for at in 0..height {
            let mut line = " ".repeat(self.indent);
            let mut pending = 0;
            for (column, pieces) in pieces.iter().enumerate() {
                let piece = pieces.get(at).map_or("", String::as_str);
                let room = widths[column].saturating_sub(piece.width());
                let before = if self.columns[column] == Column::Right { room } else { 0 };
                pending += before;
                if !piece.is_empty() {
                    let style = cells[column].style;
                    line.push_str(&" ".repeat(pending));
                    line.push_str(&format!("{style}{piece}{style:#}"));
                    pending = 0;
                }
                pending += room - before + GAP;
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }
}

/// Returns a paragraph whose lines all start `indent` spaces in.
pub fn paragraph(text: &str, indent: usize, width: usize) -> String {
    let lines = wrap(text, width.saturating_sub(indent).max(LEAST_COLUMN));
    lines.iter().map(|line| format!("{}{line}\n", " ".repeat(indent))).collect()
}

/// Splits text into lines at spaces, and a word that is too long by itself behind a slash or a dash or wherever it must be. Every line
/// starts with the spaces that the text starts with.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let rest = text.trim_start_matches(' ');
    let indent = text.len() - rest.len();
    let lines = wrap_words(rest, width.saturating_sub(indent).max(1));
    lines.into_iter().map(|line| format!("{:indent$}{line}", "")).collect()
}

fn wrap_words(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let mut word = word.to_owned();
        loop {
            let line = lines.last_mut().expect("there is a line from the start");
            let gap = usize::from(!line.is_empty());
            if line.width() + gap + word.width() <= width {
                if gap == 1 {
                    line.push(' ');
                }
                line.push_str(&word);
                break;
            }
            if word.width() > width && line.width() + gap + LEAST_COLUMN.min(width) <= width {
                let cut = cut(&word, width - line.width() - gap);
                if gap == 1 {
                    line.push(' ');
                }
                line.push_str(&word[..cut]);
                word.drain(..cut);
            }
            lines.push(String::new());
        }
    }
    lines
}

/// Returns how many bytes of a word go into a line: up to the last slash or dash that fits, else all that fits, and at least one
/// character.
fn cut(word: &str, width: usize) -> usize {
    let ends = word.char_indices().map(|(at, letter)| at + letter.len_utf8());
    let fitting: Vec<usize> = ends.take_while(|end| word[..*end].width() <= width).collect();
    let most = fitting.last().copied().unwrap_or_else(|| word.chars().next().map_or(0, char::len_utf8));
    word[..most].rfind(['/', '-', '_']).filter(|mark| *mark > most / 2).map_or(most, |mark| mark + 1)
}

/// Returns how many columns there are for text: what `COLUMNS` says, else the terminal.
pub fn width(environment: &Environment) -> usize {
    let told = environment.filled(environment::COLUMNS).and_then(|text| text.to_str()?.parse().ok());
    let terminal = || terminal_size::terminal_size_of(std::io::stdout()).map(|(width, _)| usize::from(width.0));
    told.or_else(terminal).unwrap_or(DEFAULT_WIDTH).max(LEAST_WIDTH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_only_the_wrapped_one_gives_way() {
        let mut table = Table::new([Column::Left, Column::Right, Column::Wrapped]);
        table.row(["hits".into(), "3".into(), "answered from the cache".into()]);
        table.row(["bypassed".into(), "1200".into(), "an option that nobody has classified".into()]);
        table.row(["größer".into()]);
        let wide = "hits         3  answered from the cache\n\
                    bypassed  1200  an option that nobody has classified\n\
                    größer\n";
        assert_eq!(table.render(80), wide);
        let narrow = "hits         3  answered from\n                the cache\n\
                      bypassed  1200  an option that\n                nobody has\n                classified\ngrößer\n";
        assert_eq!(table.render(30), narrow);
    }

    #[test]
    fn no_line_is_wider_than_asked_and_nothing_is_lost() {
        let text = "bound to /home/somebody/very/long/path/to/a/checkout/of/the/project because 日本語のパス holds it";
        for width in 12..120 {
            let lines = wrap(text, width);
            assert!(lines.iter().all(|line| line.width() <= width), "{width}: {lines:#?}");
            let joined: String = lines.concat().split(' ').collect();
            assert_eq!(joined, text.split(' ').collect::<String>(), "{width}");
        }
    }

    #[test]
    fn a_long_path_breaks_behind_a_slash() {
        assert_eq!(wrap("/home/somebody/project/src/lib.rs", 20), ["/home/somebody/", "project/src/lib.rs"]);
        assert_eq!(wrap("", 20), [""]);
        assert_eq!(wrap("  compile failed", 12), ["  compile", "  failed"]);
        assert_eq!(wrap("aaaaaaaaaaaaaaaaaaaaaaaaa", 20), ["aaaaaaaaaaaaaaaaaaaa", "aaaaa"]);
    }

    #[test]
    fn columns_says_how_wide_the_terminal_is() {
        let of = |value: &str| width(&[("COLUMNS".to_owned(), value.to_owned())].into_iter().collect());
        assert_eq!(of("120"), 120);
        assert_eq!(of("3"), LEAST_WIDTH);
    }
}
