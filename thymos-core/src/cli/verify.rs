//! `thymos verify store`: reads the whole store, says what is wrong in it, and drops that.
//!
//! Exit status: 0 where everything is sound, 1 where something was not, 2 where the store cannot be looked at.

use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};

use crate::history::amount::bytes;
use crate::settings::Settings;
use crate::store::Store;
use crate::store::verify::{Finding, Repair, Verified};

const EXAMPLES: &str = "\
Examples:
  thymos verify store              drops what is damaged
  thymos verify store --dry-run    says what is damaged
  THYMOS_VERIFY=1 cargo build      compiles hits again and compares them";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Reads every manifest and every blob and drops what is damaged, so that the next build compiles it again
    ///
    /// Exits with 0 if everything is sound, with 1 if something was not. Whether a stored result is the one that a compile would
    /// give today is a question for THYMOS_VERIFY=1 cargo build.
    Store(StoreArgs),
}

#[derive(Debug, clap::Args)]
struct StoreArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Say what is wrong and leave it where it is
    #[arg(long)]
    dry_run: bool,
}

/// What `--json` prints.
#[derive(serde::Serialize)]
struct Report<'a> {
    schema: u32,
    path: String,
    sound: bool,
    #[serde(flatten)]
    verified: &'a Verified,
}

pub fn run(args: &Args, settings: &Settings) -> Result<ExitCode, String> {
    let What::Store(args) = &args.what;
    let dir = settings.dir.as_deref().ok_or("there is no home directory for the cache; set THYMOS_DIR")?;
    let verified = if Store::is_in(dir) { read(dir, args, settings)? } else { Verified::default() };
    let sound = verified.findings.is_empty();
    if args.json {
        let report = Report { schema: 1, path: dir.display().to_string(), sound, verified: &verified };
        let text =
            serde_json::to_string_pretty(&report).map_err(|error| format!("failed to print the findings: {error}"))?;
        println!("{text}");
    } else {
        print!("{}", text(dir, &verified));
    }
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn read(dir: &Path, args: &StoreArgs, settings: &Settings) -> Result<Verified, String> {
    let store = Store::open_as(dir, settings.shared)
        .map_err(|degraded| format!("failed to open `{}`: {degraded}", dir.display()))?;
    let repair = if args.dry_run { Repair::Keep } else { Repair::Drop };
    let bar = if std::io::stderr().is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("Reading the store {wide_bar} {percent} %") {
        bar.set_style(style);
    }
    let verified = store.verify(repair, &mut |progress| {
        bar.set_length(progress.total);
        bar.set_position(progress.done);
    });
    bar.finish_and_clear();
    Ok(verified)
}

fn text(dir: &Path, verified: &Verified) -> String {
    let mut text = String::new();
    for finding in &verified.findings {
        text.push_str(&line(finding));
        text.push('\n');
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(&table(verified));
    text.push_str(&format!("Cache location  {}\n\n{}\n", dir.display(), verdict(&verified.findings)));
    text
}

fn line(finding: &Finding) -> String {
    let of = finding.output.as_ref().map(|output| format!(": {output}")).unwrap_or_default();
    let trouble = finding.trouble.as_ref().map(|why| format!(" (not dropped: {why})")).unwrap_or_default();
    format!("{} {}{of}{trouble}", finding.path.display(), finding.fault.words())
}

fn table(verified: &Verified) -> String {
    let mut rows = vec![
        ("Actions", verified.actions, String::new()),
        ("  results", verified.results, String::new()),
        ("Blobs", verified.blobs, bytes(verified.blob_bytes)),
        ("  of no action", verified.orphans, bytes(verified.orphan_bytes)),
        ("Compilers", verified.compilers, String::new()),
        ("Units", verified.units, String::new()),
        ("Events", verified.events, String::new()),
    ];
    for (name, count) in [("  torn lines", verified.torn_events), ("Temporary files", verified.temporary)] {
        if count > 0 {
            rows.push((name, count, String::new()));
        }
    }
    rows.push(("Faults", verified.findings.len() as u64, String::new()));
    let width = rows.iter().map(|(name, ..)| name.len()).max().unwrap_or(0);
    let digits = rows.iter().map(|(_, count, _)| count.to_string().len()).max().unwrap_or(0);
    let row = |(name, count, note): &(&str, u64, String)| {
        format!("{}\n", format!("{name:<width$}  {count:>digits$}  {note}").trim_end())
    };
    rows.iter().map(row).collect()
}

fn verdict(findings: &[Finding]) -> String {
    let dropped = findings.iter().filter(|finding| finding.dropped).count();
    match (findings.len(), dropped) {
        (0, _) => "Everything in the store is sound.".to_owned(),
        (all, dropped) if all == dropped => "What was faulty is dropped; the next build compiles it again.".to_owned(),
        (_, 0) => "Nothing was dropped. A build never uses what is faulty: it compiles that again.".to_owned(),
        (all, dropped) => format!("{dropped} of {all} faulty things are dropped; the next build compiles them again."),
    }
}
