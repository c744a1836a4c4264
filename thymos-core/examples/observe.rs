//! Runs a command under observation, with its own standard streams, and prints what it looked at to standard error.
//!
//! `cargo run --example observe -- [--quiet] COMMAND [ARG ...]`; with `--quiet` nothing is printed, which is what a
//! measurement wants.

use std::process::{Command, ExitCode};

use thymos_core::observe::{self, Observed, Options};

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1).peekable();
    let quiet = args.next_if(|arg| arg == "--quiet").is_some();
    let Some(program) = args.next() else {
        eprintln!("usage: observe [--quiet] COMMAND [ARG ...]");
        return ExitCode::from(2);
    };
    let mut command = Command::new(&program);
    command.args(args);
    let observed = match observe::run(command, Options::default()).and_then(observe::Running::wait) {
        Ok(observed) => observed,
        Err(error) => {
            eprintln!("observe: failed to run `{}`: {error}", program.display());
            return ExitCode::from(127);
        }
    };
    if !quiet {
        print(&observed);
    }
    ExitCode::from(observed.status.code().map_or(1, |code| code as u8))
}

fn print(observed: &Observed) {
    for access in &observed.accesses {
        eprintln!("{:?} {} {:?} {:?}", access.kind, access.path.display(), access.seen, access.program);
    }
    for rename in &observed.renames {
        eprintln!("Rename {} {}", rename.from.display(), rename.to.display());
    }
    eprintln!("env: {:?}", observed.env);
    eprintln!("complete: {:?}, {:?}, {}", observed.complete, observed.outlived, observed.status);
}
