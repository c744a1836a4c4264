//! The files, directories and links that a compile depended on, as inputs.
//!
//! Invariant: what was not watched is accounted for by a rule that takes too much, or gives no entry.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Recorder, changed, file, gather};
use crate::action::manifest::Input;
use crate::action::roots::Root;
use crate::compile::observe::{Asked, Links};
use crate::inputs::depinfo::DepInfo;
use crate::inputs::macros;
use crate::inputs::state::{link_target, listing, search};
use crate::inputs::{self, Candidate, Given, Rules};
use crate::invocation::Argument;
use crate::outcome::{Bypass, Degraded, Outcome};
use crate::system::guard::Guard;
use crate::system::metadata::Metadata;
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
            match candidate {
                Candidate::Way(path) => inputs.extend(self.way(&path)),
                other => inputs.push(self.input(other)?),
            }
        }
        Ok(inputs)
    }

    fn observed(&self) -> Result<Vec<Candidate>, Outcome> {
        let unit = self.invocation;
        let keyed: Vec<&Path> = self.request.keyed.iter().map(|keyed| keyed.path.as_path()).collect();
        let given = self.given(&keyed);
        let is_output = |path: &Path| self.is_output(path);
        let rules = Rules::of(&given, &is_output);
        let mut candidates = inputs::candidates(&self.compiled.observed, &rules).map_err(Outcome::Bypass)?;
        let looked_at = macros::only_looked_at(unit, self.around.directory, candidates.iter().filter_map(file));
        candidates.retain(|candidate| file(candidate).is_none_or(|path| !looked_at.contains(path)));
        candidates
            .retain(|candidate| !matches!(candidate, Candidate::Absent(path) if self.is_profile_made_at_the_end(path)));
        Ok(candidates)
    }

    /// What decides which accesses are inputs.
    pub(super) fn given<'g>(&'g self, keyed: &'g [&'g Path]) -> Given<'g> {
        let unit = self.invocation;
        Given {
            invocation: unit,
            compiler: &self.request.compiler,
            environment: self.around.environment,
            directory: self.around.directory,
            keyed,
            foreign_links: self.request.links(self.around.head) == Links::ExceptOwn
                && self.compiled.observed.env.is_ok(),
            executable_is_known: matches!(&self.compiled.observed.env, Ok(reads) if reads.executable == Asked::Yes),
            shells_only_link: self.shells_only_link(),
            names_open_files: unit.arguments.iter().any(|argument| matches!(argument, Argument::File(..)))
                && !macros::may_load(unit, self.around.directory),
        }
    }

    pub(crate) fn input(&self, candidate: Candidate) -> Result<Input, Outcome> {
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
                let found = search(self.around.environment, &name, roots);
                Input::Program(name.as_encoded_bytes().to_vec(), found)
            }
            Candidate::Metadata(path, named, aspect, told) => {
                let now = Metadata::at(&path, named).map_err(|_| changed(&path))?.digest(aspect);
                if now != told.digest(aspect) {
                    return Err(changed(&path));
                }
                Input::Metadata(roots.rooted_path(&path), named, aspect, now)
            }
            Candidate::Way(path) => Input::Directory(roots.rooted_path(&path)),
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

    /// Returns every symbolic link that leads to a directory, as an input. Where a root lies is told by the root.
    pub(crate) fn way(&self, directory: &Path) -> Vec<Input> {
        let roots = &self.request.roots;
        let is_root = |path: &Path| Root::ALL.into_iter().any(|root| roots.path(root).as_deref() == Some(path));
        let steps = directory.ancestors().take_while(|step| !is_root(step));
        let link = |step: &Path| Some(Input::Link(roots.rooted_path(step), link_target(step, roots).ok()?));
        if Guard::InputWay.on() { steps.filter_map(link).collect() } else { Vec::new() }
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
