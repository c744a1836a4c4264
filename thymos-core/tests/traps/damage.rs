//! Outputs that people edit in place, and a store whose bytes are not what they were.

use std::fs;

use crate::support::{Checkout, Mode, World, library_and_program, require_tool};
use crate::trap::guarded_by;

/// Overwrites the beginning of outputs, in place, as a tool that signs or strips does.
fn scribble(here: &Checkout<'_>, wanted: impl Fn(&str) -> bool) {
    use std::io::Write;
    for path in here.files_below("target/debug").into_iter().filter(|path| wanted(path)) {
        let mut file = fs::File::options().write(true).open(here.path(&path)).expect("an output is writable");
        file.write_all(b"scribbled over").unwrap();
    }
}

#[test]
fn a_library_edited_in_place_does_not_reach_the_next_build() {
    guarded_by("blob-check").tell(|stage| {
        let here = stage.checkout("here", &library_and_program("right"));
        stage.sees_app(&here);
        stage.sees_app_anew(&here);
        scribble(&here, |path| path.ends_with(".rlib") || path.ends_with(".rmeta"));
        stage.sees_app_anew(&here);
        let there = stage.checkout("there", &library_and_program("right"));
        stage.sees_app(&there);
    });
}

/// Overwrites the beginning of libraries, in place, and puts their modification times back.
fn scribble_unseen(here: &Checkout<'_>) {
    let is_library = |path: &str| path.ends_with(".rlib") || path.ends_with(".rmeta");
    let libraries = here.files_below("target/debug").into_iter().filter(|path| is_library(path));
    let times: Vec<_> = libraries.map(|path| (here.modified(&path), path)).collect();
    scribble(here, is_library);
    for (time, path) in times {
        here.set_modified(&path, time);
    }
}

#[test]
fn a_library_edited_in_place_whose_time_was_put_back_does_not_reach_the_next_build() {
    guarded_by("blob-change-time").tell(|stage| {
        let here = stage.checkout("here", &library_and_program("right"));
        stage.sees_app(&here);
        stage.sees_app_anew(&here);
        scribble_unseen(&here);
        let there = stage.checkout("there", &library_and_program("right"));
        stage.sees_app(&there);
        scribble_unseen(&there);
        stage.sees_app_anew(&there);
    });
}

#[test]
fn a_program_edited_in_place_does_not_reach_another_checkout() {
    guarded_by("restore-private,blob-check").that_says("Exec format error").tell(|stage| {
        let here = stage.checkout("here", &library_and_program("right"));
        stage.sees_app(&here);
        stage.sees_app_anew(&here);
        let there = stage.checkout("there", &library_and_program("right"));
        stage.sees_app(&there);
        scribble(&here, |path| path.contains("/app") && !path.contains('.'));
        stage.sees(there.program("app"));
        stage.sees_app_anew(&there);
    });
}

#[test]
#[cfg(unix)]
fn restored_outputs_keep_their_modes_and_can_be_written() {
    use std::os::unix::fs::PermissionsExt;
    guarded_by("restore-mode").that_says("Permission denied").tell(|stage| {
        let here = stage.checkout("here", &library_and_program("right"));
        for _ in 0..2 {
            stage.sees_app_anew(&here);
            for path in here.files_below("target/debug").into_iter().filter(|path| !path.contains(".fingerprint")) {
                let mode = fs::metadata(here.path(&path)).unwrap().permissions().mode();
                stage.notes(&path, format!("{mode:o}"));
            }
        }
    });
}

#[test]
fn plain_cargo_overwrites_what_was_restored() {
    guarded_by("restore-mode").that_says("Permission denied").tell(|stage| {
        let here = stage.checkout("here", &library_and_program("right"));
        stage.sees_app(&here);
        stage.sees_app_anew(&here);
        here.edit("src/lib.rs", "right", "edited");
        stage.sees(here.cargo("build").env("RUSTC_WRAPPER", "").run());
        stage.sees(here.program("app"));
        here.edit("src/lib.rs", "edited", "right");
        stage.sees_app_anew(&here);
    });
}

