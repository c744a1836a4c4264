//! Windows and other systems without the Unix interfaces; type-checked in CI, not in daily use yet.

use std::ffi::OsString;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, IsTerminal, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::{SystemTime, UNIX_EPOCH};

use super::Tells;
use crate::system::stamp::{Nanos, Stamp};

fn nanos(time: io::Result<SystemTime>) -> Nanos {
    let since = time.ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.map_or(0, |since| since.as_nanos() as Nanos)
}

/// Returns the stamp that `metadata` holds; without inode numbers it is weaker, so it always counts as young.
#[must_use]
pub fn stamp(metadata: &Metadata) -> Stamp {
    Stamp { device: 0, inode: 0, size: metadata.len(), modified: nanos(metadata.modified()), changed: Nanos::MAX / 2 }
}

/// Returns the number of names that the file has; more than one, so that nothing is shared by link.
#[must_use]
pub fn link_count(_metadata: &Metadata) -> u64 {
    2
}

/// Returns the permission bits.
#[must_use]
pub fn mode(_metadata: &Metadata) -> u32 {
    0o644
}

/// Returns a number for the user that this process runs as.
#[must_use]
pub fn user() -> u32 {
    0
}

/// Returns a number for the user that owns the file.
#[must_use]
pub fn owner(_metadata: &Metadata) -> u32 {
    0
}

/// Returns the mode that a new file of the given kind gets from this process.
#[must_use]
pub fn new_file_mode(recorded: u32) -> u32 {
    recorded
}

/// Does nothing: there are no permission bits.
///
/// # Errors
/// None.
pub fn set_mode(_path: &Path, _mode: u32) -> io::Result<()> {
    Ok(())
}

/// Returns the options as they are: the user's cache directory is private to the user.
pub fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// Makes a directory and its parents.
///
/// # Errors
/// Whatever making a directory gives.
pub fn create_private_dir(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)
}

/// Returns `false`: directories are not shared by group here.
#[must_use]
pub fn is_for_group(_metadata: &Metadata) -> bool {
    false
}

/// Does nothing: there are no permission bits.
///
/// # Errors
/// None.
pub fn give_to_group(_directory: &Path) -> io::Result<()> {
    Ok(())
}

/// Does nothing: there are no permission bits.
///
/// # Errors
/// None.
pub fn share_like_directory(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Reads at an offset.
///
/// # Errors
/// Whatever seeking and reading give.
pub fn read_at(mut file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    file.seek(SeekFrom::Start(offset))?;
    file.read(buffer)
}

/// Writes at an offset.
///
/// # Errors
/// Whatever seeking and writing give.
pub fn write_at(mut file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
    file.seek(SeekFrom::Start(offset))?;
    file.write(bytes)
}

/// Gives the file the current time as its modification time.
///
/// # Errors
/// Whatever setting the time gives.
pub fn touch(path: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).open(path)?.set_modified(SystemTime::now())
}

