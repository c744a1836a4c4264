//! `thymos build`, `check`, `test`, …: cargo with the cache on, without any set-up, and one line at the end.
//!
//! Invariant: cargo gets the arguments as they were given and the terminal as it is; its exit status is this process's, and so
//! is the signal that ended it.

use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::process::{Command, ExitCode, ExitStatus};

use crate::history::builds::Build;
use crate::history::summary::Summary;
use crate::outcome::event::{self, Event};
use crate::settings::environment::{self, Environment};
use crate::settings::{Mode, Settings};
use crate::system::error::plain;
use crate::system::os::{self, signals};

/// Cargo's commands that compile, and what the help says about each. `bench` is a command of Thymos's own, and `rustc` is the
/// compiler; `thymos cargo bench` and `thymos cargo rustc` are Cargo's.
pub const COMMANDS: [(&str, &str); 10] = [
    ("build", "Runs `cargo build` with the cache on"),
    ("check", "Runs `cargo check` with the cache on"),
    ("test", "Runs `cargo test` with the cache on"),
    ("run", "Runs `cargo run` with the cache on"),
    ("clippy", "Runs `cargo clippy` with the cache on"),
    ("doc", "Runs `cargo doc` with the cache on"),
    ("install", "Runs `cargo install` with the cache on"),
    ("fix", "Runs `cargo fix` with the cache on"),
    ("nextest", "Runs `cargo nextest` with the cache on"),
    (CARGO, "Runs any other cargo command with the cache on"),
];
const CARGO: &str = "cargo";
/// The short names that Cargo has for some of them.
const SHORT: [(&str, &str); 5] = [("b", "build"), ("c", "check"), ("t", "test"), ("r", "run"), ("d", "doc")];

/// Returns whether a first argument is for Cargo: a command of its that compiles, or `+toolchain`.
pub fn is_command(first: &str) -> bool {
    first.starts_with('+')
        || COMMANDS.iter().any(|(name, _)| *name == first)
        || SHORT.iter().any(|(short, _)| *short == first)
}

/// Returns the commands for the help and for completions; they are run before any argument is parsed.
pub fn definitions() -> impl Iterator<Item = clap::Command> {
    COMMANDS.into_iter().map(|(name, about)| {
        let short = SHORT.iter().find(|(_, long)| *long == name).map(|(short, _)| *short);
        let arguments = clap::Arg::new("arguments")
            .value_name("ARGUMENTS")
            .help("What cargo takes, handed on as it is")
            .num_args(0..)
            .allow_hyphen_values(true)
            .trailing_var_arg(true);
        let example = if name == CARGO { "cargo bench --no-run" } else { name };
        let examples = format!(
            "Examples:\n  thymos {example}\n  thymos +nightly {example}    with another toolchain\n\n\
             When cargo is done, one line says what came from the cache, but for --quiet.\n\
             For what cargo takes: cargo help {}",
            if name == CARGO { "" } else { name }
        );
        clap::Command::new(name)
            .about(about)
            .visible_aliases(short)
            .arg(arguments)
            .disable_help_flag(true)
            .after_help(examples.trim_end().to_owned())
    })
}

/// Runs cargo.
pub fn run(arguments: &[OsString], settings: &Settings, environment: &Environment) -> Result<ExitCode, String> {
    let (is_other, arguments) = split(arguments);
    let own =
        std::env::current_exe().map_err(|error| format!("failed to find the thymos executable: {}", plain(&error)))?;
    let (began, name) = (event::now_ms(), name());
    let mut command = Command::new("cargo");
    command.args(arguments).env("RUSTC_WRAPPER", own).env(environment::BUILD, &name);
    // One line is enough.
    command.env_remove(environment::SUMMARY);
    let status = attend(&mut command)?;
    if says_anything(arguments) && environment.get(environment::ACTIVE).is_none() {
        let compiled = events(settings, began, &name);
        if settings.mode == Mode::Off {
            anstream::eprintln!("thymos: the cache is off");
        } else if !compiled.is_empty() || (status.success() && !is_other) {
            anstream::eprintln!("{}", Summary::of(&Build::group(compiled).pop().unwrap_or_default()).line());
        }
    }
    os::exit_like(status)
}

/// Takes off the word that says that any command of Cargo's may follow, and tells whether it was there.
fn split(arguments: &[OsString]) -> (bool, &[OsString]) {
    match arguments.split_first() {
        Some((first, rest)) if first == CARGO => (true, rest),
        _ => (false, arguments),
    }
}

/// Starts a command in the foreground and waits for it, whatever signals come.
pub fn attend(command: &mut Command) -> Result<ExitStatus, String> {
    signals::catch_term_signals();
    let mut child = command.spawn().map_err(|error| match error.kind() {
        ErrorKind::NotFound => "failed to start cargo: it is not in PATH; https://rustup.rs installs it".to_owned(),
        _ => format!("failed to start cargo: {}", plain(&error)),
    })?;
    signals::pass_to(child.id());
    let status = child.wait();
    signals::pass_to(0);
    status.map_err(|error| format!("failed to wait for cargo: {}", plain(&error)))
}

/// Returns a name for this build that no other one has. Commands such as clippy start a cargo of their own, so the wrappers
/// cannot tell by the process that started them.
fn name() -> String {
    let mut hasher = crate::system::digest::FieldHasher::new("build");
    hasher.bytes(&os::boot_id());
    hasher.count(std::process::id() as usize);
    hasher.count(usize::try_from(event::now_ms()).unwrap_or(usize::MAX));
    hasher.finish().hex()[..16].to_owned()
}

/// Returns whether a line at the end belongs to what was asked: not to a question, and not where quiet was asked for.
fn says_anything(arguments: &[OsString]) -> bool {
    let own = arguments.iter().take_while(|argument| *argument != "--");
    let silent = ["-q", "--quiet", "-h", "--help", "-V", "--version", "--list"];
    !own.into_iter().any(|argument| silent.iter().any(|word| argument == OsStr::new(word)))
}

fn events(settings: &Settings, began: u64, name: &str) -> Vec<Event> {
    let Some(dir) = &settings.dir else { return Vec::new() };
    let mut events = event::gather(dir, began).events;
    events.retain(|event| event.build == name);
    events
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_that_compile_are_cargos_and_the_others_are_not() {
        for name in ["build", "b", "check", "c", "test", "t", "run", "r", "clippy", "doc", "d", "+nightly", "cargo"] {
            assert!(is_command(name), "{name}");
        }
        for name in ["bench", "rustc", "rustdoc", "stats", "clean", "", "-b", "/usr/bin/cargo", "update"] {
            assert!(!is_command(name), "{name}");
        }
    }

    #[test]
    fn questions_and_quiet_builds_get_no_line() {
        let says = |words: &str| says_anything(&words.split_whitespace().map(OsString::from).collect::<Vec<_>>());
        assert!(says("build") && says("test -- --quiet") && says("run -- --help") && says("build -vv"));
        assert!(!says("build -q") && !says("build --help") && !says("--version") && !says("--list"));
    }
}
