//! The command line.

mod bench;
mod cargo;
mod cargo_config;
mod ci;
mod clear;
mod completions;
mod confirm;
mod demo;
mod diff;
mod docker;
mod doctor;
mod gc;
mod groups;
mod man;
mod metadata;
mod pack;
mod plan;
mod progress;
mod report;
pub mod sccache;
mod scratch;
mod setup;
mod stats;
mod table;
mod verify;
mod version;
mod watch;
mod why;

use std::ffi::{OsStr, OsString};
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use thymos_build::{Env, System};

use crate::history::exit_summary;
use crate::settings::Settings;
use crate::settings::environment::{Environment, SCCACHE_DIR};
use crate::system::os::{self, signals};

const AFTER_HELP: &str = "\
As a compiler wrapper:
  RUSTC_WRAPPER=thymos cargo build    every compile goes through the cache
  thymos RUSTC ARGS…                  what Cargo then runs for each crate

Settings (environment, or dir, cache-size, mode, remap, shared, verify and
build-scripts in thymos.toml):
  THYMOS_DIR         where the cache is; by default `thymos` in the user's
                     cache directory
  THYMOS_CACHE_SIZE  its size limit, such as 20G or 500M; 10G by default
  THYMOS_MODE        on, read-only, refresh or off
  THYMOS_REMAP       workspace, all or off: whether artifacts can be used in
                     another checkout, and under another CARGO_HOME
  THYMOS_SHARED      no or group: whether the users of the cache's group are
                     trusted with it
  THYMOS_VERIFY      the share of hits that are compiled again and compared,
                     such as 0.05; 1 is all of them
  THYMOS_BUILD_SCRIPTS
                     always or once: whether runs of build scripts are cached
  THYMOS_SUMMARY     1 prints one line at the end of a build

`thymos COMMAND --help` explains a command and shows examples.";

#[derive(Debug, Parser)]
#[command(
    name = "thymos",
    version,
    about = "A compile cache for Rust: never wrong, never in the way, then fast",
    arg_required_else_help = true
)]
#[command(override_usage = "thymos COMMAND [ARGUMENTS]", after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Sub,
}

#[derive(Debug, Subcommand)]
enum Sub {
    /// Builds a small workspace three times, to show the cache at work
    #[command(
        after_help = "Examples:\n  thymos demo     in a scratch directory that is gone afterwards\n  thymos bench    the same with your own workspace"
    )]
    Demo,
    /// Shows hits, misses and the reason for every call that was no hit
    Stats(stats::Args),
    /// Explains why units of the last build were compiled
    // What a variant says hides what its arguments say, so it says both.
    #[command(long_about = why::ABOUT)]
    Why(why::Args),
    /// Writes the last build as a page: timeline, critical path, costs
    Report(report::Args),
    /// Shows the builds that use the cache while they run
    Watch(watch::Args),
    /// Times this workspace without and with the cache, in copies of it
    Bench(bench::Args),
    /// Removes the least recently used entries, down to the size limit
    Gc(gc::Args),
    /// Empties the cache, or takes one crate out of it
    Clear(clear::Args),
    /// Checks what the cache holds
    Verify(verify::Args),
    /// Explains which linker and cache this machine should use, and why
    Plan(plan::Args),
    /// Writes the plan into Cargo's configuration, and undoes it
    Setup(setup::Args),
    /// Checks that everything works, and names the fix if not
    Doctor(doctor::Args),
    /// Writes a Dockerfile and a compose file that build with the cache
    Docker(docker::Args),
    /// Writes a CI job that builds with the cache, for GitHub or GitLab
    Ci(ci::Args),
    /// Writes recently used entries of the cache into one file
    Pack(pack::PackArgs),
    /// Verifies such a file and adds it to the cache
    Unpack(pack::UnpackArgs),
    /// Prints the completion script of a shell
    Completions(completions::Args),
    /// Prints the manual, as man pages
    Man(man::Args),
}

/// Returns whether the first argument is a command of ours and not a compiler.
#[must_use]
pub fn is_command(first: &OsStr) -> bool {
    first.to_str().is_some_and(groups::is_command)
}

