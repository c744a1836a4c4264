//! A place that a compile can write to as if it were its target directory, and what it said there in the words of the real one.
//!
//! rustc shows where it writes in three ways: the paths of artifacts that it announces, the dep-info, and, with some kinds of
//! debug information, the outputs themselves. The first two are text, in which the scratch directory is replaced by the real
//! one; for the third it is remapped to what the real one is remapped to.
//!
//! Invariant: nothing outside the scratch directory is written, and it is gone when this value is.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use memchr::memmem;
use tempfile::TempDir;

use crate::invocation::Invocation;
use crate::store::{SCRATCH, Store};
use crate::system::json;

/// A scratch directory in the place of a target directory.
#[derive(Debug)]
pub struct Scratch {
    directory: TempDir,
    /// What it stands for: the target directory, or the output directory of a compile that Cargo did not start.
    stands_for: PathBuf,
    /// The real output directory, as the command line spells it.
    spelled: PathBuf,
    out_dir: PathBuf,
}

impl Scratch {
    /// Makes a scratch directory for a compile that starts in `directory`.
    pub fn new(store: &Store, invocation: &Invocation, directory: &Path) -> io::Result<Self> {
        let spelled = invocation.out_dir.clone();
        let real = directory.join(&spelled);
        let stands_for = invocation.target_dir().map_or_else(|| real.clone(), |target| directory.join(target));
        let below = real.strip_prefix(&stands_for).unwrap_or(Path::new("")).to_owned();
        let builder = || tempfile::Builder::new();
        let made = builder().prefix(SCRATCH).tempdir_in(store.root().join("tmp"));
        // A store that can only be read is worth checking too.
        let made = made.or_else(|_| builder().prefix("thymos-").tempdir())?;
        let out_dir = made.path().join(below);
        let scratch = Self { directory: made, stands_for, spelled, out_dir };
        std::fs::create_dir_all(&scratch.out_dir)?;
        Ok(scratch)
    }

    /// Makes it empty again.
    pub fn clear(&self) -> io::Result<()> {
        for entry in std::fs::read_dir(self.directory.path())? {
            let path = entry?.path();
            if path.is_dir() { std::fs::remove_dir_all(&path)? } else { std::fs::remove_file(&path)? }
        }
        std::fs::create_dir_all(&self.out_dir)
    }

    /// Returns the directory of the outputs.
    pub fn out_dir(&self) -> &Path {
        &self.out_dir
    }

    /// Returns the arguments with which the compiler writes here; nothing where they do not say where it writes.
    pub fn arguments(
        &self,
        given: &[OsString],
        invocation: &Invocation,
        shown: &dyn Fn(&Path) -> PathBuf,
    ) -> Option<Vec<OsString>> {
        let mut arguments = Vec::with_capacity(given.len() + 2);
        let mut redirected = 0;
        let mut rest = given.iter();
        while let Some(argument) = rest.next() {
            let joined = argument.as_encoded_bytes().strip_prefix(b"--out-dir=").is_some();
            if joined || argument == "--out-dir" {
                redirected += usize::from(joined || rest.next().is_some());
                arguments.push("--out-dir".into());
                arguments.push(self.out_dir.clone().into());
            } else {
                arguments.push(argument.clone());
            }
        }
        if invocation.incremental.is_some() {
            // Of several the last one counts.
            arguments.push(option("-Cincremental=", &self.directory.path().join("incremental"), None));
        }
        let to = shown(&self.stands_for);
        arguments.push(option("--remap-path-prefix=", self.directory.path(), Some(&to)));
        (redirected == 1).then_some(arguments)
    }

    /// Returns what the compiler printed, as it would have printed it for the real output directory.
    pub fn stream(&self, text: &[u8], invocation: &Invocation) -> Vec<u8> {
        self.translated(text, |path| if invocation.json { json::escaped(path) } else { path.to_vec() })
    }

    /// Returns a dep-info as the compiler would have written it for the real output directory.
    pub fn dep_info(&self, text: &[u8]) -> Vec<u8> {
        // Only targets lie here, and their spaces are not escaped.
        self.translated(text, <[u8]>::to_vec)
    }

    fn translated(&self, text: &[u8], spell: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
        let spell = |path: &Path| spell(path.as_os_str().as_encoded_bytes());
        let text = replace(text, &spell(&self.out_dir), &spell(&self.spelled));
        replace(&text, &spell(self.directory.path()), &spell(&self.stands_for))
    }
}

fn option(name: &str, path: &Path, to: Option<&Path>) -> OsString {
    let mut option = OsString::from(name);
    option.push(path);
    if let Some(to) = to {
        option.push("=");
        option.push(to);
    }
    option
}

fn replace(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut replaced = Vec::with_capacity(text.len());
    let mut done = 0;
    for at in memmem::find_iter(text, from) {
        replaced.extend_from_slice(&text[done..at]);
        replaced.extend_from_slice(to);
        done = at + from.len();
    }
    replaced.extend_from_slice(&text[done..]);
    replaced
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn every_occurrence_is_replaced() {
        assert_eq!(replace(b"/s/a /s/b /t", b"/s", b"/real"), b"/real/a /real/b /t");
        assert_eq!(replace(b"", b"/s", b"/real"), b"");
    }
}
