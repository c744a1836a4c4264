//! Acts on what a look-up decided.
//!
//! Invariant: here alone the compiler is started, for the build once, and what it makes is recorded and stored under the
//! action's lock.

use std::io;

use super::event::micros;
use super::lookup::{Attempt, Decision, NoHit};
use super::panics::caught;
use super::through::Through;
use crate::build_script;
use crate::compile::{self, Compiled, Streams};
use crate::outcome::{Bypass, Degraded, Outcome};
use crate::settings::{BuildScripts, Mode};
use crate::store::Found;
use crate::system::error::plain;
use crate::system::guard::{self, Guard};
use crate::system::os::{self, RangeLock, Wait};
use crate::verify::{self, Doubt, Suspect};
use crate::wrapper::notice;

impl Attempt<'_> {
    /// Ends this process, one way or the other.
    pub fn run(&self) -> ! {
        let (decision, lock) = self.decide();
        match decision {
            Decision::Restored(facts) => {
                self.lay_launcher();
                self.unit.log(&Outcome::Hit, facts);
                std::process::exit(0)
            }
            Decision::Exec(no_hit) => self.exec(&no_hit),
            Decision::Compile(no_hit) => match caught(|| self.compile()) {
                Ok(Ok(compiled)) => {
                    if let Err(panic) = caught(|| self.finish(&compiled, no_hit)) {
                        self.unit.log(&Outcome::Degraded(Degraded::Publish(panic)), self.facts());
                        self.unit.put_paths(&self.unit.invocation, &self.request.places, compiled.began);
                    }
                    if compiled.observed.status.success() {
                        self.lay_launcher();
                    }
                    drop(lock);
                    os::exit_like(compiled.observed.status)
                }
                // It has not run.
                Ok(Err(_)) => self.exec(&no_hit),
                // It may have run, and runs at most once.
                Err(panic) => {
                    eprintln!("thymos: failed while the compiler ran: {panic}");
                    std::process::exit(101)
                }
            },
        }
    }

    /// Looks the action up, and takes its lock if the result of a compile may be stored.
    fn decide(&self) -> (Decision, Option<RangeLock>) {
        guard::panic_if_asked("look-up");
        let no_hit = match self.look_up() {
            Decision::Compile(no_hit) if self.unit.settings.mode != Mode::ReadOnly => no_hit,
            Decision::Compile(no_hit) => return (Decision::Exec(no_hit), None),
            decided => return (decided, None),
        };
        match self.lock() {
            Ok((lock, Waited::No)) => (Decision::Compile(no_hit), Some(lock)),
            // What was suspect is not looked up again: it might be taken unconfirmed now.
            Ok((lock, Waited::Yes)) if no_hit.suspect.is_some() => (Decision::Compile(no_hit), Some(lock)),
            // Whoever held the lock has probably stored what we want.
            Ok((lock, Waited::Yes)) => (self.look_up(), Some(lock)),
            Err(why) => {
                let reason = Outcome::Degraded(Degraded::StoreUnavailable(why));
                (Decision::Exec(NoHit { reason, ..no_hit }), None)
            }
        }
    }

    fn lock(&self) -> Result<(RangeLock, Waited), String> {
        let key = &self.request.key;
        if let Some(lock) = self.store.lock(key, Wait::No).map_err(|error| plain(&error))? {
            return Ok((lock, Waited::No));
        }
        match self.store.lock(key, Wait::Yes) {
            Ok(Some(lock)) => Ok((lock, Waited::Yes)),
            _ => Err("no lock".into()),
        }
    }

    /// Becomes the compiler, with the options that every unit of this workspace is compiled with.
    fn exec(&self, no_hit: &NoHit) -> ! {
        if let Some(suspect) = &no_hit.suspect {
            self.tell(suspect, "The entry stays, because nothing may be stored");
        }
        self.unit.log(&no_hit.reason, self.facts());
        let (invocation, places) = (&self.unit.invocation, &self.request.places);
        self.unit.through(&Through { invocation, places, extra: &self.remapping().options() })
    }

    /// Where a build script was compiled, its runs are looked up too.
    fn lay_launcher(&self) {
        if self.unit.settings.build_scripts == BuildScripts::Once {
            // Without a launcher the script runs as ever.
            let _ = build_script::lay(&self.unit.invocation, &self.unit.directory, self.unit.environment);
        }
    }

    fn compile(&self) -> io::Result<Compiled> {
        let command = self.unit.argv.command(&self.remapping().options());
        compile::run(command, self.options(), Streams::Passed, &self.request.rewrites())
    }

    /// Stores what the compiler made, if it can be, and tells of it.
    fn finish(&self, compiled: &Compiled, no_hit: NoHit) {
        guard::panic_if_asked("publish");
        let mut facts = self.facts();
        facts.compile_us = micros(compiled.took);
        facts.meta_us = compiled.announced.map_or(0, |at| micros(at - self.unit.start));
        let stored = if compiled.observed.status.success() || !Guard::PublishFailed.on() {
            self.store(compiled, &mut facts)
        } else {
            let probe = self.unit.invocation.is_probe();
            Err(Outcome::Bypass(if probe { Bypass::FailedProbe } else { Bypass::Failed }))
        };
        if stored.is_err() {
            self.unit.put_paths(&self.unit.invocation, &self.request.places, compiled.began);
        }
        let outcome = match no_hit.suspect {
            None => stored.err().unwrap_or(no_hit.reason),
            Some(suspect) if stored.is_ok() && self.is_cleared(&suspect) => {
                facts.verified = true;
                facts.trouble = Some(format!("only in the scratch directory: {}", suspect.words));
                Outcome::Hit
            }
            Some(suspect) => {
                self.drop_entry(&suspect);
                no_hit.reason
            }
        };
        self.unit.log(&outcome, facts);
    }

    /// Returns whether the compile in its place gave what the suspect says: then only the scratch directory, where it had been
    /// compiled again, made the difference.
    fn is_cleared(&self, suspect: &Suspect) -> bool {
        let Found::Manifest(manifest) = self.store.lookup(&self.request.key) else { return false };
        let newest = manifest.entries.into_iter().next();
        let newest = newest.and_then(|entry| verify::comparable(&entry, &self.unit.invocation, self.store).ok());
        let same = newest.is_some_and(|newest| verify::difference(&suspect.comparable, &newest).is_none());
        same && suspect.doubt == Doubt::Wrong
    }

    fn drop_entry(&self, suspect: &Suspect) {
        match self.store.retain_locked(&self.request.key, |entry| *entry != suspect.entry) {
            Ok(()) => self.tell(suspect, "The entry is dropped, and the build goes on with what was compiled now"),
            Err(error) => self.tell(suspect, &format!("The entry could not be dropped: {}", plain(&error))),
        }
    }

    fn tell(&self, suspect: &Suspect, end: &str) {
        let directory = self.store.root().join("tmp");
        notice::give(Some(&directory), &format!("{}: {}. {end}.", suspect.doubt.degraded(), suspect.words));
    }
}

/// Whether somebody else held the lock first.
enum Waited {
    Yes,
    No,
}
