//! What happened once every macro had run: nothing that code of others learns then can be in the result.
//!
//! rustc writes the dep-info when all macros are expanded, and a path is recorded where it was first touched. So what was first
//! touched after the dep-info was written comes of no macro's question: it is the linker's, or the end of the process.
//!
//! Invariant: only programs are looked at again, and a doubt counts as before.

use std::fs;
use std::path::Path;

use super::Recorder;
use super::context::{Ran, script};
use crate::action::scope::Scope;
use crate::compile::observe::{Access, AccessKind, Program, Seen};
use crate::inputs::programs;

impl Recorder<'_> {
    /// Returns what happened before the dep-info was written, and what after it.
    fn around_expansion(&self) -> Option<(&[Access], &[Access])> {
        let dep_info = self.around.directory.join(self.invocation.dep_info());
        let accesses = self.compiled.observed.accesses.as_slice();
        let written = |access: &Access| access.kind == AccessKind::Write && access.path == dep_info;
        Some(accesses.split_at(accesses.iter().position(written)?))
    }

    /// An instrumented macro makes the file of its profile when the compiler's process ends: that nothing was there decides about
    /// the profile alone. The directory that the flag names is made when the macro is loaded, so it is not meant here.
    pub(super) fn is_profile_made_at_the_end(&self, path: &Path) -> bool {
        let Some((before, after)) = self.around_expansion() else { return false };
        let is_it = |access: &&Access| access.path == path;
        let by_loaded = |access: &Access| access.kind == AccessKind::Write && access.program == Program::Loaded;
        self.is_profile(path)
            && !before.iter().any(|access| is_it(&access))
            && after.iter().find(is_it).is_some_and(by_loaded)
    }

    /// Returns whether every shell that ran was started by the first line of a script in the linker's place that only starts
    /// linkers. Such a shell asks where it is to set `PWD`, which its script does not name; the linker may ask by itself.
    ///
    /// No program ran for a macro, and no shell for a linker; and no variable made it read or do more than its script says.
    pub(super) fn shells_only_link(&self) -> bool {
        let Some((before, after)) = self.around_expansion() else { return false };
        let is_started = |access: &&Access| access.kind == AccessKind::Exec && matches!(access.seen, Seen::File(_));
        let is_shell = |access: &Access| {
            // A shell may go by another name, as `rbash` does.
            let program = fs::canonicalize(&access.path).unwrap_or_else(|_| access.path.clone());
            [&program, &access.path].into_iter().any(|path| programs::is_shell(path) || programs::is_env(path))
        };
        let is_foreign =
            |access: &Access| access.program != Program::Root || is_shell(access) || script(&access.path).is_some();
        let by_compiler = |access: &&Access| matches!(access.program, Program::Root | Program::Loaded);
        let by_line = |access: &Access| match &access.program {
            Program::Root | Program::Loaded => true,
            Program::Child(starter) => programs::is_env(starter),
        };
        // The compiler starts one program as its linker: where that is the script, it starts no shell by itself.
        let linker = after.iter().filter(is_started).find(by_compiler);
        self.ran() == Ran::Shell
            && linker.is_some_and(|access| script(&access.path).is_some())
            && !before.iter().filter(is_started).any(is_foreign)
            && after.iter().filter(is_started).filter(|access| is_shell(access)).all(by_line)
            && Scope::Shell.names(self.around.environment).next().is_none()
    }
}
