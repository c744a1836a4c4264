//! The name `sccache`: what people, scripts and CI steps run today goes on working, from Thymos's store.

use std::path::Path;
use std::process::Command;

use crate::support::{Checkout, Mode, Run, World, package};

/// A machine on which `thymos` is installed in a directory that is in PATH, and answers to sccache's name.
struct Machine {
    world: World,
}

impl Machine {
    fn new() -> Machine {
        let machine = Machine::without_alias();
        Run::of(&mut machine.command("thymos setup --sccache-alias --yes")).ok();
        machine
    }

    fn without_alias() -> Machine {
        let world = World::new(Mode::Plain);
        let bin = world.at("bin");
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_thymos"), bin.path("thymos")).expect("the world is writable");
        Machine { world }
    }

    /// Returns a command in a home of its own, with nothing of Thymos's or sccache's set.
    fn command(&self, words: &str) -> Command {
        self.command_in(self.world.root(), words)
    }

    fn command_in(&self, directory: &Path, words: &str) -> Command {
        let mut words = words.split_whitespace();
        let program = words.next().expect("a program is named");
        let bin = self.world.at("bin");
        // The system finds a program in the PATH of this process, not in the one that the command will have.
        let there = bin.path(program);
        let mut command = Command::new(if there.exists() { there } else { program.into() });
        command.args(words).current_dir(directory);
        self.world.prepare(&mut command);
        command.env_remove("THYMOS_DIR").env_remove("RUSTC_WRAPPER").env_remove("CARGO_INCREMENTAL");
        command.env("HOME", self.world.at("home").root());
        let path = format!("{}:{}", bin.root().display(), std::env::var("PATH").expect("PATH is set"));
        command.env("PATH", path);
        command
    }

    /// Runs a command that must succeed, and returns what it wrote to standard output.
    fn ok(&self, words: &str) -> String {
        Run::of(&mut self.command(words)).ok().stdout
    }

    fn build(&self, app: &Checkout<'_>) -> Run {
        Run::of(self.command_in(app.root(), "cargo build --offline").env("RUSTC_WRAPPER", "sccache")).ok()
    }

    fn app(&self) -> Checkout<'_> {
        self.world.checkout("app", &package("app").file("src/lib.rs", "").file("src/main.rs", "fn main() {}"))
    }
}

/// Takes the number out of a row, as scripts do with awk.
fn number(stats: &str, row: &str) -> String {
    let line = stats.lines().find(|line| line.strip_prefix(row).is_some_and(|rest| rest.starts_with(' ')));
    let line = line.unwrap_or_else(|| panic!("there is a row {row:?}:\n{stats}"));
    line[row.len()..].split_whitespace().next().unwrap_or_default().to_owned()
}

#[test]
fn what_the_guide_says_line_by_line() {
    let machine = Machine::new();
    let app = machine.app();
    assert_eq!(number(&machine.ok("sccache --show-stats"), "Compile requests"), "0");
    machine.build(&app);
    assert_eq!(number(&machine.ok("sccache --show-stats"), "Cache misses"), "2");
    app.clean();
    machine.build(&app);
    let stats = machine.ok("sccache --show-stats");
    assert_eq!((number(&stats, "Cache hits"), number(&stats, "Cache hits rate (Rust)")), ("2".into(), "50.00".into()));
    assert!(stats.contains(&format!("Local disk: \"{}/.cache/thymos\"", machine.world.at("home").root().display())));

    // Clear Cache. What is removed is sccache's old directory, which may be there or not.
    assert_eq!(number(&machine.ok("sccache --stop-server"), "Cache hits"), "2");
    machine.ok("rm -rf home/.cache/sccache");

    // Cache Size and Cache Location.
    let mut sized = machine.command("sccache --show-stats");
    let stats = Run::of(sized.env("SCCACHE_CACHE_SIZE", "20G").env("SCCACHE_DIR", "/nowhere/cache")).ok().stdout;
    assert!(stats.lines().any(|line| line.starts_with("Max cache size") && line.ends_with(" 20 GiB")), "{stats}");
    assert!(stats.contains("Local disk: \"/nowhere/cache\""), "{stats}");
    assert!(!Path::new("/nowhere").exists(), "a look makes no cache");

    // A wrapper that the repository commits.
    app.write(".cargo/config.toml", "[build]\nrustc-wrapper = \"sccache\"\n").clean();
    machine.ok("sccache --zero-stats");
    Run::of(&mut machine.command_in(app.root(), "cargo build --offline")).ok();
    assert_eq!(number(&machine.ok("sccache -s"), "Cache hits"), "2");
    assert_eq!(machine.world.at("home").files_below(".cache").iter().filter(|it| it.contains("sccache")).count(), 1);
}

