//! Packs and unpacks the cache of a real project and compares that with the build time that it saves, in one run.
//!
//! `cargo bench -p thymos-core --bench pack`
//!
//! The project is a service with tokio, axum, reqwest, serde and clap: some 170 crates. What counts is the last line: what a machine
//! that starts with nothing pays for the pack, once to take it in and once to make the next one, as a part of the build that it saves.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

const MANIFEST: &str = r#"[package]
name = "service"
version = "0.0.0"
edition = "2021"
[workspace]
[dependencies]
anyhow = "1"
axum = "0.8"
chrono = { version = "0.4", features = ["serde"] }
clap = { version = "4", features = ["derive"] }
itertools = "0.14"
rayon = "1"
regex = "1"
reqwest = { version = "0.12", default-features = false, features = ["charset", "json", "stream"] }
serde = { version = "1", features = ["derive"] }
serde_json = "1"
thiserror = "2"
tokio = { version = "1", features = ["full"] }
toml = "0.9"
tracing-subscriber = { version = "0.3", features = ["env-filter", "json"] }
uuid = { version = "1", features = ["v4"] }
"#;

fn main() {
    let scratch = tempfile::tempdir().expect("a scratch directory can be made");
    let project = scratch.path().join("project");
    std::fs::create_dir_all(project.join("src")).expect("the scratch directory is writable");
    std::fs::write(project.join("Cargo.toml"), MANIFEST).expect("the scratch directory is writable");
    std::fs::write(project.join("src/main.rs"), "fn main() {}").expect("the scratch directory is writable");
    run(Command::new("cargo").arg("fetch").current_dir(&project));

    let plain = build(&project, "");
    let cold = build_with(&project, scratch.path(), "one");
    let pack = thymos(scratch.path(), "one", &["pack", "--all", "cache.pack"]);
    let unpack = thymos(scratch.path(), "two", &["unpack", "cache.pack"]);
    let warm = build_with(&project, scratch.path(), "two");
    let bytes = std::fs::metadata(scratch.path().join("cache.pack")).expect("the pack was written").len();

    println!("a service of some 170 crates, dev profile, CARGO_INCREMENTAL=0");
    for (name, seconds) in [
        ("plain cargo", plain),
        ("thymos, empty cache", cold),
        ("thymos pack", pack),
        ("thymos unpack", unpack),
        ("thymos, unpacked cache", warm),
    ] {
        println!("  {name:<24} {seconds:>7.2} s");
    }
    println!("  {:<24} {:>7.1} MB", "size of the pack", bytes as f64 / 1e6);
    let part = 100.0 * (pack + unpack) / (plain - warm);
    println!("  pack and unpack are {part:.1} % of the {:.2} s that they save", plain - warm);
}

fn build_with(project: &Path, scratch: &Path, store: &str) -> f64 {
    build(project, &scratch.join(store).display().to_string())
}

/// Builds from a clean target directory, without the wrapper where there is no store, and returns the seconds.
fn build(project: &Path, store: &str) -> f64 {
    let _ = std::fs::remove_dir_all(project.join("target"));
    let wrapper = if store.is_empty() { "" } else { env!("CARGO_BIN_EXE_thymos") };
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--locked", "--offline"]).current_dir(project);
    seconds(cargo.env("RUSTC_WRAPPER", wrapper).env("THYMOS_DIR", store).env("CARGO_INCREMENTAL", "0"))
}

fn thymos(scratch: &Path, store: &str, arguments: &[&str]) -> f64 {
    let mut command = Command::new(env!("CARGO_BIN_EXE_thymos"));
    seconds(command.args(arguments).current_dir(scratch).env("THYMOS_DIR", scratch.join(store)))
}

fn seconds(command: &mut Command) -> f64 {
    let start = Instant::now();
    run(command);
    start.elapsed().as_secs_f64()
}

fn run(command: &mut Command) {
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("the program starts");
    assert!(status.success(), "{command:?} failed");
}
