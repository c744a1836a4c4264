//! The `thymos` binary: a compiler wrapper when its first argument is a program, a command line otherwise.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    match arguments.first() {
        Some(first) if !thymos_core::cli::is_command(first) => thymos_core::wrapper::run(arguments),
        _ => thymos_core::cli::run(),
    }
}
