//! What was done to a file, kept so that it can be undone.
//!
//! ```text
//! <store dir>/setup/<digest of the path>.json       the record
//! <store dir>/setup/<digest of the path>.original   the file's bytes before the first change
//! ```
//! Invariant: a record is on disk before the file is changed, and it names the digest of what was written, so an undo knows
//! whether somebody edited the file since. An older Thymos does not read a record with another `schema`.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::change::Change;
use crate::system::digest::Digest;
use crate::system::error::plain;
use crate::system::files::replace;
use crate::system::os;

const SCHEMA: u32 = 1;

/// What was done to one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    schema: u32,
    /// The file.
    pub path: PathBuf,
    /// Whether it was there before.
    pub existed: bool,
    /// The directories that were made for it, outermost first.
    pub directories: Vec<PathBuf>,
    /// The digest of the text that was written.
    pub written: String,
    /// What was changed.
    pub changes: Vec<Change>,
}

impl Record {
    /// Returns a record of a file that has not been changed yet.
    pub fn new(path: &Path, existed: bool) -> Self {
        Self {
            schema: SCHEMA,
            path: path.to_owned(),
            existed,
            directories: Vec::new(),
            written: String::new(),
            changes: Vec::new(),
        }
    }

    /// Returns whether a text is what was written.
    pub fn wrote(&self, text: &str) -> bool {
        self.written == digest(text)
    }

    /// Notes the text that is being written.
    pub fn writes(&mut self, text: &str, changes: &[Change]) {
        self.written = digest(text);
        self.changes.extend_from_slice(changes);
    }
}

/// The records of one store.
#[derive(Clone, Debug)]
pub struct Records(PathBuf);

impl Records {
    /// Returns the records in a store's directory.
    pub fn of(store: &Path) -> Self {
        Self(store.join("setup"))
    }

    /// Returns the directory of the records.
    pub fn directory(&self) -> &Path {
        &self.0
    }

    /// Returns whether no file is recorded any more.
    pub fn is_empty(&self) -> bool {
        let ends = |path: PathBuf| path.extension().is_some_and(|ending| ending == "json");
        !std::fs::read_dir(&self.0).is_ok_and(|entries| entries.flatten().any(|entry| ends(entry.path())))
    }

    /// Returns the record of a file with its original text, if it has one that is whole.
    pub fn find(&self, path: &Path) -> Option<(Record, String)> {
        let record: Record = serde_json::from_slice(&std::fs::read(self.place(path, "json")).ok()?).ok()?;
        let original = std::fs::read_to_string(self.place(path, "original")).ok()?;
        (record.schema == SCHEMA && record.path == path).then_some((record, original))
    }

    /// Returns the files below a directory that are recorded.
    pub fn below(&self, directory: &Path) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(&self.0) else { return Vec::new() };
        let records = entries
            .flatten()
            .filter_map(|entry| serde_json::from_slice::<Record>(&std::fs::read(entry.path()).ok()?).ok());
        let mut paths: Vec<PathBuf> =
            records.map(|record| record.path).filter(|path| path.starts_with(directory)).collect();
        paths.sort();
        paths
    }

    /// Keeps a record and the text from before it.
    ///
    /// # Errors
    /// If it cannot be written, and then nothing must be changed.
    pub fn keep(&self, record: &Record, original: &str) -> Result<(), String> {
        let failed = |error: &std::io::Error| {
            format!("failed to keep what undoes this in `{}`: {}", self.0.display(), plain(error))
        };
        os::create_private_dir(&self.0).map_err(|error| failed(&error))?;
        let text = serde_json::to_vec_pretty(record).map_err(|error| failed(&error.into()))?;
        let original = replace(&self.place(&record.path, "original"), original.as_bytes());
        original.and_then(|()| replace(&self.place(&record.path, "json"), &text)).map_err(|error| failed(&error))
    }

    /// Drops the record of a file.
    pub fn drop(&self, path: &Path) {
        // A record that stays behind names a text that no file has, so it does nothing.
        let _ = std::fs::remove_file(self.place(path, "json"));
        let _ = std::fs::remove_file(self.place(path, "original"));
        let _ = std::fs::remove_dir(&self.0);
    }

    fn place(&self, path: &Path, ending: &str) -> PathBuf {
        let name = Digest::of(path.as_os_str().as_encoded_bytes()).hex();
        self.0.join(format!("{}.{ending}", &name[..16]))
    }
}

fn digest(text: &str) -> String {
    Digest::of(text.as_bytes()).hex()
}
