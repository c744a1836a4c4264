//! Collection: the least recently used actions go until the store is within its limit.
//!
//! An action's file carries the time of its last use as its modification time. Blobs live as long as an action refers to
//! them. What is kept only to explain misses, units and events, has bounds of its own. Invariant: a collection only removes names. A look-up that raced it finds a blob missing, which is a Miss; a
//! running program or another checkout keeps its own inode.

use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::{Store, digest_of_name};
use crate::action::ActionKey;
use crate::action::manifest::Manifest;
use crate::outcome::cause::Remover;
use crate::outcome::event;
use crate::system::digest::Digest;
use crate::system::os::{self, RangeLock, Wait};
use crate::system::step::Step;

/// Collections stop here and not at the limit, so that the next publish does not start another.
const LOW_WATER: f64 = 0.9;
/// A temporary file younger than this may belong to a publish that is not finished.
const GRACE: Duration = Duration::from_secs(10 * 60);
/// The records of units may take this part of the limit.
const UNITS: u64 = 50;
/// Events are kept for so many days, and the oldest go earlier when all of them are larger than this many bytes.
const EVENT_DAYS: u64 = 30;
const EVENT_BYTES: u64 = 64_000_000;

/// What a collection is to achieve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The bytes that may stay.
    pub limit: u64,
    /// Actions that were not used for so long go in any case.
    pub older_than: Option<Duration>,
    /// Whether anything is removed at all.
    pub run: Run,
    /// Whoever gave a limit or an age of his own; nobody where the settings' limit stands.
    pub by: Option<Remover>,
}

/// Whether a collection only says what it would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run {
    /// It removes.
    Real,
    /// It only counts.
    Dry,
}

impl Run {
    /// Removes a file, and returns whether it is, or would be, gone.
    fn removes(self, path: &Path) -> bool {
        self == Self::Dry || fs::remove_file(path).is_ok()
    }
}

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
    /// Bytes of artifacts that a target directory shares through a second name of the same file.
    pub linked_bytes: u64,
    /// When the action that was unused for longest was last used, in milliseconds since the epoch; 0 when there is none.
    pub oldest_ms: u64,
}

/// An action and what it refers to.
pub(super) struct Action {
    pub(super) path: PathBuf,
    used: SystemTime,
    pub(super) size: u64,
    pub(super) blobs: Vec<(Digest, u64)>,
}

impl Store {
    /// Counts what the store holds.
    #[must_use]
    pub fn contents(&self) -> Contents {
        let part = |name: &str| files(&self.root.join(name));
        let (mut actions, blobs, units) = (part("actions"), part("blobs"), part("units"));
        actions.retain(|(path, _)| !is_temporary(path));
        let linked = blobs.iter().filter(|(_, metadata)| os::link_count(metadata) > 1);
        let used = actions.iter().filter_map(|(_, metadata)| metadata.modified().ok());
        let since = |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
        Contents {
            entries: actions.len() as u64,
            bytes: size(&actions) + size(&blobs) + size(&units),
            linked_bytes: linked.map(|(_, metadata)| metadata.len()).sum(),
            oldest_ms: used.min().map_or(0, |time| u64::try_from(since(time)).unwrap_or(u64::MAX)),
        }
    }

    /// Removes the least recently used actions until the store holds at most the limit, and every blob that nothing refers
    /// to. Returns `None` when another process is collecting.
    ///
    /// # Errors
    /// Whatever stops it from looking at the store.
    pub fn collect(&self, policy: &Policy) -> io::Result<Option<Collected>> {
        let Some(_lock) = self.collection_lock(Wait::No)? else { return Ok(None) };
        let now = SystemTime::now();
        let Policy { limit, older_than, run, by } = *policy;
        let mut actions = self.actions(now, run);
        actions.sort_by_key(|action| std::cmp::Reverse(action.used));
        let over = self.contents().bytes > limit;
        let target = if over { (limit as f64 * LOW_WATER) as u64 } else { limit };
        let is_old = |action: &Action| {
            older_than.is_some_and(|age| now.duration_since(action.used).is_ok_and(|unused| unused > age))
        };
        let mut done = self.trim_units(limit / UNITS, run);
        let (mut live, mut evicted): (HashSet<Digest>, Vec<Digest>) = Default::default();
        for action in &actions {
            let new: u64 = action.blobs.iter().filter(|(digest, _)| !live.contains(digest)).map(|(_, size)| size).sum();
            if done.bytes + action.size + new <= target && !is_old(action) {
                done.bytes += action.size + new;
                done.kept += 1;
                live.extend(action.blobs.iter().map(|(digest, _)| *digest));
            } else if run.removes(&action.path) {
                done.removed += 1;
                done.freed += action.size;
                evicted.extend(digest_of_name(&action.path));
            }
        }
        Step::CollectActionsRemoved.reached();
        done.freed += self.sweep(&live, now, run) + self.trim_events(now, run);
        Step::CollectSwept.reached();
        if run == Run::Real {
            self.counted(done.bytes)?;
            // Without this a later miss is only explained less well.
            let _ = self.note_removed(&evicted, event::now_ms(), by);
        }
        Ok(Some(done))
    }

