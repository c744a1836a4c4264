//! The language of the end-to-end tests: a world of its own, checkouts of small projects in it, and what builds in them did.
//!
//! ```ignore
//! let world = World::cached();
//! world.cold_and_warm(&package("app").file("src/main.rs", HELLO), |here| {
//!     here.cargo("build").ok();
//!     assert_eq!(here.program("app").ok().stdout, "hello\n");
//! });
//! ```
//!
//! Invariant: nothing a test does reaches the user's home, store or configuration. Only `Cargo::with_registry` reads the
//! user's downloaded crates. Every process starts from an empty environment.
//!
//! It deliberately knows no engine internals: it sees what a user sees, which is files, streams, exit statuses, `thymos stats`
//! and the events file. There are no sleeps and no assertions on wall time.
#![allow(dead_code, unused_imports, reason = "each test target speaks its own part of the language")]

mod checkout;
mod compiler;
mod directory;
mod files;
mod mount;
mod outputs;
mod registry;
mod run;
mod stats;
mod toolchain;
mod tools;
mod world;

pub use checkout::Checkout;
#[cfg(unix)]
pub use compiler::{Compiler, Moment, Spy, host, real_rustc};
pub use directory::{Directory, c_tool};
pub use files::{Files, library_and_program, package, workspace};
pub use mount::Mount;
pub use outputs::{assert_same_outputs, outputs};
pub use registry::published;
pub use run::{Cargo, Run, Started};
pub use stats::Stats;
#[cfg(unix)]
pub use toolchain::Toolchain;
pub use tools::{require_root, require_tool, skip};
pub use world::{Mode, World, users_directory};
