//! The store: manifests, blobs, events and the memo in one directory.
//!
//! ```text
//! <dir>/v1/
//!   actions/ab/<key>     manifest and results of one action, one file, replaced by rename
//!   blobs/ab/<digest>    artifact bytes, content addressed, never written in place
//!   compilers/<key>      what identifies a compiler, with the stamps of its files
//!   digests              the memo: stamp → digest
//!   units/ab/<unit>      what a unit was asked for lately, to tell a miss from its predecessors
//!   evicted              which actions were evicted when
//!   events/              one line per invocation
//!   lock  usage  tmp/    one file for all locks; bytes published since the last collection
//! ```
//! Invariant: nothing is visible before it is whole. Everything is written under `tmp/` (or beside its place) and renamed.
//! Reading never creates anything.

pub(crate) mod blobs;
pub(crate) mod clear;
pub(crate) mod exchange;
pub(crate) mod gc;
pub mod memo;
pub mod pack;
mod units;
pub(crate) mod usage;
pub mod verify;

use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};

use crate::action::ActionKey;
use crate::action::manifest::{Entry, Manifest};
use crate::outcome::Degraded;
use crate::settings::Shared;
use crate::store::memo::Memo;
use crate::system::digest::Digest;
use crate::system::error::plain;
use crate::system::files::{make_dir, open_or_make, replace};
use crate::system::os::{self, RangeLock, Wait};

pub use blobs::{Blob, Made, Shape, Sharing};

/// The directory of this version of the store, in the directory that the settings name.
const VERSION: &str = "v1";
/// What the names of directories begin with in which hits are compiled again, below `tmp`.
pub(crate) const SCRATCH: &str = "verify-";
/// The directories of a store, in the order in which they are made.
const PARTS: [&str; 5] = ["actions", "blobs", "compilers", "events", "tmp"];

/// An open store.
#[derive(Debug)]
pub struct Store {
    root: PathBuf,
    memo: Memo,
    shared: Shared,
}

/// What a look-up of an action found.
#[derive(Debug)]
pub(crate) enum Found {
    /// Its manifest.
    Manifest(Manifest),
    /// Nothing.
    Nothing,
    /// A file that is no manifest.
    Damaged,
}

impl Store {
    /// Opens the store in `dir` for this user alone, making it if it is not there.
    ///
    /// # Errors
    /// [`Degraded`] when it cannot be used at all. A store that can only be read is opened.
    pub fn open(dir: &Path) -> Result<Self, Degraded> {
        Self::open_as(dir, Shared::No)
    }

    /// Opens the store in `dir`, making it if it is not there, for those whom `shared` names.
    ///
    /// A shared store's directories carry the set-group-ID bit and the group may write to them; what is made in such a directory
    /// is made for the group. It has no inode in common with any output, for an inode has one owner and one mode.
    ///
    /// # Errors
    /// [`Degraded`] when it cannot be used at all. A store that can only be read is opened.
    pub(crate) fn open_as(dir: &Path, shared: Shared) -> Result<Self, Degraded> {
        let root = dir.join(VERSION);
        // The last part that is made tells whether all are there: an event may have made the first.
        if std::fs::metadata(root.join(PARTS[PARTS.len() - 1])).is_err() {
            Self::create(&root, shared).map_err(|error| unavailable(&error))?;
        }
        Self::open_made(root, shared)
    }

    /// Opens the store in `dir` for a look, which makes none: `None` where there is none, or none that may be used.
    pub(crate) fn open_existing(dir: &Path, shared: Shared) -> Option<Self> {
        Self::is_in(dir).then(|| Self::open_made(dir.join(VERSION), shared).ok()).flatten()
    }

    /// Returns whether there is a store in `dir`.
    pub(crate) fn is_in(dir: &Path) -> bool {
        dir.join(VERSION).is_dir()
    }

    fn open_made(root: PathBuf, shared: Shared) -> Result<Self, Degraded> {
        let metadata = std::fs::metadata(&root).map_err(|error| unavailable(&error))?;
        let own = os::owner(&metadata) == os::user();
        let others = os::mode(&metadata) & 0o022;
        let trusted = match shared {
            Shared::No => own && others == 0,
            Shared::Group => others & 0o002 == 0 && (own || os::is_for_group(&metadata)),
        };
        if !trusted {
            return Err(Degraded::StoreNotPrivate);
        }
        let memo = Memo::open(&root.join("digests"));
        Ok(Self { root, memo, shared })
    }

    fn create(root: &Path, shared: Shared) -> io::Result<()> {
        let new = std::fs::metadata(root.join(PARTS[0])).is_err();
        os::create_private_dir(root)?;
        if shared == Shared::Group && new {
            os::give_to_group(root)?;
            PARTS
                .iter()
                .filter(|part| root.join(part).is_dir())
                .try_for_each(|part| os::give_to_group(&root.join(part)))?;
        }
        PARTS.iter().try_for_each(|part| make_dir(&root.join(part)))
    }

