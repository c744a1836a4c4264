//! Named roots: where they are (here), text relative to them (`rewrite`), and text that holds their paths (`search`).
//!
//! Invariant: pure. A root that stands for nothing certain, a relative path or the file system's own root, is none.

mod rewrite;
mod search;

use std::path::{Path, PathBuf};

use crate::system::digest::Digest;
use crate::system::{json, os};

pub(crate) use rewrite::readable;

/// A directory whose place may differ from one machine or checkout to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Root {
    /// The workspace, or the checkout that it lies in.
    Workspace,
    /// Cargo's target (or build) directory.
    Target,
    /// `CARGO_HOME`: registry sources and git checkouts.
    CargoHome,
    /// The compiler's sysroot.
    Sysroot,
}

impl Root {
    /// Every root.
    pub(crate) const ALL: [Self; 4] = [Self::Workspace, Self::Target, Self::CargoHome, Self::Sysroot];

    /// Returns the letter that stands for the root in rooted text.
    pub(crate) fn letter(self) -> u8 {
        match self {
            Self::Workspace => b'W',
            Self::Target => b'T',
            Self::CargoHome => b'C',
            Self::Sysroot => b'S',
        }
    }

    /// Returns what people call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Workspace => "checkout",
            Self::Target => "target directory",
            Self::CargoHome => "CARGO_HOME",
            Self::Sysroot => "sysroot",
        }
    }

    /// Returns the root that `letter` stands for.
    pub(crate) fn from_letter(letter: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|root| root.letter() == letter)
    }
}

/// Where the roots are for one invocation, the longest path first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roots(Vec<(Root, Vec<u8>)>);

impl Roots {
    /// Collects roots; a relative path or the file system's own root stands for nothing and is left out.
    #[must_use]
    pub fn new(roots: impl IntoIterator<Item = (Root, PathBuf)>) -> Self {
        let bytes = |(root, path): (Root, PathBuf)| {
            let mut bytes = path.as_os_str().as_encoded_bytes().to_vec();
            while bytes.len() > 1 && is_separator(bytes[bytes.len() - 1]) {
                bytes.pop();
            }
            (path.is_absolute() && path.parent().is_some()).then_some((root, bytes))
        };
        let mut list: Vec<_> = roots.into_iter().filter_map(bytes).collect();
        list.sort_by_key(|(root, path)| (std::cmp::Reverse(path.len()), *root));
        Self(list)
    }

    /// Returns the path of a root.
    pub(crate) fn path(&self, root: Root) -> Option<PathBuf> {
        self.bytes(root).map(|bytes| os::path_from_bytes(bytes.to_vec()))
    }

    /// Returns the digest of a root's path, which is what a bound result remembers.
    pub(crate) fn value(&self, root: Root) -> Digest {
        Digest::of(self.bytes(root).unwrap_or_default())
    }

    /// Returns the root that a path lies in; of several the one that lies in the others.
    pub(crate) fn holding(&self, path: &Path) -> Option<Root> {
        let is_in = |(_, root): &&(Root, Vec<u8>)| path.starts_with(os::path_from_bytes(root.clone()));
        self.0.iter().find(is_in).map(|(root, _)| *root)
    }

    fn bytes(&self, root: Root) -> Option<&[u8]> {
        self.0.iter().find(|(name, _)| *name == root).map(|(_, path)| path.as_slice())
    }

    /// Returns every root with its path.
    pub(crate) fn all(&self) -> Vec<(Root, Vec<u8>)> {
        self.0.clone()
    }

    /// Returns the roots as they are spelled inside a JSON string.
    #[must_use]
    pub fn json(&self) -> Self {
        Self(self.0.iter().map(|(root, path)| (*root, json::escaped(path))).collect())
    }

    /// Returns the roots as they are spelled in a Makefile rule, where a space is escaped.
    #[must_use]
    pub fn with_escaped_spaces(&self) -> Self {
        let escape = |path: &[u8]| {
            path.iter().flat_map(|byte| if *byte == b' ' { vec![b'\\', b' '] } else { vec![*byte] }).collect()
        };
        Self(self.0.iter().map(|(root, path)| (*root, escape(path))).collect())
    }
}

fn is_separator(byte: u8) -> bool {
    byte == b'/' || (cfg!(windows) && byte == b'\\')
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    /// Roots of which one lies in another, and one is too short to count.
    pub(super) fn roots() -> Roots {
        Roots::new([
            (Root::Workspace, "/home/u/ws".into()),
            (Root::Target, "/home/u/ws/target/".into()),
            (Root::CargoHome, "/home/u/.cargo".into()),
            (Root::Sysroot, "/".into()),
        ])
    }
}
