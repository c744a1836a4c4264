//! What was compiled, by root reason, and how long that took.
//!
//! Invariant: every unit that is not a hit has one reason here. A cascade counts where it began: one edited file that makes
//! ten crates compile is one reason with ten units.

use std::collections::HashMap;

use super::Build;
use crate::outcome::OutcomeKind;

/// One reason, its units and their time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// What became of them.
    pub outcome: OutcomeKind,
    /// The reason in words.
    pub reason: String,
    /// Indices of the units in [`Build::units`], in the order in which they began.
    pub units: Vec<usize>,
    /// What the compiler took in all, in microseconds.
    pub compile_us: u64,
}

impl Build {
    /// Returns the reasons, the slowest first.
    pub fn costs(&self) -> Vec<Cost> {
        let mut costs: Vec<Cost> = Vec::new();
        let mut known: HashMap<(OutcomeKind, String), usize> = HashMap::new();
        for (index, unit) in self.units.iter().enumerate().filter(|(_, unit)| !unit.event.outcome.is_hit()) {
            let root = self.root(index);
            let key = (self.units[root].event.outcome.kind(), self.units[root].words());
            let cost = *known.entry(key).or_insert_with_key(|(outcome, reason)| {
                costs.push(Cost { outcome: *outcome, reason: reason.clone(), ..Cost::default() });
                costs.len() - 1
            });
            costs[cost].units.push(index);
            costs[cost].compile_us += unit.event.compile_us;
        }
        costs.sort_by_key(|cost| std::cmp::Reverse((cost.compile_us, cost.units.len())));
        costs
    }
}
