//! Outputs that the search for the roots' literal paths cannot look into.
//!
//! Invariant: where a path may be hidden, the result is bound to every root. It does not unpack anything.

use super::{Found, Recorder};
use crate::compile::observe::elf;
use crate::store::Made;

impl Recorder<'_> {
    /// Adds the roots whose paths compressed debug information may hold (`-C link-arg=-Wl,--compress-debug-sections=zlib`).
    pub(super) fn hidden(&self, files: &[Made], found: &mut Found) {
        let Some(Made { path, .. }) = files.iter().find(|made| elf::has_compressed_section(&made.path)) else { return };
        let roots = &self.request.roots;
        let name = path.file_name().unwrap_or_default().display().to_string();
        for (root, _) in roots.all().into_iter().filter(|(root, _)| !self.remapping.hides(*root, roots)) {
            found.entry(root).or_insert_with(|| name.clone());
        }
    }
}
