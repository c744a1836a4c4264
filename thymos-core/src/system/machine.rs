//! Facts about the machine and the process that a program can be told by value, without reading a file.
//!
//! Invariant: a fact is small, cheap to ask and the same for a wrapper and the compiler that it starts. What moves by itself,
//! the clock or the free memory say, is no fact. The letters stand in manifests.

use crate::system::digest::{Digest, FieldHasher};
use crate::system::os;

/// A kind of fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fact {
    /// The host's name, and the kernel's and its version: `uname`, `gethostname`.
    Host,
    /// How many processors there are, and which of them may be used.
    Processors,
    /// The limits of the process: `getrlimit`.
    Limits,
    /// Which permissions new files do not get.
    Umask,
    /// As whom the process runs.
    User,
}

impl Fact {
    /// Every fact.
    pub const ALL: [Self; 5] = [Self::Host, Self::Processors, Self::Limits, Self::Umask, Self::User];

    /// Returns the letter that stands for the fact in manifests.
    #[must_use]
    pub fn letter(self) -> u8 {
        match self {
            Self::Host => b'h',
            Self::Processors => b'p',
            Self::Limits => b'l',
            Self::Umask => b'm',
            Self::User => b'u',
        }
    }

    /// Returns the fact that a letter stands for.
    #[must_use]
    pub fn from_letter(letter: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|fact| fact.letter() == letter)
    }

    /// Returns the words that misses are explained with.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Host => "the host's name",
            Self::Processors => "the number of processors",
            Self::Limits => "the limits of the process",
            Self::Umask => "the mask for new files",
            Self::User => "the user",
        }
    }

    /// Returns what a program would be told here and now.
    #[must_use]
    pub fn digest(self) -> Digest {
        let mut hasher = FieldHasher::new(self.name());
        hasher.bytes(&os::told(self));
        hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fact_is_told_twice_alike_and_each_is_another() {
        for fact in Fact::ALL {
            assert_eq!(fact.digest(), fact.digest(), "{fact:?}");
            assert_eq!(Fact::from_letter(fact.letter()), Some(fact));
        }
    }
}
