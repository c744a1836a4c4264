//! What a file system tells of something besides its content.
//!
//! Invariant: the time of the last access is left out, for whoever reads the content to compare it moves it. The letters stand
//! in manifests.

use std::fs;
use std::io;
use std::path::Path;

use crate::system::digest::{Digest, FieldHasher};
use crate::system::os;
use crate::system::stamp::Nanos;

/// What of something was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Aspect {
    /// Everything but the time of the last access.
    Everything,
    /// Who may do what with it.
    Permissions,
}

/// What a path stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Named {
    /// What is found there.
    Target,
    /// The name itself, which may be a link.
    Itself,
    /// What is open already, under the name that the kernel gives it.
    Open,
}

/// What `stat` tells of anything, but for the time of the last access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Metadata {
    /// Device and inode.
    pub place: [u64; 2],
    /// Type and permission bits, user and group.
    pub permissions: [u32; 3],
    /// Number of names, device number of a device, size.
    pub numbers: [u64; 3],
    /// Modification and status change in nanoseconds since the epoch.
    pub times: [Nanos; 2],
}

impl Metadata {
    /// Returns what is told of a path.
    ///
    /// # Errors
    /// Whatever `stat` gives.
    pub fn at(path: &Path, named: Named) -> io::Result<Self> {
        let told = match named {
            Named::Target | Named::Open => fs::metadata(path)?,
            Named::Itself => fs::symlink_metadata(path)?,
        };
        Ok(os::metadata(&told))
    }

    /// Returns the digest of an aspect.
    #[must_use]
    pub fn digest(&self, aspect: Aspect) -> Digest {
        let mut hasher = FieldHasher::new("metadata");
        self.permissions.iter().for_each(|part| hasher.bytes(&part.to_le_bytes()));
        if aspect == Aspect::Everything {
            self.place.iter().chain(&self.numbers).for_each(|part| hasher.bytes(&part.to_le_bytes()));
            self.times.iter().for_each(|time| hasher.bytes(&time.to_le_bytes()));
        }
        hasher.finish()
    }
}

impl Aspect {
    /// Returns the letter that stands for an aspect of what a path stands for.
    #[must_use]
    pub fn letter(self, named: Named) -> u8 {
        match (self, named) {
            (Self::Everything, Named::Target | Named::Open) => b'e',
            (Self::Everything, Named::Itself) => b'E',
            (Self::Permissions, Named::Target | Named::Open) => b'p',
            (Self::Permissions, Named::Itself) => b'P',
        }
    }

    /// Returns what a letter stands for.
    #[must_use]
    pub fn from_letter(letter: u8) -> Option<(Self, Named)> {
        let all = [Self::Everything, Self::Permissions].into_iter();
        let mut all = all.flat_map(|aspect| [Named::Target, Named::Itself].map(|named| (aspect, named)));
        all.find(|(aspect, named)| aspect.letter(*named) == letter)
    }
}
