//! What was asked: everything that selects a result before a single source is read.
//!
//! | field | holds | does not hold |
//! |---|---|---|
//! | `compiler` | the content of every file of the compiler | its version text, its path |
//! | `arguments` | every argument in order, paths relative to their roots | `--out-dir`'s place, display options, link options of a unit that does not link |
//! | `files` | the content of arguments that are files | |
//! | `externs` | alias, place and content | |
//! | `environment` | what Cargo says about the package, its build script's variables, what shapes the compile | job counts, colours, network settings, `CARGO_HOME` |
//! | `directory` | the working directory, relative to its root | where the root is |
//! | `processor` | the host's CPU where `native` stands for it | |
//! | `remap` | whether workspace paths are remapped | |
//!
//! Invariant: [`Action::key`] takes the struct apart by name, so a field that is added and not hashed does not compile.

pub mod compiler;
pub mod manifest;
pub mod placeholder;
pub mod roots;
pub(crate) mod scope;

use crate::settings::Remap;
use crate::system::digest::{Digest, FieldHasher};
use crate::system::guard::Guard;

/// Changes whenever equal fields may stand for another meaning.
const VERSION: &str = "thymos action 1";

/// The digest of an [`Action`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ActionKey(pub Digest);

/// An extern by alias, rooted place and content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ExternInput {
    /// Options and alias.
    pub name: String,
    /// Rooted path.
    pub path: Vec<u8>,
    /// Content.
    pub digest: Digest,
}

/// One compile, as a look-up sees it. All text is rooted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Action {
    /// The compiler.
    pub compiler: Digest,
    /// Options and values, in order.
    pub arguments: Vec<(String, Vec<u8>)>,
    /// Options whose value is read as a file.
    pub files: Vec<(String, Digest)>,
    /// Externs, in order.
    pub externs: Vec<ExternInput>,
    /// Variables, in order of names.
    pub environment: Vec<(Vec<u8>, Vec<u8>)>,
    /// The working directory.
    pub directory: Vec<u8>,
    /// The host's processor, where it matters.
    pub processor: Option<Digest>,
    /// Whether workspace paths are remapped.
    pub remap: Remap,
}

impl Action {
    /// Returns the key under which results are stored.
    pub(crate) fn key(&self) -> ActionKey {
        let Self { compiler, arguments, files, externs, environment, directory, processor, remap } = self;
        let mut hasher = FieldHasher::new(VERSION);
        if Guard::KeyCompiler.on() {
            hasher.digest(compiler);
        }
        if Guard::KeyArguments.on() {
            hash_pairs(&mut hasher, arguments.iter().map(|(name, value)| (name.as_bytes(), value.as_slice())));
            hash_pairs(&mut hasher, files.iter().map(|(name, digest)| (name.as_bytes(), digest.0.as_slice())));
        } else {
            // Without this the control would compare units of different crates.
            let name = arguments.iter().find(|(name, _)| name == "--crate-name");
            hash_pairs(&mut hasher, name.iter().map(|(name, value)| (name.as_bytes(), value.as_slice())));
        }
        if Guard::KeyExterns.on() {
            hasher.count(externs.len());
            for ExternInput { name, path, digest } in externs {
                hasher.bytes(name.as_bytes());
                hasher.bytes(path);
                hasher.digest(digest);
            }
        }
        if Guard::KeyEnvironment.on() {
            hash_pairs(&mut hasher, environment.iter().map(|(name, value)| (name.as_slice(), value.as_slice())));
        }
        hasher.bytes(directory);
        hasher.bytes(processor.as_ref().map_or(&[][..], |digest| &digest.0));
        hasher.bytes(remap.name().as_bytes());
        ActionKey(hasher.finish())
    }
}

fn hash_pairs<'a>(hasher: &mut FieldHasher, pairs: impl ExactSizeIterator<Item = (&'a [u8], &'a [u8])>) {
    hasher.count(pairs.len());
    for (name, value) in pairs {
        hasher.bytes(name);
        hasher.bytes(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action() -> Action {
        Action {
            compiler: Digest::of(b"rustc"),
            arguments: vec![("--cfg".into(), b"a".to_vec()), ("-C opt-level".into(), b"0".to_vec())],
            files: vec![("-C profile-use".into(), Digest::of(b"profile"))],
            externs: vec![ExternInput { name: "b".into(), path: b"\0T/libb.rmeta".to_vec(), digest: Digest::of(b"b") }],
            environment: vec![(b"CARGO_PKG_NAME".to_vec(), b"a".to_vec())],
            directory: b"\0W".to_vec(),
            processor: None,
            remap: Remap::Workspace,
        }
    }

    #[test]
    fn each_field_changes_the_key() {
        let check = |what: &str, change: &dyn Fn(&mut Action)| {
            let mut changed = action();
            change(&mut changed);
            assert_ne!(changed.key(), action().key(), "{what}");
        };
        check("compiler", &|a| a.compiler = Digest::of(b"other"));
        check("argument", &|a| a.arguments[1].1 = b"3".to_vec());
        check("order of arguments", &|a| a.arguments.swap(0, 1));
        check("argument dropped", &|a| drop(a.arguments.pop()));
        check("file", &|a| a.files[0].1 = Digest::of(b"other"));
        check("extern's content", &|a| a.externs[0].digest = Digest::of(b"other"));
        check("extern's alias", &|a| a.externs[0].name = "c".into());
        check("variable", &|a| a.environment[0].1 = b"b".to_vec());
        check("variable unset", &|a| a.environment.clear());
        check("directory", &|a| a.directory = b"\0C".to_vec());
        check("processor", &|a| a.processor = Some(Digest::of(b"cpu")));
        check("remap", &|a| a.remap = Remap::Off);
    }

    #[test]
    fn text_that_runs_together_is_another_key() {
        let mut one = action();
        one.arguments = vec![("--cfg".into(), b"ab".to_vec())];
        let mut two = action();
        two.arguments = vec![("--cfg".into(), b"a".to_vec()), ("b".into(), b"".to_vec())];
        assert_ne!(one.key(), two.key());
    }

    #[test]
    fn the_key_is_pinned() {
        assert_eq!(&action().key().0.hex()[..16], "a0ef4dacdbd12f81", "a change of meaning needs a new version");
    }
}
