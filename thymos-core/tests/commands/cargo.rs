//! `thymos build` and its kin: cargo as it is, with the cache on, and one line at the end.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use crate::support::{Checkout, Mode, Run, World, package, require_tool};

/// Returns `thymos` with these words, in a world where nothing is set up.
fn thymos(app: &Checkout<'_>, words: &str) -> Command {
    let mut command = app.command(env!("CARGO_BIN_EXE_thymos").as_ref());
    command.args(words.split_whitespace()).env_remove("RUSTC_WRAPPER");
    command
}

fn project<'w>(world: &'w World, main: &str) -> Checkout<'w> {
    let files = package("app").file("src/lib.rs", "pub fn answer() -> u8 { 42 }").file("src/main.rs", main);
    world.checkout("app", &files)
}

fn last_line(run: &Run) -> &str {
    run.stderr.lines().last().unwrap_or_default()
}

#[test]
fn nothing_is_set_up_and_the_second_build_comes_from_the_cache() {
    let world = World::new(Mode::Plain);
    let app = project(&world, "fn main() { println!(\"{}\", app::answer()); }");
    let cold = Run::of(&mut thymos(&app, "build")).ok();
    assert!(cold.stderr.contains("Compiling app") && cold.stderr.contains("Finished"), "{cold:#?}");
    assert!(last_line(&cold).starts_with("thymos: 0 of 2 units"), "{cold:#?}");
    let fresh = Run::of(&mut thymos(&app, "build")).ok();
    assert_eq!(last_line(&fresh), "thymos: nothing to compile");
    app.clean();
    let warm = Run::of(&mut thymos(&app, "run --quiet")).ok();
    assert_eq!((warm.stdout.as_str(), warm.stderr.as_str()), ("42\n", ""), "quiet is quiet");
    assert_eq!(world.stats().hits, 2);
}

#[test]
fn a_command_that_starts_a_cargo_of_its_own_is_counted_too() {
    if !require_tool("cargo-clippy") {
        return;
    }
    let world = World::new(Mode::Plain);
    let app = project(&world, "fn main() {}");
    let run = Run::of(&mut thymos(&app, "clippy")).ok();
    assert!(last_line(&run).starts_with("thymos: 0 of 2 units"), "{run:#?}");
}

#[test]
fn arguments_reach_the_program_byte_for_byte() {
    let world = World::new(Mode::Plain);
    let main = "fn main() { for word in std::env::args_os().skip(1) { println!(\"{:?}\", word); } }";
    let app = project(&world, main);
    let mut command = thymos(&app, "run --quiet --");
    command.args(["--help", "a b", "", "+x"]).arg(OsStr::from_bytes(b"\xff"));
    let run = Run::of(&mut command).ok();
    assert_eq!(run.stdout, "\"--help\"\n\"a b\"\n\"\"\n\"+x\"\n\"\\xFF\"\n");
}

#[test]
fn the_status_is_cargos_and_a_failure_before_any_compile_gets_no_line() {
    let world = World::new(Mode::Plain);
    let app = project(&world, "fn main() { std::process::exit(7) }");
    assert_eq!(Run::of(&mut thymos(&app, "run")).status.code(), Some(7));
    let wrong = Run::of(&mut thymos(&app, "build --no-such-option"));
    assert_eq!(wrong.status.code(), Some(1));
    assert!(!wrong.stderr.contains("thymos:"), "{wrong:#?}");
    app.write("src/main.rs", "fn main() { std::process::abort() }");
    assert_eq!(Run::of(&mut thymos(&app, "run")).status.signal(), Some(6), "cargo becomes the program that it runs");
    let question = Run::of(&mut thymos(&app, "cargo locate-project --message-format plain")).ok();
    assert_eq!(question.stdout.trim_end(), app.path("Cargo.toml").display().to_string());
    assert_eq!(question.stderr, "");
}

#[test]
fn a_signal_reaches_cargo_and_ends_thymos_in_the_same_way() {
    let world = World::new(Mode::Plain);
    let app = project(&world, "fn main() { println!(\"{}\", std::process::id()); loop { std::thread::park() } }");
    Run::of(&mut thymos(&app, "build")).ok();
    let mut command = thymos(&app, "run --quiet");
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("thymos starts");
    let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    let program = lines.next().expect("the program says who it is").expect("in text");
    let kill = |words: [&str; 2]| Command::new("kill").args(words).stderr(Stdio::null()).status().expect("kill starts");
    assert!(kill(["-TERM", &child.id().to_string()]).success());
    assert_eq!(child.wait().expect("it ends").signal(), Some(15));
    // Killed here, a program that the signal did not reach keeps nobody waiting.
    assert!(!kill(["-KILL", &program]).success(), "the program is gone");
}

#[test]
fn a_mistyped_command_is_told_apart_from_a_compiler() {
    let run = World::cached().thymos("staats");
    assert_eq!(run.status.code(), Some(2));
    assert!(run.stderr.contains("thymos --help"), "{run:#?}");
}
