//! `thymos gc`: collects by hand what a publish collects in the background.

use std::process::ExitCode;

use crate::amount::bytes;
use crate::outcome::plain;
use crate::settings::Settings;
use crate::store::Store;
use crate::store::gc::{Policy, Run};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print nothing
    #[arg(long)]
    quiet: bool,
}

pub fn run(args: &Args, settings: &Settings) -> Result<ExitCode, String> {
    let dir = settings.dir.as_deref().ok_or("there is no home directory for the cache; set THYMOS_DIR")?;
    let store = Store::open_as(dir, settings.shared)
        .map_err(|degraded| format!("failed to open {}: {degraded}", dir.display()))?;
    let collected = store
        .collect(&Policy { limit: settings.cache_size, older_than: None, run: Run::Real })
        .map_err(|error| format!("failed to collect {}: {}", dir.display(), plain(&error)))?;
    match collected {
        _ if args.quiet => {}
        None => println!("another process is collecting"),
        Some(done) => println!(
            "removed {} of {} entries, {} freed, {} of {} in use",
            done.removed,
            done.removed + done.kept,
            bytes(done.freed),
            bytes(done.bytes),
            bytes(settings.cache_size)
        ),
    }
    Ok(ExitCode::SUCCESS)
}
