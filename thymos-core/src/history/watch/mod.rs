//! Builds while they run, from events and from running processes.
//!
//! Invariant: pure. [`follow`] and [`running`] read the world for it; [`screen`] makes lines of it. It agrees with
//! what `thymos report` shows afterwards, because both ask a [`Build`].

pub mod follow;
pub mod running;
pub mod screen;

use std::collections::HashSet;

use crate::history::builds::Build;
use crate::history::report::figure::span;
use crate::history::why;
use crate::outcome::OutcomeKind;
use crate::outcome::event::{self, Event};

use running::{Activity, Compile, Starter};

/// How long a build is shown after its end, in milliseconds: an hour.
const KEPT_MS: u64 = 60 * 60 * 1000;
/// How long a build counts as running after its last unit where its process cannot be seen, in milliseconds.
const QUIET_MS: u64 = 5_000;
/// How many of the last misses are shown.
const MISSES: usize = 5;

/// What is known of the builds of one store.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    events: Vec<Event>,
    builds: Vec<Build>,
    /// The builds whose process was seen: they have ended when it is gone.
    seen: HashSet<String>,
}

/// One build as it is shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shown {
    /// The workspace's own name.
    pub name: String,
    /// Whether it is still running.
    pub state: State,
    /// How long it has been running, or took, in milliseconds.
    pub took_ms: u64,
    /// How many units had the outcomes `hit`, `miss`, `bypass` and `degraded`.
    pub counts: [usize; 4],
    /// Compile time that hits did not spend, in microseconds.
    pub saved_us: u64,
    /// The last units that were compiled; the last comes first.
    pub misses: Vec<Missed>,
    /// What is compiling now, and for how long, in milliseconds; the longest first.
    pub compiling: Vec<(String, u64)>,
}

/// A unit that was compiled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Missed {
    /// The crate.
    pub krate: String,
    /// How long it took; empty where that was not timed.
    pub took: String,
    /// The reason.
    pub why: String,
}

/// Whether a build goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// It is running.
    #[default]
    Running,
    /// It has ended, so many milliseconds ago.
    Ended(u64),
}

impl Watch {
    /// Adds events. Builds that ended long before `now_ms` are forgotten.
    pub fn feed(&mut self, events: Vec<Event>, now_ms: u64) {
        if events.is_empty() {
            return;
        }
        self.events.extend(events);
        self.builds = Build::group(std::mem::take(&mut self.events));
        self.builds.retain(|build| ended_ms(build) + KEPT_MS >= now_ms);
        let events = self.builds.iter().flat_map(|build| build.units.iter().map(|unit| unit.event.clone()));
        self.events = events.collect();
    }

    /// Returns the processes that started the known builds.
    pub fn starters(&self) -> Vec<Starter> {
        let mut starters: Vec<Starter> = Vec::new();
        for build in &self.builds {
            let first = starters.len();
            for unit in &build.units {
                let process = unit.event.parent;
                // Units are in the order in which they began, so the first of a process tells when it was there.
                if !starters[first..].iter().any(|known| known.process == process) {
                    let began_ms = build.start_ms + unit.start_us / 1000;
                    starters.push(Starter { process, build: build.id.clone(), began_ms });
                }
            }
        }
        starters
    }

    /// Returns what is shown: builds that run, then those that have ended, the last first.
    pub fn shown(&mut self, activity: &Activity, now_ms: u64) -> Vec<Shown> {
        self.seen.extend(activity.alive.iter().cloned());
        let mut shown: Vec<Shown> = self.builds.iter().map(|build| self.show(build, activity, now_ms)).collect();
        // A build whose first unit still compiles has no event yet.
        for compile in &activity.compiles {
            let is_known = self.builds.iter().any(|build| build.id == compile.build);
            if !is_known && !shown.iter().any(|other| other.counts == [0; 4] && other.name == compile.place) {
                let compiling = compiling(activity, &compile.build);
                let took_ms = compile.for_ms;
                shown.push(Shown { name: compile.place.clone(), took_ms, compiling, ..Shown::default() });
            }
        }
        shown.reverse();
        shown.sort_by_key(|build| match build.state {
            State::Running => 0,
            State::Ended(ago) => ago + 1,
        });
        shown
    }

    fn show(&self, build: &Build, activity: &Activity, now_ms: u64) -> Shown {
        let (compiling, ago) = (compiling(activity, &build.id), now_ms.saturating_sub(ended_ms(build)));
        let alive = activity.alive.contains(&build.id) || !compiling.is_empty();
        let running = alive || (!self.seen.contains(&build.id) && ago < QUIET_MS);
        let others = (0..build.units.len()).filter(|unit| !build.units[*unit].event.outcome.is_hit());
        let mut last: Vec<usize> = others.collect();
        last.sort_by_key(|unit| std::cmp::Reverse(build.units[*unit].end_us));
        Shown {
            name: name(&build.place()),
            state: if running { State::Running } else { State::Ended(ago) },
            took_ms: if running { now_ms.saturating_sub(build.start_ms) } else { build.took_us / 1000 },
            counts: OutcomeKind::ALL.map(|outcome| build.count(outcome)),
            saved_us: build.saved_us(),
            misses: last.into_iter().take(MISSES).map(|unit| missed(build, unit)).collect(),
            compiling,
        }
    }
}

fn ended_ms(build: &Build) -> u64 {
    build.start_ms + build.took_us / 1000
}

fn compiling(activity: &Activity, build: &str) -> Vec<(String, u64)> {
    let of = |compile: &Compile| (compile.krate.clone(), compile.for_ms);
    let mut compiling: Vec<(String, u64)> =
        activity.compiles.iter().filter(|compile| compile.build == build).map(of).collect();
    compiling.sort_by_key(|(_, for_ms)| std::cmp::Reverse(*for_ms));
    compiling
}

fn missed(build: &Build, index: usize) -> Missed {
    let unit = &build.units[index];
    let took = if unit.is_timed() { span(unit.end_us - unit.start_us) } else { String::new() };
    let Event { krate, kind, package, .. } = &unit.event;
    let krate = event::name(krate, kind, package).to_owned();
    Missed { krate, took, why: why::story(build, index) }
}

/// Returns the last part of a path.
pub fn name(place: &str) -> String {
    place.rsplit(['/', '\\']).find(|part| !part.is_empty()).unwrap_or("unknown workspace").to_owned()
}

/// Returns an event as one plain line, for logs and pipes.
pub fn line(event: &Event) -> String {
    let build = Build::group(vec![event.clone()]).pop().unwrap_or_default();
    let unit = build.units.first().cloned().unwrap_or_default();
    let took = if unit.is_timed() { format!(", {}", span(event.took_us)) } else { String::new() };
    let saved = if event.outcome.is_hit() { format!(" instead of {}", span(event.compile_us)) } else { String::new() };
    let why = match unit.words() {
        words if words.is_empty() => words,
        words => format!(": {words}"),
    };
    let what = format!("{} {}", event.krate, event.version).trim_end().to_owned();
    let text = format!("{}: {} {what} ({}){took}{saved}{why}", name(&build.place()), event.outcome.kind(), event.kind);
    text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}

#[cfg(test)]
mod tests;
