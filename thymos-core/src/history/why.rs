//! Why units of a build were compiled, in words; units with one root cause are one item.
//!
//! Invariant: pure, and every event that is no hit is in exactly one item. [`Build`] follows causes to their roots.

use std::fmt;

use serde::Serialize;

use crate::history::amount;
use crate::history::builds::Build;
use crate::history::builds::cost::Cost;
use crate::outcome::OutcomeKind;
use crate::outcome::cause::Cause;
use crate::outcome::event::{self, Event};

/// One reason, with every unit that was compiled for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    /// What became of them: `miss`, `bypass` or `degraded`.
    pub outcome: OutcomeKind,
    /// The reason in words.
    pub because: String,
    /// The cause as data, of a miss that has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// What a person can do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    /// The units that it applies to, as crate and kind.
    pub units: Vec<Named>,
    /// The units that were compiled because they depend on those.
    pub dependents: Vec<Named>,
    /// How long all of them took to compile, in milliseconds.
    pub compile_ms: u64,
    /// Whether these are failed probes of build scripts, which nobody needs to mend.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub expected: bool,
}

/// A unit by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Named {
    /// The crate.
    #[serde(rename = "crate")]
    pub krate: String,
    /// Its kind.
    pub kind: String,
    /// The package that it belongs to, where that is known.
    pub package: String,
}

impl Named {
    fn of(event: &Event) -> Self {
        Self { krate: event.krate.clone(), kind: event.kind.clone(), package: event.package.clone() }
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { krate, kind, package } = self;
        write!(f, "{} ({kind})", event::name(krate, kind, package))
    }
}

/// Returns the items of one build, the slowest first.
pub fn items(build: &Build) -> Vec<Item> {
    build.costs().into_iter().map(|cost| item(build, cost)).collect()
}

fn item(build: &Build, cost: Cost) -> Item {
    let (units, dependents): (Vec<usize>, Vec<usize>) =
        cost.units.iter().partition(|unit| build.units[**unit].words() == cost.reason);
    let named = |list: &[usize]| list.iter().map(|unit| Named::of(&build.units[*unit].event)).collect();
    let cause = units.first().and_then(|unit| build.units[*unit].event.outcome.cause().cloned());
    Item {
        expected: cost.units.iter().all(|unit| build.units[*unit].is_failed_probe()),
        outcome: cost.outcome,
        because: cost.reason,
        advice: cause.as_ref().and_then(Cause::advice),
        cause,
        units: named(&units),
        dependents: named(&dependents),
        compile_ms: cost.compile_us / 1000,
    }
}

/// Returns why a unit was compiled, followed to the root: `dependency serde was rebuilt because src/lib.rs changed`.
pub fn story(build: &Build, unit: usize) -> String {
    let (mut at, mut told) = (unit, vec![build.units[unit].words()]);
    let root = build.root(unit);
    while at != root
        && let Some(Cause::Dependency { unit: name, .. }) = build.units[at].event.outcome.cause()
        && let Some(next) = build.find(name)
    {
        at = next;
        told.push(build.units[at].words());
    }
    told.join(" because ")
}

