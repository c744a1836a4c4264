//! A small package, built twice by the real Cargo through this program, in a store that nobody else uses.
//!
//! Cargo starts in the directory that is examined, so its configuration and toolchain are in force; only the wrapper, the store
//! and the target directory are the probe's own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use thymos_build::Mark;

use super::finding::Finding;
use crate::cli::cargo_config::workspace::cargo;
use crate::history::stats::Stats;
use crate::settings::environment::{self, Environment};
use crate::system::error::plain;

const CHECK: &str = "cache";

/// What the two builds showed.
#[derive(Debug)]
pub struct Probed {
    /// Whether the second build hit.
    pub finding: Finding,
    /// The mark in the program, if it has one; nothing if there is no program.
    pub mark: Option<Option<Mark>>,
}

/// Builds the probe twice.
pub fn run(environment: &Environment, directory: &Path) -> Probed {
    match Probe::set_up(environment, directory).and_then(|probe| probe.run()) {
        Ok(probed) => probed,
        Err(cause) => Probed { finding: Finding::unknown(CHECK, cause), mark: None },
    }
}

struct Probe<'a> {
    environment: &'a Environment,
    directory: &'a Path,
    scratch: tempfile::TempDir,
}

impl<'a> Probe<'a> {
    fn set_up(environment: &'a Environment, directory: &'a Path) -> Result<Self, String> {
        let failed = |error: std::io::Error| format!("failed to make a package to build: {}", plain(&error));
        let scratch = tempfile::tempdir().map_err(failed)?;
        let manifest = "[package]\nname = \"thymos-probe\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[workspace]\n";
        let write = |path: &str, text: &str| std::fs::write(scratch.path().join(path), text);
        std::fs::create_dir(scratch.path().join("src")).map_err(failed)?;
        write("Cargo.toml", manifest).map_err(failed)?;
        write("src/lib.rs", "pub fn answer() -> u32 { 42 }\n").map_err(failed)?;
        write("src/main.rs", "fn main() { println!(\"{}\", thymos_probe::answer()); }\n").map_err(failed)?;
        Ok(Self { environment, directory, scratch })
    }

    fn run(&self) -> Result<Probed, String> {
        let first = self.build("first");
        let Err(complaint) = first.and_then(|()| self.build("second")) else { return Ok(self.judge()) };
        let finding = Finding::attention(CHECK, format!("a small package does not build here: {complaint}"))
            .why("as long as Cargo fails, nothing can be cached")
            .fix("cargo build -v, which shows the whole error");
        Ok(Probed { finding, mark: None })
    }

    fn judge(&self) -> Probed {
        let stats = Stats::gather(&self.store());
        let bypassed = stats.bypassed.keys().map(ToString::to_string);
        let reasons: Vec<String> = bypassed.chain(stats.degraded.keys().map(ToString::to_string)).collect();
        let reasons = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) };
        let finding = if stats.hits > 0 {
            Finding::good(
                CHECK,
                format!(
                    "a package that was built twice hit {} of {} times the second time{reasons}",
                    stats.hits,
                    stats.misses.max(stats.hits)
                ),
            )
        } else {
            Finding::attention(CHECK, format!("a package that was built twice did not hit{reasons}"))
                .why("every build compiles everything")
                .fix("thymos stats, which counts the reasons")
        };
        let program = self.program("second");
        Probed { finding, mark: program.and_then(|path| Mark::read(&path).ok()) }
    }

    fn build(&self, target: &str) -> Result<(), String> {
        let this =
            std::env::current_exe().map_err(|error| format!("failed to find this program: {}", plain(&error)))?;
        let mut command: Command = cargo(self.environment);
        command.current_dir(self.directory).args(["build", "--offline", "--manifest-path"]);
        command.arg(self.scratch.path().join("Cargo.toml"));
        command.env("RUSTC_WRAPPER", this).env(environment::DIR, self.store()).env(environment::MODE, "on");
        command.env("CARGO_TARGET_DIR", self.scratch.path().join(target)).env("CARGO_INCREMENTAL", "0");
        command.env_remove(environment::ACTIVE).env("CARGO_TERM_COLOR", "never").env_remove("CARGO_BUILD_TARGET_DIR");
        let output =
            command.stdin(Stdio::null()).output().map_err(|error| format!("failed to run cargo: {}", plain(&error)))?;
        if output.status.success() {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&output.stderr);
        Err(text
            .lines()
            .find(|line| line.starts_with("error"))
            .or(text.lines().last())
            .unwrap_or("cargo failed")
            .to_owned())
    }

    fn store(&self) -> PathBuf {
        self.scratch.path().join("store")
    }

    /// Returns the program, which `build.target` puts into a directory of its own.
    fn program(&self, target: &str) -> Option<PathBuf> {
        let target = self.scratch.path().join(target);
        let triples = std::fs::read_dir(&target).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
        let places = std::iter::once(target.clone()).chain(triples);
        places
            .map(|place| place.join("debug").join(format!("thymos-probe{}", std::env::consts::EXE_SUFFIX)))
            .find(|path| path.is_file())
    }
}
