//! The store as one file: what one machine packs, another builds from.

use crate::support::{Files, Run, Spy, World, workspace};

fn project() -> Files {
    workspace(&["app", "lib"])
        .file("lib/src/lib.rs", "pub fn text() -> &'static str { \"built\" }")
        .append("app/Cargo.toml", "[dependencies]\nlib = { path = \"../lib\" }")
        .file("app/src/main.rs", "fn main() { println!(\"{}\", lib::text()) }")
}

/// Another machine: the same place with another store.
fn elsewhere(world: &World, name: &str) {
    world.env("THYMOS_DIR", &world.root().join(name).display().to_string());
}

fn json(run: &Run) -> serde_json::Value {
    serde_json::from_str(&run.stdout).expect("--json prints JSON")
}

#[test]
fn a_store_that_was_unpacked_answers_every_compile() {
    let world = World::cached();
    let spy = Spy::install(&world);
    let here = world.checkout("a place with spaces/größer", &project());
    here.builds_anew("built");
    let packed = json(&world.thymos("pack --json cache.pack").ok());
    assert_eq!((packed["schema"].as_u64(), packed["entries"].as_u64()), (Some(1), Some(2)), "{packed}");
    assert_eq!(packed["bytes"].as_u64(), Some(std::fs::metadata(world.root().join("cache.pack")).unwrap().len()));
    elsewhere(&world, "other store");
    let unpacked = json(&world.thymos("unpack --json cache.pack").ok());
    assert_eq!(
        (unpacked["entries"].as_u64(), unpacked["refused"].as_object().map(serde_json::Map::len)),
        (Some(2), Some(0))
    );
    spy.take();
    here.builds_anew("built");
    assert_eq!(spy.take(), [""; 0], "nothing is compiled");
    world.thymos("verify store").ok();
}

#[test]
fn what_the_last_build_did_not_use_stays_behind() {
    let world = World::cached();
    let here = world.checkout("here", &project());
    here.builds_anew("built");
    world.thymos("pack first.pack").ok();
    elsewhere(&world, "ci");
    world.thymos("unpack first.pack").ok();
    here.write("lib/src/lib.rs", "pub fn text() -> &'static str { \"other\" }");
    here.clean();
    here.cargo("build -p lib").ok();
    let packed = json(&world.thymos("pack --json second.pack").ok());
    assert_eq!((packed["entries"].as_u64(), packed["unused"].as_u64()), (Some(1), Some(1)), "{packed}");
    let all = json(&world.thymos("pack --all --json all.pack").ok());
    assert_eq!(all["entries"].as_u64(), Some(2), "{all}");
    let none = json(&world.thymos("pack --all --max-size 100 --json none.pack").ok());
    assert_eq!((none["entries"].as_u64(), none["left_out"].as_u64()), (Some(0), Some(2)), "{none}");
    assert!(none["bytes"].as_u64().is_some_and(|bytes| bytes <= 200));
}

#[test]
#[cfg(unix)]
fn a_pack_goes_through_a_pipe() {
    let world = World::cached();
    let here = world.checkout("here", &project());
    here.builds_anew("built");
    let script = "\"$0\" pack - | THYMOS_DIR=\"$PWD/piped\" \"$0\" unpack -";
    let mut command = here.command("sh".as_ref());
    command.args(["-c", script]).arg(env!("CARGO_BIN_EXE_thymos"));
    let run = Run::of(&mut command).ok();
    assert_eq!(run.stdout, "", "the pack had the standard output to itself");
    assert!(run.stderr.contains("packed 2 entries") && run.stderr.contains("unpacked 2 entries"), "{}", run.stderr);
}

#[test]
fn what_cannot_be_used_is_told_and_loses_nothing() {
    let world = World::cached();
    let here = world.checkout("here", &project());
    here.builds_anew("built");
    world.thymos("pack cache.pack").ok();
    let place = world.at(".");
    let bytes = place.bytes("cache.pack");
    place.write("cut.pack", &bytes[..bytes.len() / 2]);
    place.write("text", "this is a text that somebody took for a pack");
    let before = world.stats().store;
    for (arguments, status, words) in [
        ("unpack missing.pack", 2, "missing.pack"),
        ("unpack text", 2, "no pack"),
        ("unpack cut.pack", 1, "damaged"),
        ("pack no/such/directory/x.pack", 2, "x.pack"),
        ("pack --since 7x x.pack", 2, "30m"),
        ("pack --max-size banana x.pack", 2, "10G"),
    ] {
        let run = world.thymos(arguments);
        assert_eq!(run.status.code(), Some(status), "{arguments}: {run:#?}");
        assert!(run.stderr.contains(words), "{arguments}: {run:#?}");
    }
    let after = world.stats().store;
    assert_eq!((after.bytes, after.entries), (before.bytes, before.entries));
    assert!(!world.root().join("x.pack").exists());
}

#[test]
fn a_smaller_cache_takes_what_was_used_last() {
    let world = World::cached();
    let here = world.checkout("here", &project());
    here.builds_anew("built");
    here.write("lib/src/lib.rs", "pub fn text() -> &'static str { \"built\" } pub fn more() {}");
    here.builds_anew("built");
    let whole = world.stats().store.bytes;
    world.thymos("pack --all cache.pack").ok();
    elsewhere(&world, "small");
    world.env("THYMOS_CACHE_SIZE", &(whole / 2).to_string());
    let run = world.thymos("unpack cache.pack").ok();
    assert!(run.stdout.contains("does not fit"), "{}", run.stdout);
    assert!(world.stats().store.bytes <= whole / 2);
}
