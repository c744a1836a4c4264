//! `thymos pack` and `thymos unpack`: the store, or what a build used of it, as one file.
//!
//! Exit status of both: 0 where all of it went in, 1 where a part was refused or damaged, 2 where nothing could be done.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use indicatif::{ProgressBar, ProgressStyle};

use crate::history::amount::{bytes, counted};
use crate::settings::Settings;
use crate::settings::amounts::{Age, Size};
use crate::store::Store;
use crate::store::gc::{Policy, Run};
use crate::store::pack::{Packed, Selection, Unpacked, pack, unpack};
use crate::system::error::plain;
use crate::system::os;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  thymos pack cache.pack                    what was used since the last unpack
  thymos pack --all --max-size 2G all.pack
  thymos pack --since 12h - | ssh host thymos unpack -")]
pub struct PackArgs {
    /// The file to write; - is the standard output
    file: PathBuf,
    /// Only what was used in this time: 90m, 12h or 7d. By default what was used since the last unpack, or all
    #[arg(long, value_name = "AGE", value_parser = |text: &str| text.parse::<Age>(), conflicts_with = "all")]
    since: Option<Age>,
    /// Everything in the store
    #[arg(long)]
    all: bool,
    /// The most that the file may have, such as 2G; what was not used for longest is left out
    #[arg(long, value_name = "SIZE", value_parser = |text: &str| text.parse::<Size>())]
    max_size: Option<Size>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
What a pack says is believed as the cache itself is: take packs only from
where you would take a compiler from.

Examples:
  thymos unpack cache.pack
  curl -fsS https://ci.example.org/cache.pack | thymos unpack -")]
pub struct UnpackArgs {
    /// The file to read; - is the standard input
    file: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What `--json` prints.
#[derive(serde::Serialize)]
struct Report<'a, T> {
    schema: u32,
    file: String,
    #[serde(flatten)]
    done: &'a T,
}

pub fn run_pack(args: &PackArgs, settings: &Settings) -> Result<ExitCode, String> {
    let store = open(settings)?;
    let since = args.since.map(|Age(age)| SystemTime::now().checked_sub(age).unwrap_or(SystemTime::UNIX_EPOCH));
    let since = if args.all { None } else { since.or_else(|| store.unpacked()) };
    let selection = Selection { since, most: args.max_size.map(|Size(size)| size) };
    let bar = bar("Packing");
    let mut told = |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    };
    let shown = args.file.display().to_string();
    let failed = |error: io::Error| format!("failed to write `{shown}`: {}", plain(&error));
    let packed = if is_stream(&args.file) {
        if io::stdout().is_terminal() {
            return Err("a pack is no text for a terminal; name a file, or send the output somewhere".to_owned());
        }
        pack(&store, &selection, io::stdout().lock(), &mut told).map_err(failed)?
    } else {
        to_file(&args.file, |file| pack(&store, &selection, file, &mut told)).map_err(failed)?
    };
    bar.finish_and_clear();
    say(&args.file, args.json, &packed, &packed_text(&packed, &shown))?;
    Ok(if packed.damaged == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Writes beside the file and renames, so that a pack is whole or not there.
fn to_file(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<Packed>) -> io::Result<Packed> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let temporary = tempfile::Builder::new().prefix(".thymos-pack-").tempfile_in(parent)?;
    let mut buffered = BufWriter::with_capacity(1 << 20, temporary);
    let packed = write(&mut buffered)?;
    let temporary = buffered.into_inner().map_err(io::IntoInnerError::into_error)?;
    os::set_mode(temporary.path(), os::new_file_mode(0o644))?;
    temporary.persist(path).map_err(|error| error.error)?;
    Ok(packed)
}

pub fn run_unpack(args: &UnpackArgs, settings: &Settings) -> Result<ExitCode, String> {
    let shown = args.file.display().to_string();
    let failed = |error: io::Error| format!("failed to read `{shown}`: {}", plain(&error));
    let bar = bar("Unpacking");
    let unpacked = if is_stream(&args.file) {
        if io::stdin().is_terminal() {
            return Err("there is no pack on a terminal; name a file, or send one to the standard input".to_owned());
        }
        take(settings, io::stdin().lock())?
    } else {
        let file = File::open(&args.file).map_err(failed)?;
        bar.set_length(file.metadata().map_err(failed)?.len());
        take(settings, bar.wrap_read(file))?
    };
    bar.finish_and_clear();
    let sound = unpacked.refused.is_empty() && unpacked.damage.is_none();
    say(&args.file, args.json, &unpacked, &unpacked_text(&unpacked, settings))?;
    if let Some(why) = &unpacked.damage {
        eprintln!("thymos: `{shown}` is damaged: {why}; what came before that is sound and was taken");
    }
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn take(settings: &Settings, from: impl Read) -> Result<Unpacked, String> {
    let store = open(settings)?;
    let unpacked = unpack(&store, from, settings.cache_size)?;
    if store.noted() > settings.cache_size {
        let failed = |error: io::Error| format!("failed to collect `{}`: {}", store.root().display(), plain(&error));
        store
            .collect(&Policy { limit: settings.cache_size, older_than: None, run: Run::Real, by: None })
            .map_err(failed)?;
    }
    Ok(unpacked)
}

fn open(settings: &Settings) -> Result<Store, String> {
    let dir = settings.dir.as_deref().ok_or("there is no home directory for the cache; set THYMOS_DIR")?;
    Store::open_as(dir, settings.shared).map_err(|degraded| format!("failed to open `{}`: {degraded}", dir.display()))
}

fn bar(what: &str) -> ProgressBar {
    let bar = if io::stderr().is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template(&format!("{what} {{wide_bar}} {{percent}} %")) {
        bar.set_style(style);
    }
    bar
}

fn is_stream(file: &Path) -> bool {
    file == Path::new("-")
}

/// Prints the summary, beside the pack where that goes to the standard output.
fn say<T: serde::Serialize>(file: &Path, json: bool, done: &T, text: &str) -> Result<(), String> {
    let report = Report { schema: 1, file: file.display().to_string(), done };
    let text = match json {
        true => {
            serde_json::to_string_pretty(&report).map_err(|error| format!("failed to print the summary: {error}"))?
        }
        false => text.to_owned(),
    };
    if is_stream(file) {
        eprintln!("{text}");
    } else {
        println!("{text}");
    }
    Ok(())
}

fn packed_text(packed: &Packed, shown: &str) -> String {
    let Packed { entries, blobs, content_bytes, bytes: size, unused, left_out, damaged } = *packed;
    let mut text = format!(
        "packed {} and {}, {} as {} in {shown}",
        counted(entries, "entry"),
        counted(blobs, "file"),
        bytes(content_bytes),
        bytes(size)
    );
    for (count, why) in [
        (unused, "not used since then"),
        (left_out, "left out for the size limit"),
        (damaged, "damaged or incomplete in the store"),
    ] {
        if count > 0 {
            text.push_str(&format!("\n  {} {why}", counted(count, "entry")));
        }
    }
    text
}

fn unpacked_text(unpacked: &Unpacked, settings: &Settings) -> String {
    let Unpacked { entries, known, blobs, bytes: grown, full, refused, damage: _ } = unpacked;
    let mut text =
        format!("unpacked {} and {}, {}", counted(*entries, "entry"), counted(*blobs, "file"), bytes(*grown));
    if *known > 0 {
        text.push_str(&format!("\n  {} known already", counted(*known, "entry")));
    }
    if *full {
        text.push_str(&format!("\n  the rest does not fit into the cache's limit of {}", bytes(settings.cache_size)));
    }
    for (why, count) in refused {
        text.push_str(&format!("\n  {count} refused: {why}"));
    }
    text
}