#[test]
fn both_names_share_one_store_and_one_set_of_counters() {
    let machine = Machine::new();
    machine.build(&machine.app());
    let ours = machine.ok("thymos stats --json");
    assert!(ours.contains("\"misses\": 2"), "{ours}");
    for option in ["-s", "--show-stats", "--stop-server"] {
        assert_eq!(number(&machine.ok(&format!("thymos {option}")), "Cache misses"), "2");
    }
    machine.ok("thymos -z");
    assert_eq!(number(&machine.ok("thymos --show-stats"), "Cache misses"), "0");
}

#[test]
fn the_action_reads_its_keys() {
    let machine = Machine::new();
    machine.build(&machine.app());
    let json = machine.ok("sccache --show-stats --stats-format=json");
    let json: serde_json::Value = serde_json::from_str(&json).expect("it is JSON");
    for key in ["cache_errors", "cache_hits", "cache_misses"] {
        assert!(json["stats"][key]["counts"].is_object() && json["stats"][key]["adv_counts"].is_object(), "{key}");
    }
    for key in ["compile_requests", "requests_executed", "cache_writes", "cache_write_errors"] {
        assert!(json["stats"][key].is_u64(), "{key}");
    }
    for key in ["cache_write_duration", "cache_read_hit_duration", "compiler_write_duration"] {
        assert!(json["stats"][key]["secs"].is_u64() && json["stats"][key]["nanos"].is_u64(), "{key}");
    }
    assert_eq!(json["stats"]["cache_misses"]["counts"]["Rust"], 2);
    let mut command = machine.command("sccache --show-stats");
    let warned = Run::of(command.env("SCCACHE_GHA_ENABLED", "true")).ok();
    assert!(warned.stderr.contains("SCCACHE_GHA_ENABLED is set"), "{warned:#?}");
}

#[test]
fn there_is_no_server_and_nobody_minds() {
    let machine = Machine::new();
    assert!(machine.ok("sccache --start-server").contains("there is none"));
    assert!(machine.ok("sccache --stop-server").contains("Compile requests "));
    let version = machine.ok("sccache --version");
    let number = version.split_whitespace().nth(1).expect("the second word is the number");
    assert!(
        version.starts_with("sccache 0.") && number.split('.').all(|part| part.parse::<u32>().is_ok()),
        "{version}"
    );
    for (words, says) in [("--dist-status", "thymos doctor"), ("--package-toolchain a b", "toolchain"), ("", "--help")]
    {
        let run = Run::of(&mut machine.command(&format!("sccache {words}")));
        assert_eq!(run.status.code(), Some(2), "{words}");
        assert!(run.stderr.contains(says), "{run:#?}");
    }
    let run = Run::of(&mut machine.command("thymos --dist-auth"));
    assert_eq!((run.status.code(), run.stderr.contains("nobody to log in to")), (Some(2), true), "{run:#?}");
}