    /// Returns the directory of this version of the store.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the memo of digests.
    pub(crate) fn memo(&self) -> &Memo {
        &self.memo
    }

    /// Returns where compilers are remembered.
    pub(crate) fn compilers(&self) -> PathBuf {
        self.root.join("compilers")
    }

    /// Returns where events are appended.
    pub(crate) fn events(&self) -> PathBuf {
        self.root.join("events")
    }

    fn action_path(&self, key: &ActionKey) -> PathBuf {
        let hex = key.0.hex();
        self.root.join("actions").join(&hex[..2]).join(hex)
    }

    /// Looks an action up.
    pub(crate) fn lookup(&self, key: &ActionKey) -> Found {
        match std::fs::read(self.action_path(key)) {
            Ok(bytes) => Manifest::decode(&bytes).map_or(Found::Damaged, Found::Manifest),
            Err(_) => Found::Nothing,
        }
    }

    /// Notes that an action was used, for the order in which actions are collected.
    pub(crate) fn used(&self, key: &ActionKey) {
        // A store that can only be read collects nothing either.
        let _ = os::touch(&self.action_path(key));
    }

    /// Stores an action's manifest and returns the bytes that the store grew by.
    ///
    /// # Errors
    /// Whatever writing gives; the old manifest then stands.
    pub fn publish(&self, key: &ActionKey, manifest: &Manifest) -> io::Result<u64> {
        let path = self.action_path(key);
        make_dir(path.parent().unwrap_or(&self.root))?;
        grown(&path, &manifest.encode())
    }

    /// Keeps only those entries of an action of which `keep` is true. A manifest with none left, or that cannot be read, goes.
    ///
    /// The action's lock is taken for as long as it takes; whoever holds it already uses [`Store::retain_locked`].
    pub(crate) fn retain(&self, key: &ActionKey, keep: impl FnMut(&Entry) -> bool) -> io::Result<()> {
        let _lock = self.lock(key, Wait::Yes)?;
        self.retain_locked(key, keep)
    }

    /// Does what [`Store::retain`] does, for the holder of the action's lock.
    pub(crate) fn retain_locked(&self, key: &ActionKey, keep: impl FnMut(&Entry) -> bool) -> io::Result<()> {
        let mut manifest = match self.lookup(key) {
            Found::Nothing => return Ok(()),
            Found::Manifest(manifest) => manifest,
            Found::Damaged => Manifest::default(),
        };
        let before = manifest.entries.len();
        manifest.entries.retain(keep);
        match manifest.entries.len() {
            0 => std::fs::remove_file(self.action_path(key)),
            left if left == before => Ok(()),
            _ => self.publish(key, &manifest).map(drop),
        }
    }

    /// Takes the lock of an action: whoever holds it compiles.
    ///
    /// # Errors
    /// Whatever the system gives; a lock held elsewhere is `Ok(None)` unless asked to wait.
    pub fn lock(&self, key: &ActionKey, wait: Wait) -> io::Result<Option<RangeLock>> {
        let file = open_or_make(&self.root.join("lock"), OpenOptions::new().read(true).write(true))?;
        let (number, _) = key.0.0.split_first_chunk::<8>().expect("a digest has 32 bytes");
        RangeLock::take(file, u64::from_le_bytes(*number), wait)
    }
}

/// Replaces a file and returns the bytes that it is larger by.
fn grown(path: &Path, bytes: &[u8]) -> io::Result<u64> {
    let before = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    replace(path, bytes)?;
    Ok((bytes.len() as u64).saturating_sub(before))
}

fn unavailable(error: &io::Error) -> Degraded {
    Degraded::StoreUnavailable(plain(error))
}

/// Returns the digest that a file's name is, if it is one as the store writes it, below a directory named after its beginning.
fn digest_of_name(path: &Path) -> Option<Digest> {
    let name = path.file_name()?.to_str()?;
    let digest = Digest::from_hex(name).filter(|digest| digest.hex() == name)?;
    let directory = path.parent()?.file_name()?.to_str()?;
    (directory == &name[..2] || directory == "compilers").then_some(digest)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn a_look_makes_no_store() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Store::open_existing(dir.path(), Shared::No).is_none());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        // An event comes before the store that it tells could not be made.
        let events = dir.path().join(VERSION).join("events");
        os::create_private_dir(&events).unwrap();
        let store = Store::open_existing(dir.path(), Shared::No).unwrap();
        assert_eq!(store.contents().entries, 0);
        assert!(!store.root().join("actions").exists());
    }
}
