//! A build in the Trace Event Format, which Perfetto and Chrome's `about:tracing` show.
//!
//! Source: "Trace Event Format", Google, the JSON object form: complete events (`ph` `X`, with `ts` and `dur` in microseconds),
//! metadata events (`M`) that name rows, and flow events (`s` and `f`, bound to the enclosing slice) that draw the critical
//! path.
//!
//! Invariant: slices of one row do not overlap, because a row is a lane of the build.

use serde_json::{Value, json};

use super::{Report, Unit};

/// Returns the trace.
pub(crate) fn render(report: &Report) -> Value {
    let mut events = vec![metadata("process_name", 0, &format!("Build of {}", report.name()))];
    events.extend((0..report.lanes).map(|lane| metadata("thread_name", lane, &format!("Lane {}", lane + 1))));
    events.extend(slices(report));
    for (number, pair) in report.path.windows(2).enumerate() {
        let (from, to) = (&report.units[pair[0].unit], &report.units[pair[1].unit]);
        // An arrow belongs to the slice that its time lies in, and a slice ends before its end.
        let leaves = (from.start_us + pair[0].busy_us).min(from.end_us.saturating_sub(1)).max(from.start_us);
        events.push(arrow("s", number, (from, leaves)));
        events.push(arrow("f", number, (to, to.start_us)));
    }
    json!({ "displayTimeUnit": "ms", "otherData": { "schema": report.schema, "build": report.build }, "traceEvents": events })
}

fn metadata(what: &str, lane: usize, name: &str) -> Value {
    json!({ "ph": "M", "name": what, "pid": 1, "tid": lane + 1, "args": { "name": name } })
}

/// Ends are recorded in whole milliseconds: a slice that would reach into the next of its lane is cut there.
fn slices(report: &Report) -> Vec<Value> {
    let mut next = vec![u64::MAX; report.lanes];
    let ends = |unit: &Unit| unit.end_us.min(std::mem::replace(&mut next[unit.lane], unit.start_us));
    let mut ends: Vec<u64> = report.units.iter().rev().map(ends).collect();
    ends.reverse();
    report.units.iter().zip(ends).map(|(unit, end)| slice(unit, end)).collect()
}

fn slice(unit: &Unit, end: u64) -> Value {
    json!({
        "ph": "X",
        "name": format!("{} {}", unit.name(), unit.version).trim_end(),
        "cat": unit.outcome,
        "pid": 1,
        "tid": unit.lane + 1,
        "ts": unit.start_us,
        "dur": end.saturating_sub(unit.start_us),
        "args": {
            "kind": unit.kind,
            "outcome": unit.outcome,
            "why": unit.why,
            "compile_us": unit.compile_us,
            "meta_us": unit.meta_us,
            "saved_us": unit.saved_us,
            "bytes": unit.bytes,
            "timed": unit.timed,
            "on_path": unit.on_path,
        },
    })
}

fn arrow(phase: &str, number: usize, (unit, at): (&Unit, u64)) -> Value {
    let mut event = json!({
        "ph": phase, "name": "critical path", "cat": "path", "id": number, "pid": 1, "tid": unit.lane + 1, "ts": at,
    });
    if phase == "f" {
        event["bp"] = json!("e");
    }
    event
}