    /// Removes records of units, the longest unused first, until those that stay take at most `limit` bytes.
    fn trim_units(&self, limit: u64, run: Run) -> Collected {
        let mut units = files(&self.root.join("units"));
        units.sort_by_key(|(_, metadata)| std::cmp::Reverse(metadata.modified().ok()));
        let mut done = Collected::default();
        for (path, metadata) in units {
            if done.bytes + metadata.len() <= limit {
                done.bytes += metadata.len();
            } else if run.removes(&path) {
                done.freed += metadata.len();
            }
        }
        done
    }

    /// Removes the events of long ago.
    fn trim_events(&self, now: SystemTime, run: Run) -> u64 {
        let today = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs() / (24 * 60 * 60);
        let dated = |(path, metadata): (PathBuf, Metadata)| Some((event::day(&path)?, path, metadata.len()));
        let mut days: Vec<_> = files(&self.root.join("events")).into_iter().filter_map(dated).collect();
        days.sort_by_key(|(day, ..)| std::cmp::Reverse(*day));
        let (mut all, mut freed) = (0, 0);
        for (day, path, size) in days {
            all += size;
            let old = day + EVENT_DAYS < today || all > EVENT_BYTES;
            if day < today && old && run.removes(&path) {
                freed += size;
            }
        }
        freed
    }

    pub(super) fn collection_lock(&self, wait: Wait) -> io::Result<Option<RangeLock>> {
        self.lock(&ActionKey(Digest::of(b"collection")), wait)
    }

    /// Reads every action. One that was used in the future, before the clock was put back, is used now: it would otherwise
    /// outlive all others.
    pub(super) fn actions(&self, now: SystemTime, run: Run) -> Vec<Action> {
        let read = |(path, metadata): (PathBuf, Metadata)| {
            let manifest = fs::read(&path).ok().and_then(|bytes| Manifest::decode(&bytes)).unwrap_or_default();
            let blobs = manifest.entries.iter().flat_map(|entry| &entry.outputs);
            let mut blobs: Vec<_> = blobs.map(|output| (output.digest, output.size)).collect();
            blobs.sort_unstable();
            blobs.dedup();
            let mut used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            if used > now + GRACE && (run == Run::Dry || os::touch(&path).is_ok()) {
                used = now;
            }
            Action { path, used, size: metadata.len(), blobs }
        };
        files(&self.root.join("actions")).into_iter().filter(|(path, _)| !is_temporary(path)).map(read).collect()
    }

    pub(super) fn sweep(&self, live: &HashSet<Digest>, now: SystemTime, run: Run) -> u64 {
        let mut freed = 0;
        let old = |metadata: &Metadata| {
            // A blob may have an old modification time and be new here, so its change time decides where there is one.
            let changed = os::stamp(metadata).changed;
            let age = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_nanos() as i128) - changed;
            // A clock that was put back left files of the future behind; nobody is writing them.
            age.unsigned_abs() > GRACE.as_nanos()
        };
        for (path, metadata) in files(&self.root.join("blobs")) {
            let digest = digest_of_name(&path);
            // One that a publish has just laid down may go too: its action then finds it missing, and is a Miss.
            let dead = digest.is_none_or(|digest| !live.contains(&digest));
            if dead && run.removes(&path) {
                freed += metadata.len();
            }
        }
        let beside = files(&self.root)
            .into_iter()
            .chain(["actions", "units"].iter().flat_map(|part| files(&self.root.join(part))));
        let left_over = beside.filter(|(path, _)| is_temporary(path)).chain(files(&self.root.join("tmp")));
        for (path, metadata) in left_over {
            if old(&metadata) && run.removes(&path) {
                freed += metadata.len();
            }
        }
        for entry in fs::read_dir(self.root.join("tmp")).into_iter().flatten().flatten() {
            let is_scratch = entry.file_name().as_encoded_bytes().starts_with(super::SCRATCH.as_bytes());
            if run == Run::Real
                && is_scratch
                && entry.metadata().is_ok_and(|metadata| metadata.is_dir() && old(&metadata))
            {
                // What is left there is compiled again where it is wanted.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        freed
    }
}

/// Returns whether a file is one that [`super::replace`] has not renamed yet.
pub(super) fn is_temporary(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(crate::system::files::TEMPORARY.as_bytes()))
}

fn size(files: &[(PathBuf, Metadata)]) -> u64 {
    files.iter().map(|(_, metadata)| metadata.len()).sum()
}

/// Returns every file below a directory, two levels deep at most.
pub(crate) fn files(directory: &Path) -> Vec<(PathBuf, Metadata)> {
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
