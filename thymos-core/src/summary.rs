//! The one line that says what a build got from the cache.
//!
//! Invariant: pure, and the only place that words it.

use crate::amount::{counted, number, share, time};
use crate::build::Build;
use crate::event::Event;
use crate::why;

/// What the line is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Units that came from the cache.
    pub hits: u64,
    /// Units that were compiled, for whatever reason.
    pub compiled: u64,
    /// Why, for the reason that most of them have.
    pub because: Option<String>,
    /// Compile time that hits did not spend, less the time that restoring took, in milliseconds.
    pub saved_ms: u64,
}

impl Summary {
    /// Sums up the events of one build. Compiles that failed are no units: build scripts find out with them what a compiler
    /// can do.
    #[must_use]
    pub fn of(events: &[Event]) -> Self {
        let mut summary = Self::default();
        let mut saved_us = 0;
        for event in events {
            if event.outcome == "hit" {
                summary.hits += 1;
                saved_us += event.compile_us.saturating_sub(event.took_us);
            } else if event.reason.as_deref() != Some("compile failed") {
                summary.compiled += 1;
            }
        }
        summary.saved_ms = saved_us / 1000;
        summary.because = Build::group(events.to_vec()).last().and_then(why::main_reason);
        summary
    }

    /// Returns the line, without its end.
    #[must_use]
    pub fn line(&self) -> String {
        let all = self.hits + self.compiled;
        if all == 0 {
            return "thymos: nothing to compile".to_owned();
        }
        let mut line = format!(
            "thymos: {} of {} from the cache ({})",
            number(self.hits),
            counted(all, "unit"),
            share(self.hits, all)
        );
        if self.compiled > 0 {
            line.push_str(&format!(", {} compiled", number(self.compiled)));
            line.extend(self.because.iter().map(|because| format!(" ({because})")));
        }
        if self.hits > 0 {
            line.push_str(&format!(", {} saved", time(self.saved_ms)));
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cause::Cause;

    #[test]
    fn the_line_says_how_many_why_not_and_what_was_saved() {
        let hit = Event { outcome: "hit".into(), compile_us: 300_000, took_us: 10_000, ..Event::default() };
        let cause = Some(Cause::Input { path: "src/lib.rs".into() });
        let miss = Event { outcome: "miss".into(), reason: Some("input changed".into()), cause, ..Event::default() };
        let probe = Event { outcome: "bypass".into(), reason: Some("compile failed".into()), ..Event::default() };
        let mut events = vec![hit; 43];
        events.extend([miss.clone(), probe]);
        assert_eq!(
            Summary::of(&events).line(),
            "thymos: 43 of 44 units from the cache (97.7 %), 1 compiled (src/lib.rs changed), 12.4 s saved"
        );
        assert_eq!(
            Summary::of(&[miss]).line(),
            "thymos: 0 of 1 unit from the cache (0.0 %), 1 compiled (src/lib.rs changed)"
        );
        assert_eq!(Summary::of(&[]).line(), "thymos: nothing to compile");
    }
}
