//! Counters over events.
//!
//! Invariant: the numbers are sums over events; nothing is counted twice and no counter is kept anywhere else.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::outcome::event::{self, Event, Log};
use crate::outcome::{Bypass, Degraded, Outcome};

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
    /// Calls for which no entry matched: they were compiled, and stored.
    pub misses: u64,
    /// Misses by reason.
    pub missed: BTreeMap<String, u64>,
    /// Calls that are not cached, by reason.
    pub bypassed: BTreeMap<Bypass, u64>,
    /// Cache errors, by reason: calls that were compiled without the cache.
    pub degraded: BTreeMap<Degraded, u64>,
    /// Hits among hits and misses, from 0 to 1; 0 when there were none.
    pub hit_rate: f64,
    /// Compile time that hits did not spend, less the time that restoring took, in milliseconds.
    pub time_saved_ms: u64,
    /// Time that the compiler took for what was no hit, in milliseconds.
    pub compile_ms: u64,
    /// Runs of build scripts, which are no compiler calls.
    pub runs: Runs,
    /// Outcomes by kind of crate.
    pub kinds: BTreeMap<String, Kind>,
    /// The crates that took the compiler longest, the slowest first.
    pub slowest: Vec<Slowest>,
    /// When the first of these calls ended, in milliseconds since the epoch; 0 when there was none.
    pub since_ms: u64,
    /// Lines of the event log that could not be read.
    pub damaged_events: u64,
    /// The store.
    pub store: StoreStats,
}

/// The outcomes of one kind of crate.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Kind {
    /// Calls answered from the store.
    pub hits: u64,
    /// Calls for which no entry matched: they were compiled, and stored.
    pub misses: u64,
    /// Calls that are not cached.
    pub bypassed: u64,
    /// Cache errors: calls that were compiled without the cache.
    pub degraded: u64,
}

/// Runs of build scripts.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Runs {
    /// Runs whose result came from the store.
    pub hits: u64,
    /// Why the others ran.
    pub run: BTreeMap<String, u64>,
}

/// What one crate cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Slowest {
    /// The package, or the crate where no package is known.
    #[serde(rename = "crate")]
    pub krate: String,
    /// How often the compiler ran for it.
    pub compiles: u64,
    /// How long it took in all, in milliseconds.
    pub compile_ms: u64,
}

/// How restored files come out of the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sharing {
    /// As clones that share their blocks.
    Reflink,
    /// As hard links to the stored file where both lie on one file system, and as copies elsewhere.
    #[default]
    HardLink,
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
    /// When the action that was unused for longest was last used, in milliseconds since the epoch; 0 when there is none.
    pub oldest_ms: u64,
    /// How restored files come out of it.
    pub sharing: Sharing,
    /// Bytes that target directories share with it through hard links.
    pub linked_bytes: u64,
}

/// Crates that [`Stats::slowest`] holds.
const SLOWEST: usize = 10;
/// The version of the form that `--json` prints.
const SCHEMA: u32 = 2;

/// The file whose content says from when on events are counted, in milliseconds since the epoch.
const ZERO: &str = "counted-from";

/// Returns the events of the store in `dir` since the counters were last set to zero.
#[must_use]
pub fn counted(dir: &Path) -> Log {
    let events = dir.join("v1/events");
    let since = std::fs::read_to_string(events.join(ZERO)).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0);
    event::gather(dir, since)
}

/// Returns the events of the store in `dir` of the last time span, also those from before the counters were set to zero.
pub(crate) fn lately(dir: &Path, span: Duration) -> Log {
    let span = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    event::gather(dir, event::now_ms().saturating_sub(span))
}

/// Returns whether an event belongs to the workspace that a directory lies in.
pub(crate) fn is_of(event: &Event, directory: &Path) -> bool {
    let known = [Path::new(&event.workspace), Path::new(&event.target).parent().unwrap_or(Path::new(""))];
    let place = known.into_iter().find(|path| !path.as_os_str().is_empty());
    place.is_some_and(|place| directory.starts_with(place))
}

