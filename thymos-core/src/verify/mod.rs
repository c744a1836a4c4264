//! Compiles hits again and compares: what `THYMOS_VERIFY` asks for.
//!
//! The compiler runs as it would for this hit, but for where it writes: below a scratch directory in the store, laid out like the
//! target directory. What it made is compared with what the store holds: outputs byte by byte, the dep-info, both streams, and
//! that it succeeds. Where something differs it runs once more, which tells a compile that is not reproducible from a store that is
//! wrong. Then the unit is compiled in its place like any miss, and if that gives what the store holds after all, only the
//! scratch directory made the difference and the entry is cleared of the doubt.
//!
//! Invariant: what could not be confirmed is never laid out; the build goes on with fresh outputs. Without `THYMOS_VERIFY` none of
//! this runs.

mod difference;
mod mask;
mod recompile;
mod scratch;

pub use difference::difference;
pub use recompile::{Doubt, Recompile, Refusal, Suspect, comparable};
