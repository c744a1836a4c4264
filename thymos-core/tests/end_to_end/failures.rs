//! Bad input, and everything that can be wrong with the machine: the build goes on, uncached, and the statistics say why.

use std::path::Path;

use crate::support::{Compiler, Mount, Run, World, library_and_program, require_root};

/// Everything that `thymos stats` tells, for people and for programs.
fn statistics(world: &World) -> String {
    let people = world.thymos("stats");
    let programs = world.thymos("stats --json");
    format!("{}{}{}{}", people.stdout, people.stderr, programs.stdout, programs.stderr).to_lowercase()
}

#[test]
fn called_with_nothing_it_says_how_it_is_called() {
    let run = World::cached().thymos("");
    assert_eq!(run.status.code(), Some(2), "{run:#?}");
    assert!(run.stderr.contains("thymos") || run.stdout.contains("thymos"), "{run:#?}");
}

#[test]
fn a_compiler_that_does_not_exist_is_named_in_one_line() {
    for compiler in ["/no/such/rustc", "no-such-rustc", "./no/such/rustc"] {
        let run = World::cached().thymos(&format!("{compiler} --crate-type lib --crate-name app lib.rs"));
        assert_eq!(run.status.code(), Some(2), "{run:#?}");
        assert_eq!(run.stderr.lines().count(), 1, "{run:#?}");
        assert!(run.stderr.starts_with("thymos: ") && run.stderr.contains(compiler), "{run:#?}");
    }
}

#[test]
fn a_word_that_is_no_command_is_not_taken_for_a_compiler() {
    let run = World::cached().thymos("statistics");
    assert_eq!(run.status.code(), Some(2), "{run:#?}");
}

#[test]
#[cfg(unix)]
fn from_a_directory_that_has_vanished_the_compiler_says_what_it_always_says() {
    let world = World::cached();
    let here = world.checkout("here", &library_and_program("built"));
    let from_nowhere = |compiler: &str| {
        let line = format!(
            "mkdir -p gone && cd gone && rmdir ../gone && exec {compiler} --crate-type lib --crate-name app ../src/lib.rs"
        );
        Run::of(here.command(Path::new("sh")).args(["-c", &line]))
    };
    let plain = from_nowhere("rustc");
    let cached = from_nowhere(&format!("{} rustc", env!("CARGO_BIN_EXE_thymos")));
    assert_eq!(cached.status, plain.status, "plain {plain:#?}\ncached {cached:#?}");
    assert_eq!(cached.stdout, plain.stdout);
}

#[test]
fn a_home_that_cannot_be_written_costs_only_the_cache() {
    let world = World::cached();
    let here = world.checkout("here", &library_and_program("built"));
    here.write("no-directory", "a file where a home should be");
    let home = here.path("no-directory").display().to_string();
    world.env("CARGO_HOME", &here.path("cargo-home").display().to_string()).env("HOME", &home).env("THYMOS_DIR", "");
    here.builds_anew("built");
    here.builds_anew("built");
    let said = statistics(&world);
    assert!(said.contains("not a directory") || said.contains("unavailable"), "{said}");
}

