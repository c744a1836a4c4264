//! Collection: the least recently used actions go until the store is within its limit.
//!
//! An action's file carries the time of its last use as its modification time. Blobs live as long as an action refers to
//! them. Units and events, which are kept only to explain, have bounds of their own, and everything counts towards the limit.
//!
//! Invariant: a collection only removes names. A look-up that raced it finds a blob missing, which is a Miss; a running program or
//! another checkout keeps its own inode.

use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::{Store, digest_of_name};
use crate::action::manifest::Manifest;
use crate::action::{ActionKey, compiler};
use crate::outcome::cause::Remover;
use crate::outcome::event;
use crate::system::digest::Digest;
use crate::system::files::{list, list_if_there};
use crate::system::os::{self, RangeLock, Wait};
use crate::system::step::Step;

/// A collection stops at this part of the limit, so that the next publish does not start another.
const LOW_WATER: f64 = 0.9;
/// A temporary file younger than this may belong to a publish that is not finished.
const GRACE: Duration = Duration::from_secs(10 * 60);
/// The records of units may take this part of the limit, and so may the events of past days.
const SHARE: u64 = 50;
/// What counts towards the limit and is no action and no blob.
const BESIDE: [&str; 3] = ["compilers", "events", "units"];

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
    /// Bytes of actions, of artifacts and of what explains misses.
    pub bytes: u64,
    /// Bytes of events and of the records of compilers, which count towards the limit too.
    pub beside_bytes: u64,
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
    pub fn contents(&self) -> Contents {
        let part = |name: &str| seen(&self.root.join(name));
        let (mut actions, blobs) = (part("actions"), part("blobs"));
        actions.retain(|(path, _)| !is_temporary(path));
        let linked = blobs.iter().filter(|(_, metadata)| os::link_count(metadata) > 1);
        let used = actions.iter().filter_map(|(_, metadata)| metadata.modified().ok());
        let since = |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
        Contents {
            entries: actions.len() as u64,
            bytes: size(&actions) + size(&blobs) + size(&part("units")),
            beside_bytes: size(&part("events")) + size(&part("compilers")),
            linked_bytes: linked.map(|(_, metadata)| metadata.len()).sum(),
            oldest_ms: used.min().map_or(0, |time| u64::try_from(since(time)).unwrap_or(u64::MAX)),
        }
    }

    /// Removes the least recently used actions until the store holds at most the limit, and every blob that nothing refers
    /// to. Returns `None` when another process is collecting.
    pub fn collect(&self, policy: &Policy) -> io::Result<Option<Collected>> {
        let Some(_lock) = self.collection_lock(Wait::No)? else { return Ok(None) };
        let (now, run, notes) = (SystemTime::now(), policy.run, self.notes());
        let actions = self.actions(now, run)?;
        let Contents { bytes, beside_bytes, .. } = self.contents();
        let over = bytes + beside_bytes > policy.limit;
        let mut done = self.trim(policy.limit, now, run);
        let target = if over { (policy.limit as f64 * LOW_WATER) as u64 } else { policy.limit };
        let (live, evicted) = evict(actions, &Policy { limit: target, ..*policy }, now, &mut done);
        Step::CollectActionsRemoved.reached();
        done.freed += self.sweep(&live, now, run);
        Step::CollectSwept.reached();
        if run == Run::Real {
            self.counted(done.bytes, policy.limit, &notes)?;
            // Without this a later miss is only explained less well.
            let _ = self.note_removed(&evicted, event::now_ms(), policy.by);
        }
        Ok(Some(done))
    }

    /// Removes what has bounds of its own beside actions and blobs, and returns what stays and what went.
    fn trim(&self, limit: u64, now: SystemTime, run: Run) -> Collected {
        let before: u64 = BESIDE.iter().map(|name| size(&seen(&self.root.join(name)))).sum();
        let share = limit / SHARE;
        let today = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs() / (24 * 60 * 60);
        let mut outdated = event::outdated(&self.events(), today, share.min(event::MOST_BYTES));
        outdated.extend(self.surplus_units(share));
        outdated.extend(self.gone_compilers());
        let freed = outdated.iter().filter(|(path, _)| run.removes(path)).map(|(_, size)| size).sum();
        Collected { bytes: before - freed, freed, ..Collected::default() }
    }

    /// Returns the records of units that are too many, the longest unused first, where those that stay take at most `limit` bytes.
    fn surplus_units(&self, limit: u64) -> Vec<(PathBuf, u64)> {
        let mut units = seen(&self.root.join("units"));
        units.sort_by_key(|(_, metadata)| std::cmp::Reverse(metadata.modified().ok()));
        let mut stay = 0;
        let mut surplus = |size: u64| {
            let is_surplus = stay + size > limit;
            stay += if is_surplus { 0 } else { size };
            is_surplus
        };
        let sized = units.into_iter().map(|(path, metadata)| (path, metadata.len()));
        sized.filter(|(_, size)| surplus(*size)).collect()
    }

    /// Returns the records of compilers that are no longer there as they were read: none of them will ever be believed.
    fn gone_compilers(&self) -> Vec<(PathBuf, u64)> {
        let is_gone = |(path, _): &(PathBuf, Metadata)| {
            let known = fs::read(path).ok().and_then(|bytes| compiler::decode(&bytes));
            !is_temporary(path) && known.is_none_or(|compiler| compiler.changed_file().is_some())
        };
        let records = seen(&self.compilers()).into_iter().filter(is_gone);
        records.map(|(path, metadata)| (path, metadata.len())).collect()
    }

    pub(super) fn collection_lock(&self, wait: Wait) -> io::Result<Option<RangeLock>> {
        self.lock(&ActionKey(Digest::of(b"collection")), wait)
    }

    /// Reads every action. One that was used in the future, before the clock was put back, is used now: it would otherwise
    /// outlive all others.
    ///
    /// # Errors
    /// Whatever listing them gives: the blobs of an action that was not listed would seem to be nobody's.
    pub(super) fn actions(&self, now: SystemTime, run: Run) -> io::Result<Vec<Action>> {
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
        let files = files(&self.root.join("actions"))?.into_iter();
        Ok(files.filter(|(path, _)| !is_temporary(path)).map(read).collect())
    }

    pub(super) fn sweep(&self, live: &HashSet<Digest>, now: SystemTime, run: Run) -> u64 {
        let mut freed = 0;
        for (path, metadata) in seen(&self.root.join("blobs")) {
            let digest = digest_of_name(&path);
            // One that a publish has just laid down may go too: its action then finds it missing, and is a Miss.
            let dead = digest.is_none_or(|digest| !live.contains(&digest));
            if dead && run.removes(&path) {
                freed += metadata.len();
            }
        }
        let beside = seen(&self.root)
            .into_iter()
            .chain(["actions", "units", "compilers"].iter().flat_map(|part| seen(&self.root.join(part))));
        let left_over = beside.filter(|(path, _)| is_temporary(path)).chain(seen(&self.root.join("tmp")));
        for (path, metadata) in left_over {
            if is_old(&metadata, now) && run.removes(&path) {
                freed += metadata.len();
            }
        }
        for entry in list(&self.root.join("tmp")).unwrap_or_default() {
            let is_scratch = entry.file_name().as_encoded_bytes().starts_with(super::SCRATCH.as_bytes());
            let is_left = |metadata: Metadata| metadata.is_dir() && is_old(&metadata, now);
            if run == Run::Real && is_scratch && entry.metadata().is_ok_and(is_left) {
                // What is left there is compiled again where it is wanted.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        freed
    }
}

/// Removes the least recently used actions until all is within the limit, and returns the blobs of those that stay and the keys of
/// those that went.
fn evict(
    mut actions: Vec<Action>,
    policy: &Policy,
    now: SystemTime,
    done: &mut Collected,
) -> (HashSet<Digest>, Vec<Digest>) {
    actions.sort_by_key(|action| std::cmp::Reverse(action.used));
    let is_unused = |action: &Action| {
        policy.older_than.is_some_and(|age| now.duration_since(action.used).is_ok_and(|unused| unused > age))
    };
    let (mut live, mut evicted): (HashSet<Digest>, Vec<Digest>) = Default::default();
    for action in &actions {
        let new: u64 = action.blobs.iter().filter(|(digest, _)| !live.contains(digest)).map(|(_, size)| size).sum();
        if done.bytes + action.size + new <= policy.limit && !is_unused(action) {
            done.bytes += action.size + new;
            done.kept += 1;
            live.extend(action.blobs.iter().map(|(digest, _)| *digest));
        } else if policy.run.removes(&action.path) {
            done.removed += 1;
            done.freed += action.size;
            evicted.extend(digest_of_name(&action.path));
        }
    }
    (live, evicted)
}

/// Returns whether nobody is writing a file any more.
fn is_old(metadata: &Metadata, now: SystemTime) -> bool {
    // A blob may have an old modification time and be new here, so its change time decides where there is one.
    let changed = os::stamp(metadata).changed;
    let age = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_nanos() as i128) - changed;
    // A clock that was put back left files of the future behind; nobody is writing them.
    age.unsigned_abs() > GRACE.as_nanos()
}

/// Returns whether a file is one that [`super::replace`] has not renamed yet.
pub(super) fn is_temporary(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(crate::system::files::TEMPORARY.as_bytes()))
}

fn size(files: &[(PathBuf, Metadata)]) -> u64 {
    files.iter().map(|(_, metadata)| metadata.len()).sum()
}

/// Returns every file below a directory, two levels deep at most.
pub(crate) fn files(directory: &Path) -> io::Result<Vec<(PathBuf, Metadata)>> {
    let mut found = Vec::new();
    let mut pending = vec![(directory.to_owned(), 0)];
    while let Some((directory, depth)) = pending.pop() {
        for entry in list_if_there(&directory)? {
            match entry.metadata() {
                Ok(metadata) if metadata.is_file() => found.push((entry.path(), metadata)),
                Ok(metadata) if metadata.is_dir() && depth < 1 => pending.push((entry.path(), depth + 1)),
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }
    Ok(found)
}

/// Returns the files below a directory, or none where it cannot be listed: what is not counted or not removed now is later.
pub(super) fn seen(directory: &Path) -> Vec<(PathBuf, Metadata)> {
    files(directory).unwrap_or_default()
}
