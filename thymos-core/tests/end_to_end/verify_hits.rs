//! `THYMOS_VERIFY`: hits that are compiled again and compared.

use std::fs;
use std::path::PathBuf;

use thymos_core::action::manifest::Manifest;

use crate::support::{Files, Mode, Spy, World, library_and_program, package, workspace};

const WRONG: &str = "verification failed: the cache was wrong";
const NOT_REPRODUCIBLE: &str = "verification failed: the compile is not reproducible";

/// A proc macro, a build script that generates code, a library that warns, and a program of all three.
fn of_many_kinds() -> Files {
    // Only the program is asked for. With all members the proc macro would be built twice, for the host and for itself, and rustc opens
    // every one of its name that it finds: what it read would depend on which was there in time.
    workspace(&["app", "derive", "library"])
        .append("Cargo.toml", "default-members = [\"app\"]")
        .append("derive/Cargo.toml", "[lib]\nproc-macro = true")
        .file("derive/src/lib.rs", "use proc_macro::TokenStream;\n#[proc_macro]\npub fn seven(_: TokenStream) -> TokenStream { \"7\".parse().unwrap() }")
        .append("library/Cargo.toml", "[lib]\ncrate-type = [\"rlib\", \"cdylib\"]\n[dependencies]\nderive = { path = \"../derive\" }")
        .file("library/build.rs", "fn main() { let out = std::env::var(\"OUT_DIR\").unwrap(); std::fs::write(out + \"/made.rs\", \"pub const MADE: u8 = 35;\").unwrap() }")
        .file("library/src/lib.rs", "include!(concat!(env!(\"OUT_DIR\"), \"/made.rs\"));\npub fn sum() -> u8 { let unused = 1; derive::seven!() + MADE }")
        .append("app/Cargo.toml", "[dependencies]\nlibrary = { path = \"../library\" }")
        .file("app/src/main.rs", "fn main() { println!(\"{} {}\", library::sum(), file!()); }\n#[test]\nfn adds_up() { assert_eq!(library::sum(), 42) }")
}

/// Fills a store and verifies every hit of the same build elsewhere.
fn verifies(world: &World, build: &str) {
    let spy = Spy::install(world);
    let here = world.checkout("here ä", &of_many_kinds());
    here.cargo(build).ok();
    for place in ["here ä", "there/and/deeper"] {
        let there = world.checkout(place, &of_many_kinds());
        there.clean();
        world.zero();
        spy.take();
        let run = there.cargo(build).env("THYMOS_VERIFY", "1").ok();
        let stats = world.stats();
        assert!(!run.stderr.contains("thymos:"), "{run:#?}");
        assert!(stats.hits > 2 && stats.misses == 0, "{build}: {stats:#?}\n{}", world.events_text());
        assert_eq!(stats.verified, stats.hits, "{build}: {}", world.events_text());
        assert_eq!(spy.take().len() as u64, stats.hits, "each was compiled once: {}", world.events_text());
        stats.assert_nothing_degraded();
        there.assert_fresh(build);
    }
    let left: Vec<_> = world.at("store").files_below("v1/tmp");
    assert!(left.iter().all(|path| !path.contains("verify-")), "{left:?}");
}

#[test]
fn every_hit_of_a_sound_store_is_confirmed() {
    verifies(&World::cached(), "build");
    verifies(&World::cached(), "build --release");
    verifies(&World::cached(), "check --all-targets");
    verifies(&World::cached(), "test --no-run");
}

#[test]
fn hits_are_confirmed_where_outputs_show_where_they_were_made() {
    for (name, value) in [
        ("CARGO_INCREMENTAL", "1"),
        ("THYMOS_REMAP", "off"),
        ("CARGO_PROFILE_DEV_SPLIT_DEBUGINFO", "unpacked"),
        ("CARGO_PROFILE_DEV_SPLIT_DEBUGINFO", "packed"),
        ("RUSTFLAGS", "-Crpath -Cprefer-dynamic"),
        ("RUSTFLAGS", "--remap-path-prefix=/=/root/"),
    ] {
        let world = World::cached();
        world.env(name, value);
        let here = world.checkout("here", &of_many_kinds());
        here.cargo("build").ok();
        here.clean();
        world.zero();
        let run = here.cargo("build").env("THYMOS_VERIFY", "1").ok();
        let stats = world.stats();
        assert!(stats.degraded.is_empty(), "{name}={value}: {}", run.stderr);
        assert!(stats.hits > 2 && stats.verified == stats.hits, "{name}={value}: {stats:#?}\n{}", world.events_text());
    }
}

