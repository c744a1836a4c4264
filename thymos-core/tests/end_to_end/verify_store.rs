//! `thymos verify store`: what it finds, what it drops, and what it leaves alone.

use std::collections::BTreeSet;
use std::path::Path;

use crate::support::{Checkout, Run, World, library_and_program};

/// A world whose store one build has filled.
fn filled() -> World {
    let world = World::cached();
    world.checkout("here", &library_and_program("built")).builds_anew("built");
    world
}

fn json(run: &Run) -> serde_json::Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:#?}"))
}

/// Returns the kinds of faults that a check finds, and its exit status.
fn faults(world: &World, options: &str) -> (BTreeSet<String>, Option<i32>) {
    let run = world.thymos(&format!("verify store --json {options}"));
    let found = json(&run);
    assert_eq!(found["schema"], 1);
    let findings = found["findings"].as_array().unwrap();
    assert_eq!(found["sound"], findings.is_empty());
    let kinds = findings.iter().map(|finding| finding["fault"].as_str().unwrap().to_owned()).collect();
    (kinds, run.status.code())
}

#[test]
fn a_store_that_builds_have_filled_is_sound() {
    let world = filled();
    let run = world.thymos("verify store").ok();
    assert!(run.stdout.ends_with("Everything in the store is sound.\n"), "{run:#?}");
    assert_eq!(run.stderr, "", "no progress where nobody watches");
    let found = json(&world.thymos("verify store --json").ok());
    assert_eq!(
        (&found["actions"], &found["results"], &found["orphans"]),
        (&2.into(), &2.into(), &0.into()),
        "{found:#}"
    );
    assert!(found["blobs"].as_u64() > Some(2) && found["events"].as_u64() >= Some(2), "{found:#}");
}

#[test]
fn where_there_is_no_store_none_is_made() {
    let world = World::cached();
    let nowhere = world.root().join("nowhere");
    world.env("THYMOS_DIR", &nowhere.display().to_string());
    world.thymos("verify store").ok();
    assert!(!nowhere.exists());
}

fn first(store: &Checkout<'_>, kind: &str) -> String {
    store.files_below(&format!("v1/{kind}")).swap_remove(0)
}

fn flip(store: &Checkout<'_>, path: &str) {
    let mut bytes = store.bytes(path);
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    store.remove(path).write(path, bytes);
}

/// One way to hurt a store.
type Damage = fn(&Checkout<'_>);

/// Every kind of damage, by the name of the fault that it must be found as.
const DAMAGES: [(&str, Damage); 8] = [
    ("damaged-blob", |store| flip(store, &first(store, "blobs"))),
    ("damaged-blob", |store| {
        let blob = first(store, "blobs");
        store.remove(&blob).write(&blob, "");
    }),
    ("damaged-manifest", |store| flip(store, &first(store, "actions"))),
    ("missing-output", |store| {
        store.remove(&first(store, "blobs"));
    }),
    ("damaged-compiler", |store| flip(store, &first(store, "compilers"))),
    ("damaged-unit", |store| flip(store, &first(store, "units"))),
    ("strange-name", |store| {
        store.write("v1/actions/ab/cd", "what is this");
    }),
    ("strange-name", |store| {
        let blob = first(store, "blobs");
        let name = Path::new(&blob).file_name().unwrap().to_str().unwrap().to_owned();
        store.rename(&blob, &format!("v1/blobs/zz/{name}"));
    }),
];

#[test]
fn every_kind_of_damage_is_found_dropped_and_compiled_again() {
    for (fault, damage) in DAMAGES {
        let world = filled();
        damage(&world.at("store"));
        for _ in 0..2 {
            let (kinds, status) = faults(&world, "--dry-run");
            assert!(kinds.contains(fault) && status == Some(1), "{fault}: {kinds:?} {status:?}");
        }
        let (kinds, status) = faults(&world, "");
        assert!(kinds.contains(fault) && status == Some(1), "{fault}: {kinds:?} {status:?}");
        assert_eq!(faults(&world, ""), (BTreeSet::new(), Some(0)), "{fault} was dropped");
        let here = world.at("here");
        here.builds_anew("built");
        here.assert_fresh("build");
        assert_eq!(faults(&world, ""), (BTreeSet::new(), Some(0)), "{fault} stays away");
    }
}

#[test]
fn what_a_person_reads_names_each_file_and_says_what_became_of_it() {
    let world = filled();
    let store = world.at("store");
    flip(&store, &first(&store, "blobs"));
    let run = world.thymos("verify store --dry-run");
    assert_eq!(run.status.code(), Some(1));
    assert!(run.stdout.contains("does not have the content that its name says"), "{run:#?}");
    assert!(run.stdout.contains("Nothing was dropped."), "{run:#?}");
    let run = world.thymos("verify store");
    assert!(run.stdout.contains("the next build compiles it again"), "{run:#?}");
}

#[test]
fn a_damaged_result_costs_the_action_no_other_result() {
    let world = filled();
    let here = world.at("here");
    let before: BTreeSet<String> = world.at("store").files_below("v1/blobs").into_iter().collect();
    here.edit("src/lib.rs", "built", "other");
    here.cargo("build").ok();
    here.edit("src/lib.rs", "other", "built");
    let after = world.at("store").files_below("v1/blobs");
    after.iter().filter(|path| !before.contains(*path)).for_each(|path| flip(&world.at("store"), path));
    faults(&world, "");
    world.zero();
    here.builds_anew("built");
    assert_eq!(world.stats().misses, 0, "{}", world.events_text());
}

#[test]
fn leftovers_of_killed_processes_are_counted_and_are_no_fault() {
    let world = filled();
    let store = world.at("store");
    store.write("v1/tmp/blob-left", "over").write("v1/actions/ab/.new-left", "over");
    store.write("v1/events/1.jsonl", "{\"schema\":1,\"at_");
    let found = json(&world.thymos("verify store --json").ok());
    assert_eq!((&found["temporary"], &found["torn_events"]), (&2.into(), &1.into()), "{found:#}");
    for path in store.files_below("v1/actions").iter().filter(|path| !path.contains(".new-")) {
        store.remove(path);
    }
    let found = json(&world.thymos("verify store --json").ok());
    assert_eq!((&found["sound"], &found["actions"]), (&true.into(), &0.into()), "{found:#}");
    assert_eq!(found["orphans"], found["blobs"], "{found:#}");
}
