//! Whole files, from workspaces written down as Cargo would tell them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::{Value, json};

use super::linker::Configured;
use super::options::{Options, Preset};
use super::project::{Found, Lock, Project};
use super::toolchain::{self, Pinned};
use super::{compose, dockerfile, ignore, script};
use crate::cli::metadata::Metadata;

fn package(name: &str, programs: &[&str]) -> Value {
    let targets: Vec<Value> = programs.iter().map(|it| json!({ "name": it, "kind": ["bin"] })).collect();
    json!({ "id": format!("path+file:///w/{name}#0.1.0"), "name": name, "targets": targets })
}

fn metadata(packages: &[Value]) -> Metadata {
    let ids: Vec<&Value> = packages.iter().map(|it| &it["id"]).collect();
    let text = json!({
        "packages": packages, "workspace_members": ids, "workspace_default_members": ids,
        "resolve": { "nodes": [] }, "workspace_root": "/w", "target_directory": "/w/target",
    });
    Metadata::parse(text.to_string().as_bytes()).unwrap()
}

fn found(packages: &[Value]) -> Found {
    Found {
        metadata: metadata(packages),
        pinned: Pinned::default(),
        configured: Configured::default(),
        target: None,
        lock: Lock::There,
    }
}

fn project(packages: &[Value]) -> Project {
    Project::decide(found(packages), Options::default()).unwrap()
}

