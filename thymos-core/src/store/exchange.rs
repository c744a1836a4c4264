//! What packs read from a store and put into it.
//!
//! Invariant: as everywhere in the store, content is named by its digest only after it was hashed, and nothing is visible before
//! it is whole.

use std::fs::{self, File};
use std::io::{self, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tempfile::NamedTempFile;

use super::{Found, Store, gc};
use crate::action::ActionKey;
use crate::action::manifest::Manifest;
use crate::outcome::event;
use crate::system::digest::Digest;
use crate::system::files::{make_dir, replace};
use crate::system::os::{self, Wait};
use crate::system::stamp::Stamp;

/// The file whose content says when something was last unpacked here, in milliseconds since the epoch.
const UNPACKED: &str = "unpacked";

/// An action and when it was last used.
#[derive(Clone, Copy, Debug)]
pub struct Used {
    /// The action.
    pub key: ActionKey,
    /// Its last use.
    pub used: SystemTime,
}

/// Content on its way into the store.
#[derive(Debug)]
pub struct Incoming {
    file: NamedTempFile,
    hasher: blake3::Hasher,
}

impl Incoming {
    /// Takes the next piece.
    pub fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        self.hasher.update(piece);
        self.file.write_all(piece)
    }
}

impl Store {
    /// Returns every action with its last use, in no order.
    pub fn used_actions(&self) -> io::Result<Vec<Used>> {
        let files = gc::files(&self.root.join("actions"))?.into_iter();
        let used = files.filter_map(|(path, metadata)| {
            let key = ActionKey(Digest::from_hex(path.file_name()?.to_str()?)?);
            Some(Used { key, used: metadata.modified().unwrap_or(UNIX_EPOCH) })
        });
        Ok(used.collect())
    }

    /// Returns whether a blob of this name and size is there, without looking at its content.
    pub fn holds(&self, digest: &Digest, size: u64) -> bool {
        fs::metadata(self.blob_path(digest)).is_ok_and(|metadata| metadata.len() == size)
    }

    /// Starts to take in content that is not known yet.
    pub fn receive(&self) -> io::Result<Incoming> {
        let file = tempfile::Builder::new().prefix("blob-").tempfile_in(self.root.join("tmp"))?;
        Ok(Incoming { file, hasher: blake3::Hasher::new() })
    }

    /// Makes content visible if it is what `digest` names, and returns whether it is.
    pub fn adopt(&self, incoming: Incoming, digest: &Digest) -> io::Result<bool> {
        if Digest(*incoming.hasher.finalize().as_bytes()) != *digest {
            return Ok(false);
        }
        let path = self.blob_path(digest);
        make_dir(path.parent().unwrap_or(&self.root))?;
        os::share_like_directory(incoming.file.path())?;
        incoming.file.persist(&path).map_err(|error| error.error)?;
        let stamp = Stamp::of(&path)?;
        self.memo().remember(&stamp, digest);
        self.memo().remember(&stamp.unlinked(), digest);
        Ok(true)
    }

    /// Puts the input sets of `manifest` among those that an action has, and returns how many are new. The action counts as
    /// used at the later of both times, and never in the future.
    pub fn merge(&self, action: &Used, manifest: Manifest) -> io::Result<usize> {
        let _lock = self.lock(&action.key, Wait::Yes)?;
        let path = self.action_path(&action.key);
        let before = fs::metadata(&path).and_then(|metadata| metadata.modified()).ok();
        let mut merged = match self.lookup(&action.key) {
            Found::Manifest(manifest) => manifest,
            Found::Nothing | Found::Damaged => Manifest::default(),
        };
        let known = merged.entries.clone();
        merged.merge(manifest);
        let new = merged.entries.iter().filter(|entry| !known.contains(entry)).count();
        if new > 0 {
            make_dir(path.parent().unwrap_or(&self.root))?;
            replace(&path, &merged.encode())?;
        }
        let used = before.map_or(action.used, |before| before.max(action.used)).min(SystemTime::now());
        // In a shared store the file may be another user's, who alone may set its time; then it keeps the one that it has.
        let _ = File::options().append(true).open(&path).and_then(|file| file.set_modified(used));
        Ok(new)
    }

    /// Notes that something is unpacked now.
    pub fn mark_unpacked(&self) -> io::Result<()> {
        replace(&self.root.join(UNPACKED), event::now_ms().to_string().as_bytes())
    }

    /// Returns when something was last unpacked here.
    pub fn unpacked(&self) -> Option<SystemTime> {
        let text = fs::read_to_string(self.root.join(UNPACKED)).ok()?;
        UNIX_EPOCH.checked_add(Duration::from_millis(text.trim().parse().ok()?))
    }
}
