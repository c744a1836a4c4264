//! Which variables that a compile read are inputs of its result.
//!
//! The compiler reads its own variables: those that shape the result are in the key, and the ones that `env!` names are in
//! the dep-info. Code that was loaded while it ran, a proc macro, may read anything, and everything it asks for is an input.
//!
//! Invariant: a variable that a proc macro read is compared literally, so a value that holds a path binds the result to it.

use std::ffi::{OsStr, OsString};

use crate::digest::Digest;
use crate::environment::Environment;
use crate::manifest::Input;

/// What is known about the variables that loaded code read.
#[derive(Clone, Copy, Debug)]
pub enum Reads<'a> {
    /// These.
    Named(&'a [OsString]),
    /// Possibly all of them.
    Everything,
    /// Possibly all of them, by a script in the compiler's or the linker's place. What Cargo tells about the package is in the
    /// key already, relative to the roots, and a script that measures a path is not worth binding every link for.
    Script,
}

/// The standard library asks for these on behalf of every program, a proc macro's copy of it too.
const RUNTIME: &[&str] = &["RUST_BACKTRACE", "RUST_LIB_BACKTRACE", "RUST_MIN_STACK"];
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

/// Set by Cargo for the compilers that it starts, or turned by it into their arguments, which the key holds; of the search path
/// it holds the user's part.
const BY_CARGO: &[&str] = &[
    "CARGO",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_PRIMARY_PACKAGE",
    "DYLD_FALLBACK_LIBRARY_PATH",
    "LD_LIBRARY_PATH",
    "RUSTFLAGS",
];

/// Returns the inputs that the reads make.
#[must_use]
pub fn inputs(reads: Reads<'_>, environment: &Environment) -> Vec<Input> {
    let one = |name: &OsStr| {
        let value = environment.get(name).map(|value| Digest::of(value.as_encoded_bytes()));
        Input::Variable(name.as_encoded_bytes().to_vec(), value)
    };
    match reads {
        Reads::Named(names) => names.iter().filter(|name| !listed(name, RUNTIME, &[])).map(|name| one(name)).collect(),
        Reads::Everything => {
            let told = environment.iter().filter(|(name, _)| !listed(name, VOLATILE, VOLATILE_PREFIXES));
            told.map(|(name, _)| one(name)).collect()
        }
        Reads::Script => {
            let by_cargo =
                |name: &OsStr| listed(name, BY_CARGO, &[]) || name.to_str().is_some_and(crate::environment::is_keyed);
            let told =
                environment.iter().map(|(name, _)| name).filter(|name| !listed(name, VOLATILE, VOLATILE_PREFIXES));
            told.filter(|name| !by_cargo(name)).map(one).collect()
        }
    }
}

fn listed(name: &OsStr, names: &[&str], prefixes: &[&str]) -> bool {
    let Some(name) = name.to_str() else { return false };
    names.contains(&name) || prefixes.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment() -> Environment {
        [("DATABASE_URL", "x"), ("PWD", "/ws"), ("EMPTY", "")]
            .map(|(name, value)| (name.into(), value.into()))
            .into_iter()
            .collect()
    }

    #[test]
    fn what_a_macro_asked_for_is_an_input_and_unset_differs_from_empty() {
        let names = ["DATABASE_URL", "EMPTY", "UNSET", "RUST_BACKTRACE"].map(OsString::from);
        let inputs = inputs(Reads::Named(&names), &environment());
        let variable = |name: &str, value: Option<&[u8]>| Input::Variable(name.into(), value.map(Digest::of));
        assert_eq!(
            inputs,
            [variable("DATABASE_URL", Some(b"x")), variable("EMPTY", Some(b"")), variable("UNSET", None)]
        );
    }

    #[test]
    fn where_everything_may_have_been_read_only_what_every_process_changes_is_left_out() {
        let inputs = inputs(Reads::Everything, &environment());
        assert_eq!(inputs.len(), 2);
    }

    #[test]
    fn what_cargo_tells_a_script_about_the_package_binds_nothing() {
        let environment: Environment = [("CARGO_MANIFEST_DIR", "/ws"), ("LD_LIBRARY_PATH", "/t"), ("FLAGS", "x")]
            .map(|(name, value)| (name.into(), value.into()))
            .into_iter()
            .collect();
        assert_eq!(inputs(Reads::Script, &environment), [Input::Variable("FLAGS".into(), Some(Digest::of(b"x")))]);
    }
}
