//! Names what binds a result to a place, for people.
//!
//! Invariant: it explains what [`crate::record`] has decided, and decides nothing: an input binds whether or not words are
//! found for it.

use std::fs;
use std::path::Path;

use crate::action::manifest::{Entry, Input};
use crate::action::roots::{Root, readable};
use crate::inputs::depinfo::DepInfo;
use crate::record::{Found, Recorder};
use crate::system::os;

impl Recorder<'_> {
    /// Returns the roots that an entry is bound to, each with the reason, to be read after "because".
    pub(crate) fn path_dependencies(&self, info: &DepInfo, entry: &Entry, found: &Found) -> Vec<(Root, String)> {
        let mut path_dependencies: Vec<(Root, String)> = Vec::new();
        for input in &entry.inputs {
            let dependency = match input {
                Input::Variable(name, Some(_)) => self.bond_of_variable(name, info, found),
                Input::RootPath(root, _) => Some((*root, place(*root, found))),
                _ => None,
            };
            // A variable comes before the place and says more.
            path_dependencies
                .extend(dependency.filter(|(root, _)| !path_dependencies.iter().any(|(other, _)| other == root)));
        }
        path_dependencies
    }

    fn bond_of_variable(&self, name: &[u8], info: &DepInfo, found: &Found) -> Option<(Root, String)> {
        let value = self.around.environment.get(os::os_string(name.to_vec()))?;
        let root = self.request.roots.found_in(value.as_encoded_bytes()).into_iter().next()?;
        let shown = String::from_utf8_lossy(name);
        if !info.variables.iter().any(|(known, _)| known == name) {
            return Some((root, format!("a proc macro read the variable {shown}")));
        }
        let place = self.source_with(name, info).map(|path| format!(" in {path}")).unwrap_or_default();
        let holds =
            if found.contains_key(&root) { "the output contains its path" } else { "the compile read its path" };
        Some((root, format!("{holds}: env!(\"{shown}\"){place}")))
    }

    /// Returns the first source that names a variable.
    fn source_with(&self, name: &[u8], info: &DepInfo) -> Option<String> {
        let here = |path: &Path| self.around.directory.join(path);
        let names = |path: &&std::path::PathBuf| {
            fs::read(here(path)).is_ok_and(|text| memchr::memmem::find(&text, name).is_some())
        };
        let path = info.sources.iter().find(names)?;
        Some(readable(&self.request.roots.rooted_path(&here(path))))
    }
}

fn place(root: Root, found: &Found) -> String {
    match found.get(&root) {
        Some(place) => format!("{place} contains its path"),
        None => "a proc macro asked for the working directory".to_owned(),
    }
}
