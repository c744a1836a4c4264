//! What the Unix systems other than Linux do without.

use std::io;
use std::path::{Path, PathBuf};

/// Locks belong to a process, so they fall when it closes any descriptor of the file.
pub(super) const LOCK: libc::c_int = libc::F_SETLK;
pub(super) const LOCK_AND_WAIT: libc::c_int = libc::F_SETLKW;

/// Has the descriptors from `first` on closed when this process starts another program. It may be called after a fork. Inherited
/// ones have the low numbers that their makers got.
pub(super) fn close_on_exec(first: u32) {
    super::process::mark_each(first..4096);
}

/// Refuses: block sharing is not used here.
///
/// # Errors
/// Always [`io::ErrorKind::Unsupported`].
pub(crate) fn reflink(_from: &Path, _to: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Returns false: block sharing is not used here.
pub(crate) fn clones(_directory: &Path) -> bool {
    false
}

/// There is no such name here.
///
/// # Errors
/// Always [`io::ErrorKind::Unsupported`].
pub(crate) fn memfd(_bytes: &[u8]) -> io::Result<PathBuf> {
    Err(io::ErrorKind::Unsupported.into())
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
