//! An event log written by hand, so that what is shown is the same on every machine.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::support::{Run, World};

const DAY: u64 = 24 * 60 * 60 * 1000;

/// Returns the time so many minutes ago, in milliseconds since the epoch. Half a minute more keeps it the same number of
/// minutes for as long as a test runs.
pub fn minutes_ago(minutes: u64) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is set").as_millis();
    u64::try_from(now).expect("fits") - minutes * 60_000 - 30_000
}

/// One event, with these fields over the usual ones.
pub fn event(outcome: &str, krate: &str, fields: Value) -> Value {
    let mut event = json!({
        "schema": 2, "at_ms": minutes_ago(5), "outcome": outcome, "crate": krate, "kind": "lib", "version": "1.0.0",
        "took_us": 2_000, "compile_us": 1_200_000, "bytes": 40_000, "parent": 7, "build": "b1",
        "target": "/home/user/project/target", "workspace": "/home/user/project", "package": krate,
        "unit": format!("{krate}-0123456789abcdef"),
    });
    for (name, value) in fields.as_object().expect("fields are an object") {
        event[name] = value.clone();
    }
    event
}

/// A miss with a cause.
pub fn miss(krate: &str, reason: &str, cause: Value) -> Value {
    let fields = json!({ "reason": reason, "cause": cause, "took_us": 1_250_000 });
    event("miss", krate, fields)
}

/// A miss because of a dependency.
pub fn after(krate: &str, dependency: &str) -> Value {
    let unit = format!("{dependency}-0123456789abcdef");
    miss(krate, "dependency changed", json!({ "kind": "dependency", "crate": dependency, "unit": unit }))
}

/// Appends events to the log of a world.
pub fn write(world: &World, events: &[Value]) {
    let directory = world.store().join("v1/events");
    for event in events {
        let day = event["at_ms"].as_u64().expect("an event has a time") / DAY;
        let path = directory.join(format!("{day}.jsonl"));
        let old = fs::read_to_string(&path).unwrap_or_default();
        fs::write(&path, format!("{old}{event}\n")).expect("the world is writable");
    }
}

/// Runs `thymos` as on a terminal of that width.
pub fn at_width(world: &World, arguments: &str, width: usize) -> Run {
    let mut command = world.at(".").command(env!("CARGO_BIN_EXE_thymos").as_ref());
    command.args(arguments.split_whitespace()).env("COLUMNS", width.to_string());
    Run::of(&mut command)
}
