//! Picks the fastest linker that really links, and tells Cargo.
//!
//! ```no_run
//! // All that fn main() of a build.rs needs:
//! thymos_build::configure().emit();
//! ```

mod config;
mod env;
mod error;
mod linker;

pub use config::{Config, configure};
pub use env::{Env, var};
pub use error::Error;
pub use linker::{Choice, Linker, Scope};
