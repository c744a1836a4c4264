//! The line at the end of a build: what came from the cache.
//!
//! Invariant: pure, and the only place with these words.

use crate::history::amount::{counted, number, share, time};
use crate::history::builds::Build;
use crate::history::why;

/// What the line is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Units that came from the cache.
    pub hits: u64,
    /// Units that were compiled, for whatever reason.
    pub compiled: u64,
    /// Those of them that were left to incremental compilation.
    pub incremental: u64,
    /// The reason that most of them have.
    pub because: Option<String>,
    /// Compile time that hits did not spend, less the time that restoring took, in milliseconds.
    pub saved_ms: u64,
}

impl Summary {
    /// Sums up one build. Failed compiles do not count: with them build scripts find out what a compiler can do.
    pub fn of(build: &Build) -> Self {
        let compiles = || build.units.iter().filter(|unit| !unit.event.is_run());
        let hits = compiles().filter(|unit| unit.event.outcome.is_hit()).count();
        let compiled = compiles().count() - hits - compiles().filter(|unit| unit.has_failed()).count();
        Self {
            hits: hits as u64,
            compiled: compiled as u64,
            incremental: build.units.iter().filter(|unit| unit.is_incremental()).count() as u64,
            because: why::main_reason(build),
            saved_ms: build.saved_us() / 1000,
        }
    }

    /// Returns how many units came from the cache: `43 of 44 units from the cache (97.7 %)`.
    pub fn share(&self) -> String {
        let all = self.hits + self.compiled;
        format!("{} of {} from the cache ({})", number(self.hits), counted(all, "unit"), share(self.hits, all))
    }

    /// Returns the line, without its end.
    pub fn line(&self) -> String {
        if self.hits + self.compiled == 0 {
            return "thymos: nothing to compile".to_owned();
        }
        let because = self.because.iter().map(|because| format!(" ({because})")).collect::<String>();
        // After an edit this is what is wanted, and no failure of the cache.
        if self.hits == 0 && self.incremental == self.compiled {
            return format!("thymos: {} compiled incrementally{because}", counted(self.compiled, "unit"));
        }
        let mut line = format!("thymos: {}", self.share());
        if self.compiled > 0 {
            line.push_str(&format!(", {} compiled{because}", number(self.compiled)));
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
    use crate::outcome::cause::Cause;
    use crate::outcome::event::Event;
    use crate::outcome::{Bypass, Outcome};

    fn line(events: Vec<Event>) -> String {
        Summary::of(&Build::group(events).pop().unwrap_or_default()).line()
    }

    #[test]
    fn the_line_says_how_many_why_not_and_what_was_saved() {
        let hit = Event { compile_us: 300_000, took_us: 10_000, ..Event::default() };
        let outcome = Outcome::Miss(Cause::Input { path: "src/lib.rs".into() });
        let miss = Event { outcome, ..Event::default() };
        let probe = Event { outcome: Outcome::Bypass(Bypass::Failed), ..Event::default() };
        let mut events = vec![hit; 43];
        events.extend([miss.clone(), probe]);
        assert_eq!(
            line(events),
            "thymos: 43 of 44 units from the cache (97.7 %), 1 compiled (src/lib.rs changed), 12.4 s saved"
        );
        assert_eq!(line(vec![miss]), "thymos: 0 of 1 unit from the cache (0.0 %), 1 compiled (src/lib.rs changed)");
        assert_eq!(line(Vec::new()), "thymos: nothing to compile");
    }

    #[test]
    fn an_edit_reads_as_what_it_is() {
        let unit =
            |unit: &str, cause| Event { unit: unit.into(), outcome: Outcome::Incremental(cause), ..Event::default() };
        let edited = unit("leaf-1", Cause::Input { path: "src/lib.rs".into() });
        let after = unit("app-2", Cause::Dependency { krate: "leaf".into(), unit: "leaf-1".into() });
        assert_eq!(line(vec![edited, after]), "thymos: 2 units compiled incrementally (src/lib.rs changed)");
    }
}
