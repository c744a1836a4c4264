//! `thymos gc`: collects by hand what a publish collects in the background.

use std::process::ExitCode;

use serde::Serialize;

use super::stats::parse_age;
use super::table;
use crate::history::amount::{bytes, counted, number};
use crate::outcome::cause::Remover;
use crate::settings::Settings;
use crate::settings::amounts::{Age, Size};
use crate::settings::environment::Environment;
use crate::store::Store;
use crate::store::gc::{Collected, Policy, Run};
use crate::system::error::plain;

const EXAMPLES: &str = "\
Examples:
  thymos gc                    down to the size limit, least recently used first
  thymos gc --max-size 2G      down to 2 GB, this once
  thymos gc --older-than 30d   also removes what was not used for 30 days
  thymos gc --dry-run          shows what would go; removes nothing

Builds can go on meanwhile: an entry that is gone is compiled again.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The size to come down to, such as 2G; by default the size limit
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    max_size: Option<Size>,
    /// Remove every entry that was not used for this long, such as 12h, 7d or 2w
    #[arg(long, value_name = "AGE", value_parser = parse_age)]
    older_than: Option<Age>,
    /// Show what would go; remove nothing
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Print nothing
    #[arg(long, conflicts_with = "json")]
    quiet: bool,
}

/// What `thymos gc --json` prints.
#[derive(Serialize)]
struct Report {
    schema: u32,
    dry_run: bool,
    /// Another process was collecting, so this one did nothing.
    busy: bool,
    removed: u64,
    kept: u64,
    freed_bytes: u64,
    bytes: u64,
    limit_bytes: u64,
}

fn parse_size(text: &str) -> Result<Size, String> {
    text.parse().map_err(|accepted| format!("give {accepted}"))
}

pub fn run(args: &Args, settings: &Settings, environment: &Environment) -> Result<ExitCode, String> {
    let dir = settings.dir.as_deref().ok_or("there is no home directory for the cache; set THYMOS_DIR")?;
    let store = Store::open_as(dir, settings.shared)
        .map_err(|degraded| format!("failed to open {}: {degraded}", dir.display()))?;
    let limit = args.max_size.map_or(settings.cache_size, |Size(bytes)| bytes);
    let run = if args.dry_run { Run::Dry } else { Run::Real };
    let by = (args.max_size.is_some() || args.older_than.is_some()).then_some(Remover::Gc);
    let policy = Policy { limit, older_than: args.older_than.map(|Age(age)| age), run, by };
    let collected =
        store.collect(&policy).map_err(|error| format!("failed to collect {}: {}", dir.display(), plain(&error)))?;
    if args.json {
        let report = report(collected, &policy);
        let text =
            serde_json::to_string_pretty(&report).map_err(|error| format!("failed to print the result: {error}"))?;
        println!("{text}");
    } else if !args.quiet {
        print!("{}", table::paragraph(&sentence(collected, &policy), 0, table::width(environment)));
    }
    Ok(ExitCode::SUCCESS)
}

fn report(collected: Option<Collected>, policy: &Policy) -> Report {
    let done = collected.unwrap_or_default();
    Report {
        schema: 1,
        dry_run: policy.run == Run::Dry,
        busy: collected.is_none(),
        removed: done.removed,
        kept: done.kept,
        freed_bytes: done.freed,
        bytes: done.bytes,
        limit_bytes: policy.limit,
    }
}

fn sentence(collected: Option<Collected>, policy: &Policy) -> String {
    let Some(done) = collected else { return "another process is collecting".to_owned() };
    let removed = format!("{} of {}", number(done.removed), counted(done.removed + done.kept, "entry"));
    let (freed, held, limit) = (bytes(done.freed), bytes(done.bytes), bytes(policy.limit));
    match policy.run {
        Run::Real => format!("removed {removed} and freed {freed}; the cache holds {held} of {limit}"),
        Run::Dry => {
            format!(
                "would remove {removed} and free {freed}; the cache would hold {held} of {limit}; nothing was removed"
            )
        }
    }
}
