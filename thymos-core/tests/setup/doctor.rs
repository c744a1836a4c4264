//! The doctor, on machines that are well and on machines that are not.

use serde_json::Value;

use crate::support::{Checkout, Run, World, package};

fn project(world: &World) -> Checkout<'_> {
    world.checkout("app", &package("app").file("src/main.rs", "fn main() {}"))
}

fn doctor(app: &Checkout<'_>, variables: &[(&str, &str)]) -> (Run, Value) {
    let mut command = app.command(env!("CARGO_BIN_EXE_thymos").as_ref());
    command.args(["doctor", "--json"]).env_remove("RUSTC_WRAPPER").envs(variables.iter().copied());
    let run = Run::of(&mut command);
    let report = serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("JSON: {error}: {run:#?}"));
    (run, report)
}

/// The check came to this state, in these words, and names the fix where there is something to fix.
fn found(report: &Value, check: &str, state: &str, words: &str) {
    let findings = report["findings"].as_array().expect("a list");
    let finding = findings.iter().find(|it| it["check"] == check).unwrap_or_else(|| panic!("{check}: {report:#}"));
    assert_eq!(finding["state"], state, "{report:#}");
    assert!(finding.to_string().contains(words), "{words}: {finding:#}");
    assert_eq!(finding["fix"].is_string(), state == "attention", "{finding:#}");
}

#[test]
fn a_machine_that_was_set_up_is_well() {
    let world = World::cached();
    let app = project(&world);
    world.env("CARGO_BUILD_RUSTFLAGS", "");
    app.write("../cargo-home/config.toml", format!("[build]\nrustc-wrapper = {:?}\n", env!("CARGO_BIN_EXE_thymos")));
    let (run, report) = doctor(&app, &[]);
    assert_eq!(run.status.code(), Some(0), "{report:#}");
    found(&report, "wrapper", "good", "config.toml");
    found(&report, "cache", "good", "2 of 2");
    found(&report, "system", "good", "a tool installs with: ");
    found(&report, "store", "good", "of 10.0 GB");
    assert_eq!(world.stats().invocations, 0, "the probe has a store of its own");
}

#[test]
fn a_machine_without_a_wrapper_is_told_to_set_one_up() {
    let world = World::cached();
    let (run, report) = doctor(&project(&world), &[]);
    assert_eq!(run.status.code(), Some(1));
    found(&report, "wrapper", "attention", "thymos setup");
}

#[test]
fn what_overrides_the_configuration_is_named() {
    let world = World::cached();
    let app = project(&world);
    app.write(
        ".cargo/config.toml",
        "[build]\nrustc-wrapper = \"/gone/thymos\"\nrustflags = [\"-Clink-arg=-fuse-ld=mold\"]\n",
    );
    let (_, report) =
        doctor(&app, &[("RUSTC_WRAPPER", ""), ("RUSTFLAGS", "-Cdebuginfo=0"), ("SCCACHE_REDIS", "secret")]);
    found(&report, "wrapper", "attention", "unset RUSTC_WRAPPER");
    found(&report, "rustflags", "attention", "RUSTFLAGS overrides build in");
    found(&report, "sccache", "attention", "SCCACHE_REDIS");
    assert!(!report.to_string().contains("secret"), "credentials are not printed");
}

#[test]
fn a_wrapper_that_is_gone_is_found_before_cargo_fails_on_it() {
    let world = World::cached();
    let app = project(&world);
    app.write(".cargo/config.toml", "[build]\nrustc-wrapper = \"/gone/thymos\"\n");
    let (run, report) = doctor(&app, &[]);
    assert_eq!(run.status.code(), Some(1));
    found(&report, "wrapper", "attention", "is not there");
}

#[test]
fn without_cargo_nothing_can_be_looked_at() {
    let world = World::cached();
    let (run, report) = doctor(&project(&world), &[("CARGO", "/no/such/cargo")]);
    assert_eq!(run.status.code(), Some(2), "{report:#}");
    found(&report, "cargo", "unknown", "failed to run cargo");
}

#[test]
fn a_configuration_that_cargo_cannot_read_is_named() {
    let world = World::cached();
    let app = project(&world);
    app.write(".cargo/config.toml", "[build\n");
    let (run, report) = doctor(&app, &[]);
    assert_eq!(run.status.code(), Some(1));
    found(&report, "config", "attention", "line 1");
}

#[test]
fn people_get_a_table_with_next_steps() {
    let world = World::cached();
    let app = project(&world);
    let mut command = app.command(env!("CARGO_BIN_EXE_thymos").as_ref());
    let run = Run::of(command.arg("doctor").env("RUSTC_WRAPPER", ""));
    assert_eq!(run.status.code(), Some(1));
    assert!(run.stdout.contains("Next steps\n  1. "), "{}", run.stdout);
    assert!(!run.stdout.contains('\u{1b}'), "no colour where there is no terminal");
}

#[test]
fn the_long_version_tells_how_it_was_built() {
    let world = World::cached();
    let text = world.thymos("--version --verbose").ok().stdout;
    for line in ["thymos ", "target: ", "built by: rustc ", "linked by: ", "system: "] {
        assert!(text.lines().any(|it| it.starts_with(line)), "{line}: {text}");
    }
    assert_eq!(world.thymos("--version").ok().stdout.lines().count(), 1);
}

#[test]
fn a_cache_directory_that_is_called_sccache_is_no_sccache() {
    let world = World::cached();
    let app = project(&world);
    app.write("caches/sccache/kept", "");
    let directory = app.path("caches/sccache").display().to_string();
    let (_, report) = doctor(&app, &[("THYMOS_DIR", &directory)]);
    found(&report, "sccache", "good", "not set");
}
