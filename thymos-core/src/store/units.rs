//! What the store keeps only to explain misses: what units were compiled as, and what was removed when and by whom.
//!
//! Format of `evicted`: the first 16 bytes of a key, 7 bytes of little-endian milliseconds since the epoch and a byte for who
//! removed it (0 a collection because of the limit, 1 `gc`, 2 `clear`, 3 `verify store`), over and over, the newest last. It is
//! written as a whole, and two writers may lose what one of them wrote. Invariant: both are bounded, and nothing is restored
//! because of them.

use std::collections::HashSet;
use std::io;
use std::path::PathBuf;

use super::Store;
use super::grown;
use crate::action::ActionKey;
use crate::outcome::cause::{Cause, Remover};
use crate::outcome::past_action::Record;
use crate::system::digest::Digest;
use crate::system::files::{make_dir, replace};

/// Removals that are remembered: a full collection of a store of the default size.
const EVICTED: usize = 8192;
const ITEM: usize = 24;
/// The bits of the time in an item.
const TIME_BITS: u32 = 56;

impl Store {
    fn record_path(&self, unit: &Digest) -> PathBuf {
        let hex = unit.hex();
        self.root.join("units").join(&hex[..2]).join(hex)
    }

    /// Returns what is remembered of a unit.
    pub fn record(&self, unit: &Digest) -> Option<Record> {
        Record::decode(&std::fs::read(self.record_path(unit)).ok()?)
    }

    /// Replaces what is remembered of a unit and returns the bytes that the store grew by.
    pub fn keep_record(&self, unit: &Digest, record: &Record) -> io::Result<u64> {
        let path = self.record_path(unit);
        make_dir(path.parent().unwrap_or(&self.root))?;
        grown(&path, &record.encode())
    }

    /// Returns when an action was removed and by whom, if that was lately.
    pub fn why_removed(&self, key: &ActionKey) -> Option<Cause> {
        let notes = std::fs::read(self.root.join("evicted")).ok()?;
        let items = notes.as_chunks::<ITEM>().0.iter().rev();
        items.map(split).find(|(item, _)| *item == &key.0.0[..16]).map(|(_, note)| cause(note))
    }

    /// Remembers who removed these actions: nobody where the limit did.
    pub fn note_removed(&self, keys: &[Digest], at_ms: u64, by: Option<Remover>) -> io::Result<()> {
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
            notes.extend_from_slice(&(at_ms | letter(by) << TIME_BITS).to_le_bytes());
        }
        replace(&path, &notes[notes.len().saturating_sub(EVICTED * ITEM)..])
    }
}

fn split(item: &[u8; ITEM]) -> (&[u8], u64) {
    let (key, note) = item.split_last_chunk::<8>().expect("an item ends with eight bytes");
    (key, u64::from_le_bytes(*note))
}

fn letter(by: Option<Remover>) -> u64 {
    match by {
        None => 0,
        Some(Remover::Gc) => 1,
        Some(Remover::Clear) => 2,
        Some(Remover::Verify) => 3,
        Some(Remover::Unknown) => 4,
    }
}

fn cause(note: u64) -> Cause {
    let at_ms = note & ((1 << TIME_BITS) - 1);
    let by = match note >> TIME_BITS {
        0 => return Cause::Evicted { at_ms },
        1 => Remover::Gc,
        2 => Remover::Clear,
        3 => Remover::Verify,
        _ => Remover::Unknown,
    };
    Cause::Removed { at_ms, by }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn the_latest_removals_are_remembered_and_a_torn_end_is_ignored() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let key = |n: usize| Digest::of(&n.to_le_bytes());
        let told = |n: usize| store.why_removed(&ActionKey(key(n)));
        let (gc, verify) = (Remover::Gc, Remover::Verify);
        assert_eq!(told(1), None);
        store.note_removed(&[key(1), key(2)], 7, None).unwrap();
        store.note_removed(&[key(1)], 1 << 41, Some(verify)).unwrap();
        assert_eq!(told(1), Some(Cause::Removed { at_ms: 1 << 41, by: verify }));
        assert_eq!(told(2), Some(Cause::Evicted { at_ms: 7 }));
        let path = store.root().join("evicted");
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.extend_from_slice(b"torn");
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(told(1), Some(Cause::Removed { at_ms: 1 << 41, by: verify }));
        store.note_removed(&(3..EVICTED + 4).map(key).collect::<Vec<_>>(), 9, Some(gc)).unwrap();
        assert_eq!((told(1), told(3 + EVICTED)), (None, Some(Cause::Removed { at_ms: 9, by: gc })));
        assert_eq!(std::fs::metadata(&path).unwrap().len(), (EVICTED * ITEM) as u64);
    }
}
