//! One unit that is looked up: a hit ends this process, anything else runs the compiler and may store what it made.
//!
//! Invariant: what is stored was recorded under the action's lock, and a result that could not be confirmed is not laid out.

use std::cell::RefCell;
use std::ffi::OsString;
use std::fs;
use std::process::Command;
use std::time::Duration;

use super::program::{command, exec, expand};
use super::{COLLECT, Facts, Unit};
use crate::action::manifest::Entry;
use crate::action::roots::Root;
use crate::compile::observe;
use crate::compile::{self, Compiled, Streams};
use crate::hit::Lookup;
use crate::invocation::Invocation;
use crate::outcome::cause::Cause;
use crate::outcome::event;
use crate::outcome::{Bypass, Degraded, Outcome};
use crate::record::Recorder;
use crate::request::{self, Context, Request};
use crate::settings::Mode;
use crate::settings::environment;
use crate::store::{Found, Store};
use crate::system::error::plain;
use crate::system::guard::Guard;
use crate::system::os::{self, Wait};
use crate::system::step::Step;
use crate::verify::{self, Doubt, Recompile, Refusal, Suspect};
use crate::wrapper::notice;

/// A unit with the store that it is looked up in.
pub struct Session<'a> {
    pub unit: &'a Unit,
    pub around: &'a Context<'a>,
    pub request: &'a Request,
    pub store: &'a Store,
    /// What a look-up found and did not dare to use.
    pub suspect: RefCell<Option<Suspect>>,
}

