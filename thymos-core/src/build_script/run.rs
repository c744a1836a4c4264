//! One run from beginning to end: `thymos …/script-of-build_script_build`, started by a launcher.
//!
//! Invariant: the script runs at most once, with its own name, environment, directory and streams, and its exit status is this
//! process's. What is laid out is laid out beside `OUT_DIR` and takes its place as a whole.

use std::convert::Infallible;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::launcher;
use super::record::{Finished, Made};
use super::request::Asked;
use super::tree;
use crate::action::manifest::{Entry, Input, Manifest, Output};
use crate::action::roots::Root;
use crate::compile::observe::{Access, Observed, Program};
use crate::compile::rewrite::Rewrites;
use crate::compile::{self, Compiled, Streams, observe};
use crate::hit::Lookup;
use crate::outcome::cause::Cause;
use crate::outcome::event::{self, Event};
use crate::outcome::{Bypass, Degraded, Outcome};
use crate::request::{Context, Request};
use crate::settings::environment::{self, Environment};
use crate::settings::{BuildScripts, Mode, Remap, Settings};
use crate::store::usage::Collection;
use crate::store::{self, Found, Sharing, Store};
use crate::system::digest::Digest;
use crate::system::error::plain;
use crate::system::os::{self, RangeLock, Wait};
use crate::system::stamp::Stamp;
use crate::system::step::Step;

/// A build script that Cargo started, as its launcher tells.
#[derive(Debug)]
pub struct Run {
    script: PathBuf,
    name: OsString,
    environment: Environment,
}

impl Run {
    /// Reads the arguments behind the program's own name; nothing where this process was not started by a launcher.
    ///
    /// Takes the launcher's variable out of the environment, which is the script's from then on.
    #[must_use]
    pub fn read(arguments: &[OsString], environment: &Environment) -> Option<Self> {
        let name = environment.get(environment::SCRIPT)?.to_owned();
        let script = launcher::script(arguments)?;
        os::unset(environment::SCRIPT);
        Some(Self { script, name, environment: Environment::read() })
    }

    /// Looks the run up, and restores it or has the script run; ends this process.
    pub fn run(self, start: Instant, collect: &dyn Fn(&Settings, &Store)) -> ! {
        let Self { script, name, environment } = self;
        let plain = command(&script, &name);
        // From the script's start on, a panic is caught before it gets here.
        let unasked = caught(|| -> Option<Infallible> {
            let asked = Asked::read(script, name, environment)?;
            let settings = Settings::gather(&asked.environment, asked.workspaces());
            let is_wanted = settings.mode != Mode::Off && settings.build_scripts == BuildScripts::Once;
            is_wanted.then(|| Session { asked: &asked, settings: &settings, start }.cached(collect))
        });
        let (Ok(None) | Err(_)) = unasked;
        exec(plain)
    }
}

/// Returns the command that runs the script as Cargo asked.
fn command(script: &Path, name: &OsStr) -> Command {
    let mut command = Command::new(script);
    os::set_name(&mut command, name);
    command
}

/// Does something of ours, whose panic is no reason to fail a build.
fn caught<T>(act: impl FnOnce() -> T) -> Result<T, ()> {
    catch_unwind(AssertUnwindSafe(act)).map_err(drop)
}

fn exec(command: Command) -> ! {
    let program = command.get_program().to_owned();
    let error = os::exec(command);
    eprintln!("thymos: failed to start {}: {}", program.display(), plain(&error));
    std::process::exit(2)
}

struct Session<'a> {
    asked: &'a Asked,
    settings: &'a Settings,
    start: Instant,
}

/// What is known of a run when it ends.
#[derive(Default)]
struct Facts {
    took: Duration,
    bytes: u64,
    key: String,
    workspace: Option<PathBuf>,
    trouble: Option<String>,
}

