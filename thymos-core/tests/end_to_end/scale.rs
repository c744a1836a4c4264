//! A store with ten thousand actions.
#![cfg(unix)]

use std::path::Path;

use thymos_core::action::ActionKey;
use thymos_core::action::manifest::{Entry, Input, Manifest, Output};
use thymos_core::store::{Made, Sharing, Store};
use thymos_core::system::digest::Digest;
use thymos_core::system::stamp::Stamp;

use crate::support::{Run, World, package};

const ACTIONS: u64 = 10_000;
/// Every tenth action has a blob of its own; the others share one.
const OWN: u64 = 10;

fn fill(world: &World) {
    let store = Store::open(&world.store()).unwrap();
    let path = world.root().join("output");
    for number in 0..ACTIONS {
        let content = if number % OWN == 0 { number.to_string().repeat(100) } else { "shared".to_owned() };
        let digest = Digest::of(content.as_bytes());
        std::fs::write(&path, &content).unwrap();
        let stamp = Stamp::of(&path).unwrap();
        store.keep(&Made { path: path.clone(), digest, stamp, sharing: Sharing::Private }).unwrap();
        let output =
            Output { name: b"libx.rlib".to_vec(), digest, size: content.len() as u64, mode: 0o644, sites: vec![] };
        let inputs = vec![Input::File(b"\0W/src/lib.rs".to_vec(), digest)];
        let entry = Entry { inputs, outputs: vec![output], stored_ms: number, ..Entry::default() };
        store.publish(&ActionKey(Digest::of(&number.to_le_bytes())), &Manifest { entries: vec![entry] }).unwrap();
    }
}

/// Runs a command in at most 200 MB of address space, about what the program and its standard library map at rest and some more.
fn bounded(world: &World, words: &str) -> Run {
    let script = format!("ulimit -v 200000; exec '{}' {words}", env!("CARGO_BIN_EXE_thymos"));
    Run::of(world.at("").command(Path::new("sh")).args(["-c", &script])).ok()
}

#[test]
fn ten_thousand_actions_are_counted_checked_used_and_collected() {
    let world = World::cached();
    fill(&world);
    let here = world.checkout("here", &package("app").file("src/main.rs", "fn main() { println!(\"built\") }"));
    here.builds_anew("built");
    world.zero();
    here.builds_anew("built");
    assert_eq!((world.stats().hits, world.stats().misses), (1, 0), "{}", world.events_text());
    assert_eq!(world.stats().store.entries, ACTIONS + 1);

    let checked: serde_json::Value = serde_json::from_str(&bounded(&world, "verify store --json").stdout).unwrap();
    assert_eq!(checked["actions"], ACTIONS + 1);
    assert!(checked["blobs"].as_u64() > Some(ACTIONS / OWN) && checked["orphans"] == 0, "{checked:#}");

    bounded(&world, "stats --json");
    let full = world.stats().store;
    let limit = full.bytes - 100_000;
    world.env("THYMOS_CACHE_SIZE", &limit.to_string());
    bounded(&world, "gc");
    let after = world.stats().store;
    assert!(after.bytes <= limit && after.entries < full.entries && after.entries > 0, "{full:?} {after:?}");
    bounded(&world, "verify store");
    world.zero();
    here.builds_anew("built");
    assert_eq!(world.stats().misses, 0, "what was used last is still there: {}", world.events_text());
}