impl Stats {
    /// Sums up the events of the store in `dir` since the counters were last set to zero.
    pub(crate) fn gather(dir: &Path) -> Self {
        Self::sum(&counted(dir))
    }

    /// Sums up events.
    #[must_use]
    pub fn sum(log: &Log) -> Self {
        let mut stats = Self { schema: SCHEMA, damaged_events: log.damaged, ..Self::default() };
        let (mut saved_us, mut compile_us) = (0, 0);
        for event in &log.events {
            match event.is_run() {
                true => stats.add_run(event),
                false => stats.add(event),
            }
            if event.outcome.is_hit() {
                saved_us += event.compile_us.saturating_sub(event.took_us);
            } else {
                compile_us += event.compile_us;
            }
        }
        (stats.time_saved_ms, stats.compile_ms) = (saved_us / 1000, compile_us / 1000);
        stats.since_ms = log.events.iter().map(|event| event.at_ms).min().unwrap_or(0);
        stats.slowest = slowest(&log.events);
        let looked_up = stats.hits + stats.misses;
        stats.hit_rate = if looked_up == 0 { 0.0 } else { stats.hits as f64 / looked_up as f64 };
        stats
    }

    fn add_run(&mut self, event: &Event) {
        match event.outcome.reason() {
            None => self.runs.hits += 1,
            Some(reason) => *self.runs.run.entry(reason).or_default() += 1,
        }
    }

    fn add(&mut self, event: &Event) {
        self.invocations += 1;
        if !self.kinds.contains_key(&event.kind) {
            self.kinds.insert(event.kind.clone(), Kind::default());
        }
        let mut unknown = Kind::default();
        let kind = self.kinds.get_mut(&event.kind).unwrap_or(&mut unknown);
        match &event.outcome {
            Outcome::Hit => {
                self.hits += 1;
                self.verified += u64::from(event.verified);
                kind.hits += 1;
            }
            Outcome::Miss(cause) => {
                self.misses += 1;
                kind.misses += 1;
                *self.missed.entry(cause.reason().to_owned()).or_default() += 1;
            }
            Outcome::Incremental(_) => {
                kind.bypassed += 1;
                *self.bypassed.entry(Bypass::Incremental).or_default() += 1;
            }
            Outcome::Bypass(bypass) => {
                kind.bypassed += 1;
                *self.bypassed.entry(bypass.counter()).or_default() += 1;
            }
            Outcome::Degraded(degraded) => {
                kind.degraded += 1;
                *self.degraded.entry(degraded.counter()).or_default() += 1;
            }
        }
    }

    /// Counts from now on; the cache stays as it is.
    pub(crate) fn zero(dir: &Path) -> std::io::Result<()> {
        let events = dir.join("v1/events");
        crate::system::files::make_dir(&events)?;
        // One millisecond on, so that an event of this very millisecond is not counted again.
        crate::system::files::replace(&events.join(ZERO), (event::now_ms() + 1).to_string().as_bytes())
    }
}

