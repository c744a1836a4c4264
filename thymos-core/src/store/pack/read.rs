//! Reads a pack into a store.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read};
use std::time::{Duration, UNIX_EPOCH};

use super::{HEAD, Head, LARGEST_ACTION, PIECE, SKIPPABLE, opening, stream};
use crate::action::ActionKey;
use crate::action::manifest::Manifest;
use crate::store::Store;
use crate::store::exchange::Used;
use crate::system::codec;
use crate::system::digest::Digest;
use crate::system::error::plain;

/// The least that an item counts for: a file takes a block, so a flood of empty ones has an end too.
const BLOCK: u64 = 4096;

/// Why a part of a pack was not taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refused {
    /// A blob's content is not what its name says.
    Content,
    /// An entry that is no manifest, or not the one that was packed.
    Entry,
    /// A result whose outputs are neither in the pack nor in the store.
    Incomplete,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Content => "content is not what its name says",
            Self::Entry => "entry is not what was packed",
            Self::Incomplete => "a result's output is missing",
        })
    }
}

impl serde::Serialize for Refused {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What was taken from a pack.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Unpacked {
    /// Actions that the store did not have, or had with fewer input sets.
    pub entries: u64,
    /// Actions that the store had already.
    pub known: u64,
    /// Blobs that the store did not have.
    pub blobs: u64,
    /// Bytes that the store grew by.
    pub bytes: u64,
    /// Whether reading ended where the cache's size limit is reached.
    pub full: bool,
    /// What was not taken in, by reason.
    pub refused: BTreeMap<Refused, u64>,
    /// Why reading ended before the end of the pack.
    pub damage: Option<String>,
}

/// Why reading ends.
enum End {
    /// The pack's own end.
    Whole,
    /// There is no room for more.
    Full,
    /// The bytes are no pack from here on.
    Damage(String),
}

/// Takes a pack into the store, at most `limit` bytes of it. Damage ends the reading; what came before it was verified and stays.
///
/// # Errors
/// One line, if `from` is no pack of this version or the store cannot be written.
pub fn unpack(store: &Store, from: impl Read, limit: u64) -> Result<Unpacked, String> {
    let body = open(from)?;
    let failed = |error: io::Error| format!("failed to write `{}`: {}", store.root().display(), plain(&error));
    store.mark_unpacked().map_err(failed)?;
    let mut reader =
        Body { store, body, room: limit, heads: blake3::Hasher::new(), items: 0, done: Unpacked::default() };
    let end = loop {
        match reader.item().map_err(failed)? {
            None => {}
            Some(end) => break end,
        }
    };
    match end {
        End::Whole => {}
        End::Full => reader.done.full = true,
        End::Damage(why) => reader.done.damage = Some(why),
    }
    // Who unpacks collects.
    store.grew(reader.done.bytes, u64::MAX).map_err(failed)?;
    Ok(reader.done)
}

fn open(mut from: impl Read) -> Result<impl Read, String> {
    let wanted = opening();
    let mut found = Vec::new();
    let read = from.by_ref().take(wanted.len() as u64).read_to_end(&mut found);
    read.map_err(|error| format!("failed to read the pack: {}", plain(&error)))?;
    if found != wanted {
        let alike =
            found.starts_with(&SKIPPABLE.to_le_bytes()) && found[4..].windows(12).any(|it| it == b"thymos pack ");
        return Err(match (alike, found.len() == wanted.len()) {
            (true, true) => "the pack has another version than this thymos reads; pack it again".to_owned(),
            _ => "this is no pack; `thymos pack` makes one".to_owned(),
        });
    }
    stream::decompressor(from).map_err(|error| format!("failed to read the pack: {}", plain(&error)))
}

struct Body<'a, R> {
    store: &'a Store,
    body: R,
    room: u64,
    heads: blake3::Hasher,
    items: u64,
    done: Unpacked,
}

