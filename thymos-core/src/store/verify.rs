//! Reads everything that a store holds and says what is not as it should be.
//!
//! A blob must have the content that its name says. A manifest must have the name of a key, a check that holds, and outputs that
//! are there in the size that it gives. Records of compilers and units must have a check that holds. What a killed process or a full disk
//! leaves behind (temporary files, blobs that no manifest names, torn lines of events) is counted and is no fault: nothing
//! ever believes it.
//!
//! Invariant: what is called sound was read, whatever the memo says. Nothing but a faulty thing is ever removed, and a
//! manifest only under its action's lock. Whether a result is the one that its action deserves is not asked here: only
//! compiling again can tell (`crate::verify`).

use std::collections::{HashMap, HashSet};
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::gc::{files, is_temporary, seen};
use super::{Store, digest_of_name};
use crate::action::ActionKey;
use crate::action::compiler;
use crate::action::manifest::{Entry, Manifest, Output};
use crate::outcome::cause::Remover;
use crate::outcome::event;
use crate::outcome::past_action::Record;
use crate::system::digest::Digest;
use crate::system::error::plain;

/// What is done about what is faulty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repair {
    /// It is removed, so that the next build compiles it again.
    Drop,
    /// It stays.
    Keep,
}

/// What can be wrong with a file of the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// The file's name is not one that the store gives.
    StrangeName,
    /// The manifest cannot be read, or its check does not hold.
    DamagedManifest,
    /// The blob's content is not what its name says.
    DamagedBlob,
    /// A manifest names an output that is not there.
    MissingOutput,
    /// A manifest gives an output another size than it has.
    WrongSize,
    /// The record of a compiler cannot be read, or its check does not hold.
    DamagedCompiler,
    /// The record of what a unit was asked for cannot be read, or its check does not hold.
    DamagedUnit,
    /// The file cannot be read.
    Unreadable,
}

impl Fault {
    /// Returns the fault in words.
    pub(crate) fn words(&self) -> &'static str {
        match self {
            Self::StrangeName => "has a name that the store never gives",
            Self::DamagedManifest => "is no manifest, or is damaged",
            Self::DamagedBlob => "does not have the content that its name says",
            Self::MissingOutput => "names an output that is not in the store",
            Self::WrongSize => "gives an output another size than it has",
            Self::DamagedCompiler => "is no record of a compiler, or is damaged",
            Self::DamagedUnit => "is no record of a unit, or is damaged",
            Self::Unreadable => "cannot be read",
        }
    }
}

/// One thing that was wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The file, relative to the store.
    pub path: PathBuf,
    /// What is wrong with it.
    pub fault: Fault,
    /// The output that it is about, where the fault is in a manifest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// Whether it was dropped.
    pub dropped: bool,
    /// Why it could not be dropped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

/// What a store holds, as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Actions.
    pub actions: u64,
    /// Input sets of these actions, with a result each.
    pub results: u64,
    /// Blobs.
    pub blobs: u64,
    /// Their size in bytes.
    pub blob_bytes: u64,
    /// Blobs that no action names; the next collection takes them.
    pub orphans: u64,
    /// Their size in bytes.
    pub orphan_bytes: u64,
    /// Compilers that are remembered.
    pub compilers: u64,
    /// Units of which is remembered what they were asked for.
    pub units: u64,
    /// Events.
    pub events: u64,
    /// Lines that are no events: a full disk or a kill cut them off.
    pub torn_events: u64,
    /// Temporary files; a collection takes them when they are ten minutes old.
    pub temporary: u64,
    /// What was wrong.
    pub findings: Vec<Finding>,
}

/// How far a check is, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes that were read.
    pub done: u64,
    /// Bytes in all.
    pub total: u64,
}

impl Store {
    /// Reads the whole store.
    #[must_use]
    pub fn verify(&self, repair: Repair, progress: &mut dyn FnMut(Progress)) -> Verified {
        let found = Verified::default();
        let mut check =
            Check { store: self, repair, sound: HashMap::new(), named: HashSet::new(), removed: Vec::new(), found };
        check.blobs(progress);
        check.actions();
        check.found.compilers =
            check.records("compilers", &Fault::DamagedCompiler, |bytes| compiler::decode(bytes).is_some());
        check.found.units = check.records("units", &Fault::DamagedUnit, Record::is_sound);
        let log = event::read(&self.events(), 0);
        check.found.events = log.events.len() as u64;
        check.found.torn_events = log.damaged;
        check.found.temporary += seen(&self.root.join("tmp")).len() as u64;
        check.orphans();
        // Without this a later miss is only explained less well.
        let _ = self.note_removed(&check.removed, event::now_ms(), Some(Remover::Verify));
        check.found
    }
}

struct Check<'a> {
    store: &'a Store,
    repair: Repair,
    /// Blobs that were read and found sound, with their sizes.
    sound: HashMap<Digest, u64>,
    /// Blobs that some manifest names.
    named: HashSet<Digest>,
    /// Actions of which nothing is left.
    removed: Vec<Digest>,
    found: Verified,
}