fn manifests(world: &World) -> Vec<(PathBuf, Manifest)> {
    let store = world.at("store");
    let paths = store.files_below("v1/actions").into_iter().map(|path| store.path(&path));
    paths.map(|path| (path.clone(), Manifest::decode(&fs::read(path).unwrap()).unwrap())).collect()
}

/// Stores the library in two versions and gives each the result of the other: every digest is right and every artifact is wrong.
fn forged() -> World {
    let world = World::cached();
    let here = world.checkout("here", &library_and_program("right"));
    here.builds_anew("right");
    here.edit("src/lib.rs", "right", "wrong");
    here.builds_anew("wrong");
    here.edit("src/lib.rs", "wrong", "right");
    let mut forged = 0;
    for (path, mut manifest) in manifests(&world) {
        if let [one, two] = manifest.entries.as_mut_slice() {
            std::mem::swap(&mut one.inputs, &mut two.inputs);
            fs::write(path, manifest.encode()).unwrap();
            forged += 1;
        }
    }
    assert_eq!(forged, 1, "the library has two results, and the program depends on the library's content");
    world.thymos("verify store").ok();
    world
}

#[test]
fn a_wrong_artifact_under_its_right_digest_is_found_dropped_and_compiled() {
    let world = forged();
    let here = world.at("here");
    here.builds_anew("wrong"); // Nothing else can tell.

    here.clean();
    world.zero();
    let run = here.cargo("build").env("THYMOS_VERIFY", "1").ok();
    assert_eq!(here.program("app").ok().stdout, "right\n");
    let stats = world.stats();
    assert_eq!(stats.degraded.get(WRONG), Some(&1), "{stats:#?}\n{}", world.events_text());
    for words in [WRONG, "app (lib)", "libapp-", "from byte", "inputs as then", "The entry is dropped"] {
        assert!(run.stderr.contains(words), "{words}: {}", run.stderr);
    }
    assert_eq!(run.stderr.matches("thymos:").count(), 1, "{}", run.stderr);
    here.assert_fresh("build");
    let again = here.cargo("build").ok();
    assert!(!again.stderr.contains("thymos:"), "cargo must not replay it: {again:#?}");

    world.zero();
    here.builds_anew("right");
    assert_eq!(world.stats().misses, 0, "the fresh result is stored: {}", world.events_text());
    world.thymos("verify store").ok();
}

#[test]
fn in_read_only_mode_a_wrong_artifact_is_found_and_stays() {
    let world = forged();
    let here = world.at("here");
    let before = manifests(&world).into_iter().map(|(_, manifest)| manifest.encode()).collect::<Vec<_>>();
    here.clean();
    let run = here.cargo("build").env("THYMOS_VERIFY", "1").env("THYMOS_MODE", "read-only").ok();
    assert_eq!(here.program("app").ok().stdout, "right\n");
    assert!(run.stderr.contains(WRONG) && run.stderr.contains("stays"), "{run:#?}");
    assert_eq!(manifests(&world).into_iter().map(|(_, manifest)| manifest.encode()).collect::<Vec<_>>(), before);
}

#[test]
fn an_artifact_changed_in_the_store_behind_its_stamp_is_found() {
    let world = World::cached();
    let large = "pub static LARGE: [u8; 300_000] = [7; 300_000];";
    let here = world.checkout("here", &library_and_program("right").append("src/lib.rs", large));
    here.builds_anew("right");
    here.builds_anew("right");
    // A large file of the same size that lost its second name since, with its modification time put back to the nanosecond: the one
    // thing that a look-up believes.
    let store = world.at("store");
    for path in store.files_below("v1/blobs").iter().filter(|path| store.bytes(path).starts_with(b"!<arch>")) {
        let time = store.modified(path);
        let text = store.bytes(path);
        let at = text.windows(5).position(|window| window == b"right").unwrap();
        let mut file = fs::File::options().write(true).open(store.path(path)).unwrap();
        std::io::Seek::seek(&mut file, std::io::SeekFrom::Start(at as u64)).unwrap();
        std::io::Write::write_all(&mut file, b"rotte").unwrap();
        drop(file);
        store.set_modified(path, time);
    }
    here.clean();
    world.zero();
    let run = here.cargo("build").env("THYMOS_VERIFY", "1").ok();
    assert_eq!(here.program("app").ok().stdout, "right\n");
    assert_eq!(world.stats().degraded.get(WRONG), Some(&1), "{}", world.events_text());
    assert!(run.stderr.contains("was changed after it was stored"), "{}", run.stderr);
    world.thymos("verify store").ok();
}