impl<R: Read> Body<'_, R> {
    /// Reads one item; errors are those of the store.
    fn item(&mut self) -> io::Result<Option<End>> {
        let mut bytes = [0; HEAD];
        if let Err(error) = self.body.read_exact(&mut bytes) {
            return Ok(Some(damage(&error)));
        }
        let head = Head::from_bytes(&bytes);
        if head.kind == b'e' {
            let whole = head.length == self.items && head.digest.0 == *self.heads.finalize().as_bytes();
            return Ok(Some(if whole {
                self.end()
            } else {
                End::Damage("its list of contents is damaged".to_owned())
            }));
        }
        self.heads.update(&bytes);
        self.items += 1;
        let Some(room) = self.room.checked_sub(head.length.max(BLOCK)) else { return Ok(Some(End::Full)) };
        self.room = room;
        match head.kind {
            b'b' => self.blob(&head),
            b'a' if head.length <= LARGEST_ACTION => self.action(&head),
            _ => Ok(Some(End::Damage("there is something unknown in it".to_owned()))),
        }
    }

    /// The frame's own checksum stands at its end, and is looked at when that is read.
    fn end(&mut self) -> End {
        match self.body.read(&mut [0]) {
            Ok(0) => End::Whole,
            Ok(_) => End::Damage("there is something behind its end".to_owned()),
            Err(error) => damage(&error),
        }
    }

    fn blob(&mut self, head: &Head) -> io::Result<Option<End>> {
        let mut incoming = match self.store.holds(&head.digest, head.length) {
            true => None,
            false => Some(self.store.receive()?),
        };
        let (mut piece, mut left) = (vec![0; PIECE], head.length);
        while left > 0 {
            let wanted = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
            let read = match self.body.read(&mut piece[..wanted]) {
                Ok(0) => return Ok(Some(damage(&io::ErrorKind::UnexpectedEof.into()))),
                Ok(read) => read,
                Err(error) => return Ok(Some(damage(&error))),
            };
            incoming.as_mut().map_or(Ok(()), |incoming| incoming.write(&piece[..read]))?;
            left -= read as u64;
        }
        let Some(incoming) = incoming else { return Ok(None) };
        if self.store.adopt(incoming, &head.digest)? {
            self.done.blobs += 1;
            self.done.bytes += head.length;
        } else {
            self.refuse(Refused::Content);
        }
        Ok(None)
    }

    fn action(&mut self, head: &Head) -> io::Result<Option<End>> {
        let mut bytes = Vec::new();
        match self.body.by_ref().take(head.length).read_to_end(&mut bytes) {
            Ok(_) if bytes.len() as u64 == head.length => {}
            Ok(_) => return Ok(Some(damage(&io::ErrorKind::UnexpectedEof.into()))),
            Err(error) => return Ok(Some(damage(&error))),
        }
        let whole = Digest::of(&bytes) == head.digest;
        let Some((action, mut manifest)) = whole.then(|| decode(&bytes)).flatten() else {
            self.refuse(Refused::Entry);
            return Ok(None);
        };
        let sets = manifest.entries.len();
        manifest
            .entries
            .retain(|entry| entry.outputs.iter().all(|output| self.store.holds(&output.digest, output.size)));
        (manifest.entries.len()..sets).for_each(|_| self.refuse(Refused::Incomplete));
        if !manifest.entries.is_empty() {
            let new = self.store.merge(&action, manifest)? > 0;
            *(if new { &mut self.done.entries } else { &mut self.done.known }) += 1;
            self.done.bytes += if new { head.length } else { 0 };
        }
        Ok(None)
    }

    fn refuse(&mut self, why: Refused) {
        *self.done.refused.entry(why).or_default() += 1;
    }
}

fn decode(bytes: &[u8]) -> Option<(Used, Manifest)> {
    let mut reader = codec::Reader::new(bytes);
    let key = ActionKey(Digest(reader.bytes()?.try_into().ok()?));
    let used = UNIX_EPOCH.checked_add(Duration::from_millis(reader.number()?))?;
    let manifest = Manifest::decode(reader.bytes()?)?;
    reader.is_done().then_some((Used { key, used }, manifest))
}

fn damage(error: &io::Error) -> End {
    End::Damage(match error.kind() {
        io::ErrorKind::UnexpectedEof => "it ends in the middle".to_owned(),
        _ => plain(error),
    })
}
