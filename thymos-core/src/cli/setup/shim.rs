//! The linker shim on disk: a link to this program under another name, and the arguments that it adds.
//!
//! It stands in Cargo's home: Cargo fails when a linker is gone, and a cache directory is what people delete.

use std::path::{Path, PathBuf};

use crate::settings::environment::Environment;
use crate::system::error::plain;
use crate::system::linker_shim::{NAME, arguments_file};

/// The shim of one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shim {
    /// Its program.
    pub path: PathBuf,
}

impl Shim {
    /// Returns the shim of the user whose environment this is.
    ///
    /// # Errors
    /// If there is no home directory.
    pub fn of(environment: &Environment) -> Result<Self, String> {
        let home = environment.cargo_home().ok_or("there is no home directory; set CARGO_HOME")?;
        let home = std::path::absolute(&home).unwrap_or(home);
        Ok(Self { path: home.join("thymos").join(NAME) })
    }

    /// Returns whether it stands there with these arguments.
    pub fn adds(&self, arguments: &[String]) -> bool {
        self.path.is_file()
            && std::fs::read_to_string(arguments_file(&self.path)).is_ok_and(|text| text == lines(arguments))
    }

    /// Puts it there.
    ///
    /// # Errors
    /// If it cannot be written, or this system has no symbolic links for everybody.
    pub fn install(&self, program: &Path, arguments: &[String]) -> Result<(), String> {
        let failed = |error: std::io::Error| format!("failed to write `{}`: {}", self.path.display(), plain(&error));
        let directory = self.path.parent().unwrap_or(Path::new(""));
        crate::system::os::create_private_dir(directory).map_err(failed)?;
        crate::system::files::replace(&arguments_file(&self.path), lines(arguments).as_bytes()).map_err(failed)?;
        if std::fs::read_link(&self.path).ok().as_deref() != Some(program) {
            let _ = std::fs::remove_file(&self.path);
            link(program, &self.path).map_err(failed)?;
        }
        Ok(())
    }

    /// Takes it away. Where it is still named, Cargo would fail, so that is for the last undo.
    pub fn remove(&self) {
        let _ = std::fs::remove_file(&self.path);
        let _ = std::fs::remove_file(arguments_file(&self.path));
        let _ = self.path.parent().map(std::fs::remove_dir);
    }
}

fn lines(arguments: &[String]) -> String {
    arguments.iter().map(|argument| format!("{argument}\n")).collect()
}

#[cfg(unix)]
fn link(program: &Path, place: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(program, place)
}

#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}
