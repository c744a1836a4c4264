//! From sccache to Thymos: what is understood is converted, what is not is named, and all of it comes back.

use crate::support::{Files, Run, World, package};

const DOCKERFILE: &str = "FROM rust:1.95\nRUN cargo install sccache --locked\nENV RUSTC_WRAPPER=sccache SCCACHE_DIR=/cache\nRUN --mount=type=cache,target=/cache cargo build && sccache --show-stats\n";
const WORKFLOW: &str = "env:\r\n  RUSTC_WRAPPER: sccache\r\n  SCCACHE_GHA_ENABLED: true\r\nsteps:\r\n  - uses: mozilla-actions/sccache-action@v0.0.9\r\n";
const CONFIG: &str = "[build]\nrustc-wrapper = \"sccache\" # fast\n";

fn project() -> Files {
    package("app")
        .file("src/main.rs", "fn main() {}")
        .file("Dockerfile", DOCKERFILE)
        .file(".github/workflows/ci.yml", WORKFLOW)
        .file(".cargo/config.toml", CONFIG)
}

/// Returns a world in which `thymos` is in PATH, which is what a committed wrapper needs.
#[cfg(unix)]
fn installed() -> World {
    let world = World::cached();
    world.env("CARGO_BUILD_RUSTFLAGS", "-Clink-arg=-fuse-ld=bfd");
    let bin = world.at("bin");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_thymos"), bin.path("thymos")).expect("the world is writable");
    let path = format!("{}:{}", bin.root().display(), std::env::var("PATH").expect("PATH is set"));
    world.env("PATH", &path);
    world
}

#[test]
fn a_committed_wrapper_that_nobody_has_is_not_written() {
    let world = World::cached();
    world.env("CARGO_BUILD_RUSTFLAGS", "-Clink-arg=-fuse-ld=bfd");
    let app = world.checkout("app", &project());
    let mut command = app.command(env!("CARGO_BIN_EXE_thymos").as_ref());
    let run = Run::of(command.args(["setup", "--workspace", "--from-sccache", "--yes"])).ok();
    assert!(run.stdout.contains("thymos is not in PATH"), "{run:#?}");
    assert_eq!(app.read(".cargo/config.toml"), CONFIG);
}

#[test]
#[cfg(unix)]
fn a_workspace_is_converted_and_comes_back() {
    let world = installed();
    let app = world.checkout("app", &project());
    let thymos = |words: &str| {
        let mut command = app.command(env!("CARGO_BIN_EXE_thymos").as_ref());
        Run::of(command.args(words.split_whitespace())).ok().stdout
    };
    let said = thymos("setup --workspace --from-sccache --yes");
    assert_eq!(app.read(".cargo/config.toml"), CONFIG.replace("sccache", "thymos"));
    assert!(app.read("Dockerfile").contains("ENV RUSTC_WRAPPER=thymos THYMOS_DIR=/cache\n"));
    assert!(app.read("Dockerfile").contains("cargo build && thymos stats\n"));
    assert!(app.read(".github/workflows/ci.yml").starts_with("env:\r\n  RUSTC_WRAPPER: thymos\r\n"));
    for left in [
        "Dockerfile:2: RUN cargo install sccache",
        "ci.yml:3: SCCACHE_GHA_ENABLED",
        "ci.yml:5: - uses: mozilla-actions",
    ] {
        assert!(said.contains(left), "{left}: {said}");
    }
    thymos("setup --workspace --undo");
    assert_eq!(app.read("Dockerfile"), DOCKERFILE);
    assert_eq!(app.read(".github/workflows/ci.yml"), WORKFLOW);
    assert_eq!(app.read(".cargo/config.toml"), CONFIG);
}

#[test]
fn a_recipe_that_was_edited_since_keeps_its_edits() {
    let world = World::cached();
    world.env("CARGO_BUILD_RUSTFLAGS", "-Clink-arg=-fuse-ld=bfd");
    let app = world.checkout("app", &project());
    let thymos =
        |words: &str| Run::of(app.command(env!("CARGO_BIN_EXE_thymos").as_ref()).args(words.split_whitespace())).ok();
    thymos("setup --workspace --from-sccache --yes");
    app.edit("Dockerfile", "rust:1.95", "rust:1.96");
    thymos("setup --workspace --undo");
    assert_eq!(app.read("Dockerfile"), DOCKERFILE.replace("1.95", "1.96"));
}

#[test]
fn the_users_own_wrapper_is_replaced_when_that_is_asked_for() {
    let world = World::cached();
    world.env("CARGO_BUILD_RUSTFLAGS", "-Clink-arg=-fuse-ld=bfd");
    let home = world.at("cargo-home");
    home.write("config.toml", CONFIG);
    world.thymos("setup --from-sccache --yes").ok();
    assert!(home.read("config.toml").contains("thymos\" # fast"), "{}", home.read("config.toml"));
    world.thymos("setup --undo").ok();
    assert_eq!(home.read("config.toml"), CONFIG);
}
