//! How much the store holds, known without looking at every file.
//!
//! Format of `usage`: 8-byte little-endian numbers of bytes, to be added up. Every publish appends one; a collection, which
//! knows the true sum, replaces what it found by a single number. Invariant: the sum is a hint that starts a collection and never
//! decides what is removed. The file is bounded: when it holds [`NOTES`] numbers, a collection is due in any case, which also
//! removes what has a bound of its own.

use std::fs::OpenOptions;
use std::io::{self, Write};

use super::Store;
use crate::system::files::{open_or_make, replace};

/// After so many publishes the store is counted.
const NOTES: usize = 512;
/// Once a collection was started, the store has to grow by this part of its limit before the next is.
const STEP: u64 = 20;

/// Whether a collection is to be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Collection {
    /// It is; whoever asks next is not told so.
    Due,
    /// It is not.
    NotDue,
}

impl Store {
    /// Notes that the store grew, and returns whether it is to be collected down to `limit` bytes.
    pub(crate) fn grew(&self, bytes: u64, limit: u64) -> io::Result<Collection> {
        let path = self.root.join("usage");
        open_or_make(&path, OpenOptions::new().append(true))?.write_all(&bytes.to_le_bytes())?;
        let notes = self.notes();
        let sum = sum(&notes);
        if sum <= limit && notes.as_chunks::<8>().0.len() < NOTES {
            return Ok(Collection::NotDue);
        }
        // Until the collection has counted, this stands for the truth; and where it cannot make room enough, after it too.
        self.note(sum.min(limit - limit / STEP), &[])?;
        Ok(Collection::Due)
    }

    /// Returns the bytes that the store holds by its notes.
    #[must_use]
    pub fn noted(&self) -> u64 {
        sum(&self.notes())
    }

    /// Returns the notes, for [`Store::counted`].
    pub(super) fn notes(&self) -> Vec<u8> {
        std::fs::read(self.root.join("usage")).unwrap_or_default()
    }

    /// Replaces the notes by what was counted, up to what is a step below `limit`, and leaves those that were made since `before`.
    ///
    /// # Errors
    /// Whatever the file system gives.
    pub(super) fn counted(&self, bytes: u64, limit: u64, before: &[u8]) -> io::Result<()> {
        let now = self.notes();
        self.note(bytes.min(limit - limit / STEP), now.strip_prefix(before).unwrap_or_default())
    }

    fn note(&self, bytes: u64, since: &[u8]) -> io::Result<()> {
        replace(&self.root.join("usage"), &[&bytes.to_le_bytes(), since].concat())
    }
}

fn sum(notes: &[u8]) -> u64 {
    notes.as_chunks::<8>().0.iter().map(|note| u64::from_le_bytes(*note)).fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn a_store_that_stays_over_its_limit_is_collected_once_a_step() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let due = |bytes| store.grew(bytes, 1000).unwrap() == Collection::Due;
        assert_eq!([due(900), due(100), due(1)], [false, false, true]);
        assert_eq!([due(30), due(20), due(1)], [false, false, true]);
        // It could not remove anything, and was overtaken by one publish.
        let before = store.notes();
        assert!(!due(10));
        store.counted(5000, 1000, &before).unwrap();
        assert_eq!(store.noted(), 960);
        assert_eq!([due(40), due(1)], [false, true]);
    }

    #[test]
    fn the_notes_are_bounded_and_every_so_many_publishes_count_the_store() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let due = (0..2000).filter(|_| store.grew(1, u64::MAX).unwrap() == Collection::Due).count();
        assert_eq!(due, 3);
        assert!(store.notes().len() <= NOTES * 8);
        assert_eq!(store.noted(), 2000);
    }
}