impl Session<'_> {
    fn cached(&self, collect: &dyn Fn(&Settings, &Store)) -> ! {
        let Self { asked, settings, .. } = self;
        let no_home = || Degraded::StoreUnavailable("no home directory; set THYMOS_DIR".into());
        let store = settings.dir.as_deref().ok_or_else(no_home).and_then(|dir| Store::open_as(dir, settings.shared));
        let store = store.unwrap_or_else(|degraded| self.pass(&Outcome::Degraded(degraded)));
        let request = asked.request(&store).unwrap_or_else(|outcome| self.pass(&outcome));
        let around = Context {
            environment: &asked.environment,
            directory: &asked.directory,
            head: &asked.head,
            remap: Remap::default(),
        };
        let lookup = Lookup { invocation: &asked.unit, around: &around, request: &request, store: &store };
        Attempt { session: self, lookup, collect }.run()
    }

    /// Becomes the script.
    fn pass(&self, outcome: &Outcome) -> ! {
        self.log(outcome, Facts::default());
        exec(command(&self.asked.script, &self.asked.name))
    }

    fn log(&self, outcome: &Outcome, facts: Facts) {
        let text = |name: &str| self.asked.environment.get(name).unwrap_or_default().to_string_lossy().into_owned();
        let shown = |path: &Path| path.display().to_string();
        let named = self.asked.environment.filled(environment::BUILD).and_then(OsStr::to_str);
        let directory = self.asked.out_dir.parent().and_then(Path::file_name).unwrap_or_default();
        let event = Event {
            schema: event::SCHEMA,
            at_ms: event::now_ms(),
            outcome: outcome.clone(),
            krate: text("CARGO_PKG_NAME").replace('-', "_"),
            kind: event::RUN.to_owned(),
            version: text("CARGO_PKG_VERSION"),
            took_us: micros(self.start.elapsed()),
            compile_us: micros(facts.took),
            bytes: facts.bytes,
            key: facts.key,
            target: self.asked.unit.target_dir().map(shown).unwrap_or_default(),
            parent: os::parent(),
            build: named.map_or_else(event::build, str::to_owned),
            workspace: facts.workspace.as_deref().map(shown).unwrap_or_default(),
            package: text("CARGO_PKG_NAME"),
            unit: format!("run-of-{}", directory.display()),
            deps: launcher::unit(&self.asked.script).into_iter().collect(),
            meta_us: 0,
            verified: false,
            trouble: facts.trouble,
        };
        let Some(dir) = &self.settings.dir else { return };
        if event::append(&dir.join("v1/events"), &event).is_err() {
            // Statistics are worth a try elsewhere and nothing more.
            let _ = event::append_elsewhere(dir, &event);
        }
    }
}

/// A run with the store that it is looked up in.
struct Attempt<'a> {
    session: &'a Session<'a>,
    lookup: Lookup<'a>,
    collect: &'a dyn Fn(&Settings, &Store),
}

