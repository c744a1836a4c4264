//! `thymos clear`: empties the cache, or takes one crate out of it.
//!
//! Invariant: nothing is removed that was not asked for by a person or by `--yes`.

use std::collections::HashSet;
use std::path::Path;
use std::process::ExitCode;

use serde::Serialize;

use super::confirm::{self, Answer, Question};
use super::table;
use crate::history::amount::{bytes, counted};
use crate::outcome::event;
use crate::settings::Settings;
use crate::settings::environment::Environment;
use crate::store::Store;
use crate::store::clear::{Cleared, Wanted};
use crate::system::error::plain;

const EXAMPLES: &str = "\
Examples:
  thymos clear                     asks first
  thymos clear --yes               for scripts
  thymos clear --crate serde       only serde, in every version and profile

Target directories and statistics stay; thymos stats --zero resets those. To
compile everything again without emptying the cache, set THYMOS_MODE=refresh.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Remove only this crate's or package's entries
    #[arg(long = "crate", value_name = "CRATE")]
    krate: Option<String>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Print JSON
    #[arg(long, requires = "yes")]
    json: bool,
}

/// What `thymos clear --json` prints.
#[derive(Serialize)]
struct Report<'a> {
    schema: u32,
    #[serde(rename = "crate", skip_serializing_if = "Option::is_none")]
    krate: Option<&'a str>,
    removed: u64,
    freed_bytes: u64,
}

pub fn run(args: &Args, settings: &Settings, environment: &Environment) -> Result<ExitCode, String> {
    let dir = settings.dir.as_deref().ok_or("there is no home directory for the cache; set THYMOS_DIR")?;
    let store = Store::open_as(dir, settings.shared)
        .map_err(|degraded| format!("failed to open {}: {degraded}", dir.display()))?;
    if !args.yes {
        let contents = store.contents();
        let all = format!("{}, {} in {}", counted(contents.entries, "entry"), bytes(contents.bytes), dir.display());
        let ask = match &args.krate {
            Some(krate) => format!("Remove every entry of {krate} from {}?", dir.display()),
            None => format!("Remove {all}?"),
        };
        if let Answer::No(code) = confirm::ask(&Question { ask: &ask, undone: "nothing was removed" }) {
            return Ok(code);
        }
    }
    let keys = args.krate.as_deref().map(|krate| keys(dir, krate)).unwrap_or_default();
    let wanted = match &args.krate {
        Some(krate) => Wanted::Crate { name: krate.replace('-', "_"), keys },
        None => Wanted::Everything,
    };
    let done = store.clear(&wanted).map_err(|error| format!("failed to clear {}: {}", dir.display(), plain(&error)))?;
    if args.json {
        let report = Report { schema: 1, krate: args.krate.as_deref(), removed: done.removed, freed_bytes: done.freed };
        let text =
            serde_json::to_string_pretty(&report).map_err(|error| format!("failed to print the result: {error}"))?;
        println!("{text}");
    } else {
        print!("{}", table::paragraph(&sentence(args.krate.as_deref(), done), 0, table::width(environment)));
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns the keys that a package's compiles had lately: a build script's outputs do not name its package.
fn keys(dir: &Path, name: &str) -> HashSet<String> {
    let events = event::gather(dir, 0).events;
    let named = events.into_iter().filter(|event| event.package == name || event.krate == name.replace('-', "_"));
    named.map(|event| event.key).filter(|key| !key.is_empty()).collect()
}

fn sentence(krate: Option<&str>, done: Cleared) -> String {
    match (krate, done.removed) {
        (Some(krate), 0) => format!("nothing of {krate} is in the cache"),
        (Some(krate), removed) => {
            format!("removed {} of {krate} and freed {}", counted(removed, "entry"), bytes(done.freed))
        }
        (None, removed) => format!("removed {} and freed {}", counted(removed, "entry"), bytes(done.freed)),
    }
}
