//! Cargo's own dev profile: units of the workspace are compiled incrementally.

use crate::support::{Spy, World, library_and_program};

fn world() -> World {
    let world = World::cached();
    world.env("CARGO_INCREMENTAL", "1");
    world
}

#[test]
fn a_first_incremental_build_comes_from_the_cache() {
    let world = world();
    let spy = Spy::install(&world);
    world.checkout("here", &library_and_program("first")).builds("first");
    spy.take();
    world.checkout("there", &library_and_program("first")).builds("first");
    assert_eq!(spy.take(), [""; 0], "{}", world.events_text());
}

#[test]
fn edits_after_a_restore_are_compiled_incrementally_and_right() {
    let world = world();
    world.checkout("here", &library_and_program("first")).builds("first");
    let there = world.checkout("there", &library_and_program("first"));
    there.builds("first");
    for (old, new) in [("first", "second"), ("second", "third"), ("third", "first"), ("first", "fourth")] {
        there.edit("src/lib.rs", old, new);
        there.builds(new);
    }
    there.assert_fresh("build");
    assert!(there.path("target/debug/incremental").exists(), "rustc kept a session of its own");
}

#[test]
fn an_edit_loop_stays_as_right_as_plain_cargos() {
    let world = world();
    let here = world.checkout("here", &library_and_program("first"));
    let plain = |text: &str| {
        here.cargo("build").env("RUSTC_WRAPPER", "").ok();
        assert_eq!(here.program("app").ok().stdout, format!("{text}\n"));
    };
    here.builds("first");
    here.edit("src/lib.rs", "first", "second");
    plain("second");
    here.edit("src/lib.rs", "second", "third");
    here.builds("third");
    here.edit("src/lib.rs", "third", "first");
    here.builds("first");
    here.clean();
    here.builds("first");
}

#[test]
fn what_incremental_and_other_builds_stored_is_not_mixed_up() {
    let world = World::cached();
    let here = world.checkout("here", &library_and_program("first"));
    for incremental in ["1", "0", "1", "0"] {
        here.clean();
        here.cargo("build").env("CARGO_INCREMENTAL", incremental).ok();
        assert_eq!(here.program("app").ok().stdout, "first\n");
        here.cargo("build").env("CARGO_INCREMENTAL", incremental).env("RUSTC_WRAPPER", "").ok();
    }
    world.stats().assert_nothing_degraded();
}
