//! Finds the cause of a miss, and keeps what the next one will want to know.
//!
//! Invariant: nothing here runs on a hit, and a record that cannot be read or written changes only what is told.

use std::collections::HashMap;

use crate::action::manifest::{Entry, Input};
use crate::action::roots::{Root, readable};
use crate::hit::Lookup;
use crate::outcome::cause::{Cause, Remover};
use crate::outcome::difference;
use crate::outcome::event;
use crate::outcome::past_action::{Asked, Circumstances, Identity, Package, Record, compatible, crate_of, stem};
use crate::settings::environment::Environment;
use crate::system::digest::Digest;
use crate::system::os;

/// Variables that Cargo takes compiler flags from, by their ending.
const FLAGS: &str = "RUSTFLAGS";

impl Lookup<'_> {
    /// Returns why there is no manifest of this action.
    pub fn why_absent(&self) -> Cause {
        let key = &self.request.key;
        let record = self.record();
        let known = record.asked.iter().any(|asked| asked.key == *key);
        match self.store.why_removed(key) {
            Some(cause) => cause,
            None if known => Cause::Removed { at_ms: 0, by: Remover::Unknown },
            None => difference::to_nearest(&record.asked, &self.asked(Vec::new())).unwrap_or(Cause::NeverSeen),
        }
    }

    /// Returns why no entry of a manifest matches: what differs first in the entry that differs least, the newest among equals.
    /// An entry that contains the path of another place comes after those that do not.
    pub fn why_none<'m>(&self, entries: &[(&'m Entry, &'m Input)]) -> Cause {
        let is_elsewhere = |input: &Input| matches!(input, Input::RootPath(root, digest) if self.request.roots.value(*root) != *digest);
        let mut files = HashMap::new();
        let mut differs = |entry: &'m Entry| {
            let count = entry.inputs.iter().filter(|input| !self.holds(input, &mut files)).count();
            (entry.inputs.iter().any(is_elsewhere), count)
        };
        let nearest = match entries {
            [only] => Some(only),
            _ => entries.iter().min_by_key(|(entry, _)| differs(entry)),
        };
        nearest.map_or(Cause::NeverSeen, |(_, input)| self.why_broken(input))
    }

    /// Returns what an input that does not hold means.
    fn why_broken(&self, input: &Input) -> Cause {
        match input {
            Input::File(path, _)
            | Input::Absent(path)
            | Input::Listing(path, _)
            | Input::Directory(path)
            | Input::Link(path, _)
            | Input::Metadata(path, ..) => changed(path),
            Input::Machine(fact, _) => Cause::Input { path: fact.name().to_owned() },
            Input::Variable(name, _) => self.variable_changed(name),
            Input::NoOtherVariables(scope, names) => {
                let other = scope.other(names, self.around.environment).unwrap_or_default();
                self.variable_changed(other.as_encoded_bytes())
            }
            Input::Program(name, _) => Cause::Program { name: String::from_utf8_lossy(name).into_owned() },
            Input::RootPath(root, _) | Input::Placeholder(root, _) => self.root_path(*root),
            Input::Display(_) => Cause::Display,
        }
    }

    /// A variable that holds the path of a root makes the result depend on it. One that holds several, such as a search path, is
    /// told by the root that lay elsewhere.
    fn variable_changed(&self, name: &[u8]) -> Cause {
        let value = self.around.environment.get(os::os_string(name.to_vec())).unwrap_or_default();
        let roots = self.request.roots.found_in(value.as_encoded_bytes());
        let moved = |cause: &Cause| matches!(cause, Cause::RootPath { place, .. } if !place.is_empty());
        let moved_root = roots.into_iter().map(|root| self.root_path(root)).find(moved);
        moved_root.unwrap_or_else(|| Cause::Variable { name: String::from_utf8_lossy(name).into_owned() })
    }

    fn root_path(&self, root: Root) -> Cause {
        let here = self.request.roots.path(root);
        let record = self.record();
        let same = record.asked.iter().filter(|asked| asked.key == self.request.key);
        let mut elsewhere = same
            .map(|asked| (of_root(&asked.places, root).map(os::path_from_bytes), asked))
            .filter(|(place, _)| *place != here)
            .filter_map(|(place, asked)| Some((place, of_root(&asked.path_dependencies, root)?)));
        let (place, by) = elsewhere.next().unwrap_or_default();
        let place = place.map(|place| place.display().to_string()).unwrap_or_default();
        Cause::RootPath { root: root.name().to_owned(), place, by }
    }

    /// Keeps what was asked, only to explain a later miss, and returns the bytes that the store grew by.
    pub fn remember(&self, path_dependencies: Vec<(Root, String)>) -> u64 {
        let mut record = self.record();
        record.add(self.asked(path_dependencies));
        // An explanation is not worth an error.
        self.store.keep_record(&self.unit(), &record).unwrap_or_default()
    }

    fn record(&self) -> Record {
        self.store.record(&self.unit()).unwrap_or_default()
    }

    fn unit(&self) -> Digest {
        let source = &self.invocation.source;
        // Of a package of the workspace there is one version, and Cargo names its sources from there.
        let versions = if source.is_relative() { "" } else { compatible(self.variable_text("CARGO_PKG_VERSION")) };
        let package = self.around.environment.path("CARGO_MANIFEST_DIR");
        let within =
            package.and_then(|package| Some(self.around.directory.join(source).strip_prefix(package).ok()?.to_owned()));
        let source = match within {
            Some(within) => within.into_os_string().into_encoded_bytes(),
            None => self.request.roots.rooted_path(source),
        };
        Identity {
            package: self.variable_text("CARGO_PKG_NAME"),
            versions,
            krate: &self.invocation.crate_name,
            kind: &self.invocation.kind(),
            source: &source,
        }
        .digest()
    }

    fn variable_text(&self, name: &str) -> &str {
        self.around.environment.get(name).and_then(std::ffi::OsStr::to_str).unwrap_or_default()
    }

    fn asked(&self, path_dependencies: Vec<(Root, String)>) -> Asked {
        let driver = self.around.head.driver.as_deref().map(std::ffi::OsStr::as_encoded_bytes);
        let package = Package {
            name: self.variable_text("CARGO_PKG_NAME").to_owned(),
            version: self.variable_text("CARGO_PKG_VERSION").to_owned(),
            profile: self.invocation.profile().unwrap_or_default().to_owned(),
            target: self.invocation.target.clone().unwrap_or_default(),
            driver: driver.map_or("", stem).to_owned(),
        };
        let flags = flags(self.around.environment);
        let places = self.request.roots.all();
        let around = Circumstances { at_ms: event::now_ms(), places, path_dependencies, package, flags };
        Asked::of(&self.request.action, around)
    }
}