#[test]
fn a_store_that_is_a_file_costs_only_the_cache() {
    let world = World::cached();
    let here = world.checkout("here", &library_and_program("built"));
    std::fs::remove_dir_all(world.store()).unwrap();
    std::fs::write(world.store(), "a file where a store should be").unwrap();
    here.builds_anew("built");
    here.builds_anew("built");
    let said = statistics(&world);
    assert!(said.contains("not a directory") || said.contains("unavailable"), "{said}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_costs_only_the_cache() {
    if !require_root() {
        return;
    }
    // From no room at all to room for some of the outputs.
    for size in ["4k", "64k", "300k", "1m"] {
        let world = World::cached();
        let here = world.checkout("here", &library_and_program("built"));
        let disk = Mount::new(&world.store(), &["-t", "tmpfs", "-o", &format!("size={size}"), "none"]);
        here.builds_anew("built");
        here.builds_anew("built");
        if size == "64k" {
            let said = statistics(&world);
            assert!(said.contains("no space") || said.contains("publish failed"), "{size}: {said}");
        }
        disk.change("remount,size=100m");
        here.builds_anew("built");
        world.zero();
        here.builds_anew("built");
        assert_eq!(
            world.stats().misses,
            0,
            "with room again it caches again: {:#?}\n{}",
            world.stats(),
            world.events_text()
        );
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_read_only_store_still_answers() {
    if !require_root() {
        return;
    }
    let world = World::cached();
    let here = world.checkout("here", &library_and_program("built"));
    let disk = Mount::new(&world.store(), &["-t", "tmpfs", "-o", "size=100m", "none"]);
    let spy = crate::support::Spy::install(&world);
    here.builds_anew("built");
    disk.change("remount,ro");
    spy.take();
    here.builds_anew("built");
    assert_eq!(spy.take(), [""; 0], "what is there can be read");
    here.edit("src/main.rs", "app::text()", "app::text() + \"!\"");
    here.cargo("build").ok();
    assert_eq!(here.program("app").ok().stdout, "built!\n");
    let said = statistics(&world);
    assert!(said.contains("read-only"), "{said}");
}

#[test]
#[cfg(unix)]
fn a_store_that_vanishes_in_mid_build_costs_only_the_cache() {
    let world = World::cached();
    let here = world.checkout("here", &library_and_program("built"));
    let store = world.store();
    let rustc = Compiler::reporting(&here.path("compiler/rustc"), move |_, _| {
        let _ = std::fs::remove_dir_all(&store);
        String::new()
    });
    for _ in 0..3 {
        here.clean();
        here.cargo("build").env("RUSTC", rustc.program()).ok();
        assert_eq!(here.program("app").ok().stdout, "built\n");
    }
}

#[test]
#[cfg(unix)]
fn a_store_that_others_may_write_is_not_used() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::cached();
    let here = world.checkout("here", &library_and_program("built"));
    let spy = crate::support::Spy::install(&world);
    here.builds_anew("built");
    std::fs::set_permissions(world.store().join("v1"), std::fs::Permissions::from_mode(0o777)).unwrap();
    std::fs::set_permissions(world.store(), std::fs::Permissions::from_mode(0o777)).unwrap();
    spy.take();
    here.builds_anew("built");
    assert_eq!(spy.take(), ["app", "app"], "somebody else may have put it there");
}

#[test]
#[cfg(all(debug_assertions, target_os = "linux"))] // a release build of the binary has no switches
fn a_panic_of_ours_costs_only_the_cache() {
    for (place, said) in [("look-up", "thymos panicked"), ("observe", "not observed"), ("publish", "thymos panicked")] {
        let world = World::cached();
        let spy = crate::support::Spy::install(&world);
        let here = world.checkout("here", &library_and_program("built"));
        here.cargo("build").env("THYMOS_TEST_PANIC", place).ok();
        assert_eq!(here.program("app").ok().stdout, "built\n");
        assert_eq!(spy.take(), ["app", "app"], "{place}: each is compiled once");
        let told = world.events_text();
        assert!(told.contains(said), "{place}: {told}");
        here.edit("src/lib.rs", "built", "built, and wrong:");
        here.edit("src/lib.rs", "text()", "text(_: Unknown)");
        let failed = here.cargo("build").env("THYMOS_TEST_PANIC", place).run();
        assert!(
            failed.status.code() == Some(101) && failed.stderr.contains("cannot find type"),
            "{place}: {failed:#?}"
        );
        assert!(!failed.stderr.contains("a test has asked"), "Cargo would replay it: {failed:#?}");
    }
}

#[test]
#[cfg(unix)]
fn events_go_to_no_directory_that_somebody_else_could_have_made() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
    let world = World::cached();
    let here = world.checkout("here", &library_and_program("built"));
    let temporary = world.at("tmp");
    world.env("TMPDIR", &temporary.root().display().to_string());
    std::fs::remove_dir_all(world.store()).unwrap();
    std::fs::write(world.store(), "a file where a store should be").unwrap();
    let user = std::fs::metadata(world.store()).unwrap().uid();
    let ours = temporary.path(&format!("thymos-{user}"));
    let told = || (!temporary.files_below("").is_empty(), statistics(&world).contains("unavailable"));
    here.builds_anew("built");
    assert_eq!(told(), (true, true), "the directory that stands in is used");
    let private = std::fs::read_dir(&ours).unwrap().next().unwrap().unwrap().file_name();

    // Others can enter it, so they could have written there.
    std::fs::set_permissions(&ours, std::fs::Permissions::from_mode(0o777)).unwrap();
    assert!(!statistics(&world).contains("unavailable"), "what lies there is not believed");
    for inner in [false, true] {
        std::fs::remove_dir_all(&ours).or_else(|_| std::fs::remove_file(&ours)).unwrap();
        let elsewhere = world.at("elsewhere");
        std::fs::set_permissions(elsewhere.root(), std::fs::Permissions::from_mode(0o700)).unwrap();
        if inner {
            std::fs::create_dir(&ours).unwrap();
            std::fs::set_permissions(&ours, std::fs::Permissions::from_mode(0o700)).unwrap();
            symlink(elsewhere.root(), ours.join(&private)).unwrap();
        } else {
            symlink(elsewhere.root(), &ours).unwrap();
        }
        here.builds_anew("built");
        assert_eq!(elsewhere.files_below(""), [""; 0], "no link is followed");
    }
}

#[test]
#[cfg(unix)]
fn what_is_stored_can_be_read_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::cached();
    let here = world.checkout("here", &library_and_program("built"));
    here.builds_anew("built");
    let store = world.at("store");
    // A blob may be the very file that stands in a target directory, so the directory above it keeps others out.
    let mode = std::fs::metadata(world.store().join("v1")).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "{mode:o}");
    for path in store.files_below("v1/actions").into_iter().chain(store.files_below("v1/events")) {
        let mode = std::fs::metadata(store.path(&path)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{path}: {mode:o}");
    }
}

