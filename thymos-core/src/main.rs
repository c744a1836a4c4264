//! The `thymos` binary: a compiler wrapper when its first argument is a program, a command line otherwise, and a linker under
//! the name `thymos-cc`.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments: Vec<_> = std::env::args_os().collect();
    let name = if arguments.is_empty() { Default::default() } else { arguments.remove(0) };
    if thymos_core::shim::is_shim(&name) {
        return thymos_core::shim::run(&name, &arguments);
    }
    match arguments.first() {
        Some(first) if !thymos_core::cli::is_command(first) => thymos_core::wrapper::run(arguments),
        _ => thymos_core::cli::run(),
    }
}