impl Attempt<'_> {
    fn run(&self) -> ! {
        let mut missed = self.look_up();
        if self.session.settings.mode == Mode::ReadOnly {
            self.exec(&missed.reason);
        }
        if !is_empty(&self.session.asked.out_dir) {
            self.exec(&Outcome::Bypass(Bypass::EarlierRun));
        }
        let mut lock = None;
        if missed.is_made_elsewhere {
            // Somebody else may be running the proof.
            match self.lock(Wait::No) {
                Ok(taken) if taken.is_some() => lock = taken,
                _ => {
                    lock = self.lock(Wait::Yes).unwrap_or_default();
                    missed = self.look_up();
                }
            }
        }
        let mut command = command(&self.session.asked.script, &self.session.asked.name);
        command.env(environment::ACTIVE, "1");
        match caught(|| compile::run(command, observe::Options::default(), Streams::Passed, &Rewrites::default())) {
            Ok(Ok(mut compiled)) => {
                take_for_loaded(&mut compiled.observed);
                // What fails now changes nothing of what the script did.
                let _ = caught(|| self.finish(&compiled, missed.reason, &mut lock));
                drop(lock);
                os::exit_like(compiled.observed.status)
            }
            // It has not run.
            Ok(Err(_)) => self.exec(&missed.reason),
            // It may have run, and runs at most once.
            Err(_) => {
                eprintln!("thymos: failed while the build script ran");
                std::process::exit(101)
            }
        }
    }

    /// Stores what the script did, if it can be, and tells of it.
    fn finish(&self, compiled: &Compiled, reason: Outcome, lock: &mut Option<RangeLock>) {
        let mut facts = Facts { took: compiled.took, ..self.facts() };
        let Lookup { around, request, store, .. } = self.lookup;
        let finished = Finished { asked: self.session.asked, around, request, compiled, memo: store.memo() };
        let stored = finished.record().and_then(|made| {
            if lock.is_none() {
                *lock = self.lock(Wait::Yes).map_err(|why| Outcome::Degraded(Degraded::StoreUnavailable(why)))?;
            }
            self.store(made, &mut facts)
        });
        let outcome = stored.err().unwrap_or(reason);
        facts.trouble = trouble(&outcome);
        self.session.log(&outcome, facts);
    }

    /// Becomes the script.
    fn exec(&self, outcome: &Outcome) -> ! {
        self.session.log(outcome, Facts { trouble: trouble(outcome), ..self.facts() });
        exec(command(&self.session.asked.script, &self.session.asked.name))
    }

    /// Takes the lock of the action. No two runs of one place meet here, for Cargo holds the target directory; those of two places
    /// wait for one another only where the one proves what the other wants.
    fn lock(&self, wait: Wait) -> Result<Option<RangeLock>, String> {
        self.lookup.store.lock(&self.lookup.request.key, wait).map_err(|error| plain(&error))
    }

    fn facts(&self) -> Facts {
        let Request { key, roots, .. } = self.lookup.request;
        Facts { key: key.0.hex()[..16].to_owned(), workspace: roots.path(Root::Workspace), ..Facts::default() }
    }

    /// Looks the run up and, on a hit, restores it and ends this process; otherwise returns why not.
    fn look_up(&self) -> Missed {
        if self.session.settings.mode == Mode::Refresh {
            return Outcome::Miss(Cause::Refresh).into();
        }
        let manifest = match self.lookup.store.lookup(&self.lookup.request.key) {
            Found::Manifest(manifest) => manifest,
            Found::Nothing => return Outcome::Miss(self.lookup.why_absent()).into(),
            Found::Damaged => return Outcome::Degraded(Degraded::ManifestDamaged).into(),
        };
        match self.lookup.find(&manifest) {
            Ok(entry) => match self.restore(entry) {
                Ok(()) => {
                    self.lookup.store.used(&self.lookup.request.key);
                    Step::RestoreUsed.reached();
                    let bytes = entry.outputs.iter().map(|output| output.size).sum();
                    let facts = Facts { took: Duration::from_micros(entry.compile_us), bytes, ..self.facts() };
                    self.session.log(&Outcome::Hit, facts);
                    std::process::exit(0)
                }
                Err(outcome) => outcome.into(),
            },
            Err(broken) => {
                let cause = self.lookup.why_none(&broken);
                Missed { reason: Outcome::Miss(cause), is_made_elsewhere: self.elsewhere(&manifest).next().is_some() }
            }
        }
    }

    /// Returns what the same run gave in other places, where all that it read is the same here.
    fn elsewhere<'m>(&self, manifest: &'m Manifest) -> impl Iterator<Item = &'m Entry> {
        let is_bound = |input: &Input| match input {
            Input::RootPath(root, value) => self.lookup.request.roots.value(*root) != *value,
            _ => false,
        };
        let holds_here = |entry: &Entry| {
            let inputs = entry.inputs.iter().filter(|input| !matches!(input, Input::RootPath(..))).cloned().collect();
            let unbound = Manifest { entries: vec![Entry { inputs, ..Entry::default() }] };
            self.lookup.find(&unbound).is_ok()
        };
        manifest.entries.iter().filter(move |entry| entry.inputs.iter().any(is_bound) && holds_here(entry))
    }

    fn restore(&self, entry: &Entry) -> Result<(), Outcome> {
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => Outcome::Miss(Cause::BlobLost),
            io::ErrorKind::InvalidData => Outcome::Degraded(Degraded::BlobDamaged),
            _ => Outcome::Degraded(Degraded::Restore(plain(&error))),
        };
        let Lookup { request, store, .. } = self.lookup;
        let [output] = entry.outputs.as_slice() else { return Err(Outcome::Miss(Cause::BlobLost)) };
        let blob = store.blob(&output.digest, Sharing::Private).map_err(failed)?;
        let tree = fs::read(blob.path()).map_err(failed)?;
        let streams = [&entry.stdout, &entry.stderr].map(|text| request.roots.concrete(text));
        let [Some(stdout), Some(stderr)] = streams else { return Err(Outcome::Miss(Cause::BlobLost)) };
        Step::RestoreBlobsFound.reached();
        self.lay_out(&tree).map_err(failed)?;
        // Nobody reading is no reason to fail: the script would not either.
        let _ = io::stdout().write_all(&stdout);
        let _ = io::stderr().write_all(&stderr);
        Step::RestorePrinted.reached();
        Ok(())
    }

    /// What an earlier run left in `OUT_DIR` goes: the result of one run is not mixed with that of another.
    fn lay_out(&self, tree: &[u8]) -> io::Result<()> {
        let out = &self.session.asked.out_dir;
        let [new, old] = ["thymos-new", "thymos-old"].map(|name| out.with_file_name(name));
        // Of a process that was killed.
        [&new, &old].into_iter().try_for_each(|path| remove(path))?;
        tree::unpack(tree, &new, &self.lookup.request.roots).inspect_err(|_| drop(remove(&new)))?;
        Step::RestoreOutputLaid.reached();
        match fs::rename(out, &old) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => fs::rename(&new, out)?,
        }
        Step::RestoreOutputFinished.reached();
        // What cannot be removed now is removed by the next one.
        let _ = remove(&old);
        Ok(())
    }

    /// Stores a run. One that gave in another place what it gave here moves.
    fn store(&self, made: Made, facts: &mut Facts) -> Result<(), Outcome> {
        let failed = |error: io::Error| Outcome::Degraded(Degraded::Publish(plain(&error)));
        let Lookup { request, store, .. } = self.lookup;
        let Made { mut entry, tree } = made;
        Step::PublishRecorded.reached();
        let digest = Digest::of(&tree);
        let size = tree.len() as u64;
        let mut grown = keep(store, &tree, digest).map_err(failed)?;
        facts.bytes = size;
        entry.outputs = vec![Output { name: b"out".to_vec(), digest, size, mode: 0o600, sites: vec![] }];
        let mut manifest = match store.lookup(&request.key) {
            Found::Manifest(manifest) => manifest,
            _ => Manifest::default(),
        };
        let same = self.elsewhere(&manifest).find(|other| is_same(other, &entry)).cloned();
        if let Some(other) = same {
            entry.inputs.retain(|input| !matches!(input, Input::RootPath(..)) || other.inputs.contains(input));
            manifest.entries.retain(|known| *known != other);
        }
        manifest.add(entry);
        grown += store.publish(&request.key, &manifest).map_err(failed)?;
        grown += self.lookup.remember(Vec::new());
        let collection = store.grew(grown, self.session.settings.cache_size);
        Step::PublishNoted.reached();
        if collection.is_ok_and(|collection| collection == Collection::Due) {
            (self.collect)(self.session.settings, store);
        }
        Ok(())
    }
}

