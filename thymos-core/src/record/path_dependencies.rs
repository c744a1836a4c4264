//! Names what brings the path of a checkout into a result, for people.
//!
//! Invariant: it explains what [`crate::record`] has decided, and decides nothing.

use std::fs;
use std::path::Path;

use crate::action::manifest::{Entry, Input};
use crate::action::roots::{Root, readable};
use crate::inputs::depinfo::DepInfo;
use crate::record::context::Ran;
use crate::record::{Found, Recorder};
use crate::system::os;

impl Recorder<'_> {
    /// Returns the roots whose paths an entry depends on, each with what brought it in.
    pub(crate) fn path_dependencies(&self, info: &DepInfo, entry: &Entry, found: &Found) -> Vec<(Root, String)> {
        let mut path_dependencies: Vec<(Root, String)> = Vec::new();
        for input in &entry.inputs {
            let dependency = match input {
                Input::Variable(name, Some(_)) => self.of_variable(name, info),
                Input::RootPath(root, _) => Some((*root, self.place(*root, found))),
                _ => None,
            };
            // A variable comes before the place and says more.
            path_dependencies
                .extend(dependency.filter(|(root, _)| !path_dependencies.iter().any(|(other, _)| other == root)));
        }
        path_dependencies
    }

    fn of_variable(&self, name: &[u8], info: &DepInfo) -> Option<(Root, String)> {
        let value = self.around.environment.get(os::os_string(name.to_vec()))?;
        let root = self.request.roots.found_in(value.as_encoded_bytes()).into_iter().next()?;
        let shown = String::from_utf8_lossy(name);
        if !info.variables.iter().any(|(known, _)| known == name) {
            return Some((root, format!("a proc macro read the variable {shown}")));
        }
        let place = self.source_with(name, info).map(|path| format!(" in {path}")).unwrap_or_default();
        Some((root, format!("env!(\"{shown}\"){place}")))
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

    fn place(&self, root: Root, found: &Found) -> String {
        match found.get(&root) {
            Some(place) => format!("{place} contains its path"),
            None if self.ran() == Ran::Unknown => "a script or an unknown program may have asked for it".to_owned(),
            None => "a proc macro asked for the working directory".to_owned(),
        }
    }
}
