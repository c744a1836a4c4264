//! One invocation from beginning to end: `thymos RUSTC ARGS…`.
//!
//! Parse; look up; restore, or run the compiler and store. The only fallback, whatever fails, is the command line as it was
//! given, run once.
//!
//! Invariant: the compiler runs at most once, and its exit status is this process's.

use std::cell::RefCell;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::cause::Cause;
use crate::compile::{self, Compiled, Streams};
use crate::environment::{self, Environment};
use crate::event::{self, Event};
use crate::farewell;
use crate::foreign;
use crate::guard::Guard;
use crate::hit::Lookup;
use crate::invocation::{self, Head, Invocation, Parsed};
use crate::manifest::Entry;
use crate::notice;
use crate::observe;
use crate::os::{self, Wait};
use crate::outcome::{Bypass, Degraded, Outcome, plain};
use crate::record::Recorder;
use crate::request::{self, Request, Surroundings};
use crate::roots::Root;
use crate::settings::{Mode, Settings};
use crate::stamp::Stamp;
use crate::step::Step;
use crate::store::{Found, Store};
use crate::verify::{self, Doubt, Recompile, Refusal, Suspect};

/// The command line of a collection in the background.
pub const COLLECT: [&str; 2] = ["gc", "--quiet"];

/// Runs the wrapper on the arguments behind its own name; the first is the compiler or a driver before it.
pub fn run(arguments: Vec<OsString>, environment: Environment) -> ! {
    let start = Instant::now();
    let (mut head, rest) = split(&arguments);
    // Cargo puts one wrapper before the other; where both are Thymos, one is enough.
    head.driver = head.driver.filter(|driver| !is_self(driver, &environment));
    if is_self(&head.rustc, &environment) {
        match other_than_self(&head.rustc, &environment) {
            Some(compiler) => head.rustc = compiler,
            None => {
                eprintln!("thymos: {} is thymos itself; set RUSTC to the real compiler", head.rustc.display());
                std::process::exit(2);
            }
        }
    }
    let plain_run = || -> ! { exec(&head, rest, &[]) };
    if environment.get(environment::ACTIVE).is_some() {
        plain_run();
    }
    let parsed = match (foreign::is_compiler(&head.rustc), foreign::compiles(rest)) {
        (true, true) => Parsed::Bypass(Bypass::Uncached("C or C++")),
        (true, false) => Parsed::Query,
        (false, _) => expand(rest).map_or(Parsed::Query, |expanded| invocation::parse(&expanded)),
    };
    let Ok(directory) = std::env::current_dir() else { plain_run() };
    let (invocation, verdict) = match parsed {
        Parsed::Query => plain_run(),
        Parsed::Bypass(bypass) => (Box::default(), Some(bypass)),
        Parsed::Compile(invocation) => (invocation, None),
    };
    let settings = Settings::gather(&environment, request::workspaces(&invocation, &directory));
    let unit =
        Unit { head, arguments: rest.to_vec(), invocation: *invocation, environment, directory, settings, start };
    match unit.verdict(verdict) {
        Some(bypass) => unit.pass(&Outcome::Bypass(bypass)),
        None => unit.cached(),
    }
}

/// Splits the programs from the arguments. Cargo calls `thymos clippy-driver RUSTC ARGS…` when both kinds of wrapper are set.
fn split(arguments: &[OsString]) -> (Head, &[OsString]) {
    let (first, rest) = arguments.split_first().expect("the command line names a compiler");
    let is_program = |argument: &OsString| {
        let path = Path::new(argument);
        let option = matches!(argument.as_encoded_bytes().first(), None | Some(b'-' | b'@'));
        let before_options = rest.get(1).is_some_and(|next| next.as_encoded_bytes().starts_with(b"-"));
        !option
            && path.extension() != Some(OsStr::new("rs"))
            && (before_options || path.file_stem() == Some(OsStr::new("rustc")))
    };
    match rest.split_first() {
        Some((second, rest)) if is_program(second) && !foreign::is_compiler(first) => {
            (Head { driver: Some(first.clone()), rustc: second.clone() }, rest)
        }
        _ => (Head { driver: None, rustc: first.clone() }, rest),
    }
}

/// Returns whether a program, as the system would find it, is this very executable under some name.
fn is_self(program: &OsStr, environment: &Environment) -> bool {
    let path = Path::new(program);
    let found = if path.components().count() > 1 { Some(path.to_owned()) } else { environment.program(program) };
    found.is_some_and(|path| is_own_executable(&path))
}

