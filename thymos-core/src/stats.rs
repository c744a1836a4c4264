//! Counters over events.
//!
//! Invariant: the numbers are sums over events; nothing is counted twice and no counter is kept anywhere else.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::event::{self, Log};

/// What `thymos stats --json` prints.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Stats {
    /// Version of this form.
    pub schema: u32,
    /// Compiler calls seen, questions to the compiler not counted.
    pub invocations: u64,
    /// Calls answered from the store.
    pub hits: u64,
    /// Hits that were compiled again and found right.
    pub verified: u64,
    /// Calls looked up in vain.
    pub misses: u64,
    /// Calls that are not cached, by reason.
    pub bypassed: BTreeMap<String, u64>,
    /// Calls for which Thymos could not do its part, by reason.
    pub degraded: BTreeMap<String, u64>,
    /// Hits among hits and misses, from 0 to 1; 0 when there were none.
    pub hit_rate: f64,
    /// Compile time that hits did not spend, less the time that restoring took, in milliseconds.
    pub time_saved_ms: u64,
    /// Lines of the event log that could not be read.
    pub damaged_events: u64,
    /// The store.
    pub store: StoreStats,
}

/// The store's part of [`Stats`].
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct StoreStats {
    /// Its directory.
    pub path: String,
    /// What it holds, in bytes.
    pub bytes: u64,
    /// What it may hold, in bytes.
    pub limit_bytes: u64,
    /// Actions in it.
    pub entries: u64,
}

/// The file whose content says from when on events are counted, in milliseconds since the epoch.
const ZERO: &str = "counted-from";

/// Returns the events of the store in `dir` since the counters were last set to zero.
#[must_use]
pub fn counted(dir: &Path) -> Log {
    let events = dir.join("v1/events");
    let since = std::fs::read_to_string(events.join(ZERO)).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0);
    event::gather(dir, since)
}

impl Stats {
    /// Sums up the events of the store in `dir` since the counters were last set to zero.
    #[must_use]
    pub fn gather(dir: &Path) -> Self {
        Self::sum(&counted(dir))
    }

    /// Sums up events.
    #[must_use]
    pub fn sum(log: &Log) -> Self {
        let mut stats = Self { schema: event::SCHEMA, damaged_events: log.damaged, ..Self::default() };
        let mut saved_us = 0;
        for event in &log.events {
            stats.invocations += 1;
            let reason = || event.reason.clone().unwrap_or_else(|| "unknown".to_owned());
            match event.outcome.as_str() {
                "hit" => {
                    stats.hits += 1;
                    stats.verified += u64::from(event.verified);
                    saved_us += event.compile_us.saturating_sub(event.took_us);
                }
                "miss" => stats.misses += 1,
                "bypass" => *stats.bypassed.entry(reason()).or_default() += 1,
                _ => *stats.degraded.entry(reason()).or_default() += 1,
            }
        }
        stats.time_saved_ms = saved_us / 1000;
        let looked_up = stats.hits + stats.misses;
        stats.hit_rate = if looked_up == 0 { 0.0 } else { stats.hits as f64 / looked_up as f64 };
        stats
    }

    /// Counts from now on; the cache stays as it is.
    ///
    /// # Errors
    /// Whatever the file system gives.
    pub fn zero(dir: &Path) -> std::io::Result<()> {
        let events = dir.join("v1/events");
        crate::store::make_dir(&events)?;
        // One millisecond on, so that an event of this very millisecond is not counted again.
        crate::store::replace(&events.join(ZERO), (event::now_ms() + 1).to_string().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Event;

    #[test]
    fn every_event_is_counted_once() {
        let event = |outcome: &str, reason: Option<&str>| Event {
            outcome: outcome.into(),
            reason: reason.map(Into::into),
            compile_us: 5_000,
            took_us: 1_000,
            ..Event::default()
        };
        let events = vec![
            event("hit", None),
            event("hit", None),
            event("hit", None),
            event("miss", Some("never seen")),
            event("bypass", Some("-o")),
            event("bypass", Some("-o")),
            event("degraded", Some("damaged blob")),
        ];
        let stats = Stats::sum(&Log { events, damaged: 1 });
        assert_eq!((stats.invocations, stats.hits, stats.misses), (7, 3, 1));
        assert_eq!(stats.bypassed["-o"], 2);
        assert_eq!(stats.degraded["damaged blob"], 1);
        assert_eq!((stats.hit_rate, stats.time_saved_ms, stats.damaged_events), (0.75, 12, 1));
    }
}
