//! Which variables that a compile read are inputs of its result.
//!
//! rustc, LLVM and the C library ask for the same names in every compile; those shape messages, logs and places for
//! temporary files, not artifacts. Everything else that was asked for, by a proc macro most likely, is an input.
//!
//! Invariant: a variable whose value holds a path of a root is compared literally, so the result is bound to that place.

use std::ffi::{OsStr, OsString};

use crate::digest::Digest;
use crate::environment::{self, Environment};
use crate::manifest::Input;
use crate::roots::Roots;

/// What is known about the variables that a compile read.
#[derive(Clone, Copy, Debug)]
pub enum Reads<'a> {
    /// These.
    Named(&'a [OsString]),
    /// Possibly all of them.
    Everything,
}

/// Asked for by the compiler and its runtime in every compile, without a part in the artifact.
const COMPILER: &[&str] = &["PATH", "TMPDIR", "RUST_BACKTRACE", "RUST_LIB_BACKTRACE", "RUST_MIN_STACK", "TERM"];
/// Said by a terminal, a shell or Cargo about themselves, and different in every process.
const VOLATILE: &[&str] = &[
    "CARGO_BUILD_JOBS", "CARGO_MAKEFLAGS", "CARGO_TARGET_DIR", "COLORTERM", "COLUMNS", "HOSTNAME", "LINES", "LS_COLORS",
    "MAKEFLAGS", "MFLAGS", "NO_COLOR", "NUM_JOBS", "OLDPWD", "PWD", "RUSTC_WRAPPER", "SHLVL", "TERM", "TERM_PROGRAM", "TMUX",
    "WINDOWID", "_",
];
const VOLATILE_PREFIXES: &[&str] = &["CARGO_TERM_", "SSH_", "THYMOS_", "XDG_SESSION_", "VTE_"];

/// Returns the inputs that the reads make.
#[must_use]
pub fn inputs(reads: Reads<'_>, environment: &Environment, roots: &Roots) -> Vec<Input> {
    let one = |name: &OsStr| {
        let value = environment.get(name);
        let holds_path = value.is_some_and(|value| !roots.found_in(value.as_encoded_bytes()).is_empty());
        let in_key = name.to_str().is_some_and(environment::is_keyed);
        // What the key holds and no place shapes needs no second look.
        (!in_key || holds_path)
            .then(|| Input::Variable(name.as_encoded_bytes().to_vec(), value.map(|value| Digest::of(value.as_encoded_bytes()))))
    };
    match reads {
        Reads::Named(names) => names.iter().filter(|name| !listed(name, COMPILER, &["THYMOS_"])).filter_map(|name| one(name)).collect(),
        Reads::Everything => {
            let told = environment.iter().filter(|(name, _)| !listed(name, VOLATILE, VOLATILE_PREFIXES));
            told.filter_map(|(name, _)| one(name)).collect()
        }
    }
}

fn listed(name: &OsStr, names: &[&str], prefixes: &[&str]) -> bool {
    let Some(name) = name.to_str() else { return false };
    names.contains(&name) || prefixes.iter().any(|prefix| name.starts_with(prefix))
}
