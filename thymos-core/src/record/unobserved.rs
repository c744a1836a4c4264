//! What a compile may have read where nothing could watch it.
//!
//! Invariant: a rule that takes too much, or no entry. What Cargo itself puts into the target directory's `-L dependency` directories
//! is left out: rustc picks there by a name that holds a hash, and the externs say which.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Recorder, gather};
use crate::action::roots::Root;
use crate::inputs::depinfo::DepInfo;
use crate::inputs::{self, Candidate, macros};
use crate::invocation::Argument;
use crate::outcome::Outcome;
use crate::system::files::{is_regular, list};
use crate::system::guard::Guard;
use crate::system::os;

/// What divides the parts of an argument that may each name a file.
const DIVIDERS: [u8; 6] = *b"=,: ;@";

impl Recorder<'_> {
    /// Returns whether code ran that reads what it likes: in the compiler's place, or a proc macro.
    pub(super) fn runs_other_code(&self) -> bool {
        let loads_macros = || macros::may_load(self.invocation, self.around.directory) || self.finds_macros();
        (Guard::InputScripts.on() && self.has_foreign_driver()) || (Guard::UnobservedMacros.on() && loads_macros())
    }

    /// Returns the modules that would be ambiguous, what the search directories offer, and what the arguments name.
    pub(super) fn unobserved(&self, info: &DepInfo) -> Result<Vec<Candidate>, Outcome> {
        let root = self.here(&self.invocation.source);
        let modules = info.sources.iter().map(|source| self.here(source)).filter(|source| *source != root);
        let twins = modules.filter_map(|source| inputs::module_twin(&source));
        let mut candidates: Vec<Candidate> = twins.map(Candidate::Absent).collect();
        for (_, dir) in self.searched() {
            for entry in list(&dir).map_err(|error| gather(&error))? {
                let path = entry.path();
                if is_regular(&path).map_err(|error| gather(&error))? {
                    candidates.push(Candidate::File(path, None));
                }
            }
            candidates.push(Candidate::Listing(dir));
        }
        candidates.extend(self.named());
        Ok(candidates)
    }

    fn here(&self, path: &Path) -> PathBuf {
        self.around.directory.join(path)
    }

    /// Returns the search directories in which more may lie than Cargo knows of, with their kinds.
    fn searched(&self) -> Vec<(&str, PathBuf)> {
        let target = self.request.roots.path(Root::Target);
        let is_cargos = |kind: &str, path: &Path| {
            let of_crates = matches!(kind, "dependency" | "crate");
            let known = kind == "dependency" && target.as_deref().is_some_and(|target| path.starts_with(target));
            known || (of_crates && !Guard::UnobservedSearch.on())
        };
        let paths = self.invocation.search_paths.iter().map(|(kind, path)| (kind.as_str(), self.here(path)));
        paths.filter(|(kind, path)| !is_cargos(kind, path)).collect()
    }

    /// A directory of crates may offer a proc macro that no extern names.
    fn finds_macros(&self) -> bool {
        let is_library = |path: &Path| path.to_str().is_none_or(|path| path.ends_with(std::env::consts::DLL_SUFFIX));
        let mut of_crates = self.searched().into_iter().filter(|(kind, _)| !matches!(*kind, "native" | "framework"));
        of_crates.any(|(_, dir)| list(&dir).is_ok_and(|entries| entries.iter().any(|entry| is_library(&entry.path()))))
    }

    /// Returns the files that may be meant by arguments which only LLVM, or a part of rustc that few know, understands.
    fn named(&self) -> Vec<Candidate> {
        if !Guard::UnobservedSearch.on() {
            return Vec::new();
        }
        let may_name = |name: &str| matches!(name.replace('_', "-").as_str(), "-C llvm-args" | "-C passes" | "-Z");
        let texts = self.invocation.arguments.iter().filter_map(|argument| match argument {
            Argument::Text(name, value) if may_name(name) => Some(value.as_slice()),
            _ => None,
        });
        let behind_name = |text: &'_ [u8]| memchr::memchr(b'=', text).map(|at| text[at + 1..].to_vec());
        let parts = texts.flat_map(|text| {
            let divided = text.split(|byte| DIVIDERS.contains(byte)).map(<[u8]>::to_vec);
            divided.chain(behind_name(text)).collect::<Vec<_>>()
        });
        let paths = parts.filter(|part| !part.is_empty()).map(|part| self.here(&os::path_from_bytes(part)));
        paths.map(candidate).collect()
    }
}

fn candidate(path: PathBuf) -> Candidate {
    match fs::metadata(&path) {
        Ok(metadata) if metadata.is_dir() => Candidate::Listing(path),
        Ok(_) => Candidate::File(path, None),
        Err(_) => Candidate::Absent(path),
    }
}
