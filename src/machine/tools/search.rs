//! `which`, looking at an [`Env`] instead of the process.
//!
//! The crate can bring its own view of the system, and with it libc, which costs more to build than everything else here.
//! Ours is handed over instead; it also makes the search obey the environment that a test wrote down.

use std::{
    ffi::{OsStr, OsString},
    fs::{DirEntry, Metadata},
    io,
    path::{Path, PathBuf},
};

use which::{WhichConfig, sys::Sys};

use crate::machine::env::{Env, var};

/// Returns the first program of that name, or that path if it is a program.
pub(crate) fn first(env: &Env, name: &str) -> Option<PathBuf> {
    WhichConfig::new_with_sys(View(env)).binary_name(name.into()).first_result().ok()
}

struct View<'a>(&'a Env);

impl Sys for View<'_> {
    type ReadDirEntry = DirEntry;
    type Metadata = Metadata;

    fn is_windows(&self) -> bool {
        cfg!(windows)
    }

    fn current_dir(&self) -> io::Result<PathBuf> {
        Ok(self.0.cwd().to_owned())
    }

    fn home_dir(&self) -> Option<PathBuf> {
        self.0.path(if cfg!(windows) { var::USERPROFILE } else { var::HOME }).map(Path::to_owned)
    }

    fn env_split_paths(&self, paths: &OsStr) -> Vec<PathBuf> {
        std::env::split_paths(paths).filter(|path| !path.as_os_str().is_empty()).collect()
    }

    fn env_path(&self) -> Option<OsString> {
        // An empty list finds nothing; a missing one would be an error of its own kind.
        Some(self.0.get_os(var::PATH).unwrap_or_default().to_owned())
    }

    fn env_path_ext(&self) -> Option<OsString> {
        self.0.get_os(var::PATHEXT).map(OsStr::to_owned)
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        path.metadata()
    }

    fn symlink_metadata(&self, path: &Path) -> io::Result<Metadata> {
        path.symlink_metadata()
    }

    fn read_dir(&self, path: &Path) -> io::Result<Box<dyn Iterator<Item = io::Result<DirEntry>>>> {
        Ok(Box::new(path.read_dir()?))
    }

    fn is_valid_executable(&self, path: &Path) -> io::Result<bool> {
        path.metadata().map(|meta| executable(&meta))
    }
}

/// Whether this process may run the file shows when it is run; a bit that nobody set rules it out before.
#[cfg(unix)]
fn executable(meta: &Metadata) -> bool {
    meta.is_file() && std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o111 != 0
}

#[cfg(not(unix))]
fn executable(meta: &Metadata) -> bool {
    meta.is_file()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_the_environment_decides() {
        let env = Env::from_pairs([("PATH", "/nonexistent:/bin")]);
        assert_eq!(first(&env, "sh").as_deref(), Some(Path::new("/bin/sh")));
        assert_eq!(first(&env, "/bin/sh").as_deref(), Some(Path::new("/bin/sh")));
        assert_eq!(first(&Env::from_pairs([("PATH", "")]), "sh"), None);
        assert_eq!(first(&Env::from_pairs([("HOME", "/")]), "sh"), None);
    }

    #[test]
    fn a_file_that_is_no_program_is_not_found() {
        assert_eq!(first(&Env::from_process(), "/etc/passwd"), None);
    }
}
