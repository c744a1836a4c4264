//! `THYMOS_SUMMARY=1`: one line at the end of a plain `cargo build`.
//!
//! There is no daemon that knows when a build ends. The first wrapper that a Cargo starts leaves a process behind. It sleeps
//! until that Cargo ends, and then writes the line to Cargo's own standard error. A shell may print its prompt first.
//!
//! Invariant: without the variable nothing happens, and what fails here costs only the line. `thymos build` prints the line
//! itself.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use crate::history::builds::Build;
use crate::history::summary::Summary;
use crate::outcome::event;
use crate::settings::Settings;
use crate::settings::environment::{self, Environment};
use crate::system::os;

/// The first argument of the waiting process; the number of a Cargo and the name of its build follow.
const WAIT: &str = "--summary-of";
/// Wrappers that started together with the first may have ended before the waiting process began.
const BEFORE_MS: u64 = 60_000;

/// Leaves the waiting process behind, once for each Cargo.
pub fn arrange(environment: &Environment, store: &Path) {
    let asked = environment.get(environment::SUMMARY).is_some_and(|value| value == "1");
    if !asked || environment.get(environment::BUILD).is_some() || os::cargo_stderr().is_none() {
        return;
    }
    let build = event::build();
    let mark = |path| os::private(OpenOptions::new().write(true).create_new(true)).open(path);
    if build.is_empty() || mark(store.join("tmp").join(name(&build))).is_err() {
        return;
    }
    let Ok(own) = std::env::current_exe() else { return };
    let dir = store.parent().unwrap_or(store);
    let mut command = Command::new(own);
    command.args([WAIT, &os::parent().to_string(), &build]).env(environment::DIR, dir);
    let _ = os::spawn_detached(&mut command);
}

fn name(build: &str) -> String {
    format!("summary-{build}")
}

/// Returns whether this is the waiting process.
pub fn is_asked(arguments: &[OsString]) -> bool {
    arguments.first().is_some_and(|first| first == WAIT)
}

/// Waits for the Cargo to end and prints its line.
pub fn run(arguments: &[OsString], settings: &Settings) {
    let [_, cargo, build] = arguments else { return };
    let (Some(cargo), Some(build)) = (cargo.to_str().and_then(|id| id.parse().ok()), build.to_str()) else { return };
    // Both are opened while Cargo waits for the wrapper that started this process, or shortly after.
    let (Some(mut stderr), Some(process)) = (os::stderr_of(cargo), os::Process::open(cargo)) else { return };
    if event::build_of(cargo) != build {
        return;
    }
    let began = event::now_ms().saturating_sub(BEFORE_MS);
    process.wait();
    let Some(dir) = &settings.dir else { return };
    let _ = std::fs::remove_file(dir.join("v1/tmp").join(name(build)));
    // Build scripts probe the compiler from a process of their own, and belong to the build all the same.
    let builds = Build::group(event::gather(dir, began).events);
    if let Some(build) = builds.iter().find(|known| known.id == build) {
        let _ = stderr.write_all(format!("{}\n", Summary::of(build).line()).as_bytes());
    }
}
