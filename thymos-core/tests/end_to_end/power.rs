//! Power that is lost between a name and its data, and clocks that go backwards.
#![cfg(target_os = "linux")]

use std::fs::{self, File};
use std::io::Write;
use std::time::{Duration, SystemTime};

use crate::support::{Checkout, Mode, Run, Spy, World, library_and_program, real_rustc, require_root, require_tool};

/// A name whose data never reached the disk.
type Loss = fn(&mut Vec<u8>);
const LOSSES: [(&str, Loss); 3] = [
    ("empty", |bytes| bytes.clear()),
    ("zeros", |bytes| bytes.fill(0)),
    ("cut off and zeros", |bytes| {
        bytes.truncate(bytes.len() / 2);
        let from = bytes.len() / 2;
        bytes[from..].fill(0);
    }),
];

/// Writes what the disk has into the very inode, and puts the modification time back: that did reach the disk.
fn lose(store: &Checkout<'_>, path: &str, loss: Loss) {
    let mut bytes = store.bytes(path);
    let time = store.modified(path);
    loss(&mut bytes);
    let mut file = File::options().write(true).truncate(true).open(store.path(path)).unwrap();
    file.write_all(&bytes).unwrap();
    file.set_modified(time).unwrap();
}

/// Builds as after a restart: the system gives another name to its boot.
fn builds_after_a_restart(here: &Checkout<'_>) {
    here.clean();
    here.write("boot", "another boot\n");
    let cargo = std::env::var("CARGO").unwrap();
    let script = "mount --bind boot /proc/sys/kernel/random/boot_id && exec \"$0\" build --quiet --offline";
    Run::of(here.command("unshare".as_ref()).args(["--mount", "sh", "-c", script, &cargo])).ok();
    assert_eq!(here.program("app").ok().stdout, "right\n");
}

#[test]
fn names_without_their_data_are_misses_and_heal() {
    if !require_root() {
        return;
    }
    for kind in ["blobs", "actions", "compilers", "events"] {
        for (name, loss) in LOSSES {
            let world = World::cached();
            let here = world.checkout("here", &library_and_program("right"));
            here.builds_anew("right");
            here.builds_anew("right");
            let store = world.at("store");
            here.clean();
            store.files_below(&format!("v1/{kind}")).iter().for_each(|path| lose(&store, path, loss));
            builds_after_a_restart(&here);
            here.assert_fresh("build");
            world.thymos("verify store").ok();
            world.zero();
            builds_after_a_restart(&here);
            assert_eq!(world.stats().misses, 0, "{kind} {name}: {}", world.events_text());
        }
    }
}

#[test]
fn the_memo_of_an_earlier_boot_is_not_believed() {
    if !require_root() {
        return;
    }
    // The change time would tell as well: here alone a blob is lost while the machine runs.
    let world = World::new(Mode::Without("blob-change-time"));
    let here = world.checkout("here", &library_and_program("right"));
    here.builds_anew("right");
    here.builds_anew("right");
    let store = world.at("store");
    here.clean();
    let zeros = LOSSES[1].1;
    store.files_below("v1/blobs").iter().for_each(|path| lose(&store, path, zeros));
    // Without a restart this is what a look-up believes, so the next build is the proof that the boot is what tells.
    let believed = here.cargo("build").run();
    assert!(!believed.status.success(), "{believed:#?}");
    builds_after_a_restart(&here);
    world.thymos("verify store").ok();
}

/// Runs a program under a clock that is wrong by `offset`. What files say of their times stays as it is.
fn at_another_time(here: &Checkout<'_>, offset: &str, words: &[&str]) {
    let mut command = here.command("faketime".as_ref());
    Run::of(command.args(["-f", offset]).args(words).env("NO_FAKE_STAT", "1")).ok();
}

#[test]
fn a_clock_that_was_put_back_costs_nothing_but_time() {
    if !require_tool("faketime") {
        return;
    }
    let world = World::cached();
    let here = world.checkout("here", &library_and_program("right"));
    // rustc itself does not start with a library that replaces the clock, so it keeps the right one.
    let script = format!("#!/bin/sh\nunset LD_PRELOAD FAKETIME\nexec '{}' \"$@\"\n", real_rustc().display());
    let rustc = here.executable("compiler/rustc", &script);
    world.env("RUSTC", &rustc);
    here.builds_anew("right");
    let cargo = std::env::var("CARGO").unwrap();
    for offset in ["-2d", "+2d", "-30d"] {
        for _ in 0..2 {
            here.clean();
            at_another_time(&here, offset, &[&cargo, "build", "--quiet", "--offline"]);
            assert_eq!(here.program("app").ok().stdout, "right\n");
        }
        at_another_time(&here, offset, &[env!("CARGO_BIN_EXE_thymos"), "gc"]);
        at_another_time(&here, offset, &[env!("CARGO_BIN_EXE_thymos"), "verify", "store"]);
        at_another_time(&here, offset, &[env!("CARGO_BIN_EXE_thymos"), "stats"]);
    }
    here.builds_anew("right");
    here.assert_fresh("build");
    world.thymos("verify store").ok();
}

#[test]
fn what_was_used_in_the_future_is_collected_in_its_turn() {
    let world = World::cached();
    let spy = Spy::install(&world);
    let here = world.checkout("here", &library_and_program("right"));
    here.builds_anew("right");
    let store = world.at("store");
    let in_a_year = SystemTime::now() + Duration::from_secs(365 * 24 * 3600);
    let stale = store.files_below("v1/actions");
    for path in &stale {
        store.set_modified(path, in_a_year);
    }
    world.thymos("gc").ok();
    for path in &stale {
        assert!(store.modified(path) <= SystemTime::now(), "{path} is as old as anything that is used now");
    }
    // A moment later something else is used; then the others are what was not used for longest.
    let before = SystemTime::now() - Duration::from_secs(60);
    for path in &stale {
        store.set_modified(path, before);
    }
    here.edit("src/lib.rs", "right", "newer");
    here.cargo("build").ok();
    here.edit("src/lib.rs", "newer", "right");
    let limit = world.stats().store.bytes * 3 / 4;
    world.env("THYMOS_CACHE_SIZE", &limit.to_string());
    world.thymos("gc").ok();
    let left = store.files_below("v1/actions");
    assert!(!left.is_empty() && stale.iter().any(|path| !left.contains(path)), "{left:?}");
    spy.take();
    here.builds_anew("right");
    world.thymos("verify store").ok();
}

#[test]
fn leftovers_of_the_future_are_collected() {
    if !require_tool("faketime") {
        return;
    }
    let world = World::cached();
    let store = world.at("store");
    store.write("v1/tmp/blob-left", "over").write("v1/actions/ab/.new-left", "over");
    for (offset, left) in [("-5m", 2), ("-2d", 0)] {
        at_another_time(&world.at(""), offset, &[env!("CARGO_BIN_EXE_thymos"), "gc"]);
        let there = ["v1/tmp/blob-left", "v1/actions/ab/.new-left"].iter().filter(|path| store.path(path).exists());
        assert_eq!(there.count(), left, "{offset}");
    }
    assert!(fs::metadata(store.path("v1/tmp")).is_ok());
}
