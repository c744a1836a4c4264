//! What the Unix systems other than Linux do without.

use std::io;
use std::path::{Path, PathBuf};

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

/// There is no such name here.
///
/// # Errors
/// Always [`io::ErrorKind::Unsupported`].
pub fn memfd(_bytes: &[u8]) -> io::Result<PathBuf> {
    Err(io::ErrorKind::Unsupported.into())
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
