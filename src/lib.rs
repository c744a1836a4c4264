//! Picks the fastest linker that really links, and tells Cargo.
//!
//! A `build.rs` of three lines is enough:
//!
//! ```no_run
//! # mod build_script {
//! fn main() {
//!     thymos_build::configure().emit();
//! }
//! # }
//! ```
//!
//! What it does: detect, decide, render. The environment ([`Env`]), the tools and the probes are read first; a [`Plan`] is
//! decided from them without looking at anything else; and the plan is rendered for its readers:
//!
//! | renderer | for |
//! |---|---|
//! | [`Config::emit`] | Cargo: the links of the package that is being built |
//! | [`Plan::cargo_config`] | `.cargo/config.toml`: every link of a workspace, and the compile cache |
//! | [`Plan::variables`] | a Dockerfile or a CI job |
//! | [`Plan::explain`] and `Display` | people |
//!
//! # What a build script can and cannot do
//! The flags that it prints reach the binaries, tests, examples, benchmarks and the cdylib of its own package. They do not
//! reach packages that depend on it, and they cannot set rustflags, a profile or a compile cache: those need
//! `.cargo/config.toml`, which a build script must not write.
//!
//! # Promises
//! - A linker is used only after it linked a small program with the C compiler that rustc runs, left its own mark in it,
//!   and, where the host is the target, the program ran.
//! - No flag is printed that would not change who links. Since 1.90 rustup's x86_64 Linux toolchain links with LLD by itself,
//!   and there this library usually prints no flag at all.
//! - A person's own choice, in flags or configuration, is left alone. `THYMOS_LINKER=auto|system|lld|mold|wild|/path` is the
//!   way to overrule a build script.
//! - No missing, broken or hanging tool fails a build. What was asked for and cannot be had is a warning with the command
//!   that installs it.
//!
//! # Features
//! All are off by default. `cc` finds the C compiler of cross targets; `os_info` asks that crate for the [`System`]; `serde` makes a
//! [`Plan`] serialisable.

mod config;
mod error;
mod machine;
mod plan;
mod probe;
mod render;

/// The links behind a plan, for the program `thymos`, which times them with a larger program.
///
/// Not an interface for build scripts: it changes without notice.
#[doc(hidden)]
pub mod bench {
    pub use crate::probe::bench::{Bench, Job, Program};
}

pub use config::{Config, configure};
pub use error::Error;
pub use machine::{
    compiler::CCompiler,
    env::{self, Env},
    linker::{Choice, Linker, Scope},
    mark::Mark,
    platform::{CLibrary, Platform},
    system::{Circumstance, Packager, System},
    toolchain::Toolchain,
    wrapper::{Caches, Caching, Wrapper},
};
pub use plan::{
    Because, Decision, Plan, Verdict,
    chosen::{Binding, Chosen},
    facts::{By, Request},
    why::Why,
};
pub use probe::{Candidate, Linked, Probe, survey::DefaultLink};
