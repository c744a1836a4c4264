use super::*;
use crate::outcome::event::Event;
use crate::outcome::{Bypass, Degraded, Outcome};

const MS: u64 = 1000;

/// A build of four units, one of each outcome; names are as hostile as names can be.
pub(crate) fn sample() -> Report {
    let event = |outcome: Outcome, krate: &str, (begin, end): (u64, u64)| Event {
        outcome,
        krate: krate.into(),
        package: krate.into(),
        unit: krate.into(),
        kind: "lib".into(),
        version: "1.0.0".into(),
        at_ms: 1_795_653_900_000 + end,
        took_us: (end - begin) * MS,
        compile_us: (end - begin) * MS,
        bytes: 4_000,
        build: "b1".into(),
        workspace: "/home/somebody/projekt größe".into(),
        ..Event::default()
    };
    let hit = Event { compile_us: 900 * MS, ..event(Outcome::Hit, "base", (0, 2)) };
    let edited = Cause::Input { path: "</script><img src=x onerror=alert(1)>".into() };
    let miss = Event {
        deps: vec!["base".into()],
        meta_us: 40 * MS,
        ..event(Outcome::Miss(edited), "</table><script>alert('x')</script>", (5, 105))
    };
    let bypass = event(Outcome::Bypass(Bypass::Incremental), "app", (50, 51));
    let bypass = Event { compile_us: 0, deps: vec![miss.unit.clone()], ..bypass };
    let full = Degraded::Publish("no space left on device".into());
    let degraded = event(Outcome::Degraded(full), "late", (60, 90));
    Report::of(&Build::group(vec![hit, miss, bypass, degraded]).pop().expect("there are events"))
}

#[test]
fn json_holds_what_the_page_shows() {
    let report = sample();
    let json = serde_json::to_value(&report).expect("a report is plain data");
    assert_eq!(json["schema"], SCHEMA);
    for (field, value) in [("hits", 1), ("misses", 1), ("bypassed", 1), ("degraded", 1), ("saved_us", 898 * MS)] {
        assert_eq!(json[field], value, "{field}");
    }
    assert_eq!(
        json["path"],
        serde_json::json!([
            { "unit": 0, "busy_us": 2 * MS, "idle_us": 3 * MS, "then": "dependency" }, { "unit": 1, "busy_us": 100 * MS, "idle_us": 0, "then": "end" }
        ])
    );
    assert_eq!(json["units"][2]["deps"], serde_json::json!([1]));
    assert_eq!(json["units"][2]["timed"], false);
}

#[test]
fn no_name_reaches_the_page_as_markup() {
    let page = html::render(&sample());
    assert!(!page.contains("<img") && !page.contains("</table><script>"), "{page}");
    assert_eq!(page.matches("<script").count(), 1);
    assert!(page.contains("&lt;/table&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"));
    assert!(!page.contains("/home/somebody"), "the page tells no one where the workspace lies");
}

#[test]
fn the_page_loads_nothing_and_names_no_other_place() {
    let page = html::render(&sample());
    for loads in ["http:", "https:", "src=", "@import", "url(//", "<link", "<iframe"] {
        let shown = page.replace("img src=x", "");
        assert!(!shown.contains(loads), "{loads}");
    }
    let mark = page.split("nonce-").nth(1).map(|rest| &rest[..32]).expect("the policy names a mark");
    assert_eq!(page.matches(&format!("nonce=\"{mark}\"")).count(), 2);
}

#[test]
fn every_trace_event_has_what_its_phase_asks_for() {
    let trace = trace::render(&sample());
    let events = trace["traceEvents"].as_array().expect("the object form");
    for event in events {
        let phase = event["ph"].as_str().expect("a phase");
        let needed: &[&str] = match phase {
            "X" => &["name", "cat", "ts", "dur", "pid", "tid"],
            "M" => &["name", "pid", "tid", "args"],
            "s" => &["name", "cat", "id", "ts", "pid", "tid"],
            "f" => &["name", "cat", "id", "ts", "pid", "tid", "bp"],
            other => panic!("no phase of ours: {other}"),
        };
        assert!(needed.iter().all(|field| !event[*field].is_null()), "{event}");
    }
    let count = |phase: &str| events.iter().filter(|event| event["ph"] == phase).count();
    assert_eq!((count("X"), count("s"), count("f")), (4, 1, 1));
}

#[test]
fn slices_of_one_row_do_not_overlap() {
    let event = |krate: &str, (begin, end): (u64, u64)| Event {
        krate: krate.into(),
        at_ms: 1_000 + end,
        took_us: (end - begin) * MS + 400,
        build: "b".into(),
        ..Event::default()
    };
    let build = Build::group(vec![event("a", (0, 10)), event("b", (10, 20)), event("c", (20, 30))]).pop();
    let report = Report::of(&build.expect("there are events"));
    assert_eq!(report.lanes, 1, "the overlap of 0.4 ms is rounding");
    let trace = trace::render(&report);
    let slices = trace["traceEvents"].as_array().into_iter().flatten().filter(|event| event["ph"] == "X");
    let spans: Vec<(u64, u64)> = slices
        .filter_map(|event| Some((event["ts"].as_u64()?, event["ts"].as_u64()? + event["dur"].as_u64()?)))
        .collect();
    assert_eq!(spans.len(), 3);
    assert!(spans.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{spans:?}");
}
