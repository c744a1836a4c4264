use super::*;
use crate::outcome::cause::Cause;
use crate::outcome::{Bypass, Outcome};

const NOW: u64 = 10_000_000_000;

fn event(build: &str, krate: &str, outcome: Outcome, ago_ms: u64) -> Event {
    Event {
        build: build.into(),
        krate: krate.into(),
        unit: krate.into(),
        kind: "lib".into(),
        version: "1.0.0".into(),
        outcome,
        at_ms: NOW - ago_ms,
        took_us: 2_000,
        compile_us: 900_000,
        workspace: format!("/home/somebody/{build}"),
        ..Event::default()
    }
}

fn miss() -> Outcome {
    Outcome::Miss(Cause::Input { path: "src/lib.rs".into() })
}

fn compile(build: &str, krate: &str) -> Compile {
    Compile { build: build.into(), place: build.into(), krate: krate.into(), for_ms: 4_000 }
}

fn states(watch: &mut Watch, activity: &Activity) -> Vec<(String, bool)> {
    let shown = watch.shown(activity, NOW);
    shown.into_iter().map(|build| (build.name, build.state == State::Running)).collect()
}

#[test]
fn a_build_runs_as_long_as_its_process_is_there() {
    let mut watch = Watch::default();
    watch.feed(vec![event("one", "a", Outcome::Hit, 60_000), event("two", "b", miss(), 100)], NOW);
    let alive = Activity { alive: ["one", "two"].map(str::to_owned).into(), ..Activity::default() };
    assert_eq!(states(&mut watch, &alive), [("two".into(), true), ("one".into(), true)]);
    assert_eq!(states(&mut watch, &Activity::default()), [("two".into(), false), ("one".into(), false)]);
}

#[test]
fn where_no_process_is_seen_a_build_ends_when_its_events_stop() {
    let mut watch = Watch::default();
    watch.feed(vec![event("one", "a", Outcome::Hit, 60_000), event("two", "b", miss(), 100)], NOW);
    assert_eq!(states(&mut watch, &Activity::default()), [("two".into(), true), ("one".into(), false)]);
}

#[test]
fn a_build_that_still_compiles_its_first_unit_is_shown_once() {
    let mut watch = Watch::default();
    let activity = Activity { compiles: vec![compile("new", "a"), compile("new", "b")], ..Activity::default() };
    let shown = watch.shown(&activity, NOW);
    assert_eq!(shown.len(), 1);
    assert_eq!((shown[0].name.as_str(), shown[0].compiling.len()), ("new", 2));
}

#[test]
fn figures_are_those_of_the_build_and_old_builds_are_forgotten() {
    let mut watch = Watch::default();
    watch.feed(vec![event("old", "x", Outcome::Hit, 2 * KEPT_MS), event("one", "a", Outcome::Hit, 5_000)], NOW);
    watch.feed(
        vec![event("one", "b", miss(), 4_000), event("one", "c", Outcome::Bypass(Bypass::Incremental), 3_000)],
        NOW,
    );
    let shown = watch.shown(&Activity::default(), NOW);
    assert_eq!(shown.len(), 1);
    assert_eq!((shown[0].counts, shown[0].saved_us), ([1, 1, 1, 0], 898_000));
    let misses: Vec<&str> = shown[0].misses.iter().map(|miss| miss.krate.as_str()).collect();
    assert_eq!(misses, ["c", "b"]);
}

#[test]
fn an_event_is_one_plain_line() {
    assert_eq!(line(&event("one", "a", Outcome::Hit, 0)), "one: hit a 1.0.0 (lib), 2.0 ms instead of 900 ms");
    assert_eq!(
        line(&event("one", "b\n\u{1b}[2J", miss(), 0)),
        "one: miss b\u{fffd}\u{fffd}[2J 1.0.0 (lib), 2.0 ms: src/lib.rs changed"
    );
}
