//! The event of an invocation.
//!
//! Invariant: one invocation appends one event, and a failure to do so changes nothing else.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Unit, notice};
use crate::outcome::Outcome;
use crate::outcome::event::{self, Event};
use crate::settings::environment;
use crate::system::os;
use crate::system::step::Step;

/// What is known of an invocation when it ends.
#[derive(Default)]
pub struct Facts {
    pub compile_us: u64,
    pub meta_us: u64,
    pub bytes: u64,
    pub key: String,
    pub workspace: Option<PathBuf>,
    pub verified: bool,
    pub trouble: Option<String>,
}

impl Unit<'_> {
    /// Tells what became of the invocation.
    pub fn log(&self, outcome: &Outcome, facts: Facts) {
        let event = self.event(outcome, facts);
        notice::log(self.environment, &event);
        let Some(dir) = &self.settings.dir else { return };
        if event::append(&dir.join("v1/events"), &event).is_err() {
            // Statistics are worth a try elsewhere and nothing more.
            let _ = event::append_elsewhere(dir, &event);
        }
        Step::EventAppended.reached();
    }

    fn event(&self, outcome: &Outcome, facts: Facts) -> Event {
        let unit = &self.invocation;
        Event {
            schema: event::SCHEMA,
            at_ms: event::now_ms(),
            outcome: outcome.clone(),
            krate: if unit.crate_name.is_empty() { self.text("CARGO_CRATE_NAME") } else { unit.crate_name.clone() },
            kind: unit.kind(),
            version: self.text("CARGO_PKG_VERSION"),
            took_us: micros(self.start.elapsed()),
            compile_us: facts.compile_us,
            bytes: facts.bytes,
            key: facts.key,
            target: unit.target_dir().map(|path| shown(&self.directory.join(path))).unwrap_or_default(),
            parent: os::parent(),
            build: self.build(),
            workspace: facts.workspace.as_deref().or_else(|| self.workspace()).map(shown).unwrap_or_default(),
            package: self.text("CARGO_PKG_NAME"),
            unit: unit.stem(),
            deps: unit.dependencies(),
            meta_us: facts.meta_us,
            verified: facts.verified,
            trouble: facts.trouble,
        }
    }

    /// Cargo starts the compiler in the workspace for the packages that belong to it, and names their sources from there.
    fn workspace(&self) -> Option<&Path> {
        let own = !self.invocation.crate_name.is_empty() && self.invocation.source.is_relative();
        own.then_some(&self.directory)
    }

    /// Returns the name of the build: what `thymos build` calls it, or whoever started this process.
    fn build(&self) -> String {
        let named = self.environment.filled(environment::BUILD).and_then(OsStr::to_str);
        named.map_or_else(event::build, str::to_owned)
    }

    fn text(&self, variable: &str) -> String {
        self.environment.get(variable).unwrap_or_default().to_string_lossy().into_owned()
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// Returns a time in microseconds.
pub fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
