//! Stores a finished compile.
//!
//! Invariant: an entry becomes visible after everything that it names is in the store.

use std::io;
use std::process::Command;

use super::COLLECT;
use super::event::Facts;
use super::lookup::Attempt;
use crate::action::manifest::Manifest;
use crate::compile::Compiled;
use crate::outcome::{Degraded, Outcome};
use crate::record::{Recorded, Recorder};
use crate::settings::Settings;
use crate::settings::environment;
use crate::store::usage::Collection;
use crate::store::{Found, Store};
use crate::system::error::plain;
use crate::system::files;
use crate::system::guard::Guard;
use crate::system::os;
use crate::system::step::Step;

impl Attempt<'_> {
    /// Records a finished compile and stores it; the caller holds the action's lock.
    ///
    /// # Errors
    /// The outcome to count when it cannot be stored.
    pub fn store(&self, compiled: &Compiled, facts: &mut Facts) -> Result<(), Outcome> {
        let (invocation, request, memo) = (&self.unit.invocation, self.request, self.store.memo());
        Step::PublishCompiled.reached();
        let recorded =
            Recorder { invocation, around: self.around, request, remapping: self.remapping(), compiled, memo }.record();
        let recorded = recorded.inspect_err(|outcome| facts.trouble = trouble(outcome))?;
        Step::PublishRecorded.reached();
        let mut grown = 0;
        for made in &recorded.files {
            grown += self.store.keep(made).map_err(failed)?;
        }
        self.put_paths(&recorded)?;
        facts.bytes = recorded.entry.outputs.iter().map(|output| output.size).sum();
        let mut manifest = match self.store.lookup(&self.request.key) {
            Found::Manifest(manifest) => manifest,
            _ => Manifest::default(),
        };
        manifest.add(recorded.entry);
        grown += self.store.publish(&self.request.key, &manifest).map_err(failed)?;
        grown += self.lookup().remember(recorded.path_dependencies);
        let collection = self.store.grew(grown, self.unit.settings.cache_size);
        Step::PublishNoted.reached();
        if collection.is_ok_and(|collection| collection == Collection::Due) {
            start_collection(&self.unit.settings, self.store);
        }
        Ok(())
    }

    /// What is stored holds placeholders; what lies in the target directory now holds the paths of this place.
    fn put_paths(&self, recorded: &Recorded) -> Result<(), Outcome> {
        let out_dir = self.around.directory.join(&self.unit.invocation.out_dir);
        for output in recorded.entry.outputs.iter().filter(|_| Guard::PutPaths.on()) {
            let path = out_dir.join(os::path_from_bytes(output.name.clone()));
            files::overwrite(&path, &self.request.places.patches(&output.sites)).map_err(failed)?;
        }
        Ok(())
    }
}

/// Starts a collection in the background.
pub fn start_collection(settings: &Settings, store: &Store) {
    let Ok(own) = std::env::current_exe() else { return };
    let dir = store.root().parent().unwrap_or(store.root());
    let mut command = Command::new(own);
    command.args(COLLECT).env(environment::DIR, dir).env(environment::CACHE_SIZE, settings.cache_size.to_string());
    command.env(environment::SHARED, settings.shared.name());
    // A collection that does not start now starts after the next publish.
    let _ = os::spawn_detached(&mut command);
}

fn failed(error: io::Error) -> Outcome {
    Outcome::Degraded(Degraded::Publish(plain(&error)))
}

/// Returns the path or name behind a reason that is counted without it.
fn trouble(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Bypass(bypass) => bypass.detail().map(str::to_owned),
        _ => None,
    }
}
