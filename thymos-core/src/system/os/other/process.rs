//! How this process ends, and what it starts.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::{Command, ExitStatus};

use crate::system::os::Tells;

/// Runs `command` and ends this process with its exit code; returns only if it could not be started.
pub(crate) fn exec(mut command: Command) -> io::Error {
    match command.status() {
        Ok(status) => exit_like(status),
        Err(error) => error,
    }
}

/// There is no such name here.
///
/// # Errors
/// That there is none.
pub(crate) fn memfd(_bytes: &[u8]) -> io::Result<PathBuf> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Ends this process with the child's exit code.
pub(crate) fn exit_like(status: ExitStatus) -> ! {
    std::process::exit(status.code().unwrap_or(1))
}

/// Ends this process at once, with nothing cleaned up.
pub(crate) fn kill_self() -> ! {
    std::process::abort()
}

/// Does nothing: a closed pipe sends no signal here.
pub(crate) fn end_on_closed_pipe() {}

/// Starts `command` without waiting for it.
pub(crate) fn spawn_detached(command: &mut Command) -> io::Result<()> {
    use std::process::Stdio;
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().map(drop)
}

/// Returns 0: the parent is not known.
pub(crate) fn parent() -> u32 {
    0
}

/// Returns nothing: Cargo's standard error cannot be reached.
pub(crate) fn cargo_stderr() -> Option<File> {
    None
}

/// Returns nothing: another process's standard error cannot be reached.
pub(crate) fn stderr_of(_process: u32) -> Option<File> {
    None
}

/// Returns whether standard error is a terminal.
pub(crate) fn stderr_is_terminal() -> bool {
    io::stderr().is_terminal()
}

/// Returns the program that shows a file with what the desktop has for it.
pub(crate) fn opener() -> (&'static str, Tells) {
    ("explorer", Tells::Nothing)
}

/// A process that another one waits for without being its parent.
#[derive(Debug)]
pub(crate) enum Process {}

impl Process {
    /// Returns nothing: no process is waited for here.
    pub(crate) fn open(_process: u32) -> Option<Self> {
        None
    }

    /// Waits for a process that cannot be.
    pub(crate) fn wait(&self) {
        match *self {}
    }
}

/// Returns nothing: `target-cpu=native` is a Bypass here.
pub(crate) fn processor() -> Option<Vec<u8>> {
    None
}

/// Leaves the name as it is: there is none to give here.
pub fn set_name(_command: &mut Command, _name: &OsStr) {}

/// Takes a variable out of this process's environment. For a process that has one thread.
pub fn unset(variable: &str) {
    // SAFETY: nothing else reads the environment meanwhile, for there is no other thread yet.
    unsafe { std::env::remove_var(variable) };
}
