use super::path::{Step, Then};
use super::*;
use crate::outcome::Outcome;

const MS: u64 = 1000;

/// A miss of `krate` from `begin` to `end`, in milliseconds, given the units `deps`.
fn miss(krate: &str, (begin, end): (u64, u64), deps: &[&str]) -> Event {
    Event {
        outcome: Outcome::Miss(Cause::NeverSeen),
        krate: krate.into(),
        unit: krate.into(),
        kind: "lib".into(),
        at_ms: 1_000_000 + end,
        took_us: (end - begin) * MS,
        compile_us: (end - begin) * MS,
        deps: deps.iter().map(|&dep| dep.to_owned()).collect(),
        build: "one".into(),
        ..Event::default()
    }
}

fn build(events: Vec<Event>) -> Build {
    Build::group(events).pop().expect("there are events")
}

fn path(build: &Build) -> Vec<(&str, u64, u64)> {
    let step = |step: Step| (build.units[step.unit].event.krate.as_str(), step.busy_us / MS, step.idle_us / MS);
    build.path().into_iter().map(step).collect()
}

#[test]
fn builds_are_told_apart_by_name_and_the_last_to_end_is_last() {
    let other = |krate, span| Event { build: "two".into(), ..miss(krate, span, &[]) };
    let builds = Build::group(vec![miss("c", (50, 90), &[]), other("x", (0, 10)), miss("a", (0, 40), &[])]);
    let names: Vec<Vec<&str>> =
        builds.iter().map(|build| build.units.iter().map(|unit| unit.event.krate.as_str()).collect()).collect();
    assert_eq!(names, [vec!["x"], vec!["a", "c"]]);
    assert_eq!((builds[1].id.as_str(), builds[1].start_ms, builds[1].took_us), ("one", 1_000_000, 90 * MS));
}

#[test]
fn a_named_build_may_be_silent_for_hours_and_a_number_is_used_again_after_a_while() {
    let (hour, nameless) = (3_600_000, |event: Event| Event { build: String::new(), parent: 7, ..event });
    let events = vec![miss("a", (0, 10), &[]), miss("b", (hour, hour + 10), &[])];
    assert_eq!(Build::group(events.clone()).len(), 1);
    assert_eq!(Build::group(events.into_iter().map(nameless).collect()).len(), 2);
    // A long compile is no silence.
    let long = vec![miss("a", (0, hour), &[]), miss("b", (hour + 10, hour + 20), &[])];
    assert_eq!(Build::group(long.into_iter().map(nameless).collect()).len(), 1);
}

#[test]
fn what_a_build_script_compiles_to_probe_belongs_to_the_build_that_runs_it() {
    let at = |event: Event| Event { target: "/ws/target".into(), ..event };
    let probe = |span| at(Event { build: "script".into(), ..miss("probe", span, &[]) });
    let unit = |krate: &str, span| at(Event { unit: format!("{krate}-0123456789abcdef"), ..miss(krate, span, &[]) });
    let builds = Build::group(vec![unit("a", (0, 10)), probe((12, 14)), unit("b", (20, 30)), probe((40, 50))]);
    let names: Vec<Vec<&str>> =
        builds.iter().map(|build| build.units.iter().map(|unit| unit.event.krate.as_str()).collect()).collect();
    assert_eq!(names, [vec!["a", "probe", "b", "probe"]], "one process, so it is one group even where it ends later");
    let other = Event { build: "two".into(), ..unit("c", (12, 14)) };
    assert_eq!(
        Build::group(vec![unit("a", (0, 10)), other, unit("b", (20, 30))]).len(),
        2,
        "a cargo beside it is no probe"
    );
    assert_eq!(Build::group(vec![unit("a", (0, 10)), probe((12, 14))]).len(), 2, "what begins after the end");
}

#[test]
fn a_build_belongs_to_its_workspace_and_not_to_the_package_of_a_script() {
    let at =
        |event: Event, workspace: &str| Event { target: "/ws/target".into(), workspace: workspace.into(), ..event };
    let probe = at(miss("probe", (0, 2), &[]), "/home/u/.cargo/registry/src/index/proc-macro2-1.0.0");
    let unit = |workspace| at(Event { unit: "mac-0123456789abcdef".into(), ..miss("mac", (3, 9), &[]) }, workspace);
    assert_eq!(build(vec![probe.clone(), unit("/ws/inner")]).place(), "/ws/inner");
    assert_eq!(build(vec![probe, unit("")]).place(), "/ws", "no unit of a registry knows the workspace");
}

