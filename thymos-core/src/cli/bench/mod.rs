//! `thymos bench`: this workspace, built without and with the cache, and the table that guides show.
//!
//! Two copies of the workspace are built in a scratch directory, with a store of their own. Invariant: nothing of the user's is
//! written, but for what Cargo downloads, and nothing is left behind.

mod figures;
mod workspace;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use super::progress::{line, watch};
use super::scratch::Scratch;
use super::table;
use crate::history::builds::Build;
use crate::history::stats::{self, Stats};
use crate::history::summary::Summary;
use crate::outcome::Bypass;
use crate::settings::environment::{self, Environment};
use crate::system::error::plain;
use crate::system::os::signals;
use figures::{Found, Row, SCHEMA};
use workspace::{Copied, Workspace};

const EXAMPLES: &str = "\
Examples:
  thymos bench
  thymos bench -o bench.json -- --release
  thymos bench -- test --no-run

Two copies of the workspace are built in a scratch directory: your files, your
target directory and your cache stay as they are. Expect two full builds.";

/// The line that is added to a source: it changes the file and no program, and no lint minds it.
const EDIT: &str = "\nconst _: () = ();\n";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Write what was found to this file, as JSON
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print JSON instead of the table
    #[arg(long)]
    json: bool,
    /// What cargo is to do, `build` unless a command is named, and its options
    #[arg(last = true, value_name = "CARGO ARGUMENTS")]
    arguments: Vec<OsString>,
}

