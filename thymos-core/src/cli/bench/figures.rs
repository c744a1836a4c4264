//! What a bench found: the table and the JSON.
//!
//! Invariant: pure. A row compares two builds of one run, for seconds drift from machine to machine and from hour to hour.

use std::time::Duration;

use serde::Serialize;

use crate::cli::table::{Cell, Column, Table, paragraph};

/// The version of the JSON.
pub const SCHEMA: u32 = 1;

/// Everything that a bench found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Found {
    /// Version of this form.
    pub schema: u32,
    /// The workspace's directory.
    pub workspace: String,
    /// The command that was timed, behind `cargo`.
    pub command: Vec<String>,
    /// The compiler, as it names itself.
    pub rustc: String,
    /// The rows.
    pub builds: Vec<Row>,
}

/// One kind of build, without and with the cache.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// `first`, `clean-rebuild`, `other-checkout` or `edit`.
    pub build: &'static str,
    /// Milliseconds without the cache.
    pub without_ms: u64,
    /// Milliseconds with it.
    pub with_ms: u64,
    /// Compiler calls of the build with the cache that it answered.
    pub hits: u64,
    /// Compiler calls without a matching entry.
    pub misses: u64,
    /// Compiler calls that are not cached, those that failed left out.
    pub bypassed: u64,
    /// Why something was compiled, for the reason that most of it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

impl Row {
    /// Returns a row, with no calls counted yet.
    pub fn new(build: &'static str, without: Duration, with: Duration) -> Self {
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self { build, without_ms: ms(without), with_ms: ms(with), hits: 0, misses: 0, bypassed: 0, because: None }
    }

    fn name(&self) -> &'static str {
        match self.build {
            "first" => "First build",
            "clean-rebuild" => "Clean rebuild",
            "other-checkout" => "Other checkout",
            _ => "After an edit",
        }
    }

    fn cells(&self) -> [String; 5] {
        let seconds = |ms: u64| format!("{}.{:02} s", ms / 1000, ms % 1000 / 10);
        let from = format!("{} of {}", self.hits, self.hits + self.misses + self.bypassed);
        [self.name().to_owned(), seconds(self.without_ms), seconds(self.with_ms), self.improvement(), from]
    }

    /// Returns what the cache saves: `89 % less time`.
    fn improvement(&self) -> String {
        let change = 100.0 * (self.without_ms as f64 - self.with_ms as f64) / (self.without_ms.max(1) as f64);
        match change.round() {
            0.0 => "the same".to_owned(),
            less if less > 0.0 => format!("{less:.0} % less time"),
            more => format!("{:.0} % more time", -more),
        }
    }
}

impl Found {
    /// Returns the table, without its last column where that does not fit.
    pub fn table(&self, width: usize) -> String {
        let cells = |count: usize| {
            let mut table = Table::new([Column::Left, Column::Right, Column::Right, Column::Right, Column::Right]);
            let heading = ["Build", "Without", "With", "Improvement", "From the cache"].map(str::to_owned);
            for row in std::iter::once(heading).chain(self.builds.iter().map(Row::cells)) {
                table.row(row.into_iter().take(count).map(Cell::from));
            }
            table.render(width)
        };
        let whole = cells(5);
        let fits = whole.lines().all(|line| line.chars().count() <= width);
        let mut text = if fits { whole } else { cells(4) };
        let unexpected = self.builds.iter().filter(|row| matches!(row.build, "clean-rebuild" | "other-checkout"));
        for row in unexpected.filter(|row| row.misses + row.bypassed > 0) {
            let because = row.because.iter().map(|because| format!(": {because}")).collect::<String>();
            let note = format!("{}: {} compiled{because}", row.name(), row.misses + row.bypassed);
            text.push_str(&format!("\n{}", paragraph(&note, 0, width)));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(build: &'static str, without: u64, with: u64, hits: u64) -> Row {
        let ms = Duration::from_millis;
        Row { hits, misses: 212 - hits, ..Row::new(build, ms(without), ms(with)) }
    }

    #[test]
    fn the_table_is_the_one_that_guides_show() {
        let builds = vec![
            row("first", 12_310, 12_804, 0),
            row("clean-rebuild", 12_310, 1_299, 212),
            Row { because: Some("src/lib.rs changed".into()), ..row("other-checkout", 12_310, 1_305, 211) },
            row("edit", 804, 806, 0),
        ];
        let found = Found { schema: SCHEMA, workspace: "/w".into(), command: vec![], rustc: String::new(), builds };
        let expected = "\
Build           Without     With     Improvement  From the cache
First build     12.31 s  12.80 s   4 % more time        0 of 212
Clean rebuild   12.31 s   1.29 s  89 % less time      212 of 212
Other checkout  12.31 s   1.30 s  89 % less time      211 of 212
After an edit    0.80 s   0.80 s        the same        0 of 212

Other checkout: 1 compiled: src/lib.rs changed
";
        assert_eq!(found.table(80), expected);
        assert_eq!(found.table(120), expected);
        let narrow = found.table(60);
        assert!(narrow.starts_with("Build           Without     With     Improvement\n"), "{narrow}");
        assert!(narrow.lines().all(|line| line.len() <= 60), "{narrow}");
    }

    #[test]
    fn the_keys_of_the_json_stay() {
        let json = serde_json::to_value(row("edit", 1_000, 10, 1)).expect("a row is plain data");
        let keys = serde_json::json!({"build": "edit", "without_ms": 1000, "with_ms": 10, "hits": 1, "misses": 211, "bypassed": 0});
        assert_eq!(json, keys);
    }
}
