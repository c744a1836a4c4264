//! Builds, out of events: which invocations belong together, and which of them ran side by side.
//!
//! A build is what one Cargo process asked for, with what its build scripts compiled. Units are its invocations, in the order
//! in which they began, with times counted from the build's beginning. [`path`] tells what the build waited for, [`cost`] what
//! was compiled and why.
//!
//! Invariant: pure, and every event is in exactly one build. No time is guessed: where the wrapper became the compiler, the end
//! is not recorded, so [`Unit::is_timed`] is false and the unit has no length.

pub mod cost;
pub mod path;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::path::Path;

use crate::outcome::cause::Cause;
use crate::outcome::event::{self, Event};
use crate::outcome::{Bypass, Outcome, OutcomeKind};

/// After so long without an event, the number of a process without a name counts as another process: 10 minutes.
const SILENCE_US: u64 = 10 * 60 * 1_000_000;

/// Ends are recorded in whole milliseconds, so one unit may seem to begin that much before another has ended.
const ROUNDING_US: u64 = 1_000;

/// What one Cargo process asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Build {
    /// [`Event::build`], or a name made of the parent's number where events do not know it.
    pub id: String,
    /// When the first unit began, in milliseconds since the epoch.
    pub start_ms: u64,
    /// From there to the end of the last unit, in microseconds.
    pub took_us: u64,
    /// In the order in which they began.
    pub units: Vec<Unit>,
    /// How many lanes [`Unit::lane`] counts.
    pub lanes: usize,
    by_name: HashMap<String, usize>,
    scripts: HashMap<(String, String), usize>,
}

/// One invocation of a build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unit {
    /// What was recorded.
    pub event: Event,
    /// When it began, in microseconds after the build did.
    pub start_us: u64,
    /// When it ended, in microseconds after the build began.
    pub end_us: u64,
    /// The row of a timeline in which it overlaps with no other unit.
    pub lane: usize,
}

impl Unit {
    /// Returns whether it is known how long the unit took.
    pub fn is_timed(&self) -> bool {
        self.event.outcome.is_hit() || self.event.compile_us > 0
    }

    /// Returns whether the unit reads what it depends on whole, and not only the metadata.
    pub fn links(&self) -> bool {
        self.event.kind.split('+').any(|kind| !matches!(kind, "lib" | "rlib" | "check" | ""))
    }

    /// Returns why the unit was no hit, in words; nothing for a hit.
    pub fn words(&self) -> String {
        if self.event.outcome.is_hit() { String::new() } else { event::words(&self.event) }
    }

    /// Returns whether the compile failed.
    pub fn has_failed(&self) -> bool {
        matches!(self.event.outcome, Outcome::Bypass(Bypass::Failed | Bypass::FailedProbe))
    }

    /// Returns whether the unit was left to incremental compilation.
    pub fn is_incremental(&self) -> bool {
        matches!(self.event.outcome, Outcome::Incremental(_) | Outcome::Bypass(Bypass::Incremental))
    }

    /// Returns whether the compile failed as a probe of a build script may.
    pub fn is_failed_probe(&self) -> bool {
        self.event.outcome == Outcome::Bypass(Bypass::FailedProbe)
    }

    /// Returns the compile time that a hit did not spend, in microseconds.
    pub fn saved_us(&self) -> u64 {
        if self.event.outcome.is_hit() { self.event.compile_us.saturating_sub(self.event.took_us) } else { 0 }
    }
}

impl Build {
    /// Groups events into builds; the one that ended last comes last.
    pub fn group(mut events: Vec<Event>) -> Vec<Self> {
        events.sort_by_key(began_us);
        let (mut groups, mut current) = (Vec::<Vec<Event>>::new(), HashMap::<Process, (usize, u64)>::new());
        for event in events {
            let (process, begin, end) = (Process::of(&event), began_us(&event), event.at_ms * 1000);
            let known = current.get(&process).copied();
            let known = known.filter(|(_, last)| matches!(process, Process::Named(_)) || begin <= last + SILENCE_US);
            let (group, last) = known.unwrap_or_else(|| {
                groups.push(Vec::new());
                (groups.len() - 1, 0)
            });
            current.insert(process, (group, last.max(end)));
            groups[group].push(event);
        }
        let mut builds: Vec<Self> = fold(groups).into_iter().map(Self::of).collect();
        builds.sort_by_key(|build| build.start_ms * 1000 + build.took_us);
        builds
    }

    /// Returns the last build of the workspace that `directory` lies in, or the last of all when none was there.
    pub fn last(mut builds: Vec<Self>, directory: &Path) -> Option<Self> {
        let here = |build: &Self| match build.place() {
            place if place.is_empty() => false,
            place => directory.starts_with(&place),
        };
        let at = builds.iter().rposition(here).or_else(|| builds.len().checked_sub(1))?;
        Some(builds.swap_remove(at))
    }

    /// Makes a build of the events of one process, which are in the order in which they began.
    fn of(events: Vec<Event>) -> Self {
        let start = events.first().map_or(0, began_us);
        let id = events.first().map(|first| match Process::of(first) {
            Process::Named(name) => name,
            Process::Numbered(number) => format!("{number}-{}", start / 1000),
        });
        let unit = |event: Event| Unit {
            start_us: began_us(&event) - start,
            end_us: (event.at_ms * 1000).saturating_sub(start),
            lane: 0,
            event,
        };
        let units: Vec<Unit> = events.into_iter().map(unit).collect();
        let took_us = units.iter().map(|unit| unit.end_us).max().unwrap_or(0);
        let mut build = Self { id: id.unwrap_or_default(), start_ms: start / 1000, took_us, units, ..Self::default() };
        build.index();
        build.pack();
        build
    }