pub fn run(args: &Args, environment: &Environment) -> Result<ExitCode, String> {
    signals::catch_term_signals();
    let directory = std::env::current_dir().map_err(|_| "there is no current directory")?;
    let directory = directory.canonicalize().unwrap_or(directory);
    let workspace = Workspace::find(environment, &directory)?;
    let scratch = Scratch::new("bench")?;
    let bench = Bench::prepare(&workspace, command(&args.arguments), &scratch)?;
    let found = bench.measure(&workspace)?;
    let json = serde_json::to_string_pretty(&found).map_err(|error| format!("failed to write JSON: {error}"))? + "\n";
    if let Some(path) = &args.output {
        let failed = |error: std::io::Error| format!("failed to write `{}`: {}", path.display(), plain(&error));
        std::fs::write(path, &json).map_err(failed)?;
    }
    if args.json {
        anstream::print!("{json}");
    } else {
        anstream::print!("{}", found.table(table::width(environment)));
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns what cargo is to do: `build`, unless a command is named.
fn command(arguments: &[OsString]) -> Vec<OsString> {
    let named = arguments.first().is_some_and(|first| !first.as_encoded_bytes().starts_with(b"-"));
    let command = if named { None } else { Some("build".into()) };
    command.into_iter().chain(arguments.iter().cloned()).collect()
}

struct Bench<'a> {
    command: Vec<OsString>,
    own: PathBuf,
    scratch: &'a Scratch,
    one: Copied,
    two: Copied,
    toolchain: Option<OsString>,
}

impl<'a> Bench<'a> {
    fn prepare(workspace: &Workspace, command: Vec<OsString>, scratch: &'a Scratch) -> Result<Self, String> {
        let own = std::env::current_exe().map_err(|error| format!("failed to find this program: {}", plain(&error)))?;
        let bar = line("copying the workspace twice", "{spinner} {prefix}: {pos} files, {elapsed}");
        let copy = |name: &str| workspace.copy(&scratch.path().join(name), &|| bar.inc(1));
        let (one, two) = (copy("one")?, copy("two")?);
        bar.finish_and_clear();
        let toolchain = toolchain(&workspace.root);
        let bench = Self { command, own, scratch, one, two, toolchain };
        watch(bench.cargo(&bench.one).arg("fetch"), "fetching dependencies")?;
        // Where none is committed, both copies are to build the same versions.
        let lock = |copied: &Copied| copied.root.join("Cargo.lock");
        let _ = std::fs::copy(lock(&bench.one), lock(&bench.two));
        Ok(bench)
    }

    fn measure(&self, workspace: &Workspace) -> Result<Found, String> {
        let (one, two) = (&self.one, &self.two);
        let plain = self.build(one, None, "without the cache")?;
        // The other checkout is to have the same sources.
        edit(one)?;
        edit(two)?;
        let plain_edit = self.build(one, None, "without the cache, after an edit")?;
        self.clean(one)?;
        let mut builds = vec![self.row("first", plain, one)?];
        self.clean(one)?;
        builds.push(self.row("clean-rebuild", plain, one)?);
        builds.push(self.row("other-checkout", plain, two)?);
        edit(two)?;
        builds.push(self.row("edit", plain_edit, two)?);
        let shown = |text: &OsString| text.to_string_lossy().into_owned();
        Ok(Found {
            schema: SCHEMA,
            workspace: workspace.root.display().to_string(),
            command: self.command.iter().map(shown).collect(),
            rustc: self.rustc(),
            builds,
        })
    }

    /// Builds with the cache and returns the row that compares.
    fn row(&self, build: &'static str, without: Duration, copied: &Copied) -> Result<Row, String> {
        let store = self.scratch.path().join("store");
        Stats::zero(&store).map_err(|error| format!("failed to reset the counters: {}", plain(&error)))?;
        let name = match build {
            "first" => "with an empty cache",
            "clean-rebuild" => "with the cache, clean rebuild",
            "other-checkout" => "with the cache, other checkout",
            _ => "with the cache, after an edit",
        };
        let with = self.build(copied, Some(&store), name)?;
        let log = stats::counted(&store);
        let stats = Stats::sum(&log);
        let failed = |reason: &Bypass| matches!(reason, Bypass::Failed | Bypass::FailedProbe);
        let bypassed = stats.bypassed.iter().filter(|(reason, _)| !failed(reason)).map(|(_, count)| count);
        let bypassed = bypassed.chain(stats.degraded.values()).sum();
        let because = Build::group(log.events).last().and_then(|build| Summary::of(build).because);
        Ok(Row { hits: stats.hits, misses: stats.misses, bypassed, because, ..Row::new(build, without, with) })
    }

    fn build(&self, copied: &Copied, store: Option<&Path>, name: &str) -> Result<Duration, String> {
        let mut command = self.cargo(copied);
        command.args(&self.command);
        match store {
            None => command.env("RUSTC_WRAPPER", ""),
            Some(store) => command
                .env("RUSTC_WRAPPER", &self.own)
                .env(environment::DIR, store)
                .env(environment::MODE, "on")
                .env(environment::CACHE_SIZE, "1T"),
        };
        watch(&mut command, name)
    }

    /// Returns a cargo that writes into its copy only.
    fn cargo(&self, copied: &Copied) -> Command {
        let mut command = Command::new("cargo");
        let target = copied.root.join("target");
        command.current_dir(&copied.directory).env("CARGO_TARGET_DIR", &target).env("CARGO_BUILD_BUILD_DIR", &target);
        command.env("CARGO_TERM_COLOR", "never").env("CARGO_TERM_PROGRESS_WHEN", "never");
        // What the user has set is to change neither what is timed nor what is said.
        for name in [
            "CARGO_BUILD_RUSTC_WRAPPER",
            environment::ACTIVE,
            environment::BUILD,
            environment::SUMMARY,
            environment::VERIFY,
        ] {
            command.env_remove(name);
        }
        if let Some(toolchain) = &self.toolchain {
            command.env("RUSTUP_TOOLCHAIN", toolchain);
        }
        command
    }

    fn clean(&self, copied: &Copied) -> Result<(), String> {
        let target = copied.root.join("target");
        std::fs::remove_dir_all(&target)
            .map_err(|error| format!("failed to remove `{}`: {}", target.display(), plain(&error)))
    }

    fn rustc(&self) -> String {
        let mut command = Command::new("rustc");
        command.arg("--version").current_dir(&self.one.directory);
        if let Some(toolchain) = &self.toolchain {
            command.env("RUSTUP_TOOLCHAIN", toolchain);
        }
        let output = command.output().map(|output| output.stdout).unwrap_or_default();
        String::from_utf8_lossy(&output).trim().to_owned()
    }
}

fn edit(copied: &Copied) -> Result<(), String> {
    use std::io::Write;
    let Some(source) = &copied.source else { return Ok(()) };
    let open = std::fs::OpenOptions::new().append(true).open(source);
    open.and_then(|mut file| file.write_all(EDIT.as_bytes()))
        .map_err(|error| format!("failed to edit `{}`: {}", source.display(), plain(&error)))
}

/// Returns the toolchain that rustup would run in a directory, which a copy elsewhere may not say.
fn toolchain(directory: &Path) -> Option<OsString> {
    let mut command = Command::new("rustup");
    command.args(["show", "active-toolchain"]).current_dir(directory).stdin(Stdio::null()).stderr(Stdio::null());
    let output = command.output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.split_whitespace().next().map(|name| OsStr::new(name).to_owned())
}
