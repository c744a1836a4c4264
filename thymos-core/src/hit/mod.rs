//! Finds the entry whose inputs all hold, and lays its result out.
//!
//! Invariant: nothing is laid out before every input was checked and every blob is at hand; what was laid out is taken away
//! again when a later part fails.

pub mod explain;

use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::path::PathBuf;

use crate::action::manifest::{Entry, Input, Manifest, Output};
use crate::action::roots::{Root, Roots};
use crate::inputs::depinfo;
use crate::inputs::state::{display, link_target, listing, search};
use crate::invocation::Invocation;
use crate::outcome::cause::Cause;
use crate::outcome::{Degraded, Outcome};
use crate::request::{Context, Request};
use crate::store::blobs::sharing;
use crate::store::{Blob, Shape, Store};
use crate::system::digest::Digest;
use crate::system::error::plain;
use crate::system::guard::Guard;
use crate::system::metadata::Metadata;
use crate::system::step::Step;

/// What a look-up works with.
#[derive(Debug)]
pub struct Lookup<'a> {
    /// The command line.
    pub invocation: &'a Invocation,
    /// What it was called in.
    pub around: &'a Context<'a>,
    /// What was gathered for it: compiler, roots, key.
    pub request: &'a Request,
    /// The store.
    pub store: &'a Store,
}

