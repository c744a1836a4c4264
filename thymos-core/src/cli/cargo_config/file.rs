//! A configuration file on disk.
//!
//! Invariant: a file is replaced as a whole or not at all, keeps its mode, and is not replaced when it changed since it was
//! read. A symbolic link stays one: what it leads to is replaced.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::system::error::plain;
use crate::system::os;

/// A file as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFile {
    /// Where it is, or will be, with symbolic links resolved.
    pub path: PathBuf,
    /// Its text; `None` if there is no such file.
    pub text: Option<String>,
}

impl ConfigFile {
    /// Reads a file, which need not be there.
    ///
    /// # Errors
    /// If it is there and cannot be read as text.
    pub fn read(path: &Path) -> Result<Self, String> {
        let path = resolved(path);
        match std::fs::read(&path) {
            Ok(bytes) => match String::from_utf8(bytes) {
                Ok(text) => Ok(Self { path, text: Some(text) }),
                Err(_) => Err(format!("failed to read `{}`: it is no UTF-8 text", path.display())),
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self { path, text: None }),
            Err(error) => Err(format!("failed to read `{}`: {}", path.display(), plain(&error))),
        }
    }

    /// Returns the text, empty if there is no file.
    pub fn text(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }

    /// Replaces the file's text and returns the directories that had to be made, outermost first.
    ///
    /// # Errors
    /// If the file is not what was read any more, or cannot be written; then it is as it was.
    pub fn replace(&self, text: &str) -> Result<Vec<PathBuf>, String> {
        self.still_the_same()?;
        let failed = |error: &std::io::Error| format!("failed to write `{}`: {}", self.path.display(), plain(error));
        let directory =
            self.path.parent().ok_or_else(|| format!("failed to write `{}`: no directory", self.path.display()))?;
        let missing = missing(directory);
        std::fs::create_dir_all(directory).map_err(|error| failed(&error))?;
        self.persist(directory, text).map_err(|error| failed(&error))?;
        Ok(missing)
    }

    fn persist(&self, directory: &Path, text: &str) -> std::io::Result<()> {
        let mut temporary = tempfile::Builder::new().prefix(".thymos-").tempfile_in(directory)?;
        temporary.write_all(text.as_bytes())?;
        match std::fs::metadata(&self.path) {
            Ok(metadata) => std::fs::set_permissions(temporary.path(), metadata.permissions())?,
            Err(_) => os::set_mode(temporary.path(), os::new_file_mode(0o644))?,
        }
        temporary.as_file().sync_all()?;
        temporary.persist(&self.path).map(drop).map_err(|error| error.error)
    }

    /// Removes the file.
    ///
    /// # Errors
    /// If the file is not what was read any more, or cannot be removed.
    pub fn remove(&self) -> Result<(), String> {
        self.still_the_same()?;
        std::fs::remove_file(&self.path)
            .map_err(|error| format!("failed to remove `{}`: {}", self.path.display(), plain(&error)))
    }

    fn still_the_same(&self) -> Result<(), String> {
        if Self::read(&self.path)? == *self {
            return Ok(());
        }
        Err(format!("`{}` changed meanwhile; nothing was written to it", self.path.display()))
    }
}

/// Returns where a path leads, through a link whose target is missing too.
fn resolved(path: &Path) -> PathBuf {
    if let Ok(path) = path.canonicalize() {
        return path;
    }
    let mut path = path.to_owned();
    // As many as Linux follows.
    for _ in 0..40 {
        let Ok(target) = std::fs::read_link(&path) else { break };
        path = path.parent().unwrap_or(Path::new("")).join(target);
    }
    path
}

/// Returns the directories on a path that are not there, outermost first.
fn missing(directory: &Path) -> Vec<PathBuf> {
    let mut missing: Vec<PathBuf> = directory.ancestors().take_while(|it| !it.exists()).map(Path::to_owned).collect();
    missing.reverse();
    missing
}

/// Returns the configuration file of a directory: the name without an extension wins where both exist.
pub fn of_directory(directory: &Path) -> PathBuf {
    let old = directory.join("config");
    if old.is_file() { old } else { directory.join("config.toml") }
}
