//! Stores on disks of their own: full ones, ones that turn read-only, and ones that share no file with the target directory.
#![cfg(target_os = "linux")]

use std::fs::File;
use std::io::Write;

use crate::support::{Mount, Spy, World, library_and_program, require_root};

/// Returns a world whose store is a disk of its own.
fn with_a_disk(bytes: u64) -> (World, Mount) {
    let world = World::cached();
    let disk = Mount::disk(&world.store(), &world.root().join("image"), bytes);
    (world, disk)
}

/// Writes until only this many bytes are left.
fn fill_up(world: &World, left: u64) {
    let store = world.at("store");
    let free = rustix::fs::statvfs(store.root()).map(|disk| disk.f_bavail * disk.f_frsize).unwrap();
    let mut file = File::create(store.path("filler")).unwrap();
    // It ends where the disk is full.
    let _ = file.write_all(&vec![1; usize::try_from(free.saturating_sub(left)).unwrap()]);
}

#[test]
fn a_disk_that_fills_up_costs_only_the_cache() {
    if !require_root() {
        return;
    }
    // From no room at all to room for some of the outputs.
    for left in [0, 4 << 10, 64 << 10, 1 << 20] {
        let (world, _disk) = with_a_disk(32 << 20);
        let here = world.checkout("here", &library_and_program("built"));
        fill_up(&world, left);
        here.builds_anew("built");
        here.builds_anew("built");
        here.assert_fresh("build");
        let checked = world.thymos("verify store");
        assert_ne!(checked.status.code(), Some(1), "nothing half is believed, {left} bytes left: {checked:#?}");
        world.at("store").remove("filler");
        here.builds_anew("built");
        world.zero();
        here.builds_anew("built");
        let stats = world.stats();
        assert_eq!(stats.misses, 0, "with room again it caches again, {left} bytes left: {}", world.events_text());
        world.thymos("verify store").ok();
    }
}

#[test]
fn a_disk_that_turns_read_only_still_answers_and_can_be_checked() {
    if !require_root() {
        return;
    }
    let (world, disk) = with_a_disk(64 << 20);
    let spy = Spy::install(&world);
    let here = world.checkout("here", &library_and_program("built"));
    here.builds_anew("built");
    disk.change("remount,ro");
    spy.take();
    here.builds_anew("built");
    assert_eq!(spy.take(), [""; 0], "what is there can be read");
    world.thymos("verify store").ok();
    here.edit("src/main.rs", "app::text()", "app::text() + \"!\"");
    here.cargo("build").ok();
    assert_eq!(here.program("app").ok().stdout, "built!\n");
    here.assert_fresh("build");
    here.clean();
    here.edit("src/main.rs", "app::text() + \"!\"", "app::text()");
    let run = here.cargo("build").env("THYMOS_VERIFY", "1").ok();
    assert!(!run.stderr.contains("verification failed"), "{run:#?}");
    disk.change("remount,rw");
    here.builds_anew("built");
    world.thymos("verify store").ok();
}

#[test]
fn a_store_on_another_file_system_is_as_good() {
    if !require_root() {
        return;
    }
    let world = World::cached();
    let _disk = Mount::new(&world.store(), &["-t", "tmpfs", "-o", "size=100m,mode=700", "none"]);
    world.cold_and_warm(&library_and_program("built"), |here| {
        here.cargo("build").ok();
        assert_eq!(here.program("app").ok().stdout, "built\n");
        here.assert_fresh("build");
    });
    world.thymos("verify store").ok();
}
