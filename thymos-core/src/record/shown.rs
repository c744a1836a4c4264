//! The names that sources and the working directory are shown by, where something may be made of them.
//!
//! `file!()` and its kin give a source's name to code that runs while the crate is compiled: its length or a hash reaches the
//! result, and no search finds the place in it. LLVM compresses the names in coverage maps.
//!
//! Invariant: a name that tells where a root lies binds the result to that place, whatever was made of it.

use super::{Found, Recorder};
use crate::inputs::depinfo::DepInfo;
use crate::invocation::Argument;
use crate::system::guard::Guard;

impl Recorder<'_> {
    /// Adds the roots whose places are told by a name.
    pub(super) fn shown(&self, info: &DepInfo, found: &mut Found) {
        if !Guard::BindShown.on() {
            return;
        }
        let (roots, remapping) = (&self.request.roots, self.remapping);
        // rustc shows a relative source as it is given.
        for source in info.sources.iter().filter(|source| source.is_absolute()) {
            for root in remapping.tells(source, roots) {
                let name = source.file_name().unwrap_or_default().display();
                found.entry(root).or_insert_with(|| format!("the name of {name}"));
            }
        }
        let directory = self.around.directory;
        let of_directory = match self.maps_coverage() {
            true => remapping.tells(directory, roots),
            false => remapping.tells_in_disguise(directory, roots),
        };
        for root in of_directory {
            found.entry(root).or_insert_with(|| "the name of the working directory".to_owned());
        }
    }

    fn maps_coverage(&self) -> bool {
        let is_coverage = |argument: &Argument| matches!(argument, Argument::Text(name, _) if name.replace('_', "-") == "-C instrument-coverage");
        self.invocation.arguments.iter().any(is_coverage)
    }
}
