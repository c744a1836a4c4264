//! `thymos why CRATE`: what became of one crate, build by build.

use serde::Serialize;

use super::{Args, SHOWN, Screen, pretty};
use crate::cli::table::{self, Column, Table};
use crate::history::amount::{ago, counted, number};
use crate::history::builds::Build;
use crate::history::why;
use crate::outcome::OutcomeKind;
use crate::outcome::cause::Cause;

/// What `thymos why CRATE --json` prints.
#[derive(Serialize)]
struct History<'a> {
    schema: u32,
    #[serde(rename = "crate")]
    krate: &'a str,
    units: Vec<Told<'a>>,
}

/// One compile.
#[derive(Serialize)]
struct Told<'a> {
    build: &'a str,
    workspace: String,
    /// When it ended, in milliseconds since the epoch.
    at_ms: u64,
    kind: &'a str,
    version: &'a str,
    outcome: OutcomeKind,
    /// Why it was no hit, followed to the root; empty for a hit.
    because: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'a Cause>,
}

/// Returns the history of a crate as text.
pub(super) fn tell(name: &str, builds: &[Build], args: &Args, screen: Screen) -> Result<String, String> {
    let mut units = units(name, builds);
    if units.is_empty() {
        return Err(format!("no compile of {name} is recorded; `thymos why` explains the last build"));
    }
    units.sort_by_key(|unit| std::cmp::Reverse(unit.at_ms));
    if args.json {
        return pretty(&History { schema: 1, krate: name, units });
    }
    let shown = if args.all { units.len() } else { SHOWN };
    Ok(render(name, &units, shown, screen))
}

fn units<'a>(name: &str, builds: &'a [Build]) -> Vec<Told<'a>> {
    let crate_name = name.replace('-', "_");
    let mut found = Vec::new();
    for build in builds {
        let named = |at: &usize| {
            let event = &build.units[*at].event;
            event.krate == crate_name || event.package == name
        };
        found.extend((0..build.units.len()).filter(named).map(|at| told(build, at)));
    }
    found
}

fn told(build: &Build, at: usize) -> Told<'_> {
    let event = &build.units[at].event;
    Told {
        build: &build.id,
        workspace: build.place(),
        at_ms: event.at_ms,
        kind: &event.kind,
        version: &event.version,
        outcome: event.outcome.kind(),
        because: if event.outcome.is_hit() { String::new() } else { why::story(build, at) },
        cause: event.outcome.cause(),
    }
}

fn render(name: &str, units: &[Told<'_>], shown: usize, screen: Screen) -> String {
    let hits = units.iter().filter(|unit| unit.outcome == OutcomeKind::Hit).count() as u64;
    let all = counted(units.len() as u64, "compile");
    let mut text = table::paragraph(&format!("{name}: {all}, {}", counted(hits, "hit")), 0, screen.width);
    let mut workspace = "";
    let mut table = Table::new([Column::Left, Column::Left, Column::Left, Column::Wrapped]).indented(2);
    for unit in units.iter().take(shown) {
        if unit.workspace != workspace {
            table.heading(unit.workspace.clone());
            workspace = &unit.workspace;
        }
        let when = ago(screen.now_ms.saturating_sub(unit.at_ms));
        table.row([when.into(), unit.outcome.to_string().into(), unit.kind.into(), unit.because.clone().into()]);
    }
    text.push('\n');
    text.push_str(&table.render(screen.width));
    if units.len() > shown {
        let more = number((units.len() - shown) as u64);
        text.push_str(&format!("\n{more} older: thymos why {name} --all\n"));
    }
    text
}
