//! The files themselves: where they are written, when they are not, and what linters say to them.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::engine::project;
use crate::support::{Checkout, Run, World, package, require_tool};

fn thymos(here: &Checkout<'_>, words: &str) -> Run {
    let mut command = here.command(env!("CARGO_BIN_EXE_thymos").as_ref());
    Run::of(command.arg("docker").args(words.split_whitespace()))
}

const FILES: [&str; 4] =
    ["Dockerfile.sccache", "docker-compose.sccache.yml", "docker-sccache-build.sh", ".dockerignore"];

#[test]
fn the_files_of_this_repository_are_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace is above");
    let mut command = Command::new(env!("CARGO_BIN_EXE_thymos"));
    let run = Run::of(command.args(["docker", "--check"]).current_dir(root));
    assert!(run.status.success(), "{run:#?}");
}

#[test]
fn what_is_there_is_shown_and_kept_until_somebody_says_yes() {
    let world = World::cached();
    let here = world.checkout("app", &project("app"));
    here.write(FILES[0], "FROM scratch\n").write(".dockerignore", "secret\n");
    let run = thymos(&here, "");
    assert_eq!(run.status.code(), Some(2), "{run:#?}");
    assert!(run.stdout.contains("-FROM scratch") && run.stdout.contains("+FROM toolchain AS build"), "{run:#?}");
    assert_eq!(here.read(FILES[0]), "FROM scratch\n");
    assert!(!here.path(FILES[1]).exists());
    thymos(&here, "--dry-run").ok();
    assert_eq!(here.read(FILES[0]), "FROM scratch\n");
    assert_eq!(thymos(&here, "--check").status.code(), Some(1));

    thymos(&here, "--yes").ok();
    assert!(here.read(FILES[0]).contains("FROM toolchain AS build"));
    assert!(here.read(".dockerignore").starts_with("secret\n"), "the lines of a person stay");
    assert!(thymos(&here, "--check").ok().stdout.contains("up to date"));
    thymos(&here, "--check --bin app --base rust:1-slim-trixie").fails_with(1);
}

#[test]
fn options_in_the_manifest_need_no_repetition() {
    let world = World::cached();
    let files = project("app").append("Cargo.toml", "[workspace.metadata.thymos.docker]\nimage = \"corp/service\"\n");
    let here = world.checkout("app", &files);
    thymos(&here, "--yes").ok();
    assert!(here.read(FILES[2]).contains("tag=corp/service:latest\n"));
    thymos(&here, "--check").ok();
}

#[test]
fn what_cannot_work_is_refused_in_words() {
    let world = World::cached();
    let here = world.checkout("app", &package("app").file("src/main.rs", "fn main() {}"));
    assert!(thymos(&here, "--base rust:alpine").fails_with(2).stderr.contains("musl"));
    assert!(thymos(&here, "--bin other").fails_with(2).stderr.contains("there are: app"));
    let library = world.checkout("library", &package("library").file("src/lib.rs", ""));
    assert!(thymos(&library, "--yes").fails_with(2).stderr.contains("no program"));
    let nothing = world.at("nothing");
    assert!(thymos(&nothing, "").fails_with(2).stderr.contains("could not find `Cargo.toml`"));
}

#[test]
fn linters_find_nothing() {
    let world = World::cached();
    if !require_tool("shellcheck") {
        return;
    }
    for preset in ["mounts", "chef"] {
        let here = world.checkout(preset, &project("app"));
        thymos(&here, &format!("--yes --preset {preset}")).ok();
        lint(&here, "shellcheck", &[FILES[2]]);
        lint_if_there(&here, "hadolint", &[FILES[0]]);
        lint_if_there(&here, "check-jsonschema", &["--builtin-schema", "vendor.compose-spec", FILES[1]]);
    }
}

fn lint(here: &Checkout<'_>, program: &str, arguments: &[&str]) {
    Run::of(here.command(program.as_ref()).args(arguments)).ok();
}

/// Lints with what only PyPI has.
fn lint_if_there(here: &Checkout<'_>, program: &str, arguments: &[&str]) {
    match Command::new(program).arg("--version").stdin(Stdio::null()).output() {
        Ok(_) => lint(here, program, arguments),
        Err(_) => eprintln!("skipped: `{program}` is not installed (PyPI has it)"),
    }
}

trait FailsWith {
    fn fails_with(self, code: i32) -> Self;
}

impl FailsWith for Run {
    fn fails_with(self, code: i32) -> Run {
        assert_eq!(self.status.code(), Some(code), "{self:#?}");
        self
    }
}