#[test]
fn settings_of_sccaches_are_honoured_under_its_name() {
    let machine = Machine::new();
    let (app, log) = (machine.app(), machine.world.root().join("log"));
    let build = |name: &str, value: &str| {
        app.clean();
        let mut command = machine.command_in(app.root(), "cargo build --offline");
        command.env("RUSTC_WRAPPER", "sccache").env("SCCACHE_DIR", machine.world.root().join("old"));
        Run::of(command.env("SCCACHE_ERROR_LOG", &log).env(name, value)).ok();
    };
    build("SCCACHE_LOG", "off");
    assert!(!log.exists(), "nothing was asked for");
    build("SCCACHE_LOG", "debug");
    build("SCCACHE_RECACHE", "1");
    let log = std::fs::read_to_string(&log).expect("the log was written");
    assert_eq!(log.lines().filter(|line| line.starts_with("sccache: [app]: hit, ")).count(), 2, "{log}");
    let mut command = machine.command("sccache --show-stats");
    let stats = Run::of(command.env("SCCACHE_DIR", machine.world.root().join("old"))).ok().stdout;
    assert_eq!((number(&stats, "Cache hits"), number(&stats, "Forced recaches")), ("2".into(), "2".into()));
}

#[test]
fn a_c_compiler_is_passed_through() {
    let machine = Machine::new();
    let bin = machine.world.at("bin");
    bin.executable("my-gcc-12", "#!/bin/sh\nprintf '[%s]' \"$@\"\necho trouble >&2\nexit 3\n");
    let mut command = machine.command("sccache my-gcc-12 -c a.c");
    let run = Run::of(command.args(["-DX=a b", "", "@none"]));
    assert_eq!((run.status.code(), run.stdout.as_str()), (Some(3), "[-c][a.c][-DX=a b][][@none]"));
    assert_eq!(run.stderr, "trouble\n");
    Run::of(&mut machine.command("sccache my-gcc-12 a.c -o a"));
    Run::of(&mut machine.command("sccache my-gcc-12 --version"));
    let stats = machine.ok("sccache --show-stats");
    assert_eq!((number(&stats, "Compile requests"), number(&stats, "C or C++")), ("1".into(), "1".into()), "{stats}");
}

#[test]
fn cc_in_a_build_script_recognises_it() {
    let machine = Machine::new();
    let app = machine.world.checkout(
        "native",
        &package("native")
            .file("Cargo.toml", "[package]\nname = \"native\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[build-dependencies]\ncc = \"1\"\n")
            .file("build.rs", "fn main() { cc::Build::new().file(\"answer.c\").compile(\"answer\"); }")
            .file("answer.c", "int answer(void) { return 42; }")
            .file("src/main.rs", "extern \"C\" { fn answer() -> i32; }\nfn main() { println!(\"{}\", unsafe { answer() }) }"),
    );
    machine.world.share_registry();
    Run::of(machine.command_in(app.root(), "cargo build").env("RUSTC_WRAPPER", "sccache")).ok();
    assert_eq!(app.program("native").ok().stdout, "42\n");
    let stats = machine.ok("sccache --show-stats");
    assert_eq!(number(&stats, "C or C++"), "1", "{stats}");
}

#[test]
fn the_alias_is_made_once_takes_nobodys_place_and_is_taken_back() {
    let machine = Machine::without_alias();
    let bin = machine.world.at("bin");
    let said = machine.ok("thymos setup --sccache-alias --dry-run");
    assert!(said.contains("bin/sccache") && !bin.path("sccache").exists(), "{said}");
    bin.executable("sccache", "#!/bin/sh\necho the real one\n");
    let run = Run::of(&mut machine.command("thymos setup --sccache-alias --yes"));
    assert_eq!((run.status.code(), run.stderr.contains("cargo uninstall sccache")), (Some(2), true), "{run:#?}");
    assert_eq!(machine.ok("sccache"), "the real one\n");

    bin.remove("sccache");
    machine.ok("thymos setup --sccache-alias --yes");
    assert!(machine.ok("thymos setup --sccache-alias --yes").starts_with("Nothing to change"));
    assert!(machine.ok("sccache --version").contains("thymos"));
    machine.ok("thymos setup --undo");
    assert!(bin.path("sccache").symlink_metadata().is_err(), "the link is gone");
    assert!(machine.ok("thymos setup --undo").starts_with("Nothing to undo"));

    machine.ok("thymos setup --sccache-alias --yes");
    bin.remove("sccache").executable("sccache", "#!/bin/sh\n");
    assert!(machine.ok("thymos setup --undo").starts_with("Left alone: "));
    assert!(bin.path("sccache").exists(), "what somebody else put there stays");
}
