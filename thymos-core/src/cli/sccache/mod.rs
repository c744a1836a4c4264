//! sccache's command line, answered from Thymos's store: this program under the name `sccache`.
//!
//! Scripts, CI steps and build systems that call sccache go on working: the options, the rows of the statistics, the keys of
//! their JSON and the settings with a counterpart are the same. Invariant: whatever is not answered is named, with what to use
//! instead, and fails; nothing that sccache does is silently left out. It has no server, no second level and no protocol.

mod ask;
mod figures;
mod text;

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitCode;

pub(crate) use ask::is_option;
use ask::{Ask, Format};
use figures::Report;
pub(crate) use text::Detail;

use crate::history::stats::{self, Stats};
use crate::settings::Settings;
use crate::settings::environment::{self, Environment, Name};
use crate::store::Store;
use crate::system::error::plain;
use crate::system::os;

/// The name that makes this program answer as sccache does.
pub(crate) const NAME: &str = "sccache";
/// The sccache whose options, rows and keys these are. Scripts read it from the second word of `sccache --version`.
const VERSION: &str = concat!("0.17.0 (thymos ", env!("CARGO_PKG_VERSION"), ")");

const HELP: &str = "\
Thymos, answering as sccache does

Usage: sccache [OPTIONS]
       sccache COMPILER [ARGUMENTS]

Options:
  -s, --show-stats          Shows what the cache did
      --show-adv-stats      Shows it by compiler instead of by language
      --stats-format FMT    text or json
  -z, --zero-stats          Counts from zero again, and keeps the cache
      --start-server        Succeeds: there is no server
      --stop-server         Shows what the cache did: there is no server
  -h, --help                Shows this
  -V, --version             Shows the version

Settings: SCCACHE_DIR, SCCACHE_CACHE_SIZE, SCCACHE_RECACHE, SCCACHE_LOG and
SCCACHE_ERROR_LOG, as long as no setting of Thymos's own says otherwise.

Examples:
  RUSTC_WRAPPER=sccache cargo build
  sccache --show-stats --stats-format json
  thymos why                say why something was compiled
";

/// Returns whether a program was started under sccache's name.
#[must_use]
pub fn is_called(program: &OsStr) -> bool {
    Path::new(program).file_stem().is_some_and(|stem| stem == NAME)
}

/// Answers, or wraps a compiler.
#[must_use]
pub fn run(arguments: Vec<OsString>) -> ExitCode {
    let environment = Environment::read().called(Name::Sccache);
    match Ask::parse(&arguments, environment.get(environment::SCCACHE_START_SERVER)) {
        Ok(Ask::Compile(command)) => crate::wrapper::run(command, environment),
        Ok(ask) => answer(&ask, &environment).unwrap_or_else(|message| fail(&message)),
        Err(message) => fail(&message),
    }
}

/// Answers one of sccache's options in a command line that begins with one, under either name.
///
/// # Errors
/// In a sentence for the user.
pub(crate) fn run_option(arguments: &[OsString], environment: &Environment) -> Result<ExitCode, String> {
    match Ask::parse(arguments, None)? {
        Ask::Compile(_) => Err("an option and a compiler do not go together".to_owned()),
        ask => answer(&ask, environment),
    }
}

fn fail(message: &str) -> ExitCode {
    eprintln!("sccache: {message}");
    ExitCode::from(2)
}

fn answer(ask: &Ask, environment: &Environment) -> Result<ExitCode, String> {
    os::end_on_closed_pipe();
    match ask {
        Ask::Help => print!("{HELP}"),
        Ask::Version => println!("sccache {VERSION}"),
        Ask::Start => {
            make_log(environment)?;
            println!("sccache: Starting the server... there is none: each compile looks in the cache by itself");
            remote(environment);
        }
        Ask::Stop => {
            println!("Stopping sccache server... there is none; `thymos clear` empties the cache");
            show(Format::Text(Detail::Language), environment)?;
        }
        Ask::Zero => {
            let settings = settings(environment);
            let dir = directory(&settings)?;
            Stats::zero(dir)
                .map_err(|error| format!("failed to reset the counters in `{}`: {}", dir.display(), plain(&error)))?;
            eprintln!("Statistics zeroed.");
        }
        Ask::Show(format) => {
            remote(environment);
            show(*format, environment)?;
        }
        Ask::Compile(_) => {}
    }
    Ok(ExitCode::SUCCESS)
}

fn settings(environment: &Environment) -> Settings {
    let directory = std::env::current_dir().unwrap_or_default();
    let settings = Settings::gather(environment, directory.ancestors());
    settings.complaints.iter().for_each(|complaint| eprintln!("sccache: {complaint}"));
    settings
}

fn directory(settings: &Settings) -> Result<&Path, String> {
    settings.dir.as_deref().ok_or_else(|| "there is no home directory for the cache; set SCCACHE_DIR".to_owned())
}

fn show(format: Format, environment: &Environment) -> Result<(), String> {
    let settings = settings(environment);
    let dir = directory(&settings)?;
    let contents = Store::open_existing(dir, settings.shared).map(|store| store.contents()).unwrap_or_default();
    let report = Report {
        stats: figures::sum(&stats::counted(dir).events),
        cache_location: format!("Local disk: {:?}", dir.display().to_string()),
        cache_size: contents.bytes,
        max_cache_size: settings.cache_size,
        use_preprocessor_cache_mode: false,
        version: VERSION,
        basedirs: [],
    };
    match format {
        Format::Text(detail) => print!("{}", text::render(&report, detail)),
        Format::Json => {
            let json =
                serde_json::to_string(&report).map_err(|error| format!("failed to print statistics: {error}"))?;
            println!("{json}");
        }
    }
    Ok(())
}

/// Makes the file for the log, which scripts read at their end whether something was logged or not.
fn make_log(environment: &Environment) -> Result<(), String> {
    let Some(path) = environment.path(environment::SCCACHE_ERROR_LOG) else { return Ok(()) };
    let made = std::fs::OpenOptions::new().append(true).create(true).open(&path);
    made.map(drop).map_err(|error| format!("failed to open `{}`: {}", path.display(), plain(&error)))
}

/// Says that a second level that was asked for is not there.
fn remote(environment: &Environment) {
    let off = |value: &OsStr| value.is_empty() || ["false", "0", "off"].iter().any(|word| value == *word);
    let asked = environment.iter().find(|(name, value)| {
        let name = name.to_str().unwrap_or_default();
        environment::SCCACHE_REMOTE.iter().any(|prefix| name.starts_with(prefix)) && !off(value)
    });
    if let Some((name, _)) = asked {
        eprintln!("sccache: {} is set, and this cache is on this machine only", name.display());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_name_makes_it_sccache() {
        for name in ["sccache", "/usr/local/bin/sccache", "sccache.exe"] {
            assert!(is_called(name.as_ref()), "{name}");
        }
        for name in ["thymos", "sccache-dist", "/sccache/thymos", ""] {
            assert!(!is_called(name.as_ref()), "{name}");
        }
    }
}