#[test]
fn units_of_one_lane_do_not_overlap() {
    let build = build(vec![
        miss("a", (0, 40), &[]),
        miss("b", (0, 10), &[]),
        miss("c", (10, 30), &[]),
        miss("d", (41, 50), &[]),
    ]);
    assert_eq!(build.units.iter().map(|unit| unit.lane).collect::<Vec<_>>(), [0, 1, 1, 1]);
    assert_eq!(build.lanes, 2);
}

#[test]
fn the_path_leads_back_through_what_was_ready_last() {
    let events = vec![
        miss("short", (0, 10), &[]),
        miss("long", (0, 40), &[]),
        miss("both", (45, 60), &["short", "long"]),
        miss("aside", (0, 55), &[]),
    ];
    assert_eq!(path(&build(events)), [("long", 40, 5), ("both", 15, 0)]);
}

#[test]
fn a_library_waits_for_metadata_and_a_program_for_the_end() {
    let base = Event { meta_us: 10 * MS, ..miss("base", (0, 40), &[]) };
    let library = build(vec![base.clone(), miss("user", (10, 60), &["base"])]);
    assert_eq!(path(&library), [("base", 10, 0), ("user", 50, 0)]);
    let late = build(vec![base.clone(), miss("user", (45, 60), &["base"])]);
    assert_eq!(path(&late), [("base", 40, 5), ("user", 15, 0)], "it waited for a processor, which its dependency had");
    let program = Event { kind: "bin".into(), ..miss("user", (45, 60), &["base"]) };
    assert_eq!(path(&build(vec![base, program])), [("base", 40, 5), ("user", 15, 0)]);
}

#[test]
fn what_was_ready_and_did_not_begin_waited_for_a_processor() {
    let events = vec![
        miss("base", (0, 10), &[]),
        miss("aside", (10, 200), &[]),
        miss("other", (0, 190), &[]),
        miss("late", (201, 260), &["base"]),
    ];
    let build = build(events);
    assert_eq!(path(&build), [("base", 10, 0), ("aside", 190, 1), ("late", 59, 0)]);
    let then: Vec<Then> = build.path().into_iter().map(|step| step.then).collect();
    assert_eq!(then, [Then::Processor, Then::Processor, Then::End]);
}

#[test]
fn a_package_waits_for_its_build_script() {
    let of = |event: Event| Event { package: "sys".into(), version: "1.0.0".into(), ..event };
    let script = of(Event { kind: "build-script".into(), ..miss("build_script_build", (0, 20), &[]) });
    let events = vec![script, of(miss("sys", (50, 60), &[])), miss("aside", (0, 55), &[])];
    assert_eq!(path(&build(events)), [("build_script_build", 20, 30), ("sys", 10, 0)]);
}

#[test]
fn circles_end() {
    let after = |event: Event, unit: &str| Event {
        outcome: Outcome::Miss(Cause::Dependency { krate: unit.into(), unit: unit.into() }),
        ..event
    };
    let events = vec![after(miss("a", (0, 10), &["b"]), "b"), after(miss("b", (0, 10), &["a"]), "a")];
    let build = build(events);
    assert_eq!(build.path().len(), 2);
    assert!(build.root(0) < 2);
}

#[test]
fn a_cascade_is_counted_where_it_began() {
    let after = |event: Event, unit: &str| Event {
        outcome: Outcome::Miss(Cause::Dependency { krate: unit.into(), unit: unit.into() }),
        ..event
    };
    let events = vec![
        Event { outcome: Outcome::Miss(Cause::Input { path: "src/lib.rs".into() }), ..miss("a", (0, 10), &[]) },
        after(miss("b", (10, 30), &["a"]), "a"),
        after(miss("c", (30, 35), &["b"]), "b"),
        miss("d", (0, 7), &[]),
        Event { outcome: Outcome::Hit, ..miss("e", (0, 1), &[]) },
    ];
    let build = build(events);
    let costs = build.costs();
    let told: Vec<(&str, usize, u64)> =
        costs.iter().map(|cost| (cost.reason.as_str(), cost.units.len(), cost.compile_us / MS)).collect();
    assert_eq!(told, [("src/lib.rs changed", 3, 35), ("never seen", 1, 7)]);
    assert_eq!(build.count(OutcomeKind::Miss), 4);
}