#[test]
#[cfg(target_os = "linux")]
fn a_program_stripped_in_place_stays_whole_elsewhere() {
    if !require_tool("strip") {
        return;
    }
    guarded_by("restore-private,blob-check").tell(|stage| {
        let here = stage.checkout("here", &library_and_program("right"));
        stage.sees_app(&here);
        stage.sees_app_anew(&here);
        let there = stage.checkout("there", &library_and_program("right"));
        stage.sees_app(&there);
        let size = there.bytes("target/debug/app").len();
        // In place: the same inode, as `cat stripped > app` or a signing tool leaves it.
        let stripped = here.command("strip".as_ref()).args(["target/debug/app", "-o", "stripped"]).status().unwrap();
        assert!(stripped.success());
        fs::File::options()
            .write(true)
            .truncate(true)
            .open(here.path("target/debug/app"))
            .and_then(|mut file| std::io::Write::write_all(&mut file, &here.bytes("stripped")))
            .unwrap();
        stage.notes("kept its size", (there.bytes("target/debug/app").len() == size).to_string());
        stage.sees_app_anew(&there);
        stage.notes("has its size", (there.bytes("target/debug/app").len() == size).to_string());
    });
}

#[test]
fn tools_that_edit_sources_and_install_programs_work() {
    guarded_by("restore-mode,restore-private").that_says("Permission denied").tell(|stage| {
        let here = stage.checkout(
            "here",
            &library_and_program("right")
                .file("src/main.rs", "use std::fs; fn main() { println!(\"{}\", app::text()) }"),
        );
        stage.sees_app(&here);
        stage.sees_app_anew(&here);
        stage.notes("fix", here.cargo("fix --allow-no-vcs --bin app").run().status.to_string());
        stage.notes("fixed source", here.read("src/main.rs"));
        stage.notes("install", here.cargo("install --path . --root installed").run().status.to_string());
        stage.sees(here.run("installed/bin/app"));
        stage.sees_app_anew(&here);
    });
}

#[test]
fn outputs_that_could_be_listed_only_in_part_are_not_stored() {
    guarded_by("listing-errors").tell(|stage| {
        let here = stage.checkout("here", &library_and_program("right"));
        stage.sees(here.cargo("build").env("THYMOS_TEST_TORN_LISTING", "target/debug/deps").run());
        here.clean();
        stage.sees(here.cargo("build").run());
        stage.notes("the program is there", here.path("target/debug/app").exists().to_string());
    });
}

/// A warm store, and every blob and manifest in it damaged by `damage` before the second build.
fn damaged(kind: &str, damage: impl Fn(&mut Vec<u8>)) -> (World, crate::support::Stats) {
    let world = World::new(Mode::Cached);
    let here = world.checkout("here", &library_and_program("right"));
    here.cargo("build").ok();
    here.clean();
    let directory = format!("v1/{kind}");
    let store = world.at("store");
    let files = store.files_below(&directory);
    assert!(!files.is_empty(), "the store holds {kind}");
    for path in files {
        let mut bytes = store.bytes(&path);
        damage(&mut bytes);
        store.remove(&path).write(&path, &bytes);
    }
    world.zero();
    here.cargo("build").ok();
    assert_eq!(here.program("app").ok().stdout, "right\n");
    here.assert_fresh("build");
    let stats = world.stats();
    (world, stats)
}

#[test]
fn a_flipped_byte_in_a_blob_is_a_miss_and_is_named() {
    let flip = |bytes: &mut Vec<u8>| {
        let middle = bytes.len() / 2;
        if let Some(byte) = bytes.get_mut(middle) {
            *byte ^= 1;
        }
    };
    let (world, stats) = damaged("blobs", flip);
    assert_eq!(stats.hits, 0, "{stats:#?}");
    assert!(stats.misses + stats.degraded.values().sum::<u64>() >= 2, "{stats:#?}\n{}", world.events_text());
    let (world, stats) = damaged("actions", flip);
    assert_eq!(stats.hits, 0, "{stats:#?}\n{}", world.events_text());
}

#[test]
fn a_truncated_file_of_the_store_is_a_miss() {
    for kind in ["actions", "blobs"] {
        for keep in [0, 1, 10, 60] {
            let (world, stats) = damaged(kind, |bytes| bytes.truncate(keep));
            assert_eq!(stats.hits, 0, "{kind} cut to {keep} bytes: {stats:#?}\n{}", world.events_text());
        }
    }
}

#[test]
fn what_was_damaged_is_replaced_by_the_next_build() {
    let (world, _) = damaged("blobs", |bytes| bytes.push(0));
    let here = world.at("here");
    here.clean();
    world.zero();
    here.cargo("build").ok();
    let stats = world.stats();
    assert_eq!((stats.misses, stats.degraded.len()), (0, 0), "{stats:#?}\n{}", world.events_text());
}
