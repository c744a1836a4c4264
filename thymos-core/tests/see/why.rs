//! `thymos why`, as people and scripts read it.

use serde_json::{Value, json};

use crate::log::{after, at_width, event, minutes_ago, miss, write};
use crate::snapshot::{assert_fits, assert_snapshot};
use crate::support::{Run, World, package};

/// A build with one edited file, flags of a variable, a result that contains its path and what is never cached.
fn events() -> Vec<Value> {
    let mut events: Vec<Value> = (0..43).map(|n| event("hit", &format!("hit{n}"), json!({}))).collect();
    events.push(miss("leaf", "input changed", json!({ "kind": "input", "path": "leaf/src/lib.rs" })));
    events.push(after("part", "leaf"));
    events.push(after("app", "part"));
    for krate in ["serde", "serde_core", "regex_automata", "clap_builder", "tokio", "hyper", "rustls", "ring", "bytes"]
    {
        let flags = json!({ "kind": "flags", "variable": "RUSTFLAGS", "from": "", "to": "-C target-cpu=native" });
        events.push(miss(krate, "flag changed", flags));
    }
    let by = "env!(\"CARGO_MANIFEST_DIR\") in assets/src/lib.rs";
    let contains = json!({ "kind": "root-path", "root": "checkout", "place": "/home/user/other-checkout", "by": by });
    events.push(miss("assets", "contains the path of another checkout", contains));
    events.push(miss("tool", "profile changed", json!({ "kind": "profile", "from": "dev", "to": "release" })));
    let fields = json!({ "kind": "build-script", "package": "serde", "reason": "never seen", "cause": { "kind": "never-seen" } });
    events.push(event("miss", "build_script_build", fields));
    let probe = json!({ "kind": "check", "reason": "failed probe of a build script", "compile_us": 30_000 });
    events.push(event("bypass", "probe", probe));
    events.push(miss("old", "evicted", json!({ "kind": "evicted", "at_ms": minutes_ago(125) })));
    events.push(event("bypass", "wip", json!({ "reason": "left to incremental compilation", "compile_us": 0 })));
    events.push(event("degraded", "lost", json!({ "reason": "publish failed: no space left on device" })));
    events
}

#[test]
fn the_last_build_reads_at_a_glance_at_any_width() {
    let world = World::cached();
    write(&world, &events());
    for width in [60, 80, 120] {
        let text = at_width(&world, "why", width).ok().stdout;
        assert_fits(&text, width);
        assert_snapshot(&format!("why-{width}"), &text);
    }
}

#[test]
fn a_crates_history_goes_through_every_build() {
    let world = World::cached();
    let earlier = json!({ "build": "b0", "at_ms": minutes_ago(185) });
    write(&world, &[event("hit", "app", earlier)]);
    write(&world, &events());
    for width in [60, 80, 120] {
        let text = at_width(&world, "why app", width).ok().stdout;
        assert_fits(&text, width);
        assert_snapshot(&format!("why-crate-{width}"), &text);
    }
    let json: Value = serde_json::from_str(&at_width(&world, "why app --json", 80).ok().stdout).expect("it is JSON");
    assert_eq!((&json["schema"], json["units"].as_array().map(Vec::len)), (&json!(1), Some(2)));
    assert_eq!(json["units"][0]["cause"]["kind"], "dependency");
    let last = at_width(&world, "why app --last --json", 80).ok().stdout;
    assert_eq!(serde_json::from_str::<Value>(&last).expect("it is JSON")["units"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_cascade_is_one_item_for_scripts_too() {
    let world = World::cached();
    write(&world, &events());
    let json: Value = serde_json::from_str(&at_width(&world, "why --json", 80).ok().stdout).expect("it is JSON");
    assert_eq!((&json["schema"], &json["builds"][0]["hits"]), (&json!(1), &json!(43)));
    let items = json["builds"][0]["items"].as_array().expect("a list");
    let item = items.iter().find(|item| item["because"] == "leaf/src/lib.rs changed").expect("it is told");
    assert_eq!(item["units"].as_array().map(Vec::len), Some(1));
    assert_eq!(item["dependents"].as_array().map(Vec::len), Some(2));
    let told: usize = items
        .iter()
        .map(|item| ["units", "dependents"].map(|list| item[list].as_array().map_or(0, Vec::len)).iter().sum::<usize>())
        .sum();
    assert_eq!(told, events().len() - 43, "every unit that was no hit is in one item");
}

#[test]
fn damaged_lines_are_counted_and_never_a_failure() {
    let world = World::cached();
    write(&world, &events());
    let store = world.at("store/v1/events");
    let file = store.files_below(".").into_iter().find(|path| path.ends_with(".jsonl")).expect("there are events");
    let mut bytes = store.bytes(&file);
    bytes.extend_from_slice(b"{\"schema\":2,\"at_\n\xff\xfe\n");
    store.write(&file, bytes);
    let run = at_width(&world, "why", 80).ok();
    assert_eq!(run.stderr, "thymos: 2 lines of the log could not be read\n");
    assert!(run.stdout.contains("leaf/src/lib.rs changed"), "{run:#?}");
}

#[test]
fn without_a_build_or_a_crate_of_that_name_it_says_what_to_do() {
    let world = World::cached();
    let run = at_width(&world, "why", 80);
    assert_eq!(run.status.code(), Some(2));
    assert!(run.stderr.starts_with("thymos: no build is recorded in "), "{run:#?}");
    assert!(run.stderr.contains("build something first: thymos build"), "{run:#?}");
    write(&world, &events());
    let run = at_width(&world, "why nonesuch", 80);
    assert_eq!((run.status.code(), run.stdout.as_str()), (Some(2), ""), "{run:#?}");
}

#[test]
fn a_real_edit_is_told_from_inside_the_workspace() {
    let world = World::cached();
    let files = package("app")
        .file("src/lib.rs", "pub fn text() -> &'static str { \"built\" }")
        .file("src/main.rs", "fn main() { println!(\"{}\", app::text()) }");
    let here = world.checkout("here", &files);
    here.cargo("build").ok();
    here.clean();
    here.edit("src/lib.rs", "built", "edited").cargo("build").ok();
    let mut command = here.command(env!("CARGO_BIN_EXE_thymos").as_ref());
    let text = Run::of(command.current_dir(here.path("src")).arg("why")).ok().stdout;
    assert!(text.contains("0 of 2 units from the cache"), "{text}");
    assert!(text.contains("src/lib.rs changed\n"), "{text}");
    assert!(text.contains("app (lib)\n") && text.contains("and what depends on it: app (bin)\n"), "{text}");
}