impl Session<'_> {
    /// Ends this process, one way or the other.
    pub fn run(&self) -> ! {
        let mut reason = self.look_up();
        if self.unit.settings.mode == Mode::ReadOnly {
            self.leave(&reason);
        }
        let lock = match self.store.lock(&self.request.key, Wait::No) {
            Ok(Some(lock)) => lock,
            Ok(None) => match self.store.lock(&self.request.key, Wait::Yes) {
                Ok(Some(lock)) => {
                    // Whoever held the lock has probably stored what we want.
                    reason = self.look_up();
                    lock
                }
                _ => self.leave(&Outcome::Degraded(Degraded::StoreUnavailable("no lock".into()))),
            },
            Err(error) => self.leave(&Outcome::Degraded(Degraded::StoreUnavailable(plain(&error)))),
        };
        let command = command(&self.unit.head, &self.unit.arguments, &self.remapping());
        let compiled = match compile::run(command, self.options(), Streams::Passed) {
            Ok(compiled) => compiled,
            Err(_) => self.leave(&reason),
        };
        let status = compiled.observed.status;
        let mut facts = self.facts();
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        facts.compile_us = micros(compiled.took);
        facts.meta_us = compiled.announced.map_or(0, |at| micros(at - self.unit.start));
        let stored = if status.success() || !Guard::PublishFailed.on() {
            self.store(&compiled, &mut facts)
        } else {
            Err(Outcome::Bypass(Bypass::Failed))
        };
        let outcome = self.settle(stored, reason, &mut facts);
        self.unit.log(&outcome, facts);
        drop(lock);
        os::exit_like(status)
    }

    fn options(&self) -> observe::Options {
        observe::Options { links: self.request.links(&self.unit.head), ..Default::default() }
    }

    fn facts(&self) -> Facts {
        let workspace = self.request.roots.path(Root::Workspace);
        Facts { key: self.request.key.0.hex()[..16].to_owned(), workspace, ..Facts::default() }
    }

    fn remapping(&self) -> Vec<OsString> {
        request::remapping(&self.request.roots, self.unit.settings.remap)
    }

    /// Becomes the compiler, with the options that every unit of this workspace is compiled with.
    fn leave(&self, outcome: &Outcome) -> ! {
        if let Some(suspect) = &*self.suspect.borrow() {
            self.tell(suspect, "The entry stays, because nothing may be stored");
        }
        self.unit.log(outcome, self.facts());
        exec(&self.unit.head, &self.unit.arguments, &self.remapping())
    }

    /// Looks the action up and, on a hit, restores it and ends this process; otherwise returns why not. A unit that rustc
    /// compiles incrementally is left to it.
    fn look_up(&self) -> Outcome {
        if self.unit.settings.mode == Mode::Refresh {
            self.leave_to_session();
            return Outcome::Miss(Cause::Refresh);
        }
        let lookup = self.lookup();
        let manifest = match self.store.lookup(&self.request.key) {
            Found::Manifest(manifest) => manifest,
            Found::Nothing => {
                self.leave_to_session();
                return Outcome::Miss(lookup.why_absent());
            }
            Found::Damaged => return Outcome::Degraded(Degraded::ManifestDamaged),
        };
        let entry = match lookup.find(&manifest) {
            Ok(entry) => entry,
            Err(broken) => {
                self.leave_to_session();
                return Outcome::Miss(broken.map_or(Cause::NeverSeen, |input| lookup.why_broken(input)));
            }
        };
        let verified = match self.verify(&lookup, entry) {
            Ok(verified) => verified,
            Err(outcome) => return outcome,
        };
        match lookup.restore(entry) {
            Ok(bytes) => {
                self.store.used(&self.request.key);
                Step::RestoreUsed.reached();
                self.unit.log(&Outcome::Hit, Facts { compile_us: entry.compile_us, bytes, verified, ..self.facts() });
                std::process::exit(0)
            }
            Err(outcome) => {
                if matches!(outcome, Outcome::Miss(_)) {
                    self.leave_to_session();
                }
                outcome
            }
        }
    }

    fn lookup(&self) -> Lookup<'_> {
        Lookup { invocation: &self.unit.invocation, around: self.around, request: self.request, store: self.store }
    }

    /// Becomes the compiler where it has a session of this unit.
    fn leave_to_session(&self) {
        if has_session(&self.unit.invocation) {
            self.leave(&Outcome::Bypass(Bypass::Incremental));
        }
    }

    /// Compiles a hit again if it is one of those that should be, and returns whether it was.
    fn verify(&self, lookup: &Lookup<'_>, entry: &Entry) -> Result<bool, Outcome> {
        if !self.unit.settings.verify.takes(&self.request.key.0, event::now_ms()) {
            return Ok(false);
        }
        let unverified = |why: String| Outcome::Degraded(Degraded::Unverified(why));
        let arguments =
            expand(&self.unit.arguments).ok_or_else(|| unverified("an argument file is gone".to_owned()))?;
        let remapping = self.remapping();
        let command = |arguments: &[OsString]| command(&self.unit.head, arguments, &remapping);
        let (arguments, remapping) = (&arguments.arguments, &remapping);
        let recompile = Recompile { lookup, arguments, remapping, command: &command, options: self.options() };
        match recompile.confirm(entry) {
            Ok(()) => Ok(true),
            Err(Refusal::Unverified(why)) => Err(unverified(why)),
            Err(Refusal::Suspect(suspect)) => {
                let outcome = Outcome::Degraded(suspect.doubt.degraded());
                self.suspect.replace(Some(*suspect));
                Err(outcome)
            }
        }
    }

    /// Says what is counted of a compile whose result was stored or not, and does away with what it did not confirm.
    fn settle(&self, stored: Result<(), Outcome>, reason: Outcome, facts: &mut Facts) -> Outcome {
        let Some(suspect) = &*self.suspect.borrow() else { return stored.err().unwrap_or(reason) };
        let newest = match self.store.lookup(&self.request.key) {
            Found::Manifest(manifest) if stored.is_ok() => manifest.entries.into_iter().next(),
            _ => None,
        };
        let newest = newest.and_then(|entry| verify::comparable(&entry, &self.unit.invocation, self.store).ok());
        let same = newest.is_some_and(|newest| verify::difference(&suspect.comparable, &newest).is_none());
        if same && suspect.doubt == Doubt::Wrong {
            // Only the place where it was compiled again made the difference.
            facts.verified = true;
            facts.trouble = Some(format!("only in the scratch directory: {}", suspect.words));
            return Outcome::Hit;
        }
        let dropped = self.store.retain_locked(&self.request.key, |entry| *entry != suspect.entry);
        match dropped {
            Ok(()) => self.tell(suspect, "The entry is dropped, and the build goes on with what was compiled now"),
            Err(error) => self.tell(suspect, &format!("The entry could not be dropped: {}", plain(&error))),
        }
        reason
    }

    fn tell(&self, suspect: &Suspect, end: &str) {
        let directory = self.store.root().join("tmp");
        notice::give(Some(&directory), &format!("{}: {}. {end}.", suspect.doubt.degraded(), suspect.words));
    }

    /// Stores a finished compile.
    fn store(&self, compiled: &Compiled, facts: &mut Facts) -> Result<(), Outcome> {
        let (invocation, request, memo) = (&self.unit.invocation, self.request, self.store.memo());
        Step::PublishCompiled.reached();
        let recorded = Recorder { invocation, around: self.around, request, compiled, memo }.record();
        let recorded = recorded.inspect_err(|outcome| facts.trouble = trouble(outcome))?;
        let failed = |error: std::io::Error| Outcome::Degraded(Degraded::Publish(plain(&error)));
        Step::PublishRecorded.reached();
        let mut grown = 0;
        for made in &recorded.files {
            grown += self.store.keep(made).map_err(failed)?;
        }
        facts.bytes = recorded.entry.outputs.iter().map(|output| output.size).sum();
        let mut manifest = match self.store.lookup(&self.request.key) {
            Found::Manifest(manifest) => manifest,
            _ => crate::action::manifest::Manifest::default(),
        };
        manifest.add(recorded.entry);
        grown += self.store.publish(&self.request.key, &manifest).map_err(failed)?;
        self.lookup().remember(recorded.path_dependencies);
        let noted = self.store.grew(grown);
        Step::PublishNoted.reached();
        if noted.is_ok_and(|bytes| bytes > self.unit.settings.cache_size) {
            self.start_collection();
        }
        Ok(())
    }

    fn start_collection(&self) {
        let Ok(own) = std::env::current_exe() else { return };
        let dir = self.store.root().parent().unwrap_or(self.store.root());
        let limit = self.unit.settings.cache_size.to_string();
        let mut command = Command::new(own);
        command.args(COLLECT).env(environment::DIR, dir).env(environment::CACHE_SIZE, limit);
        command.env(environment::SHARED, self.unit.settings.shared.name());
        // A collection that does not start now starts after the next publish.
        let _ = os::spawn_detached(&mut command);
    }
}

/// Returns the path or name behind a reason that is counted without it.
fn trouble(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Bypass(
            Bypass::InputChangedMeanwhile(what)
            | Bypass::WritesElsewhere(what)
            | Bypass::StrangeOutput(what)
            | Bypass::Unaccounted(what),
        ) => Some(what.clone()),
        _ => None,
    }
}

/// Returns whether this unit was compiled here before and rustc has a session that may be its own.
///
/// Sessions are named after the crate and a number that only rustc knows, and a library and a program often share a name. A
/// unit that has not been compiled here is therefore compiled under observation, which tells whose session it was.
fn has_session(invocation: &Invocation) -> bool {
    let Some(sessions) = &invocation.incremental else { return false };
    let prefix = format!("{}-", invocation.crate_name);
    let mut entries = fs::read_dir(sessions).into_iter().flatten().flatten();
    invocation.dep_info().is_file()
        && entries.any(|entry| entry.file_name().as_encoded_bytes().starts_with(prefix.as_bytes()))
}
