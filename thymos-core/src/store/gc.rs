//! Collection: the least recently used actions go until the store is within its limit.
//!
//! An action's file carries the time of its last use as its modification time. Blobs live as long as an action refers to
//! them. Invariant: a collection only removes names. A look-up that raced it finds a blob missing, which is a Miss; a
//! running program or another checkout keeps its own inode.

use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::Store;
use crate::action::ActionKey;
use crate::digest::Digest;
use crate::manifest::Manifest;
use crate::os::{RangeLock, Wait};

/// Collections stop here and not at the limit, so that the next publish does not start another.
const LOW_WATER: f64 = 0.9;
/// A temporary file younger than this may belong to a publish that is not finished.
const GRACE: Duration = Duration::from_secs(10 * 60);

/// What a collection found and did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Actions that were kept.
    pub kept: u64,
    /// Actions that were removed.
    pub removed: u64,
    /// Bytes in the store afterwards.
    pub bytes: u64,
    /// Bytes that were freed.
    pub freed: u64,
}

/// What a store holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Number of actions.
    pub entries: u64,
    /// Bytes of everything.
    pub bytes: u64,
}

struct Action {
    path: PathBuf,
    used: SystemTime,
    size: u64,
    blobs: Vec<(Digest, u64)>,
}

impl Store {
    /// Counts what the store holds.
    #[must_use]
    pub fn contents(&self) -> Contents {
        let mut actions = files(&self.root.join("actions"));
        actions.retain(|(path, _)| !is_temporary(path));
        let blobs = files(&self.root.join("blobs"));
        let size = |files: &[(PathBuf, Metadata)]| files.iter().map(|(_, metadata)| metadata.len()).sum::<u64>();
        Contents { entries: actions.len() as u64, bytes: size(&actions) + size(&blobs) }
    }

    /// Removes the least recently used actions until the store holds at most `limit` bytes, and every blob that nothing
    /// refers to. Returns `None` when another process is collecting.
    ///
    /// # Errors
    /// Whatever stops it from looking at the store.
    pub fn collect(&self, limit: u64) -> io::Result<Option<Collected>> {
        let Some(_lock) = self.collection_lock()? else { return Ok(None) };
        let now = SystemTime::now();
        let mut actions = self.actions();
        actions.sort_by_key(|action| std::cmp::Reverse(action.used));
        let over = self.contents().bytes > limit;
        let target = if over { (limit as f64 * LOW_WATER) as u64 } else { limit };
        let mut done = Collected::default();
        let mut live: HashSet<Digest> = HashSet::new();
        for action in &actions {
            let new: u64 = action.blobs.iter().filter(|(digest, _)| !live.contains(digest)).map(|(_, size)| size).sum();
            if done.bytes + action.size + new <= target {
                done.bytes += action.size + new;
                done.kept += 1;
                live.extend(action.blobs.iter().map(|(digest, _)| *digest));
            } else if fs::remove_file(&action.path).is_ok() {
                done.removed += 1;
                done.freed += action.size;
            }
        }
        done.freed += self.sweep(&live, now);
        self.counted(done.bytes)?;
        Ok(Some(done))
    }

    fn collection_lock(&self) -> io::Result<Option<RangeLock>> {
        self.lock(&ActionKey(Digest::of(b"collection")), Wait::No)
    }

    fn actions(&self) -> Vec<Action> {
        let read = |(path, metadata): (PathBuf, Metadata)| {
            let manifest = fs::read(&path).ok().and_then(|bytes| Manifest::decode(&bytes)).unwrap_or_default();
            let blobs = manifest.entries.iter().flat_map(|entry| &entry.outputs);
            let mut blobs: Vec<_> = blobs.map(|output| (output.digest, output.size)).collect();
            blobs.sort_unstable();
            blobs.dedup();
            let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            Action { path, used, size: metadata.len(), blobs }
        };
        files(&self.root.join("actions")).into_iter().filter(|(path, _)| !is_temporary(path)).map(read).collect()
    }

    fn sweep(&self, live: &HashSet<Digest>, now: SystemTime) -> u64 {
        let mut freed = 0;
        let old = |metadata: &Metadata| {
            // A blob may have an old modification time and be new here, so its change time decides where there is one.
            let changed = crate::os::stamp(metadata).changed;
            let age = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_nanos() as i128) - changed;
            age > GRACE.as_nanos() as i128
        };
        for (path, metadata) in files(&self.root.join("blobs")) {
            let digest = path.file_name().and_then(|name| name.to_str()).and_then(Digest::from_hex);
            // One that a publish has just laid down may go too: its action then finds it missing, and is a Miss.
            let dead = digest.is_none_or(|digest| !live.contains(&digest));
            if dead && fs::remove_file(&path).is_ok() {
                freed += metadata.len();
            }
        }
        let beside = files(&self.root).into_iter().chain(files(&self.root.join("actions")));
        let left_over = beside.filter(|(path, _)| is_temporary(path)).chain(files(&self.root.join("tmp")));
        for (path, metadata) in left_over {
            if old(&metadata) && fs::remove_file(&path).is_ok() {
                freed += metadata.len();
            }
        }
        for entry in fs::read_dir(self.root.join("tmp")).into_iter().flatten().flatten() {
            let is_scratch = entry.file_name().as_encoded_bytes().starts_with(super::SCRATCH.as_bytes());
            if is_scratch && entry.metadata().is_ok_and(|metadata| metadata.is_dir() && old(&metadata)) {
                // What is left there is compiled again where it is wanted.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        freed
    }
}

/// Returns whether a file is one that [`super::replace`] has not renamed yet.
pub(super) fn is_temporary(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(super::TEMPORARY.as_bytes()))
}

/// Returns every file below a directory, two levels deep at most.
pub(super) fn files(directory: &Path) -> Vec<(PathBuf, Metadata)> {
    let mut found = Vec::new();
    let mut pending = vec![(directory.to_owned(), 0)];
    while let Some((directory, depth)) = pending.pop() {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(metadata) if metadata.is_file() => found.push((entry.path(), metadata)),
                Ok(metadata) if metadata.is_dir() && depth < 1 => pending.push((entry.path(), depth + 1)),
                _ => {}
            }
        }
    }
    found
}
