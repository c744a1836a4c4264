//! Outputs that the search for the roots' literal paths cannot look into.
//!
//! Invariant: where a path may be hidden, the result is bound to every root that is not remapped. It does not unpack anything.

use super::{Found, Recorder};
use crate::action::roots::Root;
use crate::compile::observe::elf;
use crate::request;
use crate::store::Made;

impl Recorder<'_> {
    /// Adds the roots whose paths compressed debug information may hold (`-C link-arg=-Wl,--compress-debug-sections=zlib`).
    pub(super) fn hidden(&self, files: &[Made], found: &mut Found) {
        let Some(Made { path, .. }) = files.iter().find(|made| elf::has_compressed_section(&made.path)) else { return };
        let remapped = request::remapped(self.around.remap);
        let is_shown = |root: &Root| remapped.iter().all(|(known, _)| known != root);
        let name = path.file_name().unwrap_or_default().display().to_string();
        for (root, _) in self.request.roots.all().into_iter().filter(|(root, _)| is_shown(root)) {
            found.entry(root).or_insert_with(|| name.clone());
        }
    }
}
