//! Events, counted the way sccache counts compiles.
//!
//! Invariant: pure, and every event is one compile request. Field names are the keys of sccache's JSON.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::outcome::cause::Cause;
use crate::outcome::event::Event;
use crate::outcome::{Bypass, Degraded, Outcome};

/// What sccache calls a server's information.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// The counters.
    pub stats: Figures,
    /// Where the cache is.
    pub cache_location: String,
    /// What it holds, in bytes.
    pub cache_size: u64,
    /// What it may hold, in bytes.
    pub max_cache_size: u64,
    /// Always false: C is not cached.
    pub use_preprocessor_cache_mode: bool,
    /// The version.
    pub version: &'static str,
    /// Always empty: paths need not be told.
    pub basedirs: [String; 0],
}

/// Compiles, by language and by compiler.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// By language.
    pub counts: BTreeMap<&'static str, u64>,
    /// By compiler.
    pub adv_counts: BTreeMap<&'static str, u64>,
}

impl Counts {
    fn add(&mut self) {
        *self.counts.entry("Rust").or_default() += 1;
        *self.adv_counts.entry("rust").or_default() += 1;
    }

    /// Returns the sum.
    pub fn all(&self) -> u64 {
        self.counts.values().sum()
    }
}

/// The counters; `text.rs` says what the rows call them.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Figures {
    pub compile_requests: u64,
    pub requests_unsupported_compiler: u64,
    pub requests_not_compile: u64,
    pub requests_not_cacheable: u64,
    pub requests_executed: u64,
    pub cache_errors: Counts,
    pub cache_hits: Counts,
    pub cache_misses: Counts,
    pub cache_timeouts: u64,
    pub cache_read_errors: u64,
    pub non_cacheable_compilations: u64,
    pub forced_recaches: u64,
    pub cache_write_errors: u64,
    pub cache_writes: u64,
    pub cache_write_duration: Duration,
    pub cache_read_hit_duration: Duration,
    pub compilations: u64,
    pub compiler_write_duration: Duration,
    pub compile_fails: u64,
    pub not_cached: BTreeMap<String, u64>,
    pub dist_compiles: BTreeMap<String, u64>,
    pub dist_errors: u64,
    pub multi_level: Option<()>,
}

/// Sums up events.
pub fn sum(events: &[Event]) -> Figures {
    let mut figures = Figures::default();
    events.iter().for_each(|event| figures.add(event));
    figures
}

impl Figures {
    fn add(&mut self, event: &Event) {
        self.compile_requests += 1;
        match &event.outcome {
            Outcome::Hit => {
                self.requests_executed += 1;
                self.cache_hits.add();
                self.cache_read_hit_duration += Duration::from_micros(event.took_us);
            }
            Outcome::Miss(cause) => {
                self.compiled(event);
                self.cache_misses.add();
                self.forced_recaches += u64::from(*cause == Cause::Refresh);
                self.cache_read_errors += u64::from(*cause == Cause::BlobLost);
                // In a mode that stores nothing, nothing times the compiler either.
                if event.compile_us > 0 {
                    self.cache_writes += 1;
                    self.cache_write_duration += Duration::from_micros(event.took_us.saturating_sub(event.compile_us));
                }
            }
            Outcome::Bypass(Bypass::Failed | Bypass::FailedProbe) => {
                self.compiled(event);
                self.compile_fails += 1;
            }
            Outcome::Incremental(_) => {
                self.requests_not_cacheable += 1;
                *self.not_cached.entry(Bypass::Incremental.to_string()).or_default() += 1;
            }
            // Only a compile that was to be stored is timed.
            Outcome::Bypass(bypass) if event.compile_us > 0 => {
                self.compiled(event);
                self.non_cacheable_compilations += 1;
                *self.not_cached.entry(bypass.to_string()).or_default() += 1;
            }
            Outcome::Bypass(bypass) => {
                self.requests_not_cacheable += 1;
                *self.not_cached.entry(bypass.to_string()).or_default() += 1;
            }
            Outcome::Degraded(Degraded::Publish(_)) => {
                self.compiled(event);
                self.cache_misses.add();
                self.cache_write_errors += 1;
            }
            Outcome::Degraded(_) => {
                self.compiled(event);
                self.cache_errors.add();
            }
        }
    }

    fn compiled(&mut self, event: &Event) {
        self.requests_executed += 1;
        self.compilations += 1;
        self.compiler_write_duration += Duration::from_micros(event.compile_us);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(outcome: Outcome, compile_us: u64) -> Event {
        Event { outcome, compile_us, took_us: compile_us + 500, ..Event::default() }
    }

    #[test]
    fn every_event_is_one_request_and_finds_its_row() {
        let events = [
            event(Outcome::Hit, 900),
            event(Outcome::Miss(Cause::NeverSeen), 2_000),
            event(Outcome::Miss(Cause::Refresh), 2_000),
            event(Outcome::Miss(Cause::NeverSeen), 0),
            event(Outcome::Bypass(Bypass::Failed), 700),
            event(Outcome::Bypass(Bypass::WritesElsewhere("x".into())), 700),
            event(Outcome::Incremental(Cause::NeverSeen), 0),
            event(Outcome::Degraded(Degraded::Publish("no space left on device".into())), 700),
            event(Outcome::Degraded(Degraded::StoreNotPrivate), 0),
        ];
        let figures = sum(&events);
        assert_eq!((figures.compile_requests, figures.requests_executed, figures.requests_not_cacheable), (9, 8, 1));
        assert_eq!((figures.cache_hits.all(), figures.cache_misses.all(), figures.cache_errors.all()), (1, 4, 1));
        assert_eq!((figures.forced_recaches, figures.cache_writes, figures.cache_write_errors), (1, 2, 1));
        assert_eq!((figures.compilations, figures.compile_fails, figures.non_cacheable_compilations), (7, 1, 1));
        assert_eq!(figures.cache_read_hit_duration, Duration::from_micros(1_400));
        assert_eq!(figures.cache_write_duration, Duration::from_micros(1_000));
        assert_eq!(figures.not_cached.len(), 2);
    }

    #[test]
    fn the_keys_are_those_that_scripts_read() {
        let json = serde_json::to_value(Report { stats: sum(&[event(Outcome::Hit, 1)]), ..Report::default() });
        let json = json.expect("figures are plain data");
        assert_eq!(json["stats"]["cache_hits"]["counts"]["Rust"], 1);
        assert_eq!(json["stats"]["cache_read_hit_duration"]["nanos"], 501_000);
        assert_eq!(json["stats"]["cache_misses"]["adv_counts"], serde_json::json!({}));
        assert_eq!(json["cache_size"], 0);
        assert!(json["stats"]["multi_level"].is_null() && json["basedirs"].is_array());
    }
}
