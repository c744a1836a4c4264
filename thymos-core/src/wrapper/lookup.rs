//! What the store has for a unit.
//!
//! Invariant: a result that could not be confirmed is not laid out, and no compiler runs here but to confirm one.

use std::cell::OnceCell;
use std::fs;

use super::Unit;
use super::event::Facts;
use super::program::{command, expand};
use crate::action::manifest::Entry;
use crate::action::roots::Root;
use crate::compile::observe;
use crate::hit::Lookup;
use crate::inputs::renaming;
use crate::invocation::Invocation;
use crate::outcome::cause::Cause;
use crate::outcome::event;
use crate::outcome::{Degraded, Outcome};
use crate::request::remapping::Remapping;
use crate::request::{Context, Request};
use crate::settings::Mode;
use crate::store::{Found, Store};
use crate::system::files::list_if_there;
use crate::system::step::Step;
use crate::verify::{Recompile, Refusal, Suspect};

/// What a look-up led to.
pub enum Decision {
    /// The result is laid out, and no compiler runs.
    Restored(Facts),
    /// This process becomes the compiler, and nothing is stored.
    Exec(NoHit),
    /// The compiler runs, and what it makes may be stored.
    Compile(NoHit),
}

/// Why there was no hit.
pub struct NoHit {
    /// What is counted.
    pub reason: Outcome,
    /// What was found and could not be confirmed.
    pub suspect: Option<Box<Suspect>>,
}

impl From<Outcome> for NoHit {
    fn from(reason: Outcome) -> Self {
        Self { reason, suspect: None }
    }
}

/// A unit with the store that it is looked up in.
pub struct Attempt<'a> {
    pub unit: &'a Unit<'a>,
    pub around: &'a Context<'a>,
    pub request: &'a Request,
    pub store: &'a Store,
    /// Known once it is asked for: it takes a look at sources.
    pub remapping: OnceCell<Remapping>,
}

impl Attempt<'_> {
    /// Looks the action up, and lays out what is found.
    pub fn look_up(&self) -> Decision {
        if self.unit.settings.mode == Mode::Refresh {
            return self.missed(|| Cause::Refresh);
        }
        let lookup = self.lookup();
        let manifest = match self.store.lookup(&self.request.key) {
            Found::Manifest(manifest) => manifest,
            Found::Nothing => return self.missed(|| lookup.why_absent()),
            Found::Damaged => return Decision::Compile(Outcome::Degraded(Degraded::ManifestDamaged).into()),
        };
        let entry = match lookup.find(&manifest) {
            Ok(entry) => entry,
            Err(broken) => return self.missed(|| lookup.why_none(&broken)),
        };
        match self.confirm(&lookup, entry) {
            Ok(verified) => self.restore(&lookup, entry, verified),
            Err(no_hit) => Decision::Compile(no_hit),
        }
    }

    fn restore(&self, lookup: &Lookup<'_>, entry: &Entry, verified: Verified) -> Decision {
        match lookup.restore(entry) {
            Ok(bytes) => {
                self.store.used(&self.request.key);
                Step::RestoreUsed.reached();
                let verified = verified == Verified::Now;
                Decision::Restored(Facts { compile_us: entry.compile_us, bytes, verified, ..self.facts() })
            }
            Err(Outcome::Miss(cause)) => self.missed(|| cause),
            Err(outcome) => Decision::Compile(outcome.into()),
        }
    }

    /// There is nothing for the unit. Where rustc has a session of it, that is faster than a compile for the store.
    fn missed(&self, cause: impl FnOnce() -> Cause) -> Decision {
        match has_session(&self.unit.invocation) {
            true => Decision::Exec(Outcome::Incremental(cause()).into()),
            false => Decision::Compile(Outcome::Miss(cause()).into()),
        }
    }

    /// Compiles a hit again if it is one of those that should be.
    fn confirm(&self, lookup: &Lookup<'_>, entry: &Entry) -> Result<Verified, NoHit> {
        if !self.unit.settings.verify.takes(&self.request.key.0, event::now_ms()) {
            return Ok(Verified::Not);
        }
        let argv = self.unit.argv;
        let Some(arguments) = expand(&argv.arguments) else {
            return Err(unverified("an argument file is gone".to_owned()));
        };
        let remapping = self.remapping();
        let options = remapping.options();
        let recompile = Recompile {
            lookup,
            arguments: &arguments.arguments,
            remapping,
            command: &|arguments| command(&argv.head, arguments, &options),
            options: self.options(),
        };
        match recompile.confirm(entry) {
            Ok(()) => Ok(Verified::Now),
            Err(Refusal::Unverified(why)) => Err(unverified(why)),
            Err(Refusal::Suspect(suspect)) => {
                Err(NoHit { reason: Outcome::Degraded(suspect.doubt.degraded()), suspect: Some(suspect) })
            }
        }
    }

    pub fn lookup(&self) -> Lookup<'_> {
        let Self { unit, around, request, store, .. } = self;
        Lookup { invocation: &unit.invocation, around, request, store }
    }

    pub fn options(&self) -> observe::Options {
        observe::Options { links: self.request.links(&self.unit.argv.head), ..Default::default() }
    }

    pub fn facts(&self) -> Facts {
        let workspace = self.request.roots.path(Root::Workspace);
        Facts { key: self.request.key.0.hex()[..16].to_owned(), workspace, ..Facts::default() }
    }

    /// Returns what paths are shown as, if the unit is compiled.
    pub fn remapping(&self) -> &Remapping {
        self.remapping.get_or_init(|| {
            let Self { unit, around, request, .. } = self;
            let (invocation, environment, places) = (&unit.invocation, unit.environment, &request.places);
            let subject = renaming::Subject { invocation, environment, directory: around.directory, places };
            request.remapping.applied(renaming::renamed(&subject, unit.settings.remap))
        })
    }
}

/// Whether a hit was compiled again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verified {
    Now,
    Not,
}

fn unverified(why: String) -> NoHit {
    Outcome::Degraded(Degraded::Unverified(why)).into()
}

/// Returns whether this unit was compiled here before and rustc has a session that may be its own.
///
/// Sessions are named after the crate and a number that only rustc knows, and a library and a program often share a name. A
/// unit that has not been compiled here is therefore compiled under observation, which tells whose session it was.
fn has_session(invocation: &Invocation) -> bool {
    let Some(sessions) = &invocation.incremental else { return false };
    let prefix = format!("{}-", invocation.crate_name);
    let is_own = |entry: &fs::DirEntry| entry.file_name().as_encoded_bytes().starts_with(prefix.as_bytes());
    // Where nobody can say, it is left to rustc, as where there is one.
    invocation.dep_info().is_file() && list_if_there(sessions).map_or(true, |entries| entries.iter().any(is_own))
}
