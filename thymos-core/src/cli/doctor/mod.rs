//! `thymos doctor`: checks that everything works here, and names the fix where something does not.
//!
//! Gathering is in [`probe`] and [`machine`]; judging what was gathered is pure.

mod finding;
mod flags;
mod machine;
mod probe;
mod wrapper;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::cargo_config::hierarchy::Hierarchy;
use super::cargo_config::stem;
use super::cargo_config::workspace::{self, cargo};
use crate::settings::Settings;
use crate::settings::environment::Environment;
use finding::{Finding, status, table};
use wrapper::Set;

const EXAMPLES: &str = "\
Examples:
  thymos doctor           what is wrong in this directory, and the fix
  thymos doctor --json    the same for scripts; the exit status says it too";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What `thymos doctor --json` prints.
#[derive(serde::Serialize)]
struct Report<'a> {
    schema: u32,
    status: u8,
    findings: &'a [Finding],
}

/// Everything that is looked at.
struct Checks<'a> {
    environment: &'a Environment,
    settings: &'a Settings,
    directory: PathBuf,
    hierarchy: Hierarchy,
}

pub fn run(args: &Args, settings: &Settings, environment: &Environment) -> Result<ExitCode, String> {
    let directory = std::env::current_dir().map_err(|_| "there is no current directory")?;
    let hierarchy = Hierarchy::read(environment, &directory);
    let findings = Checks { environment, settings, directory, hierarchy }.examine();
    let status = status(&findings);
    if args.json {
        let report = Report { schema: 2, status, findings: &findings };
        let text =
            serde_json::to_string_pretty(&report).map_err(|error| format!("failed to print the findings: {error}"))?;
        println!("{text}");
    } else {
        anstream::print!("{}", table(&findings));
    }
    Ok(ExitCode::from(status))
}

impl Checks<'_> {
    fn examine(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for broken in &self.hierarchy.broken {
            findings.push(
                Finding::attention("config", broken.clone())
                    .why("Cargo fails on this file")
                    .fix(format!("correct {broken}")),
            );
        }
        findings.push(machine::system());
        let host = host(self.environment);
        let Ok(host) = host.map_err(|cause| findings.push(Finding::unknown("cargo", cause))) else { return findings };
        let sources = self.hierarchy.rustflags(self.environment, &host);
        findings.push(wrapper::judge(&self.wrappers()));
        let probed = probe::run(self.environment, &self.directory);
        findings.push(probed.finding);
        if let Some(mark) = probed.mark {
            let named = sources.first().and_then(|force| flags::named(force));
            findings.push(flags::judge_linker(named.as_deref(), mark.map(|mark| mark.to_string()).as_deref()));
        }
        findings.push(flags::judge_silenced(&sources));
        findings.push(machine::store(self.settings));
        findings.push(machine::file_systems(self.settings, &self.target_directory()));
        findings.push(machine::docker());
        findings.push(self.sccache());
        findings
    }

    /// Returns every wrapper that is set, the one in force first.
    fn wrappers(&self) -> Vec<Set> {
        let names = ["RUSTC_WRAPPER", "CARGO_BUILD_RUSTC_WRAPPER"];
        let variables = names
            .into_iter()
            .filter_map(|name| Some((self.environment.get(name)?.display().to_string(), name.to_owned())));
        let files = self.hierarchy.texts(&["build", "rustc-wrapper"]);
        variables.chain(files).map(|(value, place)| self.set(value, place)).collect()
    }

    fn set(&self, value: String, place: String) -> Set {
        Set { exists: self.exists(&value), ours: self.is_thymos(&value), value, place }
    }

    /// Returns whether a program is Thymos, by its own name or by the alias that `thymos setup --sccache-alias` makes.
    fn is_thymos(&self, program: &str) -> bool {
        let path = Path::new(program);
        let found = if path.components().count() > 1 {
            Some(path.to_owned())
        } else {
            self.environment.program(program.as_ref())
        };
        let real = found.and_then(|path| path.canonicalize().ok());
        stem(program) == "thymos" || real.is_some_and(|real| stem(&real.display().to_string()) == "thymos")
    }

    fn exists(&self, program: &str) -> bool {
        let path = Path::new(program);
        if path.components().count() > 1 {
            path.is_file()
        } else {
            self.environment.program(program.as_ref()).is_some()
        }
    }

    fn target_directory(&self) -> PathBuf {
        let set = self.environment.path("CARGO_TARGET_DIR").or_else(|| self.environment.path("CARGO_BUILD_TARGET_DIR"));
        let root = || workspace::root(self.environment, &self.directory).unwrap_or_else(|_| self.directory.clone());
        set.unwrap_or_else(|| root().join("target"))
    }

    /// Looks for an sccache that is still set somewhere.
    fn sccache(&self) -> Finding {
        const CHECK: &str = "sccache";
        let ours = |name: &str| name.starts_with("SCCACHE_");
        // A directory may be called so, above all the mount point of a cache in a container.
        let launches = |value: &str| {
            let named = value.split_whitespace().next().is_some_and(|first| stem(first) == "sccache");
            named && !Path::new(value).is_dir()
        };
        let variables = self.environment.iter().filter_map(|(name, value)| Some((name.to_str()?, value.to_str()?)));
        // Values may be credentials, so only names are shown.
        let mut found: Vec<String> =
            variables.filter(|(name, value)| ours(name) || launches(value)).map(|(name, _)| name.to_owned()).collect();
        for (value, place) in self.hierarchy.texts(&["build", "rustc-wrapper"]) {
            if launches(&value) {
                found.push(format!("build.rustc-wrapper in {place}"));
            }
        }
        if self.is_thymos("sccache") {
            return Finding::good(CHECK, "the name belongs to Thymos here");
        }
        if found.is_empty() {
            return Finding::good(CHECK, "not set");
        }
        Finding::attention(CHECK, format!("still set: {}", found.join(", ")))
            .why("two caches store everything twice, and Cargo uses only one")
            .fix(format!("thymos setup --from-sccache for files; unset variables: {}", found.join(", ")))
    }
}

/// Returns the host's triple in Cargo's own words.
fn host(environment: &Environment) -> Result<String, String> {
    let output = cargo(environment).arg("-vV").output();
    let output = output.map_err(|error| format!("failed to run cargo: {}", crate::system::error::plain(&error)))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| "cargo does not say what it is".to_owned())
}
