//! A cargo call in the making, and what a finished process did.

use std::ffi::OsStr;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{PoisonError, RwLock};

use super::world::users_directory;

/// A call of cargo, or of rustc in its place, that has not started yet.
pub struct Cargo {
    command: Command,
}

impl Cargo {
    pub(super) fn new(command: Command) -> Self {
        Cargo { command }
    }

    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// Adds arguments that are separated by spaces.
    pub fn arg_list(self, words: &str) -> Self {
        words.split_whitespace().fold(self, Cargo::arg)
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub fn env_remove(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    pub fn current_dir(mut self, directory: impl AsRef<std::path::Path>) -> Self {
        self.command.current_dir(directory);
        self
    }

    /// Uses the crates that the user who runs the tests has downloaded, and downloads those that are missing.
    pub fn with_registry(self) -> Self {
        self.env("CARGO_HOME", users_directory("CARGO_HOME", ".cargo")).without("--offline")
    }

    /// Lets cargo say which units are fresh and which are not.
    pub fn verbose(self) -> Self {
        self.without("--quiet").arg("--verbose")
    }

    /// Takes an argument out again.
    pub fn without(self, argument: &str) -> Self {
        let mut command = Command::new(self.command.get_program());
        command.args(self.command.get_args().filter(|known| *known != argument));
        command.env_clear();
        for (name, value) in self.command.get_envs() {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        if let Some(directory) = self.command.get_current_dir() {
            command.current_dir(directory);
        }
        Cargo { command }
    }

    pub fn run(mut self) -> Run {
        Run::of(&mut self.command)
    }

    /// Runs it; it must succeed.
    pub fn ok(self) -> Run {
        self.run().ok()
    }

    /// Runs it; it must fail, and not by a signal.
    pub fn fails(self) -> Run {
        let run = self.run();
        assert!(run.status.code().is_some_and(|code| code != 0), "it fails with an exit status: {run:#?}");
        run
    }

    /// Starts it, for tests in which two run at once.
    pub fn start(mut self) -> Started {
        Started(spawn(&mut self.command, Stdio::null()))
    }
}

/// A process that is still running.
pub struct Started(pub Child);

impl Started {
    /// Starts a process that the test talks to.
    pub fn talking(command: &mut Command) -> Started {
        Started(spawn(command, Stdio::piped()))
    }

    pub fn finish(self) -> Run {
        Run::from(self.0.wait_with_output().expect("a child can be waited for"))
    }
}

/// What a finished process did. The streams are text; bytes that are not UTF-8 are replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    pub fn of(command: &mut Command) -> Run {
        Started(spawn(command, Stdio::null())).finish()
    }

    pub fn ok(self) -> Run {
        assert!(self.status.success(), "it succeeds: {self:#?}");
        self
    }
}

/// Held for reading while a process starts, and for writing while an executable is written. Otherwise the new process would
/// for a moment hold the file open, and whoever started that file just then would be told that it is busy.
pub(super) static EXECUTABLES: RwLock<()> = RwLock::new(());

fn spawn(command: &mut Command, stdin: Stdio) -> Child {
    let _starting = EXECUTABLES.read().unwrap_or_else(PoisonError::into_inner);
    let child = command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    child.unwrap_or_else(|error| panic!("start {:?}: {error}", command.get_program()))
}

impl From<Output> for Run {
    fn from(output: Output) -> Run {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Run { status: output.status, stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }
}
