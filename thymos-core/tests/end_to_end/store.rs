//! The store as people see it: where it is, what the modes do, and how it stays within its size.

use std::time::{Duration, Instant};

use crate::support::{Checkout, Spy, World, library_and_program};

#[test]
fn read_only_mode_answers_and_stores_nothing() {
    let world = World::cached();
    let spy = Spy::install(&world);
    let here = world.checkout("here", &library_and_program("built"));
    here.cargo("build").env("THYMOS_MODE", "read-only").ok();
    assert_eq!(world.stats().store.entries, 0);
    here.builds_anew("built");
    spy.take();
    here.clean();
    here.cargo("build").env("THYMOS_MODE", "read-only").ok();
    assert_eq!(spy.take(), [""; 0], "{}", world.events_text());
}

#[test]
fn counters_can_be_zeroed_before_there_is_a_store() {
    let world = World::cached();
    let here = world.checkout("here", &library_and_program("built"));
    world.env("THYMOS_DIR", &world.root().join("new/store").display().to_string());
    world.zero();
    here.builds_anew("built");
    here.builds_anew("built");
    let stats = world.stats();
    assert_eq!((stats.misses, stats.hits), (2, 2), "{stats:#?}");
}

#[test]
fn refresh_mode_compiles_everything_and_stores_it_anew() {
    let world = World::cached();
    let spy = Spy::install(&world);
    let here = world.checkout("here", &library_and_program("built"));
    here.builds_anew("built");
    for _ in 0..2 {
        spy.take();
        here.clean();
        here.cargo("build").env("THYMOS_MODE", "refresh").ok();
        assert_eq!(spy.take(), ["app", "app"]);
    }
    here.builds_anew("built");
    assert_eq!(spy.take(), [""; 0], "{}", world.events_text());
}

#[test]
fn off_leaves_nothing_behind() {
    let world = World::cached();
    let nowhere = world.root().join("nowhere");
    world.env("THYMOS_MODE", "off").env("THYMOS_DIR", &nowhere.display().to_string());
    world.checkout("here", &library_and_program("built")).builds_anew("built");
    assert!(!nowhere.exists());
}

#[test]
#[cfg(target_os = "linux")]
fn without_settings_the_store_is_in_the_users_cache_directory() {
    let world = World::cached();
    let here = world.checkout("here", &library_and_program("built"));
    here.cargo("build").env_remove("THYMOS_DIR").env("HOME", here.path("home")).ok();
    assert!(here.path("home/.cache/thymos/v1/actions").exists());
    here.clean();
    here.cargo("build").env_remove("THYMOS_DIR").env("XDG_CACHE_HOME", here.path("xdg")).ok();
    assert!(here.path("xdg/thymos/v1/actions").exists());
}

#[test]
fn the_environment_goes_before_the_workspaces_file_and_that_before_the_users() {
    let world = World::cached();
    let files = library_and_program("built").file("thymos.toml", "cache-size = \"20G\"\nmode = \"on\"\n");
    let here = world.checkout("here", &files);
    for directory in ["thymos", "."] {
        world.at("config").write(&format!("{directory}/thymos.toml"), "cache-size = \"30G\"\nmode = \"off\"\n");
    }
    world.env("XDG_CONFIG_HOME", &world.root().join("config").display().to_string());
    here.builds_anew("built");
    assert!(world.stats().misses > 0, "the workspace says on");
    let limit = |directory: &Checkout<'_>, size: Option<&str>| {
        let mut command = directory.command(env!("CARGO_BIN_EXE_thymos").as_ref());
        command.args(["stats", "--json"]).envs(size.map(|size| ("THYMOS_CACHE_SIZE", size)));
        crate::support::Stats::parse(&crate::support::Run::of(&mut command).ok().stdout).store.limit_bytes
    };
    assert_eq!(limit(&here, Some("500M")), 500_000_000);
    assert_eq!(limit(&here, None), 20_000_000_000);
    assert_eq!(limit(&world.at("elsewhere"), None), 30_000_000_000);
}

/// Stores several versions of the program, the last one last.
fn several_versions(here: &Checkout<'_>) {
    for version in 0..6 {
        here.write(
            "src/lib.rs",
            format!("pub fn text() -> String {{ \"{version}\".repeat({version}00); \"built\".to_owned() }}"),
        );
        here.builds_anew("built");
    }
}

/// Makes everything in the store older by an hour: what is very young may belong to a build that is still going on.
fn grow_old(world: &World) {
    let store = world.at("store");
    for path in store.files_below("v1/actions").into_iter().chain(store.files_below("v1/blobs")) {
        let time = store.modified(&path) - Duration::from_secs(3600);
        store.set_modified(&path, time);
    }
}

#[test]
fn collecting_keeps_within_the_limit_and_takes_the_oldest_first() {
    let world = World::cached();
    let spy = Spy::install(&world);
    let here = world.checkout("here", &library_and_program("built"));
    several_versions(&here);
    grow_old(&world);
    let full = world.stats().store;
    let limit = full.bytes / 2;
    world.env("THYMOS_CACHE_SIZE", &limit.to_string());
    world.thymos("gc").ok();
    let after = world.stats().store;
    assert!(after.bytes <= limit && after.entries < full.entries && after.entries > 0, "{full:#?} {after:#?}");

    spy.take();
    here.builds_anew("built");
    assert_eq!(spy.take(), [""; 0], "the newest is still there");
    here.write("src/lib.rs", "pub fn text() -> String { \"0\".repeat(000); \"built\".to_owned() }");
    here.builds_anew("built");
    assert!(spy.take().contains(&"app".to_owned()), "the oldest is gone");
}

#[test]
fn a_store_over_its_limit_is_collected_by_itself() {
    let world = World::cached();
    let here = world.checkout("here", &library_and_program("built"));
    several_versions(&here);
    grow_old(&world);
    let limit = world.stats().store.bytes / 2;
    world.env("THYMOS_CACHE_SIZE", &limit.to_string());
    here.write("src/lib.rs", "pub fn text() -> String { \"one more\".to_owned(); \"built\".to_owned() }");
    here.builds_anew("built");
    let patience = Instant::now() + Duration::from_secs(60);
    while world.stats().store.bytes > limit {
        assert!(Instant::now() < patience, "collected in time: {:#?}", world.stats());
        std::thread::yield_now();
    }
}

#[test]
fn what_a_build_holds_survives_the_collection_of_everything() {
    let world = World::cached();
    let here = world.checkout("here", &library_and_program("built"));
    here.builds_anew("built");
    here.builds_anew("built");
    world.env("THYMOS_CACHE_SIZE", "1");
    world.thymos("gc").ok();
    assert_eq!(world.stats().store.entries, 0);
    assert_eq!(here.program("app").ok().stdout, "built\n");
    here.assert_fresh("build");
}

#[test]
fn help_and_version_are_those_of_a_good_tool() {
    let world = World::cached();
    let help = world.thymos("--help").ok().stdout;
    for word in ["stats", "gc", "demo", "RUSTC_WRAPPER"] {
        assert!(help.contains(word), "--help names {word}:\n{help}");
    }
    assert!(help.lines().all(|line| line.chars().count() <= 120), "{help}");
    assert!(world.thymos("--version").ok().stdout.starts_with("thymos "));
}
