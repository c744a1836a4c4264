//! Which variables count as read by a program that tells nothing of what it reads.
//!
//! Invariant: pure. What a process may have read counts by its value, whatever it is called: the name of a session, of a terminal or
//! of a directory may be in the result. The letters stand in manifests.

use std::ffi::OsStr;

use crate::settings::environment::{self, Environment};

/// Which variables count as read where nothing tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// All of them.
    Everything,
    /// What a shell reads by itself, before its script says so.
    Shell,
}

impl Scope {
    /// Returns the letter that stands for the scope in manifests.
    pub fn letter(self) -> u8 {
        match self {
            Self::Everything => b'e',
            Self::Shell => b'h',
        }
    }

    /// Returns the scope that a letter stands for.
    pub fn from_letter(letter: u8) -> Option<Self> {
        [Self::Everything, Self::Shell].into_iter().find(|scope| scope.letter() == letter)
    }

    /// Returns the names of this scope's variables that are set, in order.
    pub fn names(self, environment: &Environment) -> impl Iterator<Item = &OsStr> {
        let is_read = move |name: &&OsStr| match self {
            // No compiler sees it.
            Self::Everything => *name != environment::BUILD,
            Self::Shell => name.to_str().is_some_and(is_of_shells),
        };
        environment.iter().map(|(name, _)| name).filter(is_read)
    }

    /// Returns a variable of this scope that is set and has none of these names.
    pub fn other<'e>(self, names: &[Vec<u8>], environment: &'e Environment) -> Option<&'e OsStr> {
        self.names(environment).find(|name| !names.iter().any(|known| known == name.as_encoded_bytes()))
    }
}

/// Bash's and dash's manuals, "Shell Variables" and "Invocation". A search of `PATH` is an input by what it finds.
const OF_SHELLS: &[&str] = &["CDPATH", "ENV", "GLOBIGNORE", "IFS", "POSIXLY_CORRECT", "PS4", "SHELLOPTS"];
/// `BASH_ENV` and `BASHOPTS` among them, and functions that a shell hands on.
const OF_BASH: &str = "BASH";

fn is_of_shells(name: &str) -> bool {
    OF_SHELLS.contains(&name) || name.starts_with(OF_BASH)
}
