//! One invocation from beginning to end: `thymos RUSTC ARGS…`.
//!
//! Parse; look up; restore, or run the compiler and store. The only fallback, whatever fails, is the command line as it was
//! given, run once.
//!
//! Invariant: the compiler runs at most once, and its exit status is this process's.

pub mod notice;
mod program;
mod session;

use std::cell::RefCell;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::history::exit_summary;
use crate::invocation::foreign;
use crate::invocation::{self, Head, Invocation, Parsed};
use crate::outcome::event::{self, Event};
use crate::outcome::{Bypass, Degraded, Outcome};
use crate::request::{self, Context, Keyed, Request};
use crate::settings::environment::{self, Environment};
use crate::settings::{Mode, Settings};
use crate::store::Store;
use crate::system::os::{self, signals};
use crate::system::step::Step;
use program::{exec, expand, is_self, other_than_self, split};
use session::Session;

/// The command line of a collection in the background.
pub const COLLECT: [&str; 2] = ["gc", "--quiet"];

/// Runs the wrapper on the arguments behind its own name; the first is the compiler or a driver before it.
pub fn run(arguments: Vec<OsString>, environment: Environment) -> ! {
    let start = Instant::now();
    signals::reset_sigchld();
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
    let mut argument_files = Vec::new();
    let parsed = match (foreign::is_compiler(&head.rustc), foreign::compiles(rest)) {
        (true, true) => Parsed::Bypass(Bypass::Uncached("C or C++")),
        (true, false) => Parsed::Query,
        (false, _) => match expand(rest) {
            None => Parsed::Query,
            Some(expanded) => {
                argument_files = expanded.files;
                invocation::parse(&expanded.arguments)
            }
        },
    };
    let Ok(directory) = std::env::current_dir() else { plain_run() };
    let (invocation, verdict) = match parsed {
        Parsed::Query => plain_run(),
        Parsed::Bypass(bypass) => (Box::default(), Some(bypass)),
        Parsed::Compile(invocation) => (invocation, None),
    };
    let settings = Settings::gather(&environment, request::workspaces(&invocation, &directory));
    let unit = Unit {
        head,
        arguments: rest.to_vec(),
        argument_files,
        invocation: *invocation,
        environment,
        directory,
        settings,
        start,
    };
    match unit.verdict(verdict) {
        Some(bypass) => unit.pass(&Outcome::Bypass(bypass)),
        None => unit.cached(),
    }
}

struct Unit {
    head: Head,
    arguments: Vec<OsString>,
    argument_files: Vec<Keyed>,
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
        exit_summary::arrange(&self.environment, store.root());
        let around = Context {
            environment: &self.environment,
            directory: &self.directory,
            head: &self.head,
            remap: self.settings.remap,
        };
        let mut request = match Request::gather(&self.invocation, &around, &store) {
            Ok(request) => request,
            Err(outcome) => self.pass(&outcome),
        };
        request.keyed.extend_from_slice(&self.argument_files);
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
            let _ = event::append_elsewhere(dir, &event);
        }
        Step::EventAppended.reached();
    }
}