impl Lookup<'_> {
    /// Returns the newest entry whose inputs all hold.
    ///
    /// # Errors
    /// The entries, each with the first input that does not hold.
    pub fn find<'m>(&self, manifest: &'m Manifest) -> Result<&'m Entry, Vec<(&'m Entry, &'m Input)>> {
        let mut files = HashMap::new();
        let mut broken = Vec::new();
        for entry in &manifest.entries {
            match entry.inputs.iter().find(|input| !self.holds(input, &mut files)) {
                None => return Ok(entry),
                Some(input) => broken.push((entry, input)),
            }
        }
        Err(broken)
    }

    fn holds<'m>(&self, input: &'m Input, files: &mut HashMap<&'m [u8], Option<Digest>>) -> bool {
        let roots = &self.request.roots;
        let path = |rooted: &[u8]| roots.concrete_path(rooted);
        match input {
            Input::File(rooted, digest) => {
                if !Guard::InputPairs.on() {
                    return true;
                }
                let known = files.entry(rooted).or_insert_with(|| {
                    path(rooted).and_then(|path| self.store.memo().digest(&path).ok()).map(|(digest, _)| digest)
                });
                *known == Some(*digest)
            }
            Input::Absent(rooted) => path(rooted).is_some_and(|path| fs::symlink_metadata(path).is_err()),
            Input::Directory(rooted) => path(rooted).is_some_and(|path| path.is_dir()),
            Input::Listing(rooted, digest) => {
                path(rooted).is_some_and(|path| listing(&path).is_ok_and(|now| now == *digest))
            }
            Input::Link(rooted, target) if target.is_empty() => {
                path(rooted).and_then(|path| fs::symlink_metadata(path).ok()).is_some_and(|now| !now.is_symlink())
            }
            Input::Link(rooted, target) => {
                path(rooted).is_some_and(|path| link_target(&path, roots).is_ok_and(|now| now == *target))
            }
            Input::Program(name, rooted) => {
                search(self.around.environment, &crate::system::os::os_string(name.clone()), roots) == *rooted
            }
            Input::Variable(name, digest) => self.variable(name) == *digest,
            Input::NoOtherVariables(scope, names) => scope.other(names, self.around.environment).is_none(),
            Input::RootPath(root, digest) => roots.value(*root) == *digest,
            Input::Placeholder(root, class) => self.request.places.class(*root) == Some(*class),
            Input::Display(digest) => display(self.invocation) == *digest,
            Input::Metadata(rooted, named, aspect, digest) => path(rooted)
                .and_then(|path| Metadata::at(&path, *named).ok())
                .is_some_and(|now| now.digest(*aspect) == *digest),
            Input::Machine(fact, digest) => fact.digest() == *digest,
        }
    }

    fn variable(&self, name: &[u8]) -> Option<Digest> {
        let value = self.around.environment.get(crate::system::os::os_string(name.to_vec()))?.as_encoded_bytes();
        let literal = Guard::BindEnv.on();
        Some(if literal { Digest::of(value) } else { Digest::of(&self.request.roots.rooted_text(value)) })
    }

    /// Lays the entry's result out and prints what the compiler printed.
    ///
    /// # Errors
    /// The outcome to count when that failed; nothing is left behind, and nothing was printed.
    pub fn restore(&self, entry: &Entry) -> Result<u64, Outcome> {
        let blobs: Vec<Blob> = entry.outputs.iter().map(|output| self.blob(output)).collect::<Result<_, _>>()?;
        let streams = self.invocation.stream_roots(&self.request.roots);
        let text = |rooted: &[u8], roots: &Roots| match Guard::StreamPaths.on() {
            true => roots.concrete(rooted),
            false => Some(rooted.to_vec()),
        };
        let stdout = text(&entry.stdout, &streams).ok_or_else(lost)?;
        let stderr = text(&entry.stderr, &streams).ok_or_else(lost)?;
        Step::RestoreBlobsFound.reached();
        let mut laid = Vec::new();
        let bytes = self
            .lay_out(entry, &blobs, &mut laid)
            .inspect_err(|_| laid.iter().for_each(|path| drop(fs::remove_file(path))))?;
        // Nobody reading is no reason to fail: the compiler would not either.
        let _ = std::io::stdout().write_all(&stdout);
        let _ = std::io::stderr().write_all(&stderr);
        Step::RestorePrinted.reached();
        Ok(bytes)
    }

    fn blob(&self, output: &Output) -> Result<Blob, Outcome> {
        self.store.blob(&output.digest, sharing(&output.name)).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Outcome::Miss(Cause::BlobLost),
            std::io::ErrorKind::InvalidData => Outcome::Degraded(Degraded::BlobDamaged),
            _ => Outcome::Degraded(Degraded::Restore(plain(&error))),
        })
    }

    fn lay_out(&self, entry: &Entry, blobs: &[Blob], laid: &mut Vec<PathBuf>) -> Result<u64, Outcome> {
        let failed = |error: std::io::Error| Outcome::Degraded(Degraded::Restore(plain(&error)));
        let out_dir = self.around.directory.join(&self.invocation.out_dir);
        if !out_dir.is_dir() {
            fs::create_dir_all(&out_dir).map_err(failed)?;
        }
        let mut bytes = 0;
        for (output, blob) in entry.outputs.iter().zip(blobs) {
            let to = out_dir.join(crate::system::os::path_from_bytes(output.name.clone()));
            let patches = if Guard::PutPaths.on() { self.request.places.patches(&output.sites) } else { Vec::new() };
            let shape = Shape { sharing: sharing(&output.name), mode: output.mode, patches };
            self.store.restore(blob, &to, &shape).map_err(failed)?;
            laid.push(to);
            bytes += output.size;
        }
        if let Some(rooted) = &entry.dep_info {
            let roots = &self.request.roots;
            let text = if Guard::DepInfoPaths.on() { depinfo::concrete(rooted, roots) } else { Some(rooted.clone()) };
            let text = text.ok_or_else(lost)?;
            let to = out_dir.join(format!("{}.d", self.invocation.stem()));
            fs::write(&to, text).map_err(failed)?;
            Step::RestoreDepInfoWritten.reached();
        }
        Ok(bytes)
    }
}

/// A text of the entry lies in a root that this invocation does not have.
fn lost() -> Outcome {
    let [place, by] = [String::new(), String::new()];
    Outcome::Miss(Cause::RootPath { root: Root::Workspace.name().to_owned(), place, by })
}
