//! `thymos stats`, as people and scripts read it.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::log::{after, at_width, event, minutes_ago, miss, write};
use crate::snapshot::{assert_fits, assert_snapshot};
use crate::support::{Run, World};

fn events() -> Vec<Value> {
    let mut events: Vec<Value> = (0..43).map(|n| event("hit", &format!("hit{n}"), json!({}))).collect();
    events.push(event("hit", "build_script_build", json!({ "kind": "build-script" })));
    events.push(miss("leaf", "input changed", json!({ "kind": "input", "path": "leaf/src/lib.rs" })));
    events.push(after("part", "leaf"));
    events.push(after("a-crate-with-a-name-that-is-longer-than-most-are", "part"));
    for n in 0..12 {
        let fields = json!({ "reason": "never seen", "kind": "bin", "compile_us": 100_000 + n });
        events.push(event("miss", &format!("tool{n:02}"), fields));
    }
    let reason = "unknown option --one-that-nobody-has-classified-and-that-is-long";
    events.push(event("bypass", "odd", json!({ "reason": reason, "compile_us": 0 })));
    events.push(event("bypass", "probe", json!({ "reason": "failed probe of a build script", "kind": "check" })));
    events.push(event("degraded", "full", json!({ "reason": "publish failed: no space left on device" })));
    events
}

/// Puts one action with one artifact into the store, which a target directory shares.
fn fill(world: &World) {
    let store = world.at("store/v1");
    let name = "ab".repeat(32);
    store.write(&format!("actions/ab/{name}"), vec![0; 1_200]).write(&format!("blobs/ab/{name}"), vec![0; 40_000]);
    let other = world.root().join("shared.rlib");
    std::fs::hard_link(store.path(&format!("blobs/ab/{name}")), other).expect("one file system");
    store.set_modified(&format!("actions/ab/{name}"), SystemTime::now() - Duration::from_secs(3 * 86_400 + 60));
}

fn shown(world: &World, arguments: &str, width: usize) -> String {
    let text = at_width(world, arguments, width).ok().stdout;
    text.replace(&world.store().display().to_string(), "<store>")
}

fn counted(world: &World, arguments: &str) -> Value {
    serde_json::from_str(&at_width(world, arguments, 80).ok().stdout).expect("it is JSON")
}

#[test]
fn statistics_read_at_a_glance_at_any_width() {
    let world = World::cached();
    world.env("THYMOS_CACHE_SIZE", "10G");
    write(&world, &events());
    fill(&world);
    for width in [60, 80, 120] {
        let text = shown(&world, "stats", width);
        assert_fits(&text, width);
        assert_snapshot(&format!("stats-{width}"), &text);
    }
}

#[test]
fn before_anything_was_compiled_it_says_what_to_do() {
    let world = World::cached();
    let text = shown(&world, "stats", 80);
    assert_fits(&text, 80);
    assert_snapshot("stats-empty-80", &text);
}

#[test]
fn a_time_span_and_a_workspace_narrow_what_is_counted() {
    let world = World::cached();
    let here = world.at("here").root().display().to_string();
    let old = json!({ "at_ms": minutes_ago(3 * 24 * 60) });
    write(&world, &[event("hit", "old", old), event("hit", "new", json!({}))]);
    write(&world, &[event("hit", "own", json!({ "workspace": here }))]);
    assert_eq!(counted(&world, "stats --json")["hits"], 3);
    assert_eq!(counted(&world, "stats --all --since 4d --json")["hits"], 3);
    assert_eq!(counted(&world, "stats --since 1d --json")["hits"], 2);
    let mut command = world.at("here/src").command(env!("CARGO_BIN_EXE_thymos").as_ref());
    let text = Run::of(command.args(["stats", "--workspace", "--json"])).ok().stdout;
    assert_eq!(serde_json::from_str::<Value>(&text).expect("it is JSON")["hits"], 1);
    let run = at_width(&world, "stats --since yesterday", 80);
    assert_eq!(run.status.code(), Some(2));
    assert!(run.stderr.contains("a time span such as 30m, 12h, 7d or 2w"), "{run:#?}");
}

#[test]
fn scripts_get_every_figure_and_the_version_of_the_form() {
    let world = World::cached();
    write(&world, &events());
    fill(&world);
    let stats = counted(&world, "stats --json");
    assert_eq!((&stats["schema"], &stats["hits"], &stats["misses"]), (&json!(2), &json!(44), &json!(15)));
    assert_eq!(stats["missed"]["never seen"], 12);
    assert_eq!(stats["kinds"]["bin"], json!({ "hits": 0, "misses": 12, "bypassed": 0, "degraded": 0 }));
    assert_eq!(stats["slowest"].as_array().map(Vec::len), Some(10));
    assert_eq!((&stats["store"]["linked_bytes"], &stats["store"]["entries"]), (&json!(40_000), &json!(1)));
}

#[test]
fn colours_are_for_terminals_only() {
    let world = World::cached();
    write(&world, &events());
    for arguments in ["stats", "why", "why part", "gc", "gc --dry-run"] {
        assert!(!shown(&world, arguments, 80).contains('\u{1b}'), "{arguments}");
    }
}
