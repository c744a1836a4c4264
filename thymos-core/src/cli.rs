//! The command line.

mod demo;
mod doctor;
mod gc;
mod hierarchy;
mod plan;
mod setup;
mod stats;
mod verify;
mod version;

use std::ffi::OsStr;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::environment::Environment;
use crate::settings::Settings;

const AFTER_HELP: &str = "\
As a compiler wrapper:
  RUSTC_WRAPPER=thymos cargo build    every compile goes through the cache
  thymos RUSTC ARGS…                  what Cargo then runs for each crate

Settings (environment, or dir, cache-size, mode and remap in thymos.toml):
  THYMOS_DIR         where the cache is; by default `thymos` in the user's cache directory
  THYMOS_CACHE_SIZE  its size limit, such as 20G or 500M; 10G by default
  THYMOS_MODE        on, read-only, refresh or off
  THYMOS_REMAP       workspace or off: whether artifacts can be used in another checkout";

#[derive(Debug, Parser)]
#[command(
    name = "thymos",
    version,
    about = "A compile cache for Rust: never wrong, never in the way, then fast",
    arg_required_else_help = true
)]
#[command(after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Sub,
}

#[derive(Debug, Subcommand)]
enum Sub {
    /// Builds a small workspace plainly, cold and warm, and shows the three times
    Demo,
    /// Shows what the cache did: hits, misses, and every reason for not hitting
    Stats(stats::Args),
    /// Removes the least recently used entries until the cache is within its size limit
    Gc(gc::Args),
    /// Checks what the cache holds
    Verify(verify::Args),
    /// Explains what would be done on this machine: linkers, compile caches, and why
    Plan(plan::Args),
    /// Writes the plan into Cargo's configuration, after showing it; --undo takes it back
    Setup(setup::Args),
    /// Looks whether everything works here, and says what mends it if not
    Doctor(doctor::Args),
}

/// Returns whether the first argument is a command of ours and not a compiler.
#[must_use]
pub fn is_command(first: &OsStr) -> bool {
    let commands = ["stats", "gc", "demo", "plan", "setup", "doctor", "verify", "help", ""];
    first.to_str().is_some_and(|first| first.starts_with('-') || commands.contains(&first))
}

/// Runs the command line of this process.
#[must_use]
pub fn run() -> ExitCode {
    if version::is_asked(std::env::args().skip(1)) {
        print!("{}", version::text());
        return ExitCode::SUCCESS;
    }
    let cli = Cli::parse();
    let environment = Environment::read();
    let directory = std::env::current_dir().unwrap_or_default();
    let settings = Settings::gather(&environment, directory.ancestors());
    for complaint in &settings.complaints {
        eprintln!("thymos: {complaint}");
    }
    let done = match cli.command {
        Sub::Stats(args) => stats::run(&args, &settings),
        Sub::Demo => demo::run(),
        Sub::Gc(args) => gc::run(&args, &settings),
        Sub::Verify(args) => verify::run(&args, &settings),
        Sub::Plan(args) => plan::run(&args),
        Sub::Setup(args) => setup::run(&args, &settings, &environment),
        Sub::Doctor(args) => doctor::run(&args, &settings, &environment),
    };
    match done {
        Ok(code) => code,
        Err(message) => {
            eprintln!("thymos: {message}");
            ExitCode::from(2)
        }
    }
}
