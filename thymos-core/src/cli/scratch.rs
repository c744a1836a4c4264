//! A directory that is gone afterwards, whatever ends the work in it.
//!
//! Invariant: dropping it removes it, with what processes that are just ending still write.

use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use crate::system::error::plain;

/// How often a directory is removed again into which somebody still writes, and how long to wait before each time.
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(20);

/// A directory for one command.
#[derive(Debug)]
pub struct Scratch(Option<TempDir>);

impl Scratch {
    /// Makes one, named after the command.
    ///
    /// # Errors
    /// If the temporary directory cannot be written.
    pub fn new(command: &str) -> Result<Self, String> {
        let made = tempfile::Builder::new().prefix(&format!("thymos-{command}-")).tempdir();
        let made = made.map_err(|error| format!("failed to make a scratch directory: {}", plain(&error)))?;
        Ok(Self(Some(made)))
    }

    /// Returns its path.
    pub fn path(&self) -> &Path {
        self.0.as_ref().expect("it is there until it is dropped").path()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let Some(directory) = self.0.take() else { return };
        let path = directory.path().to_owned();
        drop(directory);
        for _ in 0..TRIES {
            if !path.exists() || std::fs::remove_dir_all(&path).is_ok() {
                return;
            }
            std::thread::sleep(PAUSE);
        }
    }
}