fn is_own_executable(path: &Path) -> bool {
    let own = std::env::current_exe().and_then(|own| Stamp::of(&own));
    matches!((Stamp::of(path), own), (Ok(one), Ok(two)) if one.is_same_file(&two))
}

/// Finds a program of that name further on in `PATH`.
fn other_than_self(program: &OsStr, environment: &Environment) -> Option<OsString> {
    let name = Path::new(program).file_name()?;
    let candidates = std::env::split_paths(environment.get("PATH")?).map(|dir| dir.join(name));
    candidates.into_iter().find(|path| path.is_file() && !is_own_executable(path)).map(PathBuf::into_os_string)
}

/// Replaces `@file` arguments by the lines of the file, as rustc does.
fn expand(arguments: &[OsString]) -> Option<Vec<OsString>> {
    if !arguments.iter().any(|argument| argument.as_encoded_bytes().starts_with(b"@")) {
        return Some(arguments.to_vec());
    }
    let mut expanded = Vec::new();
    for argument in arguments {
        match argument.as_encoded_bytes().strip_prefix(b"@") {
            Some(path) => {
                let text = fs::read_to_string(os::path_from_bytes(path.to_vec())).ok()?;
                expanded.extend(text.lines().map(OsString::from));
            }
            None => expanded.push(argument.clone()),
        }
    }
    Some(expanded)
}

/// Becomes the compiler.
fn exec(head: &Head, arguments: &[OsString], extra: &[OsString]) -> ! {
    let command = command(head, arguments, extra);
    let program = command.get_program().to_owned();
    let error = os::exec(command);
    let mistyped = error.kind() == ErrorKind::NotFound && Path::new(&program).components().count() == 1;
    let hint = if mistyped { "; it is no command either: thymos --help" } else { "" };
    eprintln!("thymos: failed to start {}: {}{hint}", program.display(), plain(&error));
    std::process::exit(2)
}

fn command(head: &Head, arguments: &[OsString], extra: &[OsString]) -> Command {
    let mut command = match &head.driver {
        Some(driver) => {
            let mut command = Command::new(driver);
            command.arg(&head.rustc);
            command
        }
        None => Command::new(&head.rustc),
    };
    command.args(extra).args(arguments).env(environment::ACTIVE, "1");
    command
}

struct Unit {
    head: Head,
    arguments: Vec<OsString>,
    invocation: Invocation,
    environment: Environment,
    directory: PathBuf,
    settings: Settings,
    start: Instant,
}

/// What is known when an invocation ends.
#[derive(Default)]
struct Facts {
    compile_us: u64,
    meta_us: u64,
    bytes: u64,
    key: String,
    workspace: Option<PathBuf>,
    verified: bool,
    trouble: Option<String>,
}

impl Unit {
    /// Returns why the unit is not looked up, if it is not.
    fn verdict(&self, parsed: Option<Bypass>) -> Option<Bypass> {
        let unknown = self.head.driver.as_deref().and_then(|driver| {
            let stem = Path::new(driver).file_stem()?.to_string_lossy().into_owned();
            (stem != "clippy-driver").then_some(Bypass::UnknownDriver(stem))
        });
        let off = (self.settings.mode == Mode::Off).then_some(Bypass::Off);
        let terminal = (!self.invocation.json && os::stderr_is_terminal()).then_some(Bypass::Terminal);
        off.or(parsed).or(unknown).or(terminal)
    }

    /// Runs the command line as it was given.
    fn pass(&self, outcome: &Outcome) -> ! {
        if self.settings.mode != Mode::Off {
            self.log(outcome, Facts::default());
        }
        exec(&self.head, &self.arguments, &[])
    }

    fn cached(&self) -> ! {
        let dir = self
            .settings
            .dir
            .clone()
            .ok_or_else(|| Degraded::StoreUnavailable("no home directory; set THYMOS_DIR".into()));
        let store = match dir.and_then(|dir| Store::open_as(&dir, self.settings.shared)) {
            Ok(store) => store,
            Err(degraded) => {
                self.complain(None);
                self.pass(&Outcome::Degraded(degraded))
            }
        };
        self.complain(Some(&store.root().join("tmp")));
        farewell::arrange(&self.environment, store.root());
        let around = Surroundings {
            environment: &self.environment,
            directory: &self.directory,
            head: &self.head,
            remap: self.settings.remap,
        };
        let request = match Request::gather(&self.invocation, &around, &store.compilers(), store.memo()) {
            Ok(request) => request,
            Err(outcome) => self.pass(&outcome),
        };
        Session { unit: self, around: &around, request: &request, store: &store, suspect: RefCell::default() }.run()
    }