impl Check<'_> {
    /// Returns the files of one part of the store. What cannot be listed was not read, so it is not sound.
    fn listed(&mut self, part: &str) -> Vec<(PathBuf, Metadata)> {
        let path = self.store.root.join(part);
        files(&path).unwrap_or_else(|error| {
            self.fault(&path, Fault::Unreadable, |_| Err(error));
            Vec::new()
        })
    }

    fn blobs(&mut self, progress: &mut dyn FnMut(Progress)) {
        let files = self.listed("blobs");
        let total = files.iter().map(|(_, metadata)| metadata.len()).sum();
        let mut done = 0;
        for (path, metadata) in files {
            progress(Progress { done, total });
            self.blob(&path, &metadata);
            done += metadata.len();
        }
        progress(Progress { done: total, total });
    }

    fn blob(&mut self, path: &Path, metadata: &Metadata) {
        self.found.blobs += 1;
        self.found.blob_bytes += metadata.len();
        let fault = match digest_of_name(path) {
            None => Fault::StrangeName,
            Some(digest) => match Digest::of_file(path) {
                Ok(content) if content == digest => {
                    self.sound.insert(digest, metadata.len());
                    return;
                }
                Ok(_) => Fault::DamagedBlob,
                // Collected meanwhile.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
                Err(_) => Fault::Unreadable,
            },
        };
        self.fault(path, fault, |path| fs::remove_file(path));
    }

    fn actions(&mut self) {
        for (path, _) in self.listed("actions") {
            if is_temporary(&path) {
                self.found.temporary += 1;
                continue;
            }
            self.found.actions += 1;
            match digest_of_name(&path) {
                Some(digest) => {
                    self.action(&path, ActionKey(digest));
                    if self.repair == Repair::Drop && !path.exists() {
                        self.removed.push(digest);
                    }
                }
                None => self.fault(&path, Fault::StrangeName, |path| fs::remove_file(path)),
            }
        }
    }

    fn action(&mut self, path: &Path, key: ActionKey) {
        let Ok(bytes) = fs::read(path) else {
            return self.fault(path, Fault::Unreadable, |path| fs::remove_file(path));
        };
        let Some(manifest) = Manifest::decode(&bytes) else {
            let store = self.store;
            return self.fault(path, Fault::DamagedManifest, |_| store.retain(&key, |_| true));
        };
        self.found.results += manifest.entries.len() as u64;
        let faulty: Vec<&Entry> = manifest.entries.iter().filter(|entry| !self.entry(path, entry)).collect();
        if !faulty.is_empty() && self.repair == Repair::Drop {
            let done = self.store.retain(&key, |entry| !faulty.contains(&entry));
            let here = self.relative(path);
            for finding in self.found.findings.iter_mut().filter(|finding| finding.path == here) {
                finding.dropped = done.is_ok();
                finding.trouble = done.as_ref().err().map(plain);
            }
        }
        self.named.extend(manifest.entries.iter().flat_map(|entry| &entry.outputs).map(|output| output.digest));
    }

    /// Returns whether the entry's outputs are all there, and notes those that are not.
    fn entry(&mut self, path: &Path, entry: &Entry) -> bool {
        let mut sound = true;
        for output in &entry.outputs {
            let Some(fault) = self.output(output) else { continue };
            sound = false;
            self.found.findings.push(Finding {
                path: self.relative(path),
                fault,
                output: Some(String::from_utf8_lossy(&output.name).into_owned()),
                dropped: false,
                trouble: None,
            });
        }
        sound
    }

    fn output(&mut self, output: &Output) -> Option<Fault> {
        if !self.sound.contains_key(&output.digest) {
            // It may have been published since the blobs were read.
            let path = self.store.blob_path(&output.digest);
            match fs::metadata(&path) {
                Ok(metadata) if Digest::of_file(&path).is_ok_and(|content| content == output.digest) => {
                    self.sound.insert(output.digest, metadata.len());
                }
                _ => return Some(Fault::MissingOutput),
            }
        }
        (self.sound.get(&output.digest) != Some(&output.size)).then_some(Fault::WrongSize)
    }

    /// Reads the records of a directory and returns how many there are.
    fn records(&mut self, part: &str, fault: &Fault, is_sound: fn(&[u8]) -> bool) -> u64 {
        let (temporary, records): (Vec<_>, Vec<_>) =
            self.listed(part).into_iter().partition(|(path, _)| is_temporary(path));
        self.found.temporary += temporary.len() as u64;
        for (path, _) in &records {
            let fault = match (digest_of_name(path), fs::read(path)) {
                (None, _) => Fault::StrangeName,
                (_, Ok(bytes)) if is_sound(&bytes) => continue,
                (_, Ok(_)) => fault.clone(),
                (_, Err(_)) => Fault::Unreadable,
            };
            self.fault(path, fault, |path| fs::remove_file(path));
        }
        records.len() as u64
    }

    fn orphans(&mut self) {
        for (_, size) in self.sound.iter().filter(|(digest, _)| !self.named.contains(digest)) {
            self.found.orphans += 1;
            self.found.orphan_bytes += size;
        }
    }

    fn fault(&mut self, path: &Path, fault: Fault, drop: impl FnOnce(&Path) -> std::io::Result<()>) {
        let done = if self.repair == Repair::Drop { drop(path).map(|()| true) } else { Ok(false) };
        self.found.findings.push(Finding {
            path: self.relative(path),
            fault,
            output: None,
            dropped: *done.as_ref().unwrap_or(&false),
            trouble: done.err().as_ref().map(plain),
        });
    }

    fn relative(&self, path: &Path) -> PathBuf {
        path.strip_prefix(&self.store.root).unwrap_or(path).to_owned()
    }
}