/// A logical line of a Dockerfile: what a RUN says is one.
fn lines(text: &str) -> Vec<String> {
    let joined = text.replace("\\\n", "");
    joined.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn the_build_mounts_downloads_and_the_cache_and_no_target_directory() {
    let text = dockerfile::render(&project(&[package("app", &["app"])]));
    let lines = lines(&text);
    let run = lines.iter().find(|line| line.contains("thymos build")).unwrap();
    for mount in [
        "--mount=type=cache,id=cargo-registry,sharing=locked,target=/usr/local/cargo/registry",
        "--mount=type=cache,id=cargo-git,sharing=locked,target=/usr/local/cargo/git",
        "--mount=type=cache,id=thymos-${TARGETARCH},sharing=shared,target=/sccache",
        "thymos build --locked --profile \"$PROFILE\" --package app --bin app",
    ] {
        assert!(run.contains(mount), "{mount}: {run}");
    }
    assert!(!text.contains("target=/src"), "{text}");
    for line in ["USER 10001:10001", "ENTRYPOINT [\"/usr/local/bin/app\"]", "ARG THYMOS_IMAGE=thymos-agent:latest"] {
        assert!(lines.iter().any(|it| it == line), "{line}: {text}");
    }
}

#[test]
fn nothing_is_written_that_an_old_builder_cannot_read() {
    for preset in [Preset::Mounts, Preset::Chef] {
        let options = Options { preset: Some(preset), ..Options::default() };
        let text = dockerfile::render(&Project::decide(found(&[package("app", &["app"])]), options).unwrap());
        for modern in ["<<", "--link", "# syntax", "COPY --from=$", "--chmod"] {
            assert!(!text.contains(modern), "{modern}: {text}");
        }
    }
}

#[test]
fn the_program_is_the_only_one_or_the_default_or_the_chosen_one() {
    let name = |found: Found, bin: Option<&str>| {
        let options = Options { bin: bin.map(str::to_owned), ..Options::default() };
        Project::decide(found, options).map(|it| it.program.name)
    };
    let two = || found(&[package("a", &["a", "b"]), package("lib", &[])]);
    assert_eq!(name(two(), None).unwrap_err(), "there are several programs; choose one with --bin: a, b");
    assert_eq!(name(two(), Some("b")).unwrap(), "b");
    assert_eq!(name(two(), Some("c")).unwrap_err(), "there is no program \"c\" here; there are: a, b");
    assert!(name(found(&[package("lib", &[])]), None).unwrap_err().contains("no program"));
    let mut with_default = package("a", &["a", "b"]);
    with_default["default_run"] = json!("b");
    assert_eq!(name(found(&[with_default]), None).unwrap(), "b");
    assert!(name(found(&[package("a", &["a; rm -rf"])]), None).unwrap_err().contains("cannot stand"));
}

#[test]
fn what_the_workspace_pins_and_configures_reaches_the_image() {
    let old = Found {
        pinned: toolchain::parse("rust-toolchain.toml", "[toolchain]\nchannel='1.80'"),
        ..found(&[package("a", &["a"])])
    };
    let text = dockerfile::render(&Project::decide(old, Options::default()).unwrap());
    assert!(text.contains("ARG RUST_IMAGE=rust:1.80-slim-bookworm\n"), "{text}");
    assert!(text.contains("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS=-Clink-arg=-fuse-ld=mold"), "{text}");
    assert!(text.contains("install --yes --no-install-recommends mold "), "{text}");
    assert!(text.contains("COPY rust-toolchain.toml ./\n"), "{text}");

    let cross = Found {
        target: Some("x86_64-unknown-linux-gnu".to_owned()),
        lock: Lock::Missing,
        ..found(&[package("a", &["a"])])
    };
    let text = dockerfile::render(&Project::decide(cross, Options::default()).unwrap());
    assert!(text.contains("/out target/x86_64-unknown-linux-gnu/*/a "), "{text}");
    assert!(!text.contains("--locked"), "there is no lock file: {text}");
}

#[test]
fn a_description_cannot_leave_its_label() {
    let mut odd = package("a", &["a"]);
    odd["description"] = json!("say \"hi\" to $USER\nand \\ more");
    let text = dockerfile::render(&project(&[odd]));
    assert!(text.contains(r#"description="say \"hi\" to \$USER and \\ more""#), "{text}");
}

#[test]
fn the_workspace_of_thymos_builds_its_own_wrapper() {
    let text = dockerfile::render(&project(&[package("thymos-core", &["thymos"])]));
    assert!(text.contains("ARG THYMOS_IMAGE=${RUST_IMAGE}\n") && text.contains("WORKDIR /thymos\n"), "{text}");
    let options = Options { wrapper: Some("corp/tools:1".to_owned()), ..Options::default() };
    let named = Project::decide(found(&[package("thymos-core", &["thymos"])]), options).unwrap();
    let text = dockerfile::render(&named);
    assert!(text.contains("ARG THYMOS_IMAGE=corp/tools:1\n") && !text.contains("WORKDIR /thymos\n"), "{text}");
}

#[test]
fn names_go_through_every_file() {
    let names = |name: &str| Some(name.to_owned());
    let options = Options {
        image: names("corp/app"),
        dockerfile: names("Containerfile"),
        compose: names("c.yml"),
        script: names("build-image.sh"),
        ..Options::default()
    };
    let project = Project::decide(found(&[package("app", &["app"])]), options).unwrap();
    let compose = compose::render(&project);
    assert!(compose.contains("dockerfile: Containerfile\n") && compose.contains("\n  app:\n"), "{compose}");
    let script = script::render(&project);
    assert!(
        script.contains("dockerfile=Containerfile\ntag=corp/app:latest\n") && !script.contains("@IMAGE@"),
        "{script}"
    );
    let ignored = ignore::render(&project, "");
    assert!(ignored.contains("Containerfile\n") && ignored.contains("c.yml\n"), "{ignored}");
}

#[test]
fn an_ignore_file_keeps_its_lines_and_is_then_complete() {
    let project = project(&[package("app", &["app"])]);
    let text = ignore::render(&project, "secret\n/target/\n!.env");
    assert!(text.starts_with("secret\n/target/\n!.env\n\n# Added"), "{text}");
    assert_eq!(text.matches("target").count(), 1, "what is there is not added: {text}");
    assert!(!text.contains("\n.env\n"), "a person wants this file in the context: {text}");
    assert_eq!(ignore::render(&project, &text), text);
}
