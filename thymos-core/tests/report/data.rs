//! The forms for scripts, of a real build.

use serde_json::Value;

use crate::support::{Checkout, Files, World, workspace};

/// Two crates, of which the second depends on the first.
fn two() -> Files {
    workspace(&["base", "app"])
        .file("base/src/lib.rs", "pub fn answer() -> u32 {\n    42\n}\n")
        .file("app/Cargo.toml", "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[dependencies]\nbase = { path = \"../base\" }\n")
        .file("app/src/main.rs", "fn main() {\n    println!(\"{}\", base::answer());\n}\n")
}

fn report(here: &Checkout<'_>, arguments: &str) -> Value {
    let run = here.thymos(arguments).ok();
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:#?}"))
}

fn names(report: &Value, field: &str) -> Vec<String> {
    let units = report[field].as_array().expect("a list");
    let name = |unit: &Value| {
        let unit =
            if field == "units" { unit } else { &report["units"][unit["unit"].as_u64().expect("an index") as usize] };
        unit["crate"].as_str().expect("a name").to_owned()
    };
    units.iter().map(name).collect()
}

#[test]
fn a_build_is_told_with_its_units_and_what_it_waited_for() {
    let world = World::cached();
    let here = world.checkout("here", &two());
    here.cargo("build").ok();
    let cold = report(&here, "report --format json");
    assert_eq!((&cold["schema"], &cold["misses"], &cold["hits"]), (&1.into(), &2.into(), &0.into()), "{cold:#}");
    assert_eq!(names(&cold, "units"), ["base", "app"]);
    assert_eq!(names(&cold, "path"), ["base", "app"]);
    assert_eq!(cold["units"][1]["deps"], serde_json::json!([0]));
    assert_eq!(cold["workspace"], here.root().display().to_string());

    here.clean();
    here.cargo("build").ok();
    let warm = report(&here, "report --format json");
    assert_eq!(
        (&warm["misses"], &warm["hits"], &warm["costs"]),
        (&0.into(), &2.into(), &serde_json::json!([])),
        "{warm:#}"
    );
    assert_ne!(cold["build"], warm["build"]);
}

#[test]
fn the_last_build_of_this_workspace_is_told_and_not_that_of_another() {
    let world = World::cached();
    let (here, there) = (world.checkout("here", &two()), world.checkout("there", &two()));
    here.cargo("build").ok();
    there.cargo("build").ok();
    let told = report(&here, "report --format json");
    assert_eq!(told["workspace"], here.root().display().to_string());
    assert_eq!(told["misses"], 2, "{told:#}");
}

#[test]
fn a_trace_has_a_slice_for_every_unit() {
    let world = World::cached();
    let here = world.checkout("here", &two());
    here.cargo("build").ok();
    let trace = report(&here, "report --format trace");
    let events = trace["traceEvents"].as_array().expect("the object form");
    assert_eq!(events.iter().filter(|event| event["ph"] == "X").count(), 2, "{trace:#}");
}

#[test]
fn without_a_build_the_next_step_is_named_and_no_file_is_written() {
    let world = World::cached();
    let here = world.at("here");
    let run = here.thymos("report");
    assert_eq!(run.status.code(), Some(2), "{run:#?}");
    assert!(run.stderr.starts_with("thymos: no build is recorded") && run.stderr.contains("cargo build"), "{run:#?}");
    assert!(!here.root().join("thymos-report.html").exists());
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let world = World::cached();
    let here = world.checkout("here", &two());
    here.cargo("build").ok();
    let run = here.thymos("report -o nowhere/report.html");
    assert_eq!(run.status.code(), Some(2), "{run:#?}");
    assert_eq!(run.stderr, "thymos: failed to write `nowhere/report.html`: no such file or directory\n");
}