#[test]
fn a_setting_that_means_nothing_is_explained_once_and_the_build_succeeds() {
    for (name, value, accepted) in [
        ("THYMOS_CACHE_SIZE", "banana", "10G"),
        ("THYMOS_MODE", "sometimes", "read-only"),
        ("THYMOS_REMAP", "perhaps", "workspace"),
        ("THYMOS_VERIFY", "often", "0.05"),
    ] {
        let world = World::cached();
        let here = world.checkout("here", &library_and_program("built"));
        world.env(name, value);
        here.builds_anew("built");
        let again = here.cargo("build").ok();
        assert!(!again.stderr.contains(value), "cargo must not replay it for ever: {again:#?}");
        let stats = world.thymos("stats").ok();
        let said: Vec<&str> =
            stats.stderr.lines().chain(stats.stdout.lines()).filter(|line| line.contains(value)).collect();
        assert_eq!(said.len(), 1, "{stats:#?}");
        assert!(said[0].contains(name) && said[0].contains(accepted), "it says what is accepted: {said:?}");
    }
}

#[test]
fn a_settings_file_that_cannot_be_read_does_not_fail_the_build() {
    for text in ["cache-size = ", "cache-size = true\nunknown-key = 1\n", "\0\u{1}"] {
        let world = World::cached();
        let here = world.checkout("here", &library_and_program("built").file("thymos.toml", text));
        here.builds_anew("built");
        here.builds_anew("built");
        assert!(world.stats().hits > 0, "{text:?}: {}", world.events_text());
    }
}
