//! The report of a build: as data for scripts, as a page for people, and as a trace for trace viewers.
//!
//! Invariant: pure, and all three forms show the same figures, because all are made of a [`Report`]. It reads no
//! events: it is given a [`Build`].

mod escape;
pub(crate) mod figure;
pub mod html;
mod timeline;
pub mod trace;

use serde::Serialize;

use crate::history::builds::path::{self, Then};
use crate::history::builds::{Build, cost};
use crate::history::why;
use crate::outcome::OutcomeKind;
use crate::outcome::cause::Cause;
use crate::outcome::event;

/// The version of the form that `thymos report --format json` prints.
pub(crate) const SCHEMA: u32 = 1;

/// A build with everything that is shown of it. Field names are those of the JSON form, which `doc/report.md` documents.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Report {
    /// Version of this form.
    pub schema: u32,
    /// What names the build among all others.
    pub build: String,
    /// The workspace's directory.
    pub workspace: String,
    /// When the first unit began, in milliseconds since the epoch.
    pub start_ms: u64,
    /// How long it was from there to the end of the last unit, in microseconds.
    pub took_us: u64,
    /// Units answered from the store.
    pub hits: usize,
    /// Units for which no entry matched: they were compiled, and stored.
    pub misses: usize,
    /// Units that are not cached.
    pub bypassed: usize,
    /// Cache errors: units that were compiled without the cache.
    pub degraded: usize,
    /// Hits among hits and misses, from 0 to 1; 0 when there were none.
    pub hit_rate: f64,
    /// Compile time that hits did not spend, less the time that restoring took, in microseconds.
    pub saved_us: u64,
    /// How many units ran side by side at most.
    pub lanes: usize,
    /// In the order in which they began.
    pub units: Vec<Unit>,
    /// The units that the build waited for, one after the other, in the order in which they ran.
    pub path: Vec<Step>,
    /// What was no hit, by reason, the slowest first.
    pub costs: Vec<Cost>,
}

/// One unit of a [`Report`].
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Unit {
    /// The crate's name.
    #[serde(rename = "crate")]
    pub krate: String,
    /// The package's name; empty where it is not known, as is every other text.
    pub package: String,
    /// The package's version.
    pub version: String,
    /// What the unit's outputs are named after.
    pub unit: String,
    /// The crate's kind.
    pub kind: String,
    /// What became of it: `hit`, `miss`, `bypass` or `degraded`.
    pub outcome: OutcomeKind,
    /// Why it was no hit, in words.
    pub why: String,
    /// The same as data.
    pub cause: Option<Cause>,
    /// The unit with whose rebuild a cascade began, as an index; the unit itself where it has a reason of its own.
    pub root: usize,
    /// When it began, in microseconds after the build did.
    pub start_us: u64,
    /// When it ended, in microseconds after the build began.
    pub end_us: u64,
    /// Whether that end is the compile's: a compile that was only passed on is not timed.
    pub timed: bool,
    /// When its metadata was announced, in microseconds after it began; 0 when that was not seen.
    pub meta_us: u64,
    /// How long the compiler took, now or when the result was stored, in microseconds.
    pub compile_us: u64,
    /// Compile time that it did not spend, in microseconds.
    pub saved_us: u64,
    /// Size of the outputs in bytes.
    pub bytes: u64,
    /// The row of a timeline in which it overlaps with no other unit.
    pub lane: usize,
    /// Whether it is on the critical path.
    pub on_path: bool,
    /// The units of this build that it waited for, as indices.
    pub deps: Vec<usize>,
}

/// One step of the critical path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Step {
    /// The unit, as an index.
    pub unit: usize,
    /// How long the next step could not begin because of it, in microseconds.
    pub busy_us: u64,
    /// How long it then was until the next step began, in microseconds.
    pub idle_us: u64,
    /// What let the next step begin: `dependency`, `build-script`, `processor` or, after the last, `end`.
    pub then: Then,
}

/// One reason and what came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Cost {
    /// What became of them: `miss`, `bypass` or `degraded`.
    pub outcome: OutcomeKind,
    /// The reason in words.
    pub why: String,
    /// What a person can do about it.
    pub advice: Option<String>,
    /// The units, as indices.
    pub units: Vec<usize>,
    /// What the compiler took in all, in microseconds.
    pub compile_us: u64,
}

impl Report {
    /// Makes the report of a build.
    pub(crate) fn of(build: &Build) -> Self {
        let (hits, misses) = (build.count(OutcomeKind::Hit), build.count(OutcomeKind::Miss));
        let mut report = Self {
            schema: SCHEMA,
            build: build.id.clone(),
            workspace: build.place(),
            start_ms: build.start_ms,
            took_us: build.took_us,
            hits,
            misses,
            bypassed: build.count(OutcomeKind::Bypass),
            degraded: build.count(OutcomeKind::Degraded),
            hit_rate: if hits + misses == 0 { 0.0 } else { hits as f64 / (hits + misses) as f64 },
            saved_us: build.saved_us(),
            lanes: build.lanes,
            units: (0..build.units.len()).map(|index| unit(build, index)).collect(),
            path: Vec::new(),
            costs: Vec::new(),
        };
        for step in build.path() {
            report.units[step.unit].on_path = true;
            let path::Step { unit, busy_us, idle_us, then } = step;
            report.path.push(Step { unit, busy_us, idle_us, then });
        }
        report.costs = build.costs().into_iter().map(|cost| told(build, cost)).collect();
        report
    }

    /// Returns the workspace's own name, which tells less about its user than the whole path does.
    pub(crate) fn name(&self) -> &str {
        self.workspace.rsplit(['/', '\\']).find(|part| !part.is_empty()).unwrap_or("unknown workspace")
    }
}

fn told(build: &Build, cost: cost::Cost) -> Cost {
    let root = cost.units.first().map(|unit| build.root(*unit));
    let cause = root.and_then(|root| build.units[root].event.outcome.cause());
    Cost {
        outcome: cost.outcome,
        why: cost.reason,
        advice: cause.and_then(Cause::advice),
        units: cost.units,
        compile_us: cost.compile_us,
    }
}

impl Unit {
    /// Returns the name that a person knows it by.
    pub(crate) fn name(&self) -> &str {
        event::name(&self.krate, &self.kind, &self.package)
    }
}

fn unit(build: &Build, index: usize) -> Unit {
    let unit = &build.units[index];
    let event = &unit.event;
    Unit {
        krate: event.krate.clone(),
        package: event.package.clone(),
        version: event.version.clone(),
        unit: event.unit.clone(),
        kind: event.kind.clone(),
        outcome: event.outcome.kind(),
        why: if event.outcome.is_hit() { String::new() } else { why::story(build, index) },
        cause: event.outcome.cause().cloned(),
        root: build.root(index),
        start_us: unit.start_us,
        end_us: unit.end_us,
        timed: unit.is_timed(),
        meta_us: event.meta_us,
        compile_us: event.compile_us,
        saved_us: unit.saved_us(),
        bytes: event.bytes,
        lane: unit.lane,
        on_path: false,
        deps: build.dependencies(index).collect(),
    }
}

#[cfg(test)]
pub(crate) mod tests;
