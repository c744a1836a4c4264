//! The memo of digests: a file's stamp → the digest of its content.
//!
//! Format (version in the file name, little endian): an array of 65,536 buckets of eight 64-byte records, sparse on disk.
//! ```text
//! record = tag[16] digest[32] check[16]
//! tag    = first half of BLAKE3(boot stamp) which bucket: its first two bytes; boot = digest of this boot's id
//! check  = first half of BLAKE3(tag digest) a torn or damaged record is no record
//! ```
//! Invariant: a wrong record is never believed. Records are read with `pread`, not through a mapping, so a truncated file
//! is a memo that knows less and not a SIGBUS. Writers do not lock: of two that write one slot, one wins. After a power loss
//! a file may have its stamp and not its bytes, so nothing is recalled from before the last boot.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use crate::system::digest::Digest;
use crate::system::files::open_or_make;
use crate::system::guard::Guard;
use crate::system::os;
use crate::system::stamp::{self, Stamp};

const RECORD: usize = 64;
const SLOTS: usize = 8;
const BUCKET: usize = RECORD * SLOTS;

/// Remembers which content a stamp stands for.
#[derive(Debug)]
pub struct Memo {
    file: Option<File>,
    writable: bool,
    boot: Digest,
}

impl Memo {
    /// Opens the memo at `path`, making it where it can; without one, every look-up finds nothing.
    #[must_use]
    pub fn open(path: &Path) -> Self {
        let boot = Digest::of(&os::boot_id());
        match open_or_make(path, OpenOptions::new().read(true).write(true)) {
            Ok(file) => Self { file: Some(file), writable: true, boot },
            Err(_) => Self { file: File::open(path).ok(), writable: false, boot },
        }
    }

    /// Returns the digest of the file at `path` as it is now, with its stamp, reading it only if the memo does not know it.
    pub(crate) fn digest(&self, path: &Path) -> io::Result<(Digest, Stamp)> {
        let metadata = std::fs::metadata(path)?;
        if !metadata.is_file() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let stamp = Stamp::from(&metadata);
        if let Some(digest) = self.recall(&stamp) {
            return Ok((digest, stamp));
        }
        let digest = Digest::of_file(path)?;
        let after = Stamp::of(path)?;
        if after == stamp && !(Guard::MemoYoung.on() && stamp.is_young(stamp::now())) {
            self.remember(&stamp, &digest);
        }
        Ok((digest, after))
    }

    /// Returns the digest that was remembered for `stamp`.
    #[must_use]
    pub fn recall(&self, stamp: &Stamp) -> Option<Digest> {
        let tag = self.tag(stamp);
        let bucket = self.bucket(&tag)?;
        bucket.as_chunks::<RECORD>().0.iter().find_map(|record| decode(record, &tag))
    }

    /// Remembers that `stamp` stands for `digest`. The caller knows the content or has checked that the file is not young.
    pub fn remember(&self, stamp: &Stamp, digest: &Digest) {
        let (true, Some(file)) = (self.writable, &self.file) else { return };
        let tag = self.tag(stamp);
        let bucket = self.bucket(&tag).unwrap_or([0; BUCKET]);
        let records = bucket.as_chunks::<RECORD>().0;
        let free = records.iter().position(|r| r[..16] == tag || *r == [0; RECORD]);
        let slot = free.unwrap_or(usize::from(digest.0[0]) % SLOTS);
        let at = offset(&tag) + (slot * RECORD) as u64;
        // A memo that cannot be written costs time and nothing else.
        let _ = os::write_at(file, &encode(&tag, digest), at);
    }

    fn tag(&self, stamp: &Stamp) -> [u8; 16] {
        let mut bytes = [0; 88];
        bytes[..32].copy_from_slice(&self.boot.0);
        let stamp = if Guard::MemoChangeTime.on() { *stamp } else { Stamp { inode: 0, changed: 0, ..*stamp } };
        bytes[32..].copy_from_slice(&stamp.bytes());
        let mut tag = [0; 16];
        tag.copy_from_slice(&Digest::of(&bytes).0[..16]);
        tag
    }

    fn bucket(&self, tag: &[u8; 16]) -> Option<[u8; BUCKET]> {
        let mut bucket = [0; BUCKET];
        let read = os::read_at(self.file.as_ref()?, &mut bucket, offset(tag)).ok()?;
        (read > 0).then_some(bucket)
    }
}

fn offset(tag: &[u8; 16]) -> u64 {
    u64::from(u16::from_le_bytes([tag[0], tag[1]])) * BUCKET as u64
}

fn encode(tag: &[u8; 16], digest: &Digest) -> [u8; RECORD] {
    let mut record = [0; RECORD];
    record[..16].copy_from_slice(tag);
    record[16..48].copy_from_slice(&digest.0);
    let check = Digest::of(&record[..48]);
    record[48..].copy_from_slice(&check.0[..16]);
    record
}

fn decode(record: &[u8; RECORD], tag: &[u8; 16]) -> Option<Digest> {
    if record[..16] != *tag || Digest::of(&record[..48]).0[..16] != record[48..] {
        return None;
    }
    record[16..48].try_into().ok().map(Digest)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn stamp(inode: u64) -> Stamp {
        Stamp { device: 1, inode, size: 3, modified: 4, changed: 5 }
    }

    #[test]
    fn what_was_remembered_is_recalled_by_another_process() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("digests");
        let digest = Digest::of(b"content");
        Memo::open(&path).remember(&stamp(1), &digest);
        assert_eq!(Memo::open(&path).recall(&stamp(1)), Some(digest));
        assert_eq!(Memo::open(&path).recall(&stamp(2)), None);
    }

    #[test]
    fn a_damaged_record_is_no_record() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("digests");
        Memo::open(&path).remember(&stamp(1), &Digest::of(b"content"));
        let mut bytes = std::fs::read(&path).unwrap();
        let at = bytes.iter().position(|byte| *byte != 0).unwrap() + 20;
        bytes[at] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(Memo::open(&path).recall(&stamp(1)), None);
        std::fs::write(&path, &bytes[..at]).unwrap();
        assert_eq!(Memo::open(&path).recall(&stamp(1)), None);
    }

    #[test]
    fn a_full_bucket_forgets_one_record_and_keeps_the_newest() {
        let dir = tempfile::tempdir().unwrap();
        let memo = Memo::open(&dir.path().join("digests"));
        let same_bucket: Vec<Stamp> =
            (0..).map(stamp).filter(|s| offset(&memo.tag(s)) == offset(&memo.tag(&stamp(0)))).take(SLOTS + 1).collect();
        for (n, stamp) in same_bucket.iter().enumerate() {
            memo.remember(stamp, &Digest::of(&[n as u8]));
        }
        assert_eq!(memo.recall(&same_bucket[SLOTS]), Some(Digest::of(&[SLOTS as u8])));
        assert_eq!(same_bucket.iter().filter(|s| memo.recall(s).is_some()).count(), SLOTS);
    }

    #[test]
    fn a_young_file_is_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let memo = Memo::open(&dir.path().join("digests"));
        let file = dir.path().join("source.rs");
        std::fs::write(&file, "one").unwrap();
        let (digest, stamp) = memo.digest(&file).unwrap();
        assert_eq!(digest, Digest::of(b"one"));
        assert_eq!(memo.recall(&stamp), None);
    }
}
