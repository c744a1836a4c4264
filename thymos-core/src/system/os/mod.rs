//! What differs between operating systems, behind one set of names.
//!
//! Invariant: nothing outside this module and `observe` asks which system it runs on.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub use unix::*;

#[cfg(not(unix))]
mod other;
#[cfg(not(unix))]
pub use other::*;

/// Whether compilers here write ELF: its files bear no signature over their bytes.
pub const WRITES_ELF: bool = cfg!(all(unix, not(target_vendor = "apple")));

/// What a program's exit status tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tells {
    /// Whether it failed.
    Failure,
    /// Nothing.
    Nothing,
}
