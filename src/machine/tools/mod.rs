//! The programs of this machine: where they are, what they say they are, and whether they are still the same.
//!
//! Invariant: a tool is identified by its file (path, size, modification time, inode), never by what it says; what it says
//! is only shown.

mod search;

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, UNIX_EPOCH},
};

use crate::machine::{
    env::Env,
    mark::version,
    run::{complaint, run},
};

/// Long enough for a tool that is read from a cold disk.
const VERSION_LIMIT: Duration = Duration::from_secs(5);

/// The programs that an environment can run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tools<'a> {
    pub(crate) env: &'a Env,
}

impl Tools<'_> {
    /// Returns the path of a program, by its name in `PATH` or by a path of its own.
    pub(crate) fn find(&self, name: &str) -> Option<PathBuf> {
        search::first(self.env, name)
    }

    /// Returns a command that runs a program in this environment.
    pub(crate) fn command(&self, program: &Path) -> Command {
        self.env.command(program)
    }

    /// Returns the version that a tool prints, if it prints one and its own name with it.
    ///
    /// The name keeps another program that happens to be called the same from being taken for the tool.
    pub(crate) fn version(&self, tool: &Path, name: &str) -> Result<String, String> {
        let mut command = self.command(tool);
        command.arg("--version");
        let ending = run(command, VERSION_LIMIT).succeeded()?;
        let lower = ending.output.to_ascii_lowercase();
        let found = ending.output.split_whitespace().find_map(version).filter(|_| lower.contains(name));
        found
            .map(str::to_owned)
            .ok_or_else(|| format!("it does not say that it is {name}: {}", complaint(&ending.output)))
    }
}

/// Returns one line that changes when the file behind a path does, and `absent` for no file.
pub(crate) fn identity(path: &Path) -> String {
    let Ok(real) = path.canonicalize() else { return format!("{} absent", path.display()) };
    let Ok(meta) = real.metadata() else { return format!("{} unreadable", path.display()) };
    let modified = meta.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    format!("{} {} {} {} {}", path.display(), real.display(), meta.len(), modified.as_nanos(), inode(&meta))
}

#[cfg(unix)]
fn inode(meta: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(meta)
}

#[cfg(not(unix))]
fn inode(_: &std::fs::Metadata) -> u64 {
    0
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn an_identity_changes_with_the_file_behind_a_link() {
        let directory = crate::machine::scratch::Scratch::new(&Env::from_process()).expect("a temporary directory");
        let [link, one, two] = ["link", "one", "two"].map(|name| directory.path().join(name));
        std::fs::write(&one, "1").expect("write");
        std::fs::write(&two, "22").expect("write");
        std::os::unix::fs::symlink(&one, &link).expect("link");
        let before = identity(&link);
        std::fs::remove_file(&link).expect("remove");
        std::os::unix::fs::symlink(&two, &link).expect("link");
        assert_ne!(before, identity(&link));
        assert!(identity(&directory.path().join("none")).ends_with("absent"));
    }
}
