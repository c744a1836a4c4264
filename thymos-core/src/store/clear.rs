//! Takes actions out of the store because a person asked for it.
//!
//! Invariant: like a collection it only removes names, so builds may go on meanwhile; what they publish at that moment stays,
//! or is a Miss later.

use std::collections::HashSet;
use std::io;
use std::path::Path;

use super::gc::{Action, Run, seen};
use super::{Store, digest_of_name};
use crate::action::manifest::Manifest;
use crate::outcome::cause::Remover;
use crate::outcome::event;
use crate::outcome::past_action::{crate_of, stem};

/// What is to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Every action, and what is known about compilers and units.
    Everything,
    /// The actions of one crate.
    Crate {
        /// Its name, as outputs carry it.
        name: String,
        /// The first 16 digits of keys that are known to be its own.
        keys: HashSet<String>,
    },
}

/// What went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cleared {
    /// Actions that were removed.
    pub removed: u64,
    /// Bytes that were freed.
    pub freed: u64,
}

impl Store {
    /// Removes what is wanted gone. It waits for a collection to end.
    pub fn clear(&self, wanted: &Wanted) -> io::Result<Cleared> {
        let _lock = self.collection_lock(crate::system::os::Wait::Yes)?;
        let (mut done, mut live, mut kept) = (Cleared::default(), HashSet::new(), 0);
        let (mut removed, before) = (Vec::new(), self.notes());
        for action in self.actions(std::time::SystemTime::now(), Run::Real)? {
            if wanted.holds(&action) {
                std::fs::remove_file(&action.path)?;
                removed.extend(digest_of_name(&action.path));
                done.removed += 1;
                done.freed += action.size;
            } else {
                let new = action.blobs.iter().filter(|(digest, _)| live.insert(*digest)).map(|(_, size)| size);
                kept += action.size + new.sum::<u64>();
            }
        }
        done.freed += self.sweep(&live, std::time::SystemTime::now(), Run::Real);
        if *wanted == Wanted::Everything {
            done.freed += self.forget();
        }
        // Without this a later miss is only explained less well.
        let _ = self.note_removed(&removed, event::now_ms(), Some(Remover::Clear));
        self.counted(kept, u64::MAX, &before)?;
        Ok(done)
    }

    /// Removes what is known about compilers, units and earlier removals.
    fn forget(&self) -> u64 {
        let parts = ["compilers", "units"].iter().flat_map(|part| seen(&self.root.join(part)));
        let size = parts.filter(|(path, _)| std::fs::remove_file(path).is_ok()).map(|(_, metadata)| metadata.len());
        let size = size.sum();
        let _ = std::fs::remove_file(self.root.join("evicted"));
        size
    }
}

impl Wanted {
    fn holds(&self, action: &Action) -> bool {
        match self {
            Self::Everything => true,
            Self::Crate { name, keys } => {
                let key = digest_of_name(&action.path).map(|key| key.hex()[..16].to_owned());
                key.is_some_and(|key| keys.contains(&key)) || made_by(&action.path, name)
            }
        }
    }
}

/// Returns whether an action's outputs are named after a crate.
fn made_by(path: &Path, name: &str) -> bool {
    let manifest = std::fs::read(path).ok().and_then(|bytes| Manifest::decode(&bytes)).unwrap_or_default();
    let outputs = manifest.entries.iter().flat_map(|entry| &entry.outputs);
    outputs.into_iter().any(|output| crate_of(stem(&output.name)) == name)
}
