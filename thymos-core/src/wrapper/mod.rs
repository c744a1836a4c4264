//! One invocation from beginning to end: `thymos RUSTC ARGS…`.
//!
//! | step | file | kind |
//! |---|---|---|
//! | command line → programs and arguments | `program.rs` | acts |
//! | what the invocation is: a [`Call`] | `call.rs` | gathers, decides |
//! | what the store has for it: a `Decision` | `lookup.rs` | acts |
//! | restore, become the compiler, or compile and store | `act.rs`, `publish.rs` | acts |
//! | run the compiler and store nothing | `through.rs` | acts |
//! | one event, and what a user must see | `event.rs`, `notice.rs` | acts |
//! | a panic of ours, which must not fail the build | `panics.rs` | acts |
//!
//! Whatever fails, the compiler runs with the command line as it was given.
//!
//! Invariant: the compiler runs at most once, and its exit status is this process's.

mod act;
mod call;
mod event;
mod lookup;
pub(crate) mod notice;
mod panics;
mod program;
mod publish;
mod through;

use std::cell::OnceCell;
use std::convert::Infallible;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::build_script;
use crate::history::exit_summary;
use crate::invocation::Invocation;
use crate::outcome::{Degraded, Outcome};
use crate::request::{Context, Keyed, Request};
use crate::settings::Settings;
use crate::settings::environment::Environment;
use crate::store::Store;
use crate::system::os::signals;
use call::Call;
use lookup::Attempt;
use program::Argv;

/// The command line of a collection in the background.
pub const COLLECT: [&str; 2] = ["gc", "--quiet"];

/// Runs the wrapper on the arguments behind its own name; the first is the compiler or a driver before it.
pub fn run(arguments: Vec<OsString>, environment: Environment) -> ! {
    let start = Instant::now();
    signals::reset_sigchld();
    panics::keep_quiet();
    if let Some(run) = build_script::Run::read(&arguments, &environment) {
        run.run(start, &publish::start_collection);
    }
    let argv = Argv::parse(arguments, &environment).unwrap_or_else(|itself| {
        eprintln!("thymos: {} is thymos itself; set RUSTC to the real compiler", itself.display());
        std::process::exit(2)
    });
    match Call::read(&argv, &environment, start) {
        Call::Plain => argv.exec(&[]),
        Call::Bypass(unit, bypass) => unit.pass(&Outcome::Bypass(bypass)),
        Call::Cacheable(unit) => {
            // The compiler was not started: the act that starts it ends this process.
            let Err(panic) = panics::caught(|| -> Infallible { unit.cached() });
            unit.pass(&Outcome::Degraded(Degraded::Gather(panic)))
        }
    }
}

/// One compile: what was asked, where, and under which settings.
struct Unit<'a> {
    argv: &'a Argv,
    environment: &'a Environment,
    start: Instant,
    directory: PathBuf,
    settings: Settings,
    invocation: Invocation,
    argument_files: Vec<Keyed>,
}

impl Unit<'_> {
    fn cached(&self) -> ! {
        let store = match self.open_store() {
            Ok(store) => store,
            Err(degraded) => {
                self.complain(None);
                self.pass(&Outcome::Degraded(degraded))
            }
        };
        self.complain(Some(&store.root().join("tmp")));
        exit_summary::arrange(self.environment, store.root());
        let around = Context {
            environment: self.environment,
            directory: &self.directory,
            head: &self.argv.head,
            remap: self.settings.remap,
        };
        let mut request = match Request::gather(&self.invocation, &around, &store) {
            Ok(request) => request,
            Err(outcome) => self.pass(&outcome),
        };
        request.keyed.extend_from_slice(&self.argument_files);
        Attempt { unit: self, around: &around, request: &request, store: &store, remapping: OnceCell::new() }.run()
    }

    fn open_store(&self) -> Result<Store, Degraded> {
        let no_home = || Degraded::StoreUnavailable("no home directory; set THYMOS_DIR".into());
        Store::open_as(self.settings.dir.as_deref().ok_or_else(no_home)?, self.settings.shared)
    }

    fn complain(&self, directory: Option<&Path>) {
        for complaint in &self.settings.complaints {
            notice::give(directory, complaint);
        }
    }
}
