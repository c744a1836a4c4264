//! `thymos stats`: what the cache did, for people and for scripts.

use std::process::ExitCode;

use crate::outcome::plain;
use crate::settings::Settings;
use crate::stats::{Stats, StoreStats};
use crate::store::Store;

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
    let contents = Store::open(dir).map(|store| store.contents()).unwrap_or_default();
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
        print!("{}", table(&stats));
    }
    Ok(ExitCode::SUCCESS)
}

fn table(stats: &Stats) -> String {
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
    rows.push(("Time saved".into(), seconds(stats.time_saved_ms), String::new()));
    if stats.damaged_events > 0 {
        rows.push(("Damaged log lines".into(), stats.damaged_events.to_string(), String::new()));
    }
    let store = &stats.store;
    rows.push(("Cache size".into(), bytes(store.bytes), format!("of {}", bytes(store.limit_bytes))));
    rows.push(("Cache entries".into(), store.entries.to_string(), String::new()));
    let width = |column: fn(&(String, String, String)) -> usize| rows.iter().map(column).max().unwrap_or(0);
    let (first, second) = (width(|row| row.0.chars().count()), width(|row| row.1.chars().count()));
    let mut text = String::new();
    for (name, value, note) in &rows {
        let line = format!("{name:<first$}  {value:>second$}  {note}");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text.push_str(&format!("Cache location  {}\n", store.path));
    if stats.invocations == 0 {
        text.push_str("\nNothing was compiled through Thymos yet. Try: RUSTC_WRAPPER=thymos cargo build\n");
    }
    text
}

fn seconds(ms: u64) -> String {
    let seconds = ms / 1000;
    match seconds {
        0..60 => format!("{}.{} s", seconds, ms % 1000 / 100),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// Returns a number of bytes with a unit: `1.2 GB`.
pub fn bytes(bytes: u64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB"];
    let (mut value, mut unit) = (bytes as f64, 0);
    while value >= 999.5 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 || value >= 99.95 {
        format!("{value:.0} {}", units[unit])
    } else {
        format!("{value:.1} {}", units[unit])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_units() {
        for (amount, text) in
            [(0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (123_456_789, "123 MB"), (10_000_000_000, "10.0 GB")]
        {
            assert_eq!(bytes(amount), text);
        }
        for (amount, text) in [(0, "0.0 s"), (1_250, "1.2 s"), (61_000, "1 min 01 s"), (7_260_000, "2 h 01 min")] {
            assert_eq!(seconds(amount), text);
        }
    }
}
