//! What the store remembers for the sake of words: what units were asked for, and what was evicted when.
//!
//! Format of `evicted`: the first 16 bytes of a key and 8 bytes of little-endian milliseconds since the epoch, over and over,
//! the newest last. Only a collection writes it, as a whole. Invariant: both are bounded, and nothing is restored because of
//! them.

use std::collections::HashSet;
use std::io;
use std::path::PathBuf;

use super::Store;
use crate::action::ActionKey;
use crate::outcome::past_action::Record;
use crate::system::digest::Digest;
use crate::system::files::{make_dir, replace};

/// Evictions that are remembered: a full collection of a store of the default size.
const EVICTED: usize = 8192;
const ITEM: usize = 24;

impl Store {
    fn record_path(&self, unit: &Digest) -> PathBuf {
        let hex = unit.hex();
        self.root.join("units").join(&hex[..2]).join(hex)
    }

    /// Returns what is remembered of a unit.
    #[must_use]
    pub fn record(&self, unit: &Digest) -> Option<Record> {
        Record::decode(&std::fs::read(self.record_path(unit)).ok()?)
    }

    /// Replaces what is remembered of a unit.
    ///
    /// # Errors
    /// Whatever the file system gives; the old record then stands.
    pub fn keep_record(&self, unit: &Digest, record: &Record) -> io::Result<()> {
        let path = self.record_path(unit);
        make_dir(path.parent().unwrap_or(&self.root))?;
        replace(&path, &record.encode())
    }

    /// Returns when an action was evicted, in milliseconds since the epoch, if that was lately.
    #[must_use]
    pub fn evicted(&self, key: &ActionKey) -> Option<u64> {
        let notes = std::fs::read(self.root.join("evicted")).ok()?;
        let items = notes.as_chunks::<ITEM>().0.iter().rev();
        items.map(split).find(|(item, _)| *item == &key.0.0[..16]).map(|(_, at_ms)| at_ms)
    }

    /// Remembers that these actions were evicted.
    ///
    /// # Errors
    /// Whatever the file system gives; the old notes then stand.
    pub fn note_evicted(&self, keys: &[Digest], at_ms: u64) -> io::Result<()> {
        if keys.is_empty() {
            return Ok(());
        }
        let path = self.root.join("evicted");
        let old = std::fs::read(&path).unwrap_or_default();
        let again: HashSet<&[u8]> = keys.iter().map(|key| &key.0[..16]).collect();
        let kept = old.as_chunks::<ITEM>().0.iter().filter(|item| !again.contains(split(item).0));
        let mut notes: Vec<u8> = kept.flatten().copied().collect();
        for key in keys {
            notes.extend_from_slice(&key.0[..16]);
            notes.extend_from_slice(&at_ms.to_le_bytes());
        }
        replace(&path, &notes[notes.len().saturating_sub(EVICTED * ITEM)..])
    }
}

fn split(item: &[u8; ITEM]) -> (&[u8], u64) {
    let (key, at_ms) = item.split_last_chunk::<8>().expect("an item ends with eight bytes");
    (key, u64::from_le_bytes(*at_ms))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn the_latest_evictions_are_remembered_and_a_torn_end_is_ignored() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let key = |n: usize| Digest::of(&n.to_le_bytes());
        assert_eq!(store.evicted(&ActionKey(key(1))), None);
        store.note_evicted(&[key(1), key(2)], 7).unwrap();
        store.note_evicted(&[key(1)], 8).unwrap();
        assert_eq!(store.evicted(&ActionKey(key(1))), Some(8));
        assert_eq!(store.evicted(&ActionKey(key(2))), Some(7));
        let path = store.root().join("evicted");
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.extend_from_slice(b"torn");
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(store.evicted(&ActionKey(key(1))), Some(8));
        store.note_evicted(&(3..EVICTED + 4).map(key).collect::<Vec<_>>(), 9).unwrap();
        assert_eq!(store.evicted(&ActionKey(key(1))), None);
        assert_eq!(std::fs::metadata(&path).unwrap().len(), (EVICTED * ITEM) as u64);
    }
}
