//! A directory for the files of one probe.
//!
//! Invariant: it is made below `OUT_DIR` in a build script and below the temporary directory elsewhere, under a name that no
//! other process uses, and is gone when the value is.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::machine::env::Env;

/// A private directory that is removed when it is dropped.
#[derive(Debug)]
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// Makes a directory that did not exist before.
    pub(crate) fn new(env: &Env) -> io::Result<Scratch> {
        let pid = std::process::id();
        let mut number = 0_u32;
        loop {
            let path = env.scratch().join(format!("thymos-probe-{pid}-{number}"));
            match std::fs::create_dir(&path) {
                Ok(()) => return Ok(Scratch(path)),
                // In use by another thread, or left behind by a process of the same number that was killed.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(error),
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nothing depends on it being gone.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
