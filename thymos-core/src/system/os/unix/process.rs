//! How this process ends, what it starts, and what it knows of the one that started it.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus};

use super::{close_on_exec, signals};
use crate::system::os::Tells;

/// Replaces this process by `command`; returns only if that failed.
pub(crate) fn exec(mut command: Command) -> io::Error {
    signals::restore_sigchld(&mut command);
    command.exec()
}

/// Gives the process that `command` starts this name as its first argument.
pub fn set_name(command: &mut Command, name: &OsStr) {
    command.arg0(name);
}

/// Takes a variable out of this process's environment, and leaves the order of the others. For a process that has one thread.
pub fn unset(variable: &str) {
    // SAFETY: nothing else reads the environment meanwhile, for there is no other thread yet.
    unsafe { std::env::remove_var(variable) };
}

/// Ends this process as the child ended: with its exit code, or by the signal that killed it.
pub(crate) fn exit_like(status: ExitStatus) -> ! {
    if let Some(code) = status.code() {
        std::process::exit(code);
    }
    signals::end_by(status.signal().unwrap_or(libc::SIGKILL))
}

/// Ends this process as `kill -9` does.
pub(crate) fn kill_self() -> ! {
    // SAFETY: the call takes a plain integer.
    unsafe { libc::raise(libc::SIGKILL) };
    std::process::abort()
}

/// Lets this process end quietly when nobody reads what it prints: `thymos stats | head -1`. For what only tells; a process that
/// does something must not end in the middle of it.
pub(crate) fn end_on_closed_pipe() {
    // SAFETY: the default action is installed for one signal, before any other thread starts.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
}

/// Starts `command` so that it outlives this process and its terminal, with none of our descriptors.
pub(crate) fn spawn_detached(command: &mut Command) -> io::Result<()> {
    use std::process::Stdio;
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // SAFETY: setsid, close_range and fcntl are async-signal-safe and touch no memory of the parent.
    unsafe {
        command.pre_exec(|| {
            libc::setsid();
            // Cargo's jobserver must not stay open in a process that Cargo does not know. Marking instead of closing
            // leaves the pipe alone through which the standard library reports a failed exec.
            close_on_exec(3);
            Ok(())
        });
    }
    command.spawn().map(drop)
}

/// Returns the id of the process that started this one.
pub(crate) fn parent() -> u32 {
    rustix::process::getppid().map_or(0, |pid| pid.as_raw_nonzero().get().unsigned_abs())
}

/// Has each of these descriptors closed when this process starts another program.
pub(super) fn mark_each(descriptors: std::ops::Range<u32>) {
    for descriptor in descriptors {
        // SAFETY: the call takes numbers only.
        unsafe { libc::fcntl(descriptor.cast_signed(), libc::F_SETFD, libc::FD_CLOEXEC) };
    }
}

/// Returns the standard error of the Cargo that started this process, where the system lets us reach it.
///
/// What a wrapper prints on its own standard error, Cargo stores and replays on every later build; what it prints here is
/// read once.
pub(crate) fn cargo_stderr() -> Option<File> {
    let parent = rustix::process::getppid()?.as_raw_nonzero();
    let name = std::fs::read_to_string(format!("/proc/{parent}/comm")).ok()?;
    if name.trim_end() != "cargo" {
        return None;
    }
    stderr_of(parent.get().unsigned_abs())
}

/// Returns the standard error of a process, where the system lets us reach it.
pub(crate) fn stderr_of(process: u32) -> Option<File> {
    OpenOptions::new().append(true).open(format!("/proc/{process}/fd/2")).ok()
}

/// Returns whether standard error is a terminal.
pub(crate) fn stderr_is_terminal() -> bool {
    io::stderr().is_terminal()
}

/// Returns the program that shows a file with what the desktop has for it.
pub(crate) fn opener() -> (&'static str, Tells) {
    (if std::env::consts::OS == "macos" { "open" } else { "xdg-open" }, Tells::Failure)
}
