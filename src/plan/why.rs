//! Why the default linker stays.
//!
//! Invariant: pure, and the only list of such reasons.

use crate::{Scope, plan::chosen::Chosen};

/// Why the default stays: the enum that every explanation and every test goes by.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum Why {
    /// docs.rs builds documentation and links nothing.
    DocsRs,
    /// The package has no target of the kind that the flag is for, and Cargo would refuse it.
    NoSuchTarget {
        /// The kind.
        scope: Scope,
    },
    /// The person chose already.
    Chosen(Chosen),
    /// The target's toolchain is right as it is.
    Rule {
        /// In what way.
        reason: &'static str,
    },
    /// A build script cannot change it; Cargo's configuration can.
    Configuration {
        /// The linker that gains there.
        linker: &'static str,
    },
    /// On Nix the linker is a wrapper that writes run paths, and going past it breaks programs.
    Nix,
    /// There is no compiler to ask.
    NoToolchain {
        /// What is wrong.
        cause: String,
    },
    /// The toolchain's own link does not work, so nothing can be compared with it.
    NoLink {
        /// What the tools said.
        cause: String,
    },
    /// The default is what was asked for.
    AlreadyAsked,
    /// The default is a fast linker already.
    AlreadyFast,
    /// No candidate that works is clearly faster.
    NothingFaster,
    /// What was asked for cannot be used.
    Unusable {
        /// The name that was asked for.
        asked: String,
        /// What is wrong with it.
        cause: String,
        /// The command that installs it, if it is merely missing.
        install: Option<String>,
    },
}
