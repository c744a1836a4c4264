//! A workspace's configuration: what is committed works for everybody, what is about this machine is not committed.

use std::process::Command;

use crate::support::{Checkout, Files, World, package, require_tool};

fn project() -> Files {
    package("app").file("src/main.rs", "fn main() {}").file(".cargo/config.toml", "[alias]\nb = \"build\"\n")
}

/// Returns a repository in a world whose linker is chosen already.
fn repository(world: &World) -> Option<Checkout<'_>> {
    world.env("CARGO_BUILD_RUSTFLAGS", "-Clink-arg=-fuse-ld=bfd");
    if !require_tool("git") {
        return None;
    }
    let app = world.checkout("app", &project());
    let done = app.command("git".as_ref()).args(["init", "--quiet"]).status().expect("git starts");
    done.success().then_some(app)
}

fn thymos(app: &Checkout<'_>, words: &str) -> String {
    let mut command: Command = app.command(env!("CARGO_BIN_EXE_thymos").as_ref());
    command.args(words.split_whitespace());
    crate::support::Run::of(&mut command).ok().stdout
}

#[test]
fn this_machines_settings_are_included_ignored_and_taken_back() {
    let world = World::cached();
    let Some(app) = repository(&world) else { return };
    let before = app.files_below(".cargo");
    thymos(&app, "setup --workspace --yes");
    assert!(
        app.read(".cargo/config.toml").starts_with("include = [{ path = \"thymos.local.toml\", optional = true }]")
    );
    assert!(app.read(".cargo/thymos.local.toml").contains("rustc-wrapper"));
    assert_eq!(app.read(".cargo/.gitignore"), "thymos.local.toml\n");
    assert!(thymos(&app, "setup --workspace --yes").contains("Nothing to change"));

    let run = app.cargo("build").env_remove("RUSTC_WRAPPER").ok();
    assert!(run.status.success());
    assert_eq!(world.stats().misses, 1, "the wrapper of the included file ran");

    thymos(&app, "setup --workspace --undo");
    assert_eq!(app.read(".cargo/config.toml"), "[alias]\nb = \"build\"\n");
    assert_eq!(app.files_below(".cargo"), before);
}

#[test]
fn a_colleague_without_the_local_file_builds() {
    let world = World::cached();
    let Some(app) = repository(&world) else { return };
    thymos(&app, "setup --workspace --yes");
    app.remove(".cargo/thymos.local.toml");
    app.cargo("build").env("RUSTC_WRAPPER", "").ok();
}

#[test]
fn what_is_ignored_already_needs_no_second_list() {
    let world = World::cached();
    let Some(app) = repository(&world) else { return };
    app.write(".gitignore", "*.local.toml\n");
    thymos(&app, "setup --workspace --yes");
    assert!(!app.path(".cargo/.gitignore").exists());
}

#[test]
fn a_key_of_the_committed_file_is_not_hidden_behind_the_include() {
    let world = World::cached();
    let Some(app) = repository(&world) else { return };
    app.write(".cargo/config.toml", "[build]\nrustc-wrapper = \"sccache\"\n");
    assert!(thymos(&app, "setup --workspace --yes").contains("Left alone: build.rustc-wrapper"));
    assert!(!app.path(".cargo/thymos.local.toml").exists());
}

#[test]
fn outside_of_a_workspace_there_is_nothing_to_edit() {
    let world = World::cached();
    let run = world.thymos("setup --workspace --yes");
    assert_eq!(run.status.code(), Some(2));
    assert!(run.stderr.contains("there is no workspace here"), "{}", run.stderr);
}