fn slowest(events: &[Event]) -> Vec<Slowest> {
    let mut sums: HashMap<&str, (u64, u64)> = HashMap::new();
    for event in events.iter().filter(|event| !event.outcome.is_hit() && event.compile_us > 0) {
        let name = if event.package.is_empty() { &event.krate } else { &event.package };
        let sum = sums.entry(name).or_default();
        *sum = (sum.0 + event.compile_us, sum.1 + 1);
    }
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_by_key(|(name, (micros, _))| (std::cmp::Reverse(*micros), *name));
    let slow = |(name, (micros, compiles)): (&str, (u64, u64))| Slowest {
        krate: name.to_owned(),
        compiles,
        compile_ms: micros / 1000,
    };
    sums.into_iter().take(SLOWEST).map(slow).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::cause::Cause;

    #[test]
    fn every_event_is_counted_once() {
        let event = |outcome| Event { outcome, compile_us: 5_000, took_us: 1_000, ..Event::default() };
        let events = vec![
            event(Outcome::Hit),
            event(Outcome::Hit),
            event(Outcome::Hit),
            event(Outcome::Miss(Cause::NeverSeen)),
            event(Outcome::Bypass(Bypass::Unaccounted("/proc/1".into()))),
            event(Outcome::Bypass(Bypass::Unaccounted("/proc/2".into()))),
            event(Outcome::Degraded(Degraded::BlobDamaged)),
        ];
        let stats = Stats::sum(&Log { events, damaged: 1 });
        assert_eq!((stats.invocations, stats.hits, stats.misses), (7, 3, 1));
        let unknown = &stats.kinds[""];
        assert_eq!((unknown.hits, unknown.misses, unknown.bypassed, unknown.degraded), (3, 1, 2, 1));
        assert_eq!((stats.missed["never seen"], stats.compile_ms), (1, 20));
        assert_eq!(stats.bypassed[&Bypass::Unaccounted(String::new())], 2);
        assert_eq!(stats.degraded[&Degraded::BlobDamaged], 1);
        assert_eq!((stats.hit_rate, stats.time_saved_ms, stats.damaged_events), (0.75, 12, 1));
    }

    #[test]
    fn a_hundred_thousand_events_add_up() {
        let dir = tempfile::tempdir().expect("the temporary directory is writable");
        let other = |text: &str| text.to_owned();
        let outcomes = [
            Outcome::Hit,
            Outcome::Miss(Cause::Other(other("unknown"))),
            Outcome::Bypass(Bypass::Failed),
            Outcome::Degraded(Degraded::Restore(other("no space left on device"))),
        ];
        let mut text = String::new();
        for n in 0..100_000_u64 {
            let outcome = outcomes[n as usize % 4].clone();
            let krate = format!("crate{}", n % 100);
            let event = Event { outcome, krate, at_ms: 1 + n, compile_us: 3_000, ..Event::default() };
            let line = serde_json::to_string(&event).expect("an event is plain data");
            text.push_str(&line);
            text.push('\n');
        }
        std::fs::write(dir.path().join("0.jsonl"), text).expect("the temporary directory is writable");
        let stats = Stats::sum(&event::read(dir.path(), 0));
        assert_eq!((stats.invocations, stats.hits, stats.misses), (100_000, 25_000, 25_000));
        assert_eq!((stats.missed["unknown"], stats.bypassed[&Bypass::Failed]), (25_000, 25_000));
        assert_eq!((stats.time_saved_ms, stats.compile_ms, stats.since_ms), (75_000, 225_000, 1));
        assert_eq!((stats.slowest.len(), stats.slowest[0].compiles), (10, 1_000));
    }

    #[test]
    fn the_slowest_crates_come_first() {
        let event =
            |krate: &str, outcome, compile_us| Event { outcome, krate: krate.into(), compile_us, ..Event::default() };
        let (miss, bypass) = (|| Outcome::Miss(Cause::NeverSeen), || Outcome::Bypass(Bypass::Incremental));
        let events = [
            event("small", miss(), 1_000),
            event("big", miss(), 5_000),
            event("big", bypass(), 5_000),
            event("hit", Outcome::Hit, 90_000),
            event("untimed", bypass(), 0),
        ];
        let slow = slowest(&events);
        let told: Vec<_> = slow.iter().map(|slow| (slow.krate.as_str(), slow.compiles, slow.compile_ms)).collect();
        assert_eq!(told, [("big", 2, 10), ("small", 1, 1)]);
    }

    #[test]
    fn a_workspace_is_known_by_its_directory_or_its_target_directory() {
        let event = |workspace: &str, target: &str| Event {
            workspace: workspace.into(),
            target: target.into(),
            ..Event::default()
        };
        let inside = Path::new("/home/u/ws/src");
        assert!(is_of(&event("/home/u/ws", "/elsewhere/target"), inside));
        assert!(is_of(&event("", "/home/u/ws/target"), inside));
        assert!(!is_of(&event("/home/u/other", "/home/u/ws/target"), inside));
        assert!(!is_of(&event("", ""), inside));
    }
}
