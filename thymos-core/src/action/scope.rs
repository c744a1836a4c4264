//! Which variables count as read by a program that tells nothing of what it reads.
//!
//! Invariant: pure. The letters stand in manifests.

use std::ffi::OsStr;

use crate::settings::environment::Environment;

/// Which variables count as read where nothing tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// All of them.
    Everything,
    /// All of them, by a script, or a program that nobody knows, in the compiler's or the linker's place. What Cargo tells about
    /// the package is in the key already, relative to the roots, and a script that measures a path is not worth binding every
    /// link for.
    Script,
}

impl Scope {
    /// Returns the letter that stands for the scope in manifests.
    #[must_use]
    pub fn letter(self) -> u8 {
        match self {
            Self::Everything => b'e',
            Self::Script => b's',
        }
    }

    /// Returns the scope that a letter stands for.
    #[must_use]
    pub fn from_letter(letter: u8) -> Option<Self> {
        [Self::Everything, Self::Script].into_iter().find(|scope| scope.letter() == letter)
    }

    /// Returns the names of this scope's variables that are set, in order.
    pub fn names(self, environment: &Environment) -> impl Iterator<Item = &OsStr> {
        let by_cargo = |name: &OsStr| {
            listed(name, BY_CARGO, &[]) || name.to_str().is_some_and(crate::settings::environment::is_keyed)
        };
        let is_told = move |name: &&OsStr| {
            !listed(name, VOLATILE, VOLATILE_PREFIXES) && (self == Self::Everything || !by_cargo(name))
        };
        environment.iter().map(|(name, _)| name).filter(is_told)
    }

    /// Returns a variable of this scope that is set and has none of these names.
    #[must_use]
    pub fn other<'e>(self, names: &[Vec<u8>], environment: &'e Environment) -> Option<&'e OsStr> {
        self.names(environment).find(|name| !names.iter().any(|known| known == name.as_encoded_bytes()))
    }
}

/// Said by a terminal, a shell or Cargo about themselves, and different in every process. Only where nothing tells what was
/// read, they count as not read.
const VOLATILE: &[&str] = &[
    "CARGO_BUILD_JOBS",
    "CARGO_MAKEFLAGS",
    "CARGO_TARGET_DIR",
    "COLORTERM",
    "COLUMNS",
    "LINES",
    "LS_COLORS",
    "MAKEFLAGS",
    "MFLAGS",
    "NO_COLOR",
    "NUM_JOBS",
    "OLDPWD",
    "PWD",
    "RUSTC_WRAPPER",
    "SHLVL",
    "TERM",
    "TERM_PROGRAM",
    "TMUX",
    "WINDOWID",
    "_",
];
const VOLATILE_PREFIXES: &[&str] = &["CARGO_TERM_", "SCCACHE_", "SSH_", "THYMOS_", "XDG_SESSION_", "VTE_"];

/// Turned by Cargo into arguments of the compilers that it starts, which the key holds; of the search path it holds the user's
/// part.
const BY_CARGO: &[&str] = &["CARGO_ENCODED_RUSTFLAGS", "DYLD_FALLBACK_LIBRARY_PATH", "LD_LIBRARY_PATH", "RUSTFLAGS"];

/// Returns whether a name is one of these, or begins with one of the prefixes.
#[must_use]
pub fn listed(name: &OsStr, names: &[&str], prefixes: &[&str]) -> bool {
    let Some(name) = name.to_str() else { return false };
    names.contains(&name) || prefixes.iter().any(|prefix| name.starts_with(prefix))
}
