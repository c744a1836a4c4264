//! The files, directories and links that a compile depended on, as inputs.
//!
//! Invariant: what was not watched is accounted for by a rule that takes too much, or gives no entry.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Recorder, changed, file, gather};
use crate::action::manifest::Input;
use crate::action::roots::Root;
use crate::compile::observe::Links;
use crate::inputs::depinfo::DepInfo;
use crate::inputs::macros;
use crate::inputs::programs::links_by_name;
use crate::inputs::state::{link_target, listing};
use crate::inputs::{self, Candidate, Rules};
use crate::invocation::Argument;
use crate::outcome::{Bypass, Degraded, Outcome};
use crate::system::guard::Guard;
use crate::system::stamp::Stamp;

impl Recorder<'_> {
    pub(super) fn files(&self, info: &DepInfo) -> Result<Vec<Input>, Outcome> {
        let here = |path: &PathBuf| self.around.directory.join(path);
        let mut candidates = match &self.compiled.observed.complete {
            Ok(()) => self.observed()?,
            // A linker, a proc macro and whatever stands in the compiler's place read what they like.
            Err(why) if self.invocation.links() || self.invocation.bundles() || self.runs_other_code() => {
                return Err(Outcome::Degraded(Degraded::Unobserved(why.to_string())));
            }
            Err(_) => self.unobserved(info)?,
        };
        let mut sources: HashSet<PathBuf> = info.sources.iter().map(here).collect();
        // The dep-info names a profile too.
        sources.retain(|path| self.request.keyed.iter().all(|keyed| keyed.path != *path));
        if !Guard::InputObserved.on() {
            candidates.retain(|candidate| matches!(candidate, Candidate::File(path, _) if sources.contains(path)));
        }
        if !Guard::InputSources.on() {
            candidates.retain(|candidate| !matches!(candidate, Candidate::File(path, _) if sources.contains(path)));
        } else {
            let named: HashSet<PathBuf> = candidates.iter().filter_map(file).cloned().collect();
            candidates.extend(
                sources.into_iter().filter(|path| !named.contains(path)).map(|path| Candidate::File(path, None)),
            );
        }
        let mut inputs = Vec::with_capacity(candidates.len());
        let mut files = HashSet::new();
        for candidate in candidates {
            if let Some(path) = file(&candidate)
                && !files.insert(path.clone())
            {
                continue;
            }
            inputs.push(self.input(candidate)?);
        }
        Ok(inputs)
    }

    fn observed(&self) -> Result<Vec<Candidate>, Outcome> {
        let unit = self.invocation;
        let here = |path: &Path| self.around.directory.join(path);
        let sysroot = &self.request.compiler.sysroot;
        let whole_system = ["/", "/usr", "/usr/local"].iter().any(|root| sysroot == Path::new(root));
        // Where `native` stands for the processor, the key holds what this file tells.
        let native = unit.arguments.contains(&Argument::NativeCpu);
        let processor = native.then(|| Path::new("/proc/cpuinfo"));
        let rules = Rules {
            compiler: self.request.compiler.files.iter().map(|(path, _)| path.as_path()).collect(),
            sysroot: if whole_system { sysroot.join("lib/rustlib") } else { sysroot.clone() },
            keyed: self.request.keyed.iter().map(|keyed| keyed.path.as_path()).chain(processor).collect(),
            dependencies: unit
                .search_paths
                .iter()
                .filter(|(kind, _)| kind == "dependency")
                .map(|(_, path)| here(path))
                .collect(),
            search: self
                .around
                .environment
                .get("PATH")
                .map(|list| std::env::split_paths(list).collect())
                .unwrap_or_default(),
            incremental: unit.incremental.as_deref().map(here),
            out_dir: here(&unit.out_dir),
            known: [self.around.directory.to_owned(), here(&unit.out_dir), std::env::temp_dir(), sysroot.join("lib")]
                .into_iter()
                .chain(unit.incremental.as_deref().map(here))
                .chain(unit.search_paths.iter().map(|(_, path)| here(path)))
                .collect(),
            foreign_links: self.request.links(self.around.head) == Links::ExceptOwn
                && self.compiled.observed.env.is_ok(),
            names_open_files: unit.arguments.iter().any(|argument| matches!(argument, Argument::File(..)))
                && !macros::may_load(unit, self.around.directory),
            is_output: &|path| self.is_output(path),
            is_linker: &links_by_name,
        };
        let mut candidates = inputs::candidates(&self.compiled.observed, &rules).map_err(Outcome::Bypass)?;
        let looked_at = macros::only_looked_at(unit, self.around.directory, candidates.iter().filter_map(file));
        candidates.retain(|candidate| file(candidate).is_none_or(|path| !looked_at.contains(path)));
        Ok(candidates)
    }

    fn input(&self, candidate: Candidate) -> Result<Input, Outcome> {
        let roots = &self.request.roots;
        Ok(match candidate {
            Candidate::File(path, opened) => {
                let (digest, stamp) = self.memo.digest(&path).map_err(|_| changed(&path))?;
                if Guard::PublishChangedInput.on() && self.may_have_changed(&path, opened, stamp) {
                    return Err(changed(&path));
                }
                Input::File(roots.rooted_path(&path), digest)
            }
            Candidate::Absent(path) if fs::symlink_metadata(&path).is_ok() => return Err(changed(&path)),
            Candidate::Absent(path) => Input::Absent(roots.rooted_path(&path)),
            Candidate::Directory(path) => Input::Directory(roots.rooted_path(&path)),
            Candidate::Program(name) => {
                let path = self.around.environment.program(&name).map(|path| roots.rooted_path(&path));
                Input::Program(name.as_encoded_bytes().to_vec(), path)
            }
            Candidate::Listing(path) => {
                let listing = listing(&path).map_err(|error| gather(&error))?;
                Input::Listing(roots.rooted_path(&path), listing)
            }
            Candidate::NoLink(path) if path.is_symlink() => return Err(changed(&path)),
            Candidate::NoLink(path) => Input::Link(roots.rooted_path(&path), Vec::new()),
            Candidate::Link(path) => match link_target(&path, roots) {
                Ok(target) => Input::Link(roots.rooted_path(&path), target),
                Err(_) => {
                    return Err(Outcome::Bypass(Bypass::Unaccounted(format!("{} is no plain file", path.display()))));
                }
            },
        })
    }

    /// A file whose stamp moved since the compile opened it, or that was changed after the compile began: it may have been
    /// saved twice under one stamp. What another wrapper published meanwhile got a second name, which moves the change time
    /// and nothing else.
    fn may_have_changed(&self, path: &Path, opened: Option<Stamp>, now: Stamp) -> bool {
        let published = || self.request.roots.path(Root::Target).is_some_and(|target| path.starts_with(target));
        let began = self.compiled.began;
        match opened {
            Some(opened) if opened == now => now.changed > began && !published(),
            Some(opened) => !(published() && Stamp { changed: now.changed, ..opened } == now),
            None => now.is_young(began) || now.changed > began,
        }
    }
}
