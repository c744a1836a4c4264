//! What must hold of a finished compile before anything of it is stored.
//!
//! Invariant: a compile that did more than make its outputs, or whose inputs moved meanwhile, gives no entry.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use super::{Recorder, changed, gather};
use crate::compile::observe::{AccessKind, Seen};
use crate::invocation::Argument;
use crate::outcome::{Bypass, Degraded, Outcome};
use crate::system::digest::Digest;
use crate::system::guard::Guard;
use crate::system::os;
use crate::system::stamp::{self, Stamp};

impl Recorder<'_> {
    /// Whether something changed meanwhile is told by the clock that stamps files. The dep-info was written while the compiler
    /// ran, so its stamp tells whether that clock is ours: it is another one on some network file systems, and the same one does
    /// not go on from where it was when somebody puts it back.
    pub(super) fn check_clock(&self) -> Result<(), Outcome> {
        let written = Stamp::of(&self.invocation.dep_info()).map_err(|error| gather(&error))?.changed;
        // File systems that keep whole seconds round down.
        let coarse = if written % 1_000_000_000 == 0 { 1_000_000_000 } else { 0 };
        let during = self.compiled.began - stamp::TICKS - coarse..=stamp::now() + stamp::TICKS;
        if during.contains(&written) { Ok(()) } else { Err(Outcome::Degraded(Degraded::Clock)) }
    }

    /// A compile that leaves something behind besides its outputs has an effect that a hit would not have.
    pub(super) fn check_writes(&self) -> Result<(), Bypass> {
        let mut first = HashMap::new();
        let writes = self.compiled.observed.accesses.iter().filter(|access| access.kind == AccessKind::Write);
        for access in writes {
            first.entry(access.path.as_path()).or_insert(access.seen);
        }
        for (path, seen) in first {
            let remains = fs::symlink_metadata(path).is_ok();
            let vanished = matches!(seen, Seen::File(_) | Seen::Directory) && !remains;
            if (remains || vanished) && !self.is_own(path, seen) {
                return Err(Bypass::WritesElsewhere(path.display().to_string()));
            }
        }
        Ok(())
    }

    /// A compile that went on from an earlier session is left to rustc.
    pub(super) fn check_session(&self) -> Result<(), Bypass> {
        let unit = self.invocation;
        let Some(sessions) = unit.incremental.as_deref().map(|path| self.around.directory.join(path)) else {
            return Ok(());
        };
        let prefix = format!("{}-", unit.crate_name);
        let is_session = |path: &Path| {
            let name = path.strip_prefix(&sessions).ok().and_then(|rest| rest.components().next());
            name.is_some_and(|name| name.as_os_str().as_encoded_bytes().starts_with(prefix.as_bytes()))
        };
        let observed = &self.compiled.observed;
        // The first thing that is done to a session's directory tells whether it was there.
        let mut touched = observed.accesses.iter().filter(|access| is_session(&access.path));
        let new =
            touched.next().is_some_and(|first| first.path.parent() == Some(&sessions) && first.seen == Seen::Absent);
        if observed.complete.is_ok() && new { Ok(()) } else { Err(Bypass::Incremental) }
    }

    fn is_own(&self, path: &Path, seen: Seen) -> bool {
        let unit = self.invocation;
        let here = |path: &Path| self.around.directory.join(path);
        let session = unit.incremental.as_deref().is_some_and(|session| path.starts_with(here(session)));
        let inside = path.strip_prefix(here(&unit.out_dir)).ok().and_then(|rest| rest.components().next());
        let owned = inside.is_some_and(|name| unit.owns(name.as_os_str()));
        let device = is_device(path) || is_about_this_process(path, seen);
        session || owned || device || self.is_profile(path) || (seen == Seen::Directory && path.is_dir())
    }

    /// An instrumented macro leaves a profile of each run, beside what the run is for: no result depends on it, and whoever wants
    /// one of a macro compiles without us.
    pub(super) fn is_profile(&self, path: &Path) -> bool {
        let here = |value: &[u8]| self.around.directory.join(os::path_from_bytes(value.to_vec()));
        self.invocation.arguments.iter().any(|argument| match argument {
            Argument::Text(name, value) => match name.replace('_', "-").as_str() {
                "-C instrument-coverage" => path.extension().is_some_and(|extension| extension == "profraw"),
                // The directory that it names is made where it is missing.
                "-C profile-generate" => {
                    path.extension().is_some_and(|extension| extension == "profraw")
                        || (!value.is_empty() && path.is_dir() && here(value).starts_with(path))
                }
                _ => false,
            },
            _ => false,
        })
    }

    /// The compiler must still be the one that the key stands for: what is made while a toolchain is updated is made by no
    /// compiler that can be named.
    pub(crate) fn check_compiler(&self) -> Result<(), Outcome> {
        match self.request.compiler.changed_file() {
            Some(path) if Guard::PublishChangedInput.on() => Err(changed(path)),
            _ => Ok(()),
        }
    }

    /// What the key holds by content must still be what it was.
    pub(crate) fn check_keyed(&self) -> Result<(), Outcome> {
        for keyed in &self.request.keyed {
            let same = Stamp::of(&keyed.path).is_ok_and(|now| now == keyed.stamp)
                || Digest::of_file(&keyed.path).is_ok_and(|now| now == keyed.digest);
            if !same && Guard::PublishChangedInput.on() {
                return Err(changed(&keyed.path));
            }
        }
        Ok(())
    }
}

/// Bytes that go to a device leave nothing behind. A file in a directory of `/dev` is a file.
fn is_device(path: &Path) -> bool {
    path.starts_with("/dev") && fs::metadata(path).is_ok_and(|found| os::is_character_device(&found))
}

/// What a process sets of itself ends with it. A file that is open under a number is another matter.
fn is_about_this_process(path: &Path, seen: Seen) -> bool {
    let own =
        path.starts_with("/proc/self") && !path.starts_with("/proc/self/cwd") && !path.starts_with("/proc/self/root");
    let stream = ["/dev/stdin", "/dev/stdout", "/dev/stderr"].iter().any(|stream| path == Path::new(stream));
    let open = path.starts_with("/proc/self/fd") || path.starts_with("/dev/fd") || stream;
    if open { seen == Seen::Other } else { own }
}
