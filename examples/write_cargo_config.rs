//! Writes what the plan wants for a whole workspace into a configuration file of its own.
//!
//! ```text
//! cargo run --example write_cargo_config -- .cargo/thymos.local.toml
//! ```
//!
//! Without a path the text is printed. The file is meant to be named in `.cargo/config.toml`, which Cargo allows since 1.94:
//!
//! ```toml
//! include = [{ path = "thymos.local.toml", optional = true }]
//! ```
//!
//! It is no build script: those must not write outside of `OUT_DIR`.

use std::{env, fs, process::ExitCode};

fn main() -> ExitCode {
    let plan = thymos_build::configure().detect();
    let text = plan.cargo_config();
    let Some(path) = env::args_os().nth(1) else {
        print!("{text}");
        return ExitCode::SUCCESS;
    };
    match fs::write(&path, text) {
        Ok(()) => {
            println!("{}: {}", path.display(), plan.summary());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("failed to write `{}`: {error}", path.display());
            ExitCode::FAILURE
        }
    }
}