impl Sub {
    /// Returns whether the command changes nothing, so that it may end at any line of what it prints.
    fn only_tells(&self) -> bool {
        matches!(
            self,
            Self::Stats(_) | Self::Why(_) | Self::Plan(_) | Self::Doctor(_) | Self::Completions(_) | Self::Man(_)
        )
    }
}

/// Returns the definition of the whole command line, which the help, completions and the manual are made from.
fn definition() -> clap::Command {
    let program = Cli::command().subcommands(cargo::definitions());
    let template = groups::template(&program);
    program.help_template(template)
}

/// Runs the command line of this process.
#[must_use]
pub fn run() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    if version::is_asked(arguments.iter().map(|argument| argument.to_string_lossy().into_owned())) {
        print!("{}", version::text(&System::detect(&Env::from_process())));
        return ExitCode::SUCCESS;
    }
    let environment = Environment::read();
    if arguments.first().is_some_and(|first| sccache::is_option(first)) {
        return ended(sccache::run_option(&arguments, &environment));
    }
    if exit_summary::is_asked(&arguments) {
        exit_summary::run(&arguments, &Settings::gather(&environment, None));
        return ExitCode::SUCCESS;
    }
    let for_cargo = arguments.first().and_then(|first| first.to_str()).is_some_and(cargo::is_command);
    let command = if for_cargo { None } else { Some(parsed()) };
    if command.as_ref().is_some_and(Sub::only_tells) {
        os::end_on_closed_pipe();
    }
    let directory = std::env::current_dir().unwrap_or_default();
    let settings = Settings::gather(&environment, directory.ancestors());
    for complaint in settings.complaints.iter().chain(&other_store(&environment, &settings)) {
        eprintln!("thymos: {complaint}");
    }
    let done = match command {
        None => cargo::run(&arguments, &settings, &environment),
        Some(Sub::Stats(args)) => stats::run(&args, &settings, &environment),
        Some(Sub::Why(args)) => why::run(&args, &settings, &environment),
        Some(Sub::Report(args)) => report::run(&args, &settings),
        Some(Sub::Watch(args)) => watch::run(&args, &settings, &environment),
        Some(Sub::Demo) => demo::run(),
        Some(Sub::Bench(args)) => bench::run(&args, &environment),
        Some(Sub::Gc(args)) => gc::run(&args, &settings, &environment),
        Some(Sub::Clear(args)) => clear::run(&args, &settings, &environment),
        Some(Sub::Verify(args)) => verify::run(&args, &settings),
        Some(Sub::Plan(args)) => plan::run(&args),
        Some(Sub::Setup(args)) => setup::run(&args, &settings, &environment),
        Some(Sub::Doctor(args)) => doctor::run(&args, &settings, &environment),
        Some(Sub::Docker(args)) => docker::run(&args, &environment),
        Some(Sub::Ci(args)) => ci::run(&args, &environment),
        Some(Sub::Pack(args)) => pack::run_pack(&args, &settings),
        Some(Sub::Unpack(args)) => pack::run_unpack(&args, &settings),
        Some(Sub::Completions(args)) => completions::run(&args),
        Some(Sub::Man(args)) => man::run(&args),
    };
    ended(done)
}

fn ended(done: Result<ExitCode, String>) -> ExitCode {
    match done {
        Ok(code) => code,
        Err(message) => {
            eprintln!("thymos: {message}");
            match signals::seen() {
                Some(signal) => signals::end_by(signal),
                None => ExitCode::from(2),
            }
        }
    }
}

/// Returns a note about a cache that only the name sccache uses: from here it looks empty.
fn other_store(environment: &Environment, settings: &Settings) -> Option<String> {
    let dir = environment.path(SCCACHE_DIR).filter(|dir| settings.dir.as_ref() != Some(dir))?;
    let used = dir.join("v1/events").is_dir();
    used.then(|| {
        format!(
            "the cache of `sccache` is {}, which SCCACHE_DIR names; for this one set THYMOS_DIR to it",
            dir.display()
        )
    })
}

fn parsed() -> Sub {
    let cli = Cli::from_arg_matches(&definition().get_matches());
    cli.unwrap_or_else(|error| error.exit()).command
}
