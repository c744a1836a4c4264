//! `thymos bench`: it times copies, shows the table, and leaves nothing of the user's changed and nothing behind.

use std::collections::BTreeMap;
use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::support::{Checkout, Files, Mode, Run, World, package, require_tool};

fn bench(app: &Checkout<'_>, words: &str) -> Command {
    let mut command = app.command(env!("CARGO_BIN_EXE_thymos").as_ref());
    command.arg("bench").args(words.split_whitespace()).env("TMPDIR", app.world().at("tmp").root());
    command.env("CARGO_NET_OFFLINE", "true");
    command
}

fn contents(app: &Checkout<'_>) -> BTreeMap<String, Vec<u8>> {
    let files = app.files_below(".").into_iter().filter(|path| !path.ends_with("bench.json"));
    files.map(|path| (path.clone(), app.bytes(&path))).collect()
}

fn git(directory: PathBuf, words: &str) {
    let status = Command::new("git").args(words.split_whitespace()).current_dir(directory).status();
    assert!(status.expect("git starts").success(), "git {words}");
}

fn assert_nothing_is_left(world: &World) {
    let left: Vec<_> = std::fs::read_dir(world.at("tmp").root()).expect("it was made").flatten().collect();
    assert!(left.is_empty(), "{left:?}");
}

/// A workspace in a subdirectory of a repository, with a package beside the repository that it depends on.
fn project() -> Files {
    let manifest = "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[dependencies]\nutil = { path = \"../../util\" }\n";
    Files::default()
        .file("repo/README.md", "hello")
        .file("repo/rust/Cargo.toml", manifest)
        .file("repo/rust/src/lib.rs", "pub const README: &str = include_str!(\"../../README.md\");\nmod new;\n")
        .file("repo/rust/src/new.rs", "pub fn value() -> u8 { util::value() }")
        .file("repo/rust/target/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55")
        .file("repo/rust/target/huge", "left behind")
        .file("util/Cargo.toml", "[package]\nname = \"util\"\nversion = \"0.1.0\"\nedition = \"2021\"\n")
        .file("util/src/lib.rs", "pub fn value() -> u8 { 1 }")
}

#[test]
fn a_workspace_is_timed_as_it_lies_there_and_nothing_of_it_changes() {
    if !require_tool("git") {
        return;
    }
    let world = World::new(Mode::Plain);
    let all = world.checkout("w ü", &project());
    git(all.path("repo"), "init --quiet");
    git(all.path("repo"), "add README.md rust/Cargo.toml rust/src/lib.rs");
    let before = contents(&all);
    let run = Run::of(bench(&all, "-o ../../bench.json -- --release").current_dir(all.path("repo/rust"))).ok();
    for row in ["First build", "Clean rebuild", "Other checkout", "After an edit"] {
        assert!(run.stdout.lines().any(|line| line.starts_with(row)), "{run:#?}");
    }
    let json: serde_json::Value = serde_json::from_str(&all.read("bench.json")).expect("it is JSON");
    assert_eq!(
        (&json["schema"], &json["command"][0], &json["command"][1]),
        (&1.into(), &"build".into(), &"--release".into())
    );
    let calls =
        |at: usize| ["hits", "misses", "bypassed"].map(|key| json["builds"][at][key].as_u64().expect("a count"));
    assert_eq!((calls(0), calls(1)), ([0, 2, 0], [2, 0, 0]), "{json:#}");
    assert_eq!(calls(3).iter().sum::<u64>(), 1, "only the edited package is built again: {json:#}");
    assert_eq!(contents(&all), before, "nothing of the user's is written");
    assert_nothing_is_left(&world);
    assert!(world.events().is_empty(), "the store is one of its own");
}

#[test]
fn a_build_that_fails_is_told_in_cargos_words() {
    let world = World::new(Mode::Plain);
    let app = world.checkout("app", &package("app").file("src/lib.rs", "fn wrong() -> u8 { missing }"));
    let run = Run::of(&mut bench(&app, "-- check"));
    assert_eq!(run.status.code(), Some(2));
    assert!(run.stderr.contains("cannot find value `missing`"), "{run:#?}");
    assert_nothing_is_left(&world);
    let nowhere = world.at("nowhere");
    let run = Run::of(&mut bench(&nowhere, ""));
    assert_eq!((run.status.code(), run.stderr.contains("could not find `Cargo.toml`")), (Some(2), true), "{run:#?}");
}

#[test]
fn an_interrupted_bench_leaves_nothing_behind() {
    let world = World::new(Mode::Plain);
    let files = package("app").file("src/lib.rs", "").file(
        "build.rs",
        "fn main() { std::fs::write(std::env::var(\"FIFO\").unwrap(), \"x\").unwrap(); loop { std::thread::park() } }",
    );
    let app = world.checkout("app", &files);
    let fifo = world.root().join("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().expect("mkfifo starts").success());
    let mut command = bench(&app, "");
    command.env("FIFO", &fifo).process_group(0).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("thymos starts");
    // The build script opens the other end when it runs, which is in the middle of the first build.
    let mut said = String::new();
    std::fs::File::open(&fifo).and_then(|mut fifo| fifo.read_to_string(&mut said)).expect("the build script writes");
    // The terminal sends its signal to the whole group.
    let group = format!("-{}", child.id());
    assert!(Command::new("kill").args(["-INT", "--", &group]).status().expect("kill starts").success());
    assert_eq!(child.wait().expect("it ends").signal(), Some(2));
    assert_nothing_is_left(&world);
}
