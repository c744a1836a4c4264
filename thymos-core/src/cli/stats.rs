//! `thymos stats`: what the cache did, for people and for scripts.

use std::collections::BTreeMap;
use std::process::ExitCode;

use super::table::{self, Cell, Column, FAINT, NEXT, Table};
use crate::history::amount::{ago, bytes, counted, number, share, time};
use crate::history::stats::{self, Sharing, Stats, StoreStats};
use crate::outcome::cause::Cause;
use crate::outcome::event;
use crate::settings::Settings;
use crate::settings::amounts::Age;
use crate::settings::environment::Environment;
use crate::store::Store;
use crate::system::error::plain;
use crate::system::os;

const EXAMPLES: &str = "\
Examples:
  thymos stats                       everything since the counters were zeroed
  thymos stats --since 1d            the last day, also what --zero forgot
  thymos stats --workspace           only builds of the workspace here
  thymos stats --json | jq .hit_rate for scripts; doc/json.md names every field
  thymos stats --zero                counts from zero again, and keeps the cache

A hit is a compile answered from the cache. A miss had no matching entry, so it
was compiled and stored; `thymos why` gives the reasons of the last build.
Bypassed is what Thymos does not cache. Degraded is a cache error: that call was
compiled without the cache.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Count only the last time span, such as 30m, 12h, 1d or 2w
    #[arg(long, value_name = "AGE", value_parser = parse_age)]
    since: Option<Age>,
    /// Count only builds of the workspace that this directory lies in
    #[arg(long, conflicts_with = "all")]
    workspace: bool,
    /// Count the builds of every workspace, which is the default
    #[arg(long)]
    all: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Set the counters to zero; the cache stays as it is
    #[arg(long, conflicts_with_all = ["json", "since", "workspace", "all"])]
    zero: bool,
}

/// What is counted together with every other eviction.
const EVICTED: Cause = Cause::Evicted { at_ms: 0 };

/// Reads a time span for a command line.
pub fn parse_age(text: &str) -> Result<Age, String> {
    text.parse().map_err(|accepted| format!("give {accepted}"))
}