    /// Cargo starts the compiler in the workspace for the packages that belong to it, and names their sources from there.
    fn workspace(&self) -> Option<PathBuf> {
        let own = !self.invocation.crate_name.is_empty() && self.invocation.source.is_relative();
        own.then(|| self.directory.clone())
    }

    /// Returns the name of the build: what `thymos build` calls it, or whoever started this process.
    fn build(&self) -> String {
        let named = self.environment.filled(environment::BUILD).and_then(OsStr::to_str);
        named.map_or_else(event::build, str::to_owned)
    }

    fn complain(&self, directory: Option<&Path>) {
        for complaint in &self.settings.complaints {
            notice::give(directory, complaint);
        }
    }

    fn log(&self, outcome: &Outcome, facts: Facts) {
        let unit = &self.invocation;
        let shown = |path: PathBuf| path.display().to_string();
        let text = |name: &str| self.environment.get(name).unwrap_or_default().to_string_lossy().into_owned();
        let event = Event {
            schema: event::SCHEMA,
            at_ms: event::now_ms(),
            outcome: outcome.word().to_owned(),
            reason: outcome.reason(),
            krate: if unit.crate_name.is_empty() { text("CARGO_CRATE_NAME") } else { unit.crate_name.clone() },
            kind: unit.kind(),
            version: text("CARGO_PKG_VERSION"),
            took_us: u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX),
            compile_us: facts.compile_us,
            bytes: facts.bytes,
            key: facts.key,
            target: unit.target_dir().map(|path| shown(self.directory.join(path))).unwrap_or_default(),
            parent: os::parent(),
            build: self.build(),
            workspace: facts.workspace.or_else(|| self.workspace()).map(shown).unwrap_or_default(),
            package: text("CARGO_PKG_NAME"),
            unit: unit.stem(),
            deps: unit.dependencies(),
            meta_us: facts.meta_us,
            cause: outcome.cause(),
            verified: facts.verified,
            trouble: facts.trouble,
        };
        notice::log(&self.environment, &event);
        let Some(dir) = &self.settings.dir else { return };
        if event::append(&dir.join("v1/events"), &event).is_err() {
            // Statistics are worth a try elsewhere and nothing more.
            let _ = event::append(&event::fallback(dir), &event);
        }
        Step::EventAppended.reached();
    }
}

struct Session<'a> {
    unit: &'a Unit,
    around: &'a Surroundings<'a>,
    request: &'a Request,
    store: &'a Store,
    /// What a look-up found and did not dare to use.
    suspect: RefCell<Option<Suspect>>,
}

impl Session<'_> {
    fn run(&self) -> ! {
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

    /// Links that rustc resolves lead to files that it then opens. A proc macro may do with one what it likes, and a unit
    /// without externs has none; clippy looks for its settings by resolving their names.
    fn options(&self) -> observe::Options {
        let alone = self.unit.invocation.externs.is_empty() && self.unit.head.driver.is_none();
        observe::Options {
            links: if alone { observe::Links::Ignored } else { observe::Links::Watched },
            ..Default::default()
        }
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
        if !self.unit.settings.verify.takes(&self.request.key, event::now_ms()) {
            return Ok(false);
        }
        let unverified = |why: String| Outcome::Degraded(Degraded::Unverified(why));
        let arguments =
            expand(&self.unit.arguments).ok_or_else(|| unverified("an argument file is gone".to_owned()))?;
        let remapping = self.remapping();
        let command = |arguments: &[OsString]| command(&self.unit.head, arguments, &remapping);
        let (arguments, remapping) = (&arguments, &remapping);
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
        for (path, digest, sharing) in &recorded.files {
            grown += self.store.keep(path, digest, *sharing).map_err(failed)?;
        }
        facts.bytes = recorded.entry.outputs.iter().map(|output| output.size).sum();
        let mut manifest = match self.store.lookup(&self.request.key) {
            Found::Manifest(manifest) => manifest,
            _ => crate::manifest::Manifest::default(),
        };
        manifest.add(recorded.entry);
        grown += self.store.publish(&self.request.key, &manifest).map_err(failed)?;
        self.lookup().remember(recorded.bonds);
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
