//! The `thymos` binary: a compiler wrapper when its first argument is a program, a command line otherwise, a linker under
//! the name `thymos-cc`, and sccache under the name `sccache`.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments: Vec<_> = std::env::args_os().collect();
    let name = if arguments.is_empty() { Default::default() } else { arguments.remove(0) };
    if thymos_core::system::linker_shim::is_shim(&name) {
        return thymos_core::system::linker_shim::run(&name, &arguments);
    }
    // A collection in the background is started under whatever name this program has.
    let collects = arguments == thymos_core::wrapper::COLLECT;
    if thymos_core::cli::sccache::is_called(&name) && !collects {
        return thymos_core::cli::sccache::run(arguments);
    }
    match arguments.first() {
        Some(first) if !thymos_core::cli::is_command(first) => {
            thymos_core::wrapper::run(arguments, thymos_core::settings::environment::Environment::read())
        }
        _ => thymos_core::cli::run(),
    }
}
