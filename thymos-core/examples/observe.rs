//! Runs a command under observation, with its own standard streams, and prints what it looked at to standard error.
//!
//! `cargo run --example observe -- [--quiet | --plain | --own-links-go-by] COMMAND [ARG ...]`
//!
//! `--quiet` prints nothing and `--plain` does not observe either: the two sides of a measurement. `--own-links-go-by`
//! is `--quiet` without the paths that the command itself resolves.

use std::process::{Command, ExitCode, ExitStatus};

use thymos_core::compile::observe::{self, Links, Observed, Options};

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1).peekable();
    let mode = args.next_if(|arg| ["--quiet", "--plain", "--own-links-go-by"].iter().any(|mode| arg == mode));
    let Some(program) = args.next() else {
        eprintln!("usage: observe [--quiet | --plain | --own-links-go-by] COMMAND [ARG ...]");
        return ExitCode::from(2);
    };
    let mode = mode.as_ref().and_then(|mode| mode.to_str());
    let mut command = Command::new(&program);
    command.args(args);
    if mode == Some("--plain") {
        return exit_code(command.status().ok());
    }
    let links = if mode == Some("--own-links-go-by") { Links::ExceptOwn } else { Links::Watched };
    let options = Options { links, ..Options::default() };
    let observed = match observe::run(&mut command, options).and_then(observe::Running::wait) {
        Ok(observed) => observed,
        Err(error) => {
            eprintln!("observe: failed to run `{}`: {error}", program.display());
            return ExitCode::from(127);
        }
    };
    if mode.is_none() {
        print(&observed);
    }
    exit_code(Some(observed.status))
}

fn exit_code(status: Option<ExitStatus>) -> ExitCode {
    ExitCode::from(status.and_then(|status| status.code()).map_or(1, |code| code as u8))
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
