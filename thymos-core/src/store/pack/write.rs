//! Writes a pack.

use std::collections::HashSet;
use std::io::{self, Read, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use super::stream::Compressor;
use super::{Head, PIECE, SETS, opening};
use crate::action::manifest::Entry;
use crate::store::exchange::Used;
use crate::store::{Found, Sharing, Store};
use crate::system::codec::Writer;
use crate::system::digest::Digest;

/// What goes into a pack.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Selection {
    /// Only what was used at this time or later, and of each action the newest [`SETS`] input sets; everything without one.
    pub since: Option<SystemTime>,
    /// The most bytes that the pack may have.
    pub most: Option<u64>,
}

/// What went into a pack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Packed {
    /// Actions in it.
    pub entries: u64,
    /// Blobs in it.
    pub blobs: u64,
    /// Bytes before compression.
    pub content_bytes: u64,
    /// Bytes of the pack.
    pub bytes: u64,
    /// Actions that were used too long ago.
    pub unused: u64,
    /// Actions that the size limit left no room for.
    pub left_out: u64,
    /// Actions with a result that is damaged or gone.
    pub damaged: u64,
}

/// Writes a pack of the store to `out`. `told` hears how many actions of how many are done.
pub(crate) fn pack<W: Write>(
    store: &Store,
    selection: &Selection,
    mut out: W,
    told: &mut dyn FnMut(u64, u64),
) -> io::Result<Packed> {
    let mut actions = store.used_actions()?;
    let all = actions.len();
    actions.retain(|action| selection.since.is_none_or(|since| action.used >= since));
    actions.sort_by_key(|action| (std::cmp::Reverse(action.used), action.key.0));
    let opening = opening();
    out.write_all(&opening)?;
    let before = opening.len() as u64;
    let done = Packed { unused: (all - actions.len()) as u64, ..Packed::default() };
    let body = Compressor::new(out)?;
    let mut writer = Body { store, selection, before, body, heads: blake3::Hasher::new(), items: 0, done };
    let (mut written, total) = (HashSet::new(), actions.len() as u64);
    for (nth, action) in actions.iter().enumerate() {
        writer.action(action, &mut written)?;
        told(nth as u64 + 1, total);
    }
    writer.finish()
}

struct Body<'a, W: Write> {
    store: &'a Store,
    selection: &'a Selection,
    /// Bytes before the frame.
    before: u64,
    body: Compressor<W>,
    heads: blake3::Hasher,
    items: u64,
    done: Packed,
}

/// The most that a head, the end of a frame and its checksum add.
const SLACK: u64 = 1024;

impl<W: Write> Body<'_, W> {
    fn action(&mut self, action: &Used, written: &mut HashSet<Digest>) -> io::Result<()> {
        let Found::Manifest(mut manifest) = self.store.lookup(&action.key) else {
            self.done.damaged += 1;
            return Ok(());
        };
        let sets = if self.selection.since.is_some() { SETS } else { usize::MAX };
        manifest.entries.truncate(sets);
        manifest.entries.retain(|entry| self.is_whole(entry));
        if manifest.entries.is_empty() {
            self.done.damaged += 1;
            return Ok(());
        }
        let mut wanted = HashSet::new();
        let outputs = manifest.entries.iter().flat_map(|entry| &entry.outputs);
        let blobs: Vec<_> = outputs
            .filter(|output| !written.contains(&output.digest) && wanted.insert(output.digest))
            .map(|output| (output.digest, output.size))
            .collect();
        let mut record = Writer::default();
        record.bytes(&action.key.0.0);
        let used = action.used.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        record.number(u64::try_from(used).unwrap_or(u64::MAX));
        record.bytes(&manifest.encode());
        let record = record.finish();
        if !self.has_room(record.len() as u64 + blobs.iter().map(|(_, size)| size + SLACK).sum::<u64>())? {
            self.done.left_out += 1;
            return Ok(());
        }
        for (digest, size) in &blobs {
            self.blob(digest, *size)?;
        }
        written.extend(wanted);
        self.item(b'a', Digest::of(&record), record.len() as u64)?;
        self.done.content_bytes += record.len() as u64;
        self.done.entries += 1;
        self.body.write_all(&record)
    }

    /// A result of which a part is missing or damaged is none.
    fn is_whole(&self, entry: &Entry) -> bool {
        entry.outputs.iter().all(|output| {
            self.store.blob(&output.digest, Sharing::Private).is_ok_and(|blob| blob.size() == output.size)
        })
    }

    /// Bytes that do not compress take no more room than themselves, so what was not compressed yet is counted in full.
    fn has_room(&mut self, more: u64) -> io::Result<bool> {
        let Some(most) = self.selection.most else { return Ok(true) };
        self.body.flush()?;
        Ok(self.before + self.body.bytes() + more + SLACK <= most)
    }

    fn item(&mut self, kind: u8, digest: Digest, length: u64) -> io::Result<()> {
        let head = Head { kind, digest, length }.bytes();
        self.heads.update(&head);
        self.items += 1;
        self.body.write_all(&head)
    }

    fn blob(&mut self, digest: &Digest, size: u64) -> io::Result<()> {
        let mut file = std::fs::File::open(self.store.blob(digest, Sharing::Private)?.path())?;
        self.item(b'b', *digest, size)?;
        let (mut piece, mut left) = (vec![0; PIECE], size);
        while left > 0 {
            let wanted = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
            let read = file.read(&mut piece[..wanted])?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.body.write_all(&piece[..read])?;
            left -= read as u64;
        }
        self.done.blobs += 1;
        self.done.content_bytes += size;
        Ok(())
    }

    fn finish(mut self) -> io::Result<Packed> {
        let head = Head { kind: b'e', digest: Digest(*self.heads.finalize().as_bytes()), length: self.items };
        self.body.write_all(&head.bytes())?;
        self.done.bytes = self.before + self.body.finish()?;
        Ok(self.done)
    }
}
