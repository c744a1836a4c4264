//! `thymos stats`: what the cache did, for people and for scripts.

use std::process::ExitCode;

use crate::amount::{bytes, time};
use crate::environment::Environment;
use crate::outcome::plain;
use crate::settings::Settings;
use crate::stats::{Stats, StoreStats};
use crate::store::Store;

use super::table::{self, Column, Table};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Set the counters to zero; the cache stays as it is
    #[arg(long, conflicts_with = "json")]
    zero: bool,
}

pub fn run(args: &Args, settings: &Settings) -> Result<ExitCode, String> {
    let dir = settings.dir.as_deref().ok_or("there is no home directory for the cache; set THYMOS_DIR")?;
    if args.zero {
        Stats::zero(dir)
            .map_err(|error| format!("failed to reset the counters in {}: {}", dir.display(), plain(&error)))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut stats = Stats::gather(dir);
    let contents = Store::open_as(dir, settings.shared).map(|store| store.contents()).unwrap_or_default();
    stats.store = StoreStats {
        path: dir.display().to_string(),
        bytes: contents.bytes,
        limit_bytes: settings.cache_size,
        entries: contents.entries,
    };
    if args.json {
        let text =
            serde_json::to_string_pretty(&stats).map_err(|error| format!("failed to print statistics: {error}"))?;
        println!("{text}");
    } else {
        print!("{}", table(&stats, table::width(&Environment::read())));
    }
    Ok(ExitCode::SUCCESS)
}

fn table(stats: &Stats, width: usize) -> String {
    let looked_up = stats.hits + stats.misses;
    let percent = |part: u64| {
        if looked_up == 0 { String::new() } else { format!("{:.1} %", 100.0 * part as f64 / looked_up as f64) }
    };
    let mut rows: Vec<(String, String, String)> = vec![
        ("Compiler calls".into(), stats.invocations.to_string(), String::new()),
        ("  hits".into(), stats.hits.to_string(), percent(stats.hits)),
        ("  misses".into(), stats.misses.to_string(), percent(stats.misses)),
    ];
    if stats.verified > 0 {
        rows.insert(2, ("    verified".into(), stats.verified.to_string(), String::new()));
    }
    for (title, reasons) in [("bypassed", &stats.bypassed), ("degraded", &stats.degraded)] {
        rows.push((format!("  {title}"), reasons.values().sum::<u64>().to_string(), String::new()));
        rows.extend(reasons.iter().map(|(reason, count)| (format!("    {reason}"), count.to_string(), String::new())));
    }
    rows.push(("Time saved".into(), time(stats.time_saved_ms), String::new()));
    if stats.damaged_events > 0 {
        rows.push(("Damaged log lines".into(), stats.damaged_events.to_string(), String::new()));
    }
    let store = &stats.store;
    rows.push(("Cache size".into(), bytes(store.bytes), format!("of {}", bytes(store.limit_bytes))));
    rows.push(("Cache entries".into(), store.entries.to_string(), String::new()));
    let mut table = Table::new([Column::Left, Column::Right, Column::Wrapped]);
    rows.into_iter().for_each(|(name, value, note)| table.row([name.into(), value.into(), note.into()]));
    let mut text = table.render(width);
    text.push_str(&format!("Cache location  {}\n", store.path));
    if stats.invocations == 0 {
        text.push_str("\nNothing was compiled through Thymos yet. Try: RUSTC_WRAPPER=thymos cargo build\n");
    }
    text
}
