//! The critical path: the chain of units that a build waited for, from its end back to its beginning.
//!
//! Each unit is traced to the dependency that was ready last. A dependency is ready when its metadata is announced, for units
//! that only read metadata, and when it has ended for those that link. Steps tell how long the path was held up by each unit,
//! and how long it then stood still: waiting for a processor, for a build script to run, or for Cargo.
//!
//! Invariant: the steps' times add up to the time from the first step's begin to the end of the last, but for the rounding of
//! recorded times.

use super::{Build, ROUNDING_US};

/// One unit on the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its index in [`Build::units`].
    pub unit: usize,
    /// How long the next step could not begin because of it, in microseconds.
    pub busy_us: u64,
    /// How long the next step could have run and did not, in microseconds.
    pub idle_us: u64,
}

impl Build {
    /// Returns the critical path, in the order in which it ran; nothing for a build without units.
    #[must_use]
    pub fn path(&self) -> Vec<Step> {
        let Some(last) = (0..self.units.len()).max_by_key(|unit| self.units[*unit].end_us) else { return Vec::new() };
        let took = |unit: usize| self.units[unit].end_us - self.units[unit].start_us;
        let mut path = vec![Step { unit: last, busy_us: took(last), idle_us: 0 }];
        let mut at = last;
        while let Some((unit, ready)) = self.blocker(at) {
            let (start, next) = (self.units[unit].start_us, self.units[at].start_us);
            // A damaged log may hold a circle of dependencies; a real one leads back in time.
            if start > next + ROUNDING_US || path.iter().any(|step| step.unit == unit) {
                break;
            }
            let ready = ready.min(next).max(start);
            path.push(Step { unit, busy_us: ready - start, idle_us: next.saturating_sub(ready) });
            at = unit;
        }
        path.reverse();
        path
    }

    /// Returns the dependency that was ready last, and when, in microseconds after the build began.
    fn blocker(&self, unit: usize) -> Option<(usize, u64)> {
        let ready = self.dependencies(unit).map(|dependency| (dependency, self.ready_us(dependency, unit)));
        ready.max_by_key(|(_, ready)| *ready)
    }

    fn ready_us(&self, dependency: usize, unit: usize) -> u64 {
        let (first, then) = (&self.units[dependency], &self.units[unit]);
        let early = first.event.meta_us > 0 && (then.start_us < first.end_us || !then.links());
        if early { (first.start_us + first.event.meta_us).min(first.end_us) } else { first.end_us }
    }
}