fn of_root<T: Clone>(pairs: &[(Root, T)], root: Root) -> Option<T> {
    pairs.iter().find(|(of, _)| *of == root).map(|(_, value)| value.clone())
}

fn flags(environment: &Environment) -> Vec<(String, Digest)> {
    let named = environment.iter().filter_map(|(name, value)| Some((name.to_str()?, value)));
    let flags = named.filter(|(name, value)| name.ends_with(FLAGS) && !value.is_empty());
    flags.map(|(name, value)| (name.to_owned(), Digest::of(value.as_encoded_bytes()))).collect()
}

/// The output of another unit is told by that unit's name.
fn changed(path: &[u8]) -> Cause {
    let artifact = [&b".rlib"[..], b".rmeta", std::env::consts::DLL_SUFFIX.as_bytes()];
    let unit = stem(path);
    if path.starts_with(b"\0T/") && artifact.iter().any(|end| path.ends_with(end)) && crate_of(unit) != unit {
        return Cause::Dependency { krate: crate_of(unit).to_owned(), unit: unit.to_owned() };
    }
    Cause::Input { path: readable(path) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_artifact_of_the_build_is_a_dependency_and_every_other_file_is_itself() {
        let unit = "leaf-8f2a41c09be3d711".to_owned();
        let leaf = Cause::Dependency { krate: "leaf".to_owned(), unit };
        assert_eq!(changed(b"\0T/debug/deps/libleaf-8f2a41c09be3d711.rlib"), leaf);
        let input = |path: &str| Cause::Input { path: path.to_owned() };
        assert_eq!(changed(b"\0W/src/lib.rs"), input("src/lib.rs"));
        assert_eq!(changed(b"/usr/lib/libz.so"), input("/usr/lib/libz.so"));
        assert_eq!(
            changed(b"\0T/debug/build/app-8f2a41c09be3d711/out/made.rs"),
            input("target/debug/build/app-8f2a41c09be3d711/out/made.rs")
        );
    }
}
