//! How much the store holds, known without looking at every file.
//!
//! Format of `usage`: 8-byte little-endian numbers of bytes, to be added up. Every publish appends one; a collection, which
//! knows the true sum, replaces the file by a single number. Invariant: the sum is a hint that starts a collection and
//! never decides what is removed.

use std::fs::OpenOptions;
use std::io::{self, Write};

use super::Store;
use crate::system::files::{open_or_make, replace};

impl Store {
    /// Notes that the store grew, and returns the bytes it holds by these notes.
    ///
    /// # Errors
    /// Whatever the file system gives.
    pub fn grew(&self, bytes: u64) -> io::Result<u64> {
        let path = self.root.join("usage");
        open_or_make(&path, OpenOptions::new().append(true))?.write_all(&bytes.to_le_bytes())?;
        Ok(self.noted())
    }

    /// Returns the bytes that the store holds by its notes.
    #[must_use]
    pub fn noted(&self) -> u64 {
        let notes = std::fs::read(self.root.join("usage")).unwrap_or_default();
        notes.as_chunks::<8>().0.iter().map(|note| u64::from_le_bytes(*note)).fold(0, u64::saturating_add)
    }

    /// Replaces the notes by what was counted.
    ///
    /// # Errors
    /// Whatever the file system gives.
    pub fn counted(&self, bytes: u64) -> io::Result<()> {
        replace(&self.root.join("usage"), &bytes.to_le_bytes())
    }
}
