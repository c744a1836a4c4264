//! `thymos report`: a build as a page, as data or as a trace.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use crate::history::amount::counted;
use crate::history::builds::Build;
use crate::history::report::{Report, html, trace};
use crate::outcome::event;
use crate::settings::Settings;
use crate::system::error::plain;
use crate::system::os::{self, Tells};

const EXAMPLES: &str = "\
Examples:
  thymos report --open                     writes and shows thymos-report.html
  thymos report -o build.html              one file, which needs no network
  thymos report --format json | jq .costs  what misses cost, for scripts
  thymos report --format trace -o t.json   for ui.perfetto.dev, about:tracing

Tells the last build of this workspace, or the last of all when none was here:
when each unit ran and whether it was a hit, what the build waited for, and what
misses cost and why. Nothing needs to be switched on before the build: every
compile leaves a line in the cache's own log.

The page names the workspace's directory and not where it lies. Reasons can hold
paths, so look at it before you publish it. JSON holds the workspace's path.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Where to write, `-` for standard output, which is where json and trace go by default; html goes to thymos-report.html
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// What to write
    #[arg(long, value_enum, default_value_t = Format::Html)]
    format: Format,
    /// Show the page in the browser
    #[arg(long)]
    open: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A page for people
    Html,
    /// Data for scripts, with a schema number
    Json,
    /// Trace events for Perfetto and Chrome
    Trace,
}

pub(crate) fn run(args: &Args, settings: &Settings) -> Result<ExitCode, String> {
    let dir = settings.dir.as_deref().ok_or("there is no home directory for the cache; set THYMOS_DIR")?;
    if args.open && args.format != Format::Html {
        return Err("--open shows a page; leave --format away, or open the file yourself".to_owned());
    }
    let log = event::gather(dir, 0);
    let directory = std::env::current_dir().unwrap_or_default();
    let build = Build::last(Build::group(log.events), &directory).ok_or_else(|| {
        format!("no build is recorded in {}; build something first: RUSTC_WRAPPER=thymos cargo build", dir.display())
    })?;
    if log.damaged > 0 {
        eprintln!("thymos: {} damaged lines of the log were left out", log.damaged);
    }
    let report = Report::of(&build);
    let text = match args.format {
        Format::Html => html::render(&report),
        Format::Json => pretty(&report)?,
        Format::Trace => pretty(&trace::render(&report))?,
    };
    match destination(args) {
        Some(path) => write(&path, &text, &report)?,
        None => return print(&text),
    }
    if args.open { open(&destination(args).unwrap_or_default()) } else { Ok(ExitCode::SUCCESS) }
}

/// Returns the file to write to; nothing is standard output.
fn destination(args: &Args) -> Option<PathBuf> {
    match &args.output {
        Some(path) if path.as_os_str() == "-" => None,
        Some(path) => Some(path.clone()),
        None => (args.format == Format::Html).then(|| PathBuf::from("thymos-report.html")),
    }
}

fn pretty(value: &impl serde::Serialize) -> Result<String, String> {
    serde_json::to_string_pretty(value)
        .map(|text| text + "\n")
        .map_err(|error| format!("failed to print the build: {error}"))
}

fn print(text: &str) -> Result<ExitCode, String> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        // Whoever reads has seen enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        done => {
            done.map(|()| ExitCode::SUCCESS).map_err(|error| format!("failed to print the build: {}", plain(&error)))
        }
    }
}

fn write(path: &Path, text: &str, report: &Report) -> Result<(), String> {
    std::fs::write(path, text).map_err(|error| format!("failed to write `{}`: {}", path.display(), plain(&error)))?;
    println!(
        "wrote {}: {} of {}, {} from the cache, {} compiled",
        path.display(),
        counted(report.units.len() as u64, "unit"),
        report.name(),
        report.hits,
        report.misses
    );
    Ok(())
}

/// Shows a file with the program that the desktop has for it.
fn open(path: &Path) -> Result<ExitCode, String> {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let (program, tells) = os::opener();
    let mut command = Command::new(program);
    command.arg(&absolute).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    match command.status() {
        Ok(status) if status.success() || tells == Tells::Nothing => Ok(ExitCode::SUCCESS),
        _ => Err(format!("`{program}` could not show the page: open {} in a browser", absolute.display())),
    }
}