/// Refuses: block sharing is not used here.
///
/// # Errors
/// Always [`io::ErrorKind::Unsupported`].
pub fn reflink(_from: &Path, _to: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Returns false: block sharing is not used here.
#[must_use]
pub fn clones(_directory: &Path) -> bool {
    false
}

/// Reads bytes as a path; what is not UTF-8 names no file that exists.
#[must_use]
pub fn path_from_bytes(bytes: Vec<u8>) -> PathBuf {
    PathBuf::from(os_string(bytes))
}

/// Reads bytes as an argument or the value of a variable.
#[must_use]
pub fn os_string(bytes: Vec<u8>) -> OsString {
    OsString::from(String::from_utf8_lossy(&bytes).into_owned())
}

/// Runs `command` and ends this process with its exit code; returns only if it could not be started.
#[must_use]
pub fn exec(mut command: Command) -> io::Error {
    match command.status() {
        Ok(status) => exit_like(status),
        Err(error) => error,
    }
}

/// There is no such name here.
///
/// # Errors
/// That there is none.
pub fn memfd(_bytes: &[u8]) -> io::Result<PathBuf> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Ends this process at once, with nothing cleaned up.
pub fn kill_self() -> ! {
    std::process::abort()
}

/// Ends this process with the child's exit code.
pub fn exit_like(status: ExitStatus) -> ! {
    std::process::exit(status.code().unwrap_or(1))
}

/// A lock on a file, held until it is dropped or its process ends.
#[derive(Debug)]
pub struct RangeLock(#[expect(dead_code, reason = "holding the file is the lock")] File);

/// Whether [`RangeLock::take`] waits for another holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Returns at once with nothing if another process holds the lock.
    No,
    /// Waits until no other process holds it.
    Yes,
}

impl RangeLock {
    /// Returns without a lock: two processes may compile one action twice, and the later publish wins.
    ///
    /// # Errors
    /// None.
    pub fn take(file: File, _number: u64, _wait: Wait) -> io::Result<Option<Self>> {
        Ok(Some(Self(file)))
    }
}

/// Puts a program at another place under another name, as a copy of it.
///
/// # Errors
/// Whatever the file system gives.
pub fn alias(program: &Path, place: &Path) -> io::Result<()> {
    std::fs::copy(program, place).map(drop)
}

/// Starts `command` without waiting for it.
///
/// # Errors
/// Whatever starting a process gives.
pub fn spawn_detached(command: &mut Command) -> io::Result<()> {
    use std::process::Stdio;
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().map(drop)
}

/// Does nothing: a closed pipe sends no signal here.
pub fn end_on_closed_pipe() {}

/// Returns nothing: Cargo's standard error cannot be reached.
#[must_use]
pub fn cargo_stderr() -> Option<File> {
    None
}

/// Returns 0: the parent is not known.
#[must_use]
pub fn parent() -> u32 {
    0
}

/// Returns nothing: another process's standard error cannot be reached.
#[must_use]
pub fn stderr_of(_process: u32) -> Option<File> {
    None
}

/// A process that another one waits for without being its parent.
#[derive(Debug)]
pub enum Process {}

impl Process {
    /// Returns nothing: no process is waited for here.
    #[must_use]
    pub fn open(_process: u32) -> Option<Self> {
        None
    }

    /// Waits for a process that cannot be.
    pub fn wait(&self) {
        match *self {}
    }
}

/// Returns nothing: when a process was started is not known.
#[must_use]
pub fn started(_process: u32) -> Option<Vec<u8>> {
    None
}

/// Returns the program that shows a file with what the desktop has for it.
#[must_use]
pub fn opener() -> (&'static str, Tells) {
    ("explorer", Tells::Nothing)
}

/// Returns whether standard error is a terminal.
#[must_use]
pub fn stderr_is_terminal() -> bool {
    io::stderr().is_terminal()
}

/// Returns nothing: the system does not say which boot this is.
#[must_use]
pub fn boot_id() -> Vec<u8> {
    Vec::new()
}

/// Returns nothing: `target-cpu=native` is a Bypass here.
#[must_use]
pub fn processor() -> Option<Vec<u8>> {
    None
}

/// There are no signals to pass on: the console tells every process of its own accord.
pub mod signals {
    /// Does nothing.
    pub fn catch_term_signals() {}

    /// Does nothing: every child can be waited for.
    pub fn reset_sigchld() {}

    /// Does nothing.
    pub fn restore_sigchld(_command: &mut std::process::Command) {}

    /// Does nothing.
    pub fn pass_to(_child: u32) {}

    /// Returns nothing.
    #[must_use]
    pub fn seen() -> Option<i32> {
        None
    }

    /// Ends this process with an exit code that tells of the signal.
    pub fn end_by(signal: i32) -> ! {
        std::process::exit(128 + signal)
    }

    /// Does nothing: a console stops no program.
    pub fn stop() {}
}