    fn index(&mut self) {
        for (index, unit) in self.units.iter().enumerate() {
            let event = &unit.event;
            if !event.unit.is_empty() {
                self.by_name.insert(event.unit.clone(), index);
            }
            // The run of a script comes after its compile, and is what the package waits for.
            if event.kind.starts_with("build-script") && !event.package.is_empty() {
                self.scripts.insert((event.package.clone(), event.version.clone()), index);
            }
        }
    }

    /// Gives each unit the lane that has been free longest.
    fn pack(&mut self) {
        let mut free: BinaryHeap<Reverse<(u64, usize)>> = BinaryHeap::new();
        for unit in &mut self.units {
            let lane = match free.peek() {
                Some(Reverse((end, lane))) if *end <= unit.start_us + ROUNDING_US => {
                    let lane = *lane;
                    free.pop();
                    lane
                }
                _ => {
                    self.lanes += 1;
                    self.lanes - 1
                }
            };
            unit.lane = lane;
            free.push(Reverse((unit.end_us, lane)));
        }
    }

    /// Finds a unit by what its outputs are named after.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// Returns what a unit had to wait for: the units whose outputs it was given, and the build script of its package.
    pub fn dependencies(&self, unit: usize) -> impl Iterator<Item = usize> {
        let event = &self.units[unit].event;
        let script = (event.kind != "build-script" && !event.package.is_empty())
            .then(|| self.scripts.get(&(event.package.clone(), event.version.clone())).copied());
        let given = event.deps.iter().filter_map(|name| self.find(name));
        given.chain(script.flatten()).filter(move |dependency| *dependency != unit)
    }

    /// Follows a unit that was rebuilt because a dependency was, to the unit with which that began: the unit itself where it
    /// has a reason of its own.
    pub fn root(&self, unit: usize) -> usize {
        let mut at = unit;
        // No chain of dependencies is longer than there are units; a damaged log may hold a circle.
        for _ in 0..self.units.len() {
            match self.units[at].event.outcome.cause() {
                Some(Cause::Dependency { unit: name, .. }) => match self.find(name) {
                    Some(next) if !self.units[next].event.outcome.is_hit() => at = next,
                    _ => return at,
                },
                _ => return at,
            }
        }
        unit
    }

    /// Returns how many units had the outcome.
    pub fn count(&self, outcome: OutcomeKind) -> usize {
        self.units.iter().filter(|unit| unit.event.outcome.kind() == outcome).count()
    }

    /// Returns the compile time that hits did not spend, in microseconds.
    pub fn saved_us(&self) -> u64 {
        self.units.iter().map(Unit::saved_us).sum()
    }

    /// Returns the workspace's directory, or the target directory's parent where no unit knows it; empty where neither does.
    pub fn place(&self) -> String {
        let events = || self.units.iter().map(|unit| &unit.event);
        // A build script starts the compiler in its own package, which is not the workspace.
        let mut workspaces = events().filter(|event| !is_probe(event)).map(|event| event.workspace.as_str());
        if let Some(workspace) = workspaces.find(|path| !path.is_empty()) {
            return workspace.to_owned();
        }
        let target = events().map(|event| event.target.as_str()).find(|path| !path.is_empty());
        let above = target.and_then(|target| Path::new(target).parent());
        above.map(|above| above.display().to_string()).unwrap_or_default()
    }
}

/// Moves probes of build scripts into the build that ran the script. Scripts start the wrapper themselves, so by process these
/// are builds of their own.
fn fold(groups: Vec<Vec<Event>>) -> Vec<Vec<Event>> {
    let mut folded: Vec<Vec<Event>> = Vec::new();
    let mut running: HashMap<String, (usize, u64)> = HashMap::new();
    for mut group in groups {
        let Some(first) = group.first() else { continue };
        let (target, begin) = (first.target.clone(), began_us(first));
        match running.get(&target) {
            Some((build, end)) if begin <= *end && group.iter().all(is_probe) => folded[*build].append(&mut group),
            _ => {
                let end = group.iter().map(|event| event.at_ms * 1000).max().unwrap_or(0);
                running.insert(target, (folded.len(), end));
                folded.push(group);
            }
        }
    }
    folded.iter_mut().for_each(|group| group.sort_by_key(began_us));
    folded
}

/// Cargo gives every unit a name of its own in the target directory; a build script that probes the compiler does not.
fn is_probe(event: &Event) -> bool {
    !event.target.is_empty() && event.unit == event.krate
}

/// What started a wrapper.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Process {
    Named(String),
    /// Numbers are used again after a while.
    Numbered(u32),
}

impl Process {
    fn of(event: &Event) -> Self {
        if event.build.is_empty() { Self::Numbered(event.parent) } else { Self::Named(event.build.clone()) }
    }
}

fn began_us(event: &Event) -> u64 {
    (event.at_ms * 1000).saturating_sub(event.took_us)
}

#[cfg(test)]
mod tests;