#[test]
fn a_proc_macro_that_shows_its_hash_seed_is_told_from_a_wrong_store() {
    let world = World::cached();
    // What asks for the time is not stored at all; a seed of hashes is no input, for it is another one in every run.
    let seeded = "use proc_macro::TokenStream;\nuse std::hash::*;\n#[proc_macro]\npub fn now(_: TokenStream) -> TokenStream { \
        format!(\"{}u64\", std::collections::hash_map::RandomState::new().build_hasher().finish()).parse().unwrap() }";
    let files = workspace(&["app", "clock"])
        .append("clock/Cargo.toml", "[lib]\nproc-macro = true")
        .file("clock/src/lib.rs", seeded)
        .append("app/Cargo.toml", "[dependencies]\nclock = { path = \"../clock\" }")
        .file("app/src/main.rs", "fn main() { println!(\"{}\", clock::now!()) }");
    let here = world.checkout("here", &files);
    here.cargo("build").ok();
    let then = here.program("app").ok().stdout;
    here.clean();
    world.zero();
    let run = here.cargo("build").env("THYMOS_VERIFY", "1").ok();
    let now = here.program("app").ok().stdout;
    assert_ne!(now, then, "the build goes on with the fresh one");
    let stats = world.stats();
    assert_eq!(stats.degraded.get(NOT_REPRODUCIBLE), Some(&1), "{stats:#?}");
    assert_eq!((stats.degraded.get(WRONG), stats.verified), (None, 1), "{stats:#?}");
    assert!(run.stderr.contains(NOT_REPRODUCIBLE) && run.stderr.contains("proc macros: clock"), "{}", run.stderr);
}

#[test]
fn what_a_fresh_compile_read_and_the_entry_does_not_name_is_named() {
    let mut world = World::new(Mode::Without("input-observed"));
    let files = workspace(&["app", "reader"])
        .append("reader/Cargo.toml", "[lib]\nproc-macro = true")
        .file("reader/src/lib.rs", "use proc_macro::TokenStream;\n#[proc_macro]\npub fn text(_: TokenStream) -> TokenStream { format!(\"{:?}\", std::fs::read_to_string(\"hidden.txt\").unwrap()).parse().unwrap() }")
        .append("app/Cargo.toml", "[dependencies]\nreader = { path = \"../reader\" }")
        .file("app/src/main.rs", "fn main() { println!(\"{}\", reader::text!()) }")
        .file("hidden.txt", "wrong");
    world.checkout("here", &files).cargo("build").ok();
    world.set_mode(Mode::Cached);
    let here = world.at("here");
    here.write("hidden.txt", "right");
    here.builds_anew("wrong"); // An entry that does not name the file is what this is about.
    here.clean();
    let run = here.cargo("build").env("THYMOS_VERIFY", "1").ok();
    assert_eq!(here.program("app").ok().stdout, "right\n");
    assert!(run.stderr.contains("it also read") && run.stderr.contains("hidden.txt"), "{}", run.stderr);
    here.builds_anew("right");
}

#[test]
fn a_sample_is_compiled_again_and_a_workspace_can_ask_for_it() {
    let world = World::cached();
    let here = world.checkout("here", &library_and_program("right"));
    here.builds_anew("right");
    for (setting, verified) in [("verify = 0", 0), ("verify = 0.000001", 0), ("verify = 1", 2), ("verify = \"1.0\"", 2)]
    {
        here.write("thymos.toml", setting);
        world.zero();
        here.builds_anew("right");
        let stats = world.stats();
        assert_eq!((stats.hits, stats.verified), (2, verified), "{setting}: {stats:#?}");
    }
}

#[test]
fn a_result_that_warns_is_confirmed_with_its_warnings() {
    let world = World::cached();
    let here = world.checkout("here", &package("app").file("src/lib.rs", "pub fn f() { let unused = 1; }"));
    let first = here.cargo("build").ok();
    here.clean();
    world.zero();
    let again = here.cargo("build").env("THYMOS_VERIFY", "1").ok();
    assert_eq!(first.stderr, again.stderr);
    assert!(again.stderr.contains("unused variable"));
    assert_eq!(world.stats().verified, 1, "{}", world.events_text());
}

#[test]
#[cfg(unix)]
fn the_statistics_show_how_many_hits_were_confirmed() {
    let world = World::cached();
    let here = world.checkout("here", &library_and_program("right"));
    here.builds_anew("right");
    assert!(!world.thymos("stats").ok().stdout.contains("and confirmed"));
    here.clean();
    here.cargo("build").env("THYMOS_VERIFY", "1").ok();
    let text = world.thymos("stats").ok().stdout;
    assert!(text.lines().any(|line| line.contains("and confirmed") && line.contains('2')), "{text}");
}
