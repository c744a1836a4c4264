//! `thymos why`: for every unit that was no hit, the first cause in words that a person can act on.
//!
//! Invariant: what is shown comes from events alone, so it is there after the fact and in every process; values of variables
//! are in none of them.

mod history;

use std::process::ExitCode;

use serde::Serialize;

use super::table::{self, Cell, Column, NEXT, Table};
use crate::history::amount::{ago, counted, number, time};
use crate::history::builds::Build;
use crate::history::summary::Summary;
use crate::history::why::{self, Item, Named};
use crate::outcome::OutcomeKind;
use crate::outcome::cause::Cause;
use crate::outcome::event::{self, Log};
use crate::settings::Settings;
use crate::settings::environment::Environment;

pub const ABOUT: &str = "\
Explains why units of the last build were compiled and not restored from the cache. The last build is the one of this \
workspace, or the last of any workspace if this one has none. A unit that was compiled only because a dependency was is \
listed with that dependency. With a crate's name, shows every recorded compile of that crate.

No setting is needed before the build: every compile appends a line to the cache's log.";

const EXAMPLES: &str = "\
Examples:
  thymos why                        the last build
  thymos why serde                  one crate, build by build
  thymos why --all --json | jq .    every recorded build, for scripts";

/// Units of one item, and lines of a history, that are shown to a person.
const SHOWN: usize = 8;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// A crate or package: shows its history
    #[arg(value_name = "CRATE")]
    krate: Option<String>,
    /// Only the last build, which is the default without a crate
    #[arg(long, conflicts_with = "all")]
    last: bool,
    /// Every recorded build
    #[arg(long)]
    all: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What `thymos why --json` prints.
#[derive(Serialize)]
struct Reasons {
    schema: u32,
    builds: Vec<Reason>,
    damaged_events: u64,
}

#[derive(Serialize)]
struct Reason {
    build: String,
    workspace: String,
    /// When the last unit ended, in milliseconds since the epoch.
    at_ms: u64,
    units: u64,
    hits: u64,
    items: Vec<Item>,
}

pub fn run(args: &Args, settings: &Settings, environment: &Environment) -> Result<ExitCode, String> {
    let dir = settings.dir.as_deref().ok_or("there is no home directory for the cache; set THYMOS_DIR")?;
    let Log { events, damaged } = event::gather(dir, 0);
    let nothing = || format!("no build is recorded in {}; build something first: thymos build", dir.display());
    let builds = Build::group(events);
    let directory = std::env::current_dir().unwrap_or_default();
    let builds = match (&args.krate, args.all, args.last) {
        (None, true, _) | (Some(_), _, false) => builds,
        _ => Build::last(builds, &directory).into_iter().collect(),
    };
    if builds.is_empty() {
        return Err(nothing());
    }
    let screen = Screen { width: table::width(environment), now_ms: event::now_ms() };
    let text = match &args.krate {
        Some(name) => history::tell(name, &builds, args, screen)?,
        None => tell(&builds, damaged, args, screen)?,
    };
    anstream::print!("{text}");
    if damaged > 0 && !args.json {
        eprintln!("thymos: {} of the log could not be read", counted(damaged, "line"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Where and when something is shown.
#[derive(Clone, Copy, Debug)]
struct Screen {
    width: usize,
    now_ms: u64,
}

fn tell(builds: &[Build], damaged: u64, args: &Args, screen: Screen) -> Result<String, String> {
    if args.json {
        let reasons = Reasons { schema: 1, builds: builds.iter().map(reason).collect(), damaged_events: damaged };
        return pretty(&reasons);
    }
    // The newest last: that is where the prompt is.
    let parts: Vec<String> = builds.iter().map(|build| render(build, screen)).collect();
    Ok(parts.join("\n"))
}

fn pretty(value: &impl Serialize) -> Result<String, String> {
    serde_json::to_string_pretty(value)
        .map(|text| text + "\n")
        .map_err(|error| format!("failed to print the reasons: {error}"))
}

fn reason(build: &Build) -> Reason {
    Reason {
        build: build.id.clone(),
        workspace: build.place(),
        at_ms: build.start_ms + build.took_us / 1000,
        units: build.units.len() as u64,
        hits: build.count(OutcomeKind::Hit) as u64,
        items: why::items(build),
    }
}

fn render(build: &Build, screen: Screen) -> String {
    let Reason { workspace, at_ms, items, .. } = reason(build);
    let place = if workspace.is_empty() { "an unknown workspace" } else { &workspace };
    let title = format!("Build of {place}, {}", ago(screen.now_ms.saturating_sub(at_ms)));
    let sum = Summary::of(build).share();
    let mut text = table::paragraph(&title, 0, screen.width) + &table::paragraph(&sum, 0, screen.width);
    let mut table = Table::new([Column::Right, Column::Right, Column::Wrapped]).indented(2);
    for heading in [MISSES, BYPASSED, EXPECTED, DEGRADED] {
        let of_it: Vec<&Item> = items.iter().filter(|item| heading_of(item) == heading).collect();
        if !of_it.is_empty() {
            table.heading(heading);
        }
        of_it.into_iter().for_each(|item| rows(item, screen, &mut table));
    }
    if !items.is_empty() {
        text.push('\n');
        text.push_str(&table.render(screen.width));
    }
    text
}

const MISSES: &str = "Misses";
const BYPASSED: &str = "Bypassed";
const EXPECTED: &str = "Expected: a build script tried what the compiler can do";
const DEGRADED: &str = "Degraded";

fn heading_of(item: &Item) -> &'static str {
    match item.outcome {
        OutcomeKind::Bypass if item.expected => EXPECTED,
        OutcomeKind::Hit | OutcomeKind::Miss => MISSES,
        OutcomeKind::Bypass => BYPASSED,
        OutcomeKind::Degraded => DEGRADED,
    }
}

fn rows(item: &Item, screen: Screen, table: &mut Table) {
    let count = (item.units.len() + item.dependents.len()) as u64;
    let because = match &item.cause {
        Some(Cause::Evicted { at_ms }) if *at_ms > 0 => {
            format!("evicted {}: the cache was over its limit", ago(screen.now_ms.saturating_sub(*at_ms)))
        }
        Some(Cause::Removed { at_ms, by }) if *at_ms > 0 => {
            format!("{by}, {}", ago(screen.now_ms.saturating_sub(*at_ms)))
        }
        _ => item.because.clone(),
    };
    // Of what was only passed on, no one knows the time.
    let took = if item.compile_ms == 0 { String::new() } else { time(item.compile_ms) };
    table.row([counted(count, "unit").into(), took.into(), because.into()]);
    let mut lines = Vec::new();
    if !item.units.is_empty() {
        lines.push(names(&item.units));
    }
    if !item.dependents.is_empty() {
        lines.push(format!(
            "and what depends on {}: {}",
            if item.units.len() == 1 { "it" } else { "them" },
            names(&item.dependents)
        ));
    }
    lines.into_iter().for_each(|line| table.row([Cell::default(), Cell::default(), Cell::styled(line, table::FAINT)]));
    if let Some(advice) = &item.advice {
        table.row([Cell::default(), Cell::default(), Cell::styled(format!("Next: {advice}"), NEXT)]);
    }
}

fn names(units: &[Named]) -> String {
    let shown: Vec<String> = units.iter().take(SHOWN).map(ToString::to_string).collect();
    let rest = units.len().saturating_sub(SHOWN) as u64;
    let more = if rest > 0 { format!(" and {} more", number(rest)) } else { String::new() };
    shown.join(", ") + &more
}