/// Returns the reason for which most units of a build were compiled, in short, and how many other reasons there are.
pub fn main_reason(build: &Build) -> Option<String> {
    let failed = |cost: &Cost| cost.units.iter().any(|unit| build.units[*unit].has_failed());
    let is_run = |cost: &Cost| cost.units.iter().all(|unit| build.units[*unit].event.is_run());
    let costs = build.costs().into_iter().filter(|cost| !failed(cost) && !is_run(cost));
    let counted: Vec<Item> = costs.map(|cost| item(build, cost)).collect();
    let count = |item: &Item| item.units.len() + item.dependents.len();
    // Of equals, the first is the slowest.
    let main = counted.iter().rev().max_by_key(|item| count(item))?;
    let because = match &main.cause {
        Some(Cause::RootPath { root, place, .. }) => {
            Cause::RootPath { root: root.clone(), place: place.clone(), by: String::new() }.to_string()
        }
        Some(cause) => cause.to_string(),
        None => main.because.clone(),
    };
    Some(match counted.len() {
        1 => because,
        more => format!("{because}, and {}", amount::counted(more as u64 - 1, "other reason")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{Bypass, Outcome};

    fn miss(unit: &str, cause: Cause) -> Event {
        let krate = unit.split('-').next().unwrap_or_default().to_owned();
        Event { outcome: Outcome::Miss(cause), unit: unit.into(), krate, ..Event::default() }
    }

    fn after(unit: &str, dependency: &str) -> Event {
        let krate = dependency.split('-').next().unwrap_or_default().to_owned();
        miss(unit, Cause::Dependency { krate, unit: dependency.to_owned() })
    }

    /// Makes the events those of one process.
    fn build(events: Vec<Event>) -> Build {
        Build::group(events).pop().unwrap_or_default()
    }

    fn input() -> Cause {
        Cause::Input { path: "src/lib.rs".into() }
    }

    fn names(list: &[Named]) -> Vec<&str> {
        list.iter().map(|named| named.krate.as_str()).collect()
    }

    #[test]
    fn a_cascade_is_one_item_with_its_dependents() {
        let mut events = vec![after("app-3", "part-2"), after("part-2", "leaf-1"), miss("leaf-1", input())];
        events.push(Event { outcome: Outcome::Hit, unit: "other-4".into(), ..Event::default() });
        let build = build(events);
        let items = items(&build);
        assert_eq!(items.len(), 1);
        assert_eq!((items[0].because.as_str(), names(&items[0].units)), ("src/lib.rs changed", vec!["leaf"]));
        assert_eq!(names(&items[0].dependents), ["app", "part"]);
        assert_eq!(
            story(&build, build.find("app-3").unwrap_or_default()),
            "dependency part was rebuilt because dependency leaf was rebuilt because src/lib.rs changed"
        );
    }

    #[test]
    fn one_cause_of_many_units_is_one_item_without_dependents() {
        let flags = || Cause::Variable { name: "RUSTFLAGS".into() };
        let items = items(&build(vec![miss("a-1", flags()), miss("b-2", flags()), after("c-3", "a-1")]));
        assert_eq!((names(&items[0].units), names(&items[0].dependents)), (vec!["a", "b"], vec!["c"]));
        assert!(items[0].advice.is_some());
    }

    #[test]
    fn a_loop_a_missing_link_and_a_hit_end_the_chain() {
        let events = vec![after("a-1", "b-2"), after("b-2", "a-1"), after("c-3", "gone-9"), after("d-4", "hit-5")];
        let hit = Event { outcome: Outcome::Hit, unit: "hit-5".into(), ..Event::default() };
        let all: Vec<Event> = events.into_iter().chain([hit]).collect();
        let items = items(&build(all));
        let told: usize = items.iter().map(|item| item.units.len() + item.dependents.len()).sum();
        assert_eq!(told, 4, "{items:#?}");
        assert!(items.iter().any(|item| item.because == "dependency gone was rebuilt"), "{items:#?}");
    }

    #[test]
    fn a_dependency_that_is_not_cached_is_the_root() {
        let outcome = Outcome::Bypass(Bypass::Incremental);
        let own = Event { outcome, unit: "own-1".into(), krate: "own".into(), ..Event::default() };
        let items = items(&build(vec![after("app-2", "own-1"), own]));
        assert_eq!((items.len(), items[0].outcome), (1, OutcomeKind::Bypass));
        assert_eq!(names(&items[0].dependents), ["app"]);
    }

    #[test]
    fn the_main_reason_is_that_of_most_units() {
        let failed = Event { outcome: Outcome::Bypass(Bypass::Failed), ..Event::default() };
        let one = [miss("a-1", input()), after("b-2", "a-1"), failed];
        assert_eq!(main_reason(&build(one.to_vec())).as_deref(), Some("src/lib.rs changed"));
        let two = [miss("a-1", input()), after("b-2", "a-1"), miss("c-3", Cause::NeverSeen)];
        assert_eq!(main_reason(&build(two.to_vec())).as_deref(), Some("src/lib.rs changed, and 1 other reason"));
        assert_eq!(main_reason(&Build::default()), None);
    }
}