pub fn run(args: &Args, settings: &Settings, environment: &Environment) -> Result<ExitCode, String> {
    let dir = settings.dir.as_deref().ok_or("there is no home directory for the cache; set THYMOS_DIR")?;
    if args.zero {
        Stats::zero(dir)
            .map_err(|error| format!("failed to reset the counters in {}: {}", dir.display(), plain(&error)))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut log = args.since.map_or_else(|| stats::counted(dir), |Age(span)| stats::lately(dir, span));
    if args.workspace {
        let here = std::env::current_dir().map_err(|_| "there is no current directory")?;
        log.events.retain(|event| stats::is_of(event, &here));
    }
    let mut stats = Stats::sum(&log);
    stats.store = store(settings);
    if args.json {
        let text =
            serde_json::to_string_pretty(&stats).map_err(|error| format!("failed to print statistics: {error}"))?;
        println!("{text}");
    } else {
        anstream::print!("{}", Screen { width: table::width(environment), now_ms: event::now_ms() }.render(&stats));
    }
    Ok(ExitCode::SUCCESS)
}

fn store(settings: &Settings) -> StoreStats {
    let dir = settings.dir.clone().unwrap_or_default();
    let contents = Store::open_existing(&dir, settings.shared).map(|store| store.contents()).unwrap_or_default();
    StoreStats {
        path: dir.display().to_string(),
        bytes: contents.bytes,
        limit_bytes: settings.cache_size,
        entries: contents.entries,
        oldest_ms: contents.oldest_ms,
        sharing: if os::clones(&dir) { Sharing::Reflink } else { Sharing::HardLink },
        linked_bytes: contents.linked_bytes,
    }
}

/// Where and when statistics are shown.
struct Screen {
    width: usize,
    now_ms: u64,
}

impl Screen {
    fn render(&self, stats: &Stats) -> String {
        let mut text = self.calls(stats);
        if stats.invocations > 0 {
            text.push_str(&format!("\n{}", self.kinds(stats)));
        }
        if !stats.slowest.is_empty() {
            text.push_str(&format!("\n{}", self.slowest(stats)));
        }
        text.push_str(&format!("\n{}", self.store(&stats.store)));
        if let Some(next) = next(stats) {
            text.push('\n');
            for line in table::wrap(&format!("Next: {next}"), self.width) {
                text.push_str(&format!("{NEXT}{line}{NEXT:#}\n"));
            }
        }
        text
    }

    fn calls(&self, stats: &Stats) -> String {
        let looked_up = stats.hits + stats.misses;
        let since = ago(self.now_ms.saturating_sub(stats.since_ms));
        let since = if stats.since_ms == 0 { String::new() } else { format!("the first {since}") };
        let mut table = Table::new([Column::Wrapped, Column::Right, Column::Wrapped]);
        let mut row = |name: String, value: String, note: String| table.row([name.into(), value.into(), note.into()]);
        row("Compiler calls".into(), number(stats.invocations), since);
        row("  hits".into(), number(stats.hits), share(stats.hits, looked_up));
        if stats.verified > 0 {
            row("    compiled again and confirmed".into(), number(stats.verified), String::new());
        }
        row("  misses".into(), number(stats.misses), share(stats.misses, looked_up));
        let (bypassed, degraded) = (sorted(&stats.bypassed), sorted(&stats.degraded));
        for (title, reasons) in
            [(None, sorted(&stats.missed)), (Some("bypassed"), bypassed), (Some("degraded"), degraded)]
        {
            if let Some(title) = title {
                row(format!("  {title}"), number(reasons.iter().map(|(_, count)| count).sum()), String::new());
            }
            reasons.into_iter().for_each(|(reason, count)| row(format!("    {reason}"), number(count), String::new()));
        }
        let run = sorted(&stats.runs.run);
        let runs = stats.runs.hits + run.iter().map(|(_, count)| count).sum::<u64>();
        if runs > 0 {
            row("Build scripts".into(), number(runs), String::new());
            row("  restored".into(), number(stats.runs.hits), share(stats.runs.hits, runs));
            run.into_iter().for_each(|(reason, count)| row(format!("  run: {reason}"), number(count), String::new()));
        }
        row("Time saved".into(), time(stats.time_saved_ms), "compile time of hits, less restoring".into());
        row("Time spent".into(), time(stats.compile_ms), "compile time of all others".into());
        if stats.damaged_events > 0 {
            row("Damaged log lines".into(), number(stats.damaged_events), "skipped".into());
        }
        table.render(self.width)
    }

    fn kinds(&self, stats: &Stats) -> String {
        let mut table = Table::new([Column::Wrapped, Column::Right, Column::Right, Column::Right, Column::Right]);
        let titles = ["By kind of crate", "hits", "misses", "bypassed", "degraded"];
        table.row(titles.map(|title| Cell::styled(title, table::HEADING)));
        for (name, kind) in &stats.kinds {
            let name = if name.is_empty() { "unknown" } else { name };
            let counts = [kind.hits, kind.misses, kind.bypassed, kind.degraded].map(|count| Cell::from(number(count)));
            table.row(std::iter::once(format!("  {name}").into()).chain(counts));
        }
        table.render(self.width)
    }

    fn slowest(&self, stats: &Stats) -> String {
        let mut table = Table::new([Column::Wrapped, Column::Right, Column::Right]);
        table.row(["Slowest crates", "compiles", "time"].map(|title| Cell::styled(title, table::HEADING)));
        for slow in &stats.slowest {
            table.row([format!("  {}", slow.krate).into(), number(slow.compiles).into(), time(slow.compile_ms).into()]);
        }
        table.render(self.width)
    }

    fn store(&self, store: &StoreStats) -> String {
        let mut table = Table::new([Column::Left, Column::Right, Column::Wrapped]);
        let of_limit = format!("of {}, {}", bytes(store.limit_bytes), share(store.bytes, store.limit_bytes));
        table.row(["Cache size".into(), bytes(store.bytes).into(), of_limit.trim_end_matches(", ").into()]);
        let used = ago(self.now_ms.saturating_sub(store.oldest_ms));
        let oldest = if store.entries == 0 { String::new() } else { format!("the oldest last used {used}") };
        table.row(["Cache entries".into(), number(store.entries).into(), oldest.into()]);
        let (shared, how) = match store.sharing {
            Sharing::Reflink => (String::new(), "restored files share blocks with the cache (reflink)"),
            Sharing::HardLink => (bytes(store.linked_bytes), "with target directories, by hard links"),
        };
        table.row(["Shared".into(), shared.into(), how.into()]);
        let location = format!("{FAINT}{}{FAINT:#}", store.path);
        format!("{}Cache location  {location}\n", table.render(self.width))
    }
}

/// Returns reasons and how often there was each, the most frequent first.
fn sorted(reasons: &BTreeMap<impl ToString, u64>) -> Vec<(String, u64)> {
    let mut sorted: Vec<_> = reasons.iter().map(|(reason, count)| (reason.to_string(), *count)).collect();
    sorted.sort_by(|(one, times), (other, others)| (others, one).cmp(&(times, other)));
    sorted
}

/// Returns what to do next, where there is something.
fn next(stats: &Stats) -> Option<String> {
    let degraded: u64 = stats.degraded.values().sum();
    if stats.invocations == 0 {
        Some("nothing was compiled through Thymos yet; try: thymos build".to_owned())
    } else if degraded > 0 {
        Some(format!("{} compiled without the cache; thymos doctor finds why", counted(degraded, "cache error")))
    } else if stats.missed.get(EVICTED.reason()).is_some_and(|evicted| evicted * 20 > stats.misses) {
        Some("many misses were evicted entries; raise THYMOS_CACHE_SIZE".to_owned())
    } else if stats.misses > 0 {
        Some("thymos why explains the misses of the last build".to_owned())
    } else {
        None
    }
}
