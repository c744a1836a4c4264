//! The name `sccache` for this program: a link beside it, for everything that calls sccache by name.
//!
//! Invariant: another program of that name is never replaced, and only the link that was recorded is taken away.
//! ```text
//! <store dir>/setup/sccache-alias    the path of the link, as bytes
//! ```

use std::path::{Path, PathBuf};

use super::record::Records;
use crate::cli::sccache::NAME;
use crate::settings::environment::Environment;
use crate::system::error::plain;
use crate::system::files::replace;
use crate::system::os;

const RECORD: &str = "sccache-alias";

/// A link and where it leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// The link.
    pub place: PathBuf,
    /// This program.
    pub program: PathBuf,
}

impl Alias {
    /// Returns the link beside a program.
    pub fn beside(program: &Path) -> Self {
        let name = format!("{NAME}{}", std::env::consts::EXE_SUFFIX);
        Self { place: program.with_file_name(name), program: program.to_owned() }
    }

    /// Returns the link that was made before, if its record is there.
    pub fn recorded(records: &Records, program: &Path) -> Option<Self> {
        let place = os::path_from_bytes(std::fs::read(records.directory().join(RECORD)).ok()?);
        Some(Self { place, program: program.to_owned() })
    }

    /// Returns whether the link is there and leads to the program.
    pub fn stands(&self) -> bool {
        let real = |path: &Path| path.canonicalize().ok();
        real(&self.place).is_some_and(|place| Some(place) == real(&self.program))
    }

    /// Looks whether the place is free. A link that leads nowhere any more is no program.
    ///
    /// # Errors
    /// If another program is there.
    pub fn check(&self) -> Result<(), String> {
        if !self.place.exists() {
            return Ok(());
        }
        let shown = self.place.display();
        Err(format!(
            "failed to make `{shown}`: another program is there; remove it first, with `cargo uninstall sccache` if cargo installed it"
        ))
    }

    /// Returns what keeps a search of `PATH` from finding the link.
    pub fn hidden(&self, environment: &Environment) -> Option<String> {
        let directory = self.place.parent().unwrap_or(Path::new(""));
        let searched: Vec<PathBuf> = std::env::split_paths(environment.get("PATH").unwrap_or_default()).collect();
        let Some(at) = searched.iter().position(|path| path == directory) else {
            return Some(format!("{} is not in PATH; add it, so that the link is found.", directory.display()));
        };
        let name = self.place.file_name().unwrap_or_default();
        let other = searched[..at].iter().map(|path| path.join(name)).find(|path| path.is_file())?;
        Some(format!("{} comes first in PATH and stays what it is.", other.display()))
    }

    /// Makes the link, recorded first.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn install(&self, records: &Records) -> Result<(), String> {
        let failed = |error: std::io::Error| format!("failed to make `{}`: {}", self.place.display(), plain(&error));
        os::create_private_dir(records.directory()).map_err(failed)?;
        replace(&records.directory().join(RECORD), self.place.as_os_str().as_encoded_bytes()).map_err(failed)?;
        let _ = std::fs::remove_file(&self.place);
        // The program's bare name survives a move of the directory that holds both.
        let beside = self.program.parent() == self.place.parent() && cfg!(unix);
        let target = self.program.file_name().filter(|_| beside).map_or(self.program.as_path(), Path::new);
        os::alias(target, &self.place).map_err(failed)
    }

    /// Takes the link away and returns what to tell about it.
    ///
    /// # Errors
    /// If it cannot be removed.
    pub fn remove(&self, records: &Records) -> Result<String, String> {
        let shown = self.place.display();
        let ours = self.stands() || !self.place.exists() || cfg!(not(unix));
        let told = match ours.then(|| std::fs::remove_file(&self.place)) {
            None => format!("Left alone: {shown}, because it is another program now."),
            Some(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => format!("{shown} is gone already."),
            Some(Err(error)) => return Err(format!("failed to remove `{shown}`: {}", plain(&error))),
            Some(Ok(())) => format!("Removed {shown}."),
        };
        let _ = std::fs::remove_file(records.directory().join(RECORD));
        Ok(told)
    }
}
