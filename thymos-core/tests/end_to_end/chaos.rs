//! Processes that are killed at every step of what they do, and what is left of them.
#![cfg(unix)]

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use thymos_core::system::step::{self, Step};

use crate::support::{Checkout, Run, World, library_and_program, require_tool};

fn is_killed(status: ExitStatus) -> bool {
    status.signal() == Some(9)
}

/// Builds until the wrapper gets to `step`, which kills it.
fn dies_building(here: &Checkout<'_>, step: Step) {
    let verify = if step == Step::VerifyCompiled { "1" } else { "0" };
    let run = here.cargo("build").env(step::VARIABLE, step.name()).env("THYMOS_VERIFY", verify).run();
    assert!(run.stderr.contains("SIGKILL"), "{step:?} is reached: {run:#?}");
}

/// The other way a step is reached: by a collection.
fn dies_collecting(world: &World, step: Step) {
    let mut command = world.at("").command(env!("CARGO_BIN_EXE_thymos").as_ref());
    let run = Run::of(command.arg("gc").env("THYMOS_CACHE_SIZE", "1").env(step::VARIABLE, step.name()));
    assert!(is_killed(run.status), "{step:?} is reached: {run:#?}");
}

/// Waits until no process of this world is left.
fn assert_nobody_is_left(world: &World, step: Step) {
    let place = world.root().display().to_string();
    let left = || -> Vec<String> {
        let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let lines = processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
        lines.map(|line| String::from_utf8_lossy(&line).into_owned()).filter(|line| line.contains(&place)).collect()
    };
    let patience = Instant::now() + Duration::from_secs(30);
    while !left().is_empty() {
        assert!(Instant::now() < patience, "{step:?} leaves nobody behind: {:?}", left());
        std::thread::yield_now();
    }
}

/// Runs a collection in an hour from now, when nothing that is being written now can still be wanted.
fn collect_in_an_hour(world: &World) {
    let mut command = world.at("").command("faketime".as_ref());
    command.args(["-f", "+1h", env!("CARGO_BIN_EXE_thymos"), "gc"]).env("NO_FAKE_STAT", "1");
    Run::of(&mut command).ok();
}

fn assert_nothing_is_left(world: &World, step: Step) {
    let store = world.at("store");
    let files = store.files_below("v1");
    let temporary = |path: &String| path.contains("/tmp/") || path.contains(".new-");
    let left: Vec<_> = files.into_iter().filter(temporary).collect();
    let scratch = std::fs::read_dir(store.path("v1/tmp")).unwrap().count();
    assert!(left.is_empty() && scratch == 0, "{step:?}: a collection takes what was left: {left:?}, {scratch}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_process_killed_at_any_step_leaves_nothing_wrong_and_nothing_behind() {
    // Release builds of the binary have no such steps.
    if !cfg!(debug_assertions) || !require_tool("faketime") {
        return;
    }
    for step in Step::ALL {
        let world = World::cached();
        let here = world.checkout("here", &library_and_program("whole"));
        match step.name().split('-').next() {
            Some("publish" | "file" | "event") => dies_building(&here, step),
            Some("collect") => {
                here.builds("whole");
                dies_collecting(&world, step);
            }
            _ => {
                here.builds("whole");
                here.clean();
                dies_building(&here, step);
            }
        }
        assert_nobody_is_left(&world, step);
        let checked = world.thymos("verify store");
        assert!(checked.status.success(), "{step:?}: {checked:#?}");
        // Where it was killed, and in a directory that nobody was killed in.
        here.builds("whole");
        here.assert_fresh("build");
        let there = world.checkout("there", &library_and_program("whole"));
        there.builds("whole");
        there.assert_fresh("build");
        here.clean();
        world.zero();
        here.builds("whole");
        assert_eq!(world.stats().misses, 0, "{step:?}: it is cached now: {}", world.events_text());
        collect_in_an_hour(&world);
        assert_nothing_is_left(&world, step);
        world.thymos("verify store").ok();
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_hit_killed_after_it_was_counted_is_built_again() {
    if !cfg!(debug_assertions) {
        return;
    }
    let world = World::cached();
    let here = world.checkout("here", &library_and_program("whole"));
    here.builds("whole");
    here.clean();
    dies_building(&here, Step::EventAppended);
    here.builds("whole");
    here.assert_fresh("build");
}

#[test]
fn every_step_has_a_name_of_its_own() {
    let names: std::collections::BTreeSet<_> = Step::ALL.iter().map(|step| step.name()).collect();
    assert_eq!(names.len(), Step::ALL.len());
}
