//! A directory of a test's own.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::files::write;

/// A directory that is gone after the test. Its path holds no symbolic links: tests compare paths as text, and the temporary
/// directory of some systems is one.
pub struct Directory {
    _owner: TempDir,
    path: PathBuf,
}

impl Directory {
    pub fn new() -> Directory {
        let owner = TempDir::with_prefix("thymos-").expect("the temporary directory is writable");
        let path = owner.path().canonicalize().expect("a new directory has a path");
        Directory { _owner: owner, path }
    }

    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path.join(name)
    }

    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        write(&path, contents.as_ref());
        path
    }
}

/// Runs one of the C tools, which Rust needs too.
pub fn c_tool(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
