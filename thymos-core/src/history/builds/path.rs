//! The critical path: the chain of units, from the end of a build back to its beginning, each of which held up the next.
//!
//! A unit is held up by the dependency that was ready last. A dependency is ready when its metadata is announced, for units
//! that only read metadata, and when it has ended for those that link. A package's build script is ready when it has run; that
//! is not recorded, so the time until then is idle. A unit that did not begin although everything was ready waited for
//! a processor, so the unit that ended last before it held it up.
//!
//! Invariant: the steps' times add up to the time from the first step's begin to the end of the last, but for the rounding of
//! recorded times. Where the wrapper became the compiler no end is recorded, so such a unit can hold up more
//! than is told here.

use serde::Serialize;

use super::{Build, ROUNDING_US};

/// How long Cargo may take to start what is ready: 20 ms. Beyond that, a processor was missing.
const START_US: u64 = 20_000;

/// One unit on the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its index in [`Build::units`].
    pub unit: usize,
    /// How long the next step could not begin because of it, in microseconds.
    pub busy_us: u64,
    /// How long it then was until the next step began, in microseconds.
    pub idle_us: u64,
    /// What let the next step begin.
    pub then: Then,
}

/// What let the next step of a path begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Then {
    /// It was given this step's outputs.
    Dependency,
    /// This step is its build script, and had run.
    BuildScript,
    /// This step ended, and left it a processor.
    Processor,
    /// Nothing: the build was done.
    #[default]
    End,
}

/// What held a unit up, and until when, in microseconds after the build began.
struct Hold {
    unit: usize,
    until_us: u64,
    then: Then,
}

impl Build {
    /// Returns the path, in the order in which it ran; nothing for a build without units.
    pub fn path(&self) -> Vec<Step> {
        let Some(last) = (0..self.units.len()).max_by_key(|unit| self.units[*unit].end_us) else { return Vec::new() };
        let took = self.units[last].end_us - self.units[last].start_us;
        let mut path = vec![Step { unit: last, busy_us: took, idle_us: 0, then: Then::End }];
        let (mut at, mut seen) = (last, vec![false; self.units.len()]);
        while let Some(hold) = self.hold(at) {
            seen[at] = true;
            let (start, next) = (self.units[hold.unit].start_us, self.units[at].start_us);
            // A damaged log may hold a circle of dependencies; a real one leads back in time.
            if start > next + ROUNDING_US || seen[hold.unit] {
                break;
            }
            let until = hold.until_us.min(next).max(start);
            let (busy_us, idle_us) = (until - start, next.saturating_sub(until));
            path.push(Step { unit: hold.unit, busy_us, idle_us, then: hold.then });
            at = hold.unit;
        }
        path.reverse();
        path
    }

    fn hold(&self, unit: usize) -> Option<Hold> {
        let ready = self.dependencies(unit).map(|dependency| (self.ready_us(dependency, unit), dependency)).max();
        let needed = ready.map(|(until_us, dependency)| {
            let script = self.units[dependency].event.kind == "build-script";
            Hold { unit: dependency, until_us, then: if script { Then::BuildScript } else { Then::Dependency } }
        });
        let start = self.units[unit].start_us;
        let began_at_once = |hold: &Hold| hold.then == Then::BuildScript || hold.until_us + START_US >= start;
        match needed {
            Some(hold) if began_at_once(&hold) => Some(hold),
            needed => {
                let since = needed.as_ref().map_or(0, |hold| hold.until_us);
                self.leaver(unit).filter(|leaver| leaver.until_us > since).or(needed)
            }
        }
    }

    /// Returns the unit that ended last before this one began.
    fn leaver(&self, unit: usize) -> Option<Hold> {
        let begin = self.units[unit].start_us;
        let ended = self.units.iter().enumerate().filter(|(other, earlier)| {
            *other != unit && earlier.start_us < begin && earlier.end_us <= begin + ROUNDING_US
        });
        let (index, last) = ended.max_by_key(|(_, earlier)| earlier.end_us)?;
        Some(Hold { unit: index, until_us: last.end_us, then: Then::Processor })
    }

    fn ready_us(&self, dependency: usize, unit: usize) -> u64 {
        let (first, then) = (&self.units[dependency], &self.units[unit]);
        let early = first.event.meta_us > 0 && (then.start_us < first.end_us || !then.links());
        if early { (first.start_us + first.event.meta_us).min(first.end_us) } else { first.end_us }
    }
}