/// A script is code that nobody knows, as a proc macro is: nothing of what it asks is excused.
fn take_for_loaded(observed: &mut Observed) {
    // The C library asks where the stack of the first thread ends.
    let asks = |access: &&mut Access| access.path != Path::new("/proc/self/maps");
    let accesses = observed.accesses.iter_mut().filter(asks).map(|access| &mut access.program);
    let told = observed.told.iter_mut().map(|told| &mut told.program);
    let questions = observed.questions.iter_mut().map(|question| &mut question.program);
    let own = accesses.chain(told).chain(questions).filter(|program| **program == Program::Root);
    own.for_each(|program| *program = Program::Loaded);
}

/// Returns whether two runs made the same but for where it lies: what each made is kept from root to root, so a path in a file
/// that is no text, or that is measured or spelled in another way, is a difference.
fn is_same(one: &Entry, other: &Entry) -> bool {
    let result = |entry: &Entry| (entry.outputs.clone(), entry.stdout.clone(), entry.stderr.clone());
    result(one) == result(other)
}

fn keep(store: &Store, tree: &[u8], digest: Digest) -> io::Result<u64> {
    let mut file = tempfile::Builder::new().prefix("tree-").tempfile_in(store.root().join("tmp"))?;
    file.write_all(tree)?;
    let stamp = Stamp::of(file.path())?;
    store.keep(&store::Made { path: file.path().to_owned(), digest, stamp, sharing: Sharing::Private })
}

/// Why there was no hit.
struct Missed {
    reason: Outcome,
    /// Whether the same run was made in another place.
    is_made_elsewhere: bool,
}

impl From<Outcome> for Missed {
    fn from(reason: Outcome) -> Self {
        Self { reason, is_made_elsewhere: false }
    }
}

fn is_empty(directory: &Path) -> bool {
    fs::read_dir(directory).is_ok_and(|mut entries| entries.next().is_none())
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Returns the path or name behind a reason that is counted without it.
fn trouble(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Bypass(bypass) => bypass.detail().map(str::to_owned),
        _ => None,
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
