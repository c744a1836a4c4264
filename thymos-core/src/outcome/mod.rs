//! What became of an invocation: every way of not getting a hit is a variant here.
//!
//! Invariant: these enums are at once the counter, the log line and the row of the documentation, so they cannot drift
//! apart. [`Outcome::reason`] is what `thymos stats` counts: there are few, so what is different each time, a path say, is
//! no part of it.

pub mod cause;
pub mod difference;
pub mod event;
pub mod past_action;

use std::fmt;

use crate::outcome::cause::Cause;

/// How an invocation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Outputs came from the store; no compiler was started.
    Hit,
    /// The compiler ran and the result was looked for first.
    Miss(Cause),
    /// The compiler ran because this is nothing that Thymos caches.
    Bypass(Bypass),
    /// The compiler ran because Thymos could not do its part.
    Degraded(Degraded),
}

impl Outcome {
    /// Returns the word that events use.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss(_) => "miss",
            Self::Bypass(_) => "bypass",
            Self::Degraded(_) => "degraded",
        }
    }

    /// Returns the cause of a miss.
    #[must_use]
    pub fn cause(&self) -> Option<Cause> {
        match self {
            Self::Miss(cause) => Some(cause.clone()),
            _ => None,
        }
    }

    /// Returns the reason, which a hit does not have.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        match self {
            Self::Hit => None,
            Self::Miss(cause) => Some(cause.reason().to_owned()),
            Self::Bypass(bypass) => Some(bypass.to_string()),
            Self::Degraded(degraded) => Some(degraded.to_string()),
        }
    }
}

/// Why an invocation is not cached, or its result not stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bypass {
    /// An argument that nobody has classified.
    UnknownOption(String),
    /// A known use of the compiler that is not cached.
    Uncached(&'static str),
    /// An argument that must be text is not UTF-8.
    NotUtf8,
    /// `THYMOS_MODE=off`.
    Off,
    /// A wrapper runs inside a compile that another one is watching.
    Nested,
    /// A workspace wrapper that Thymos does not know.
    UnknownDriver(String),
    /// Human-readable diagnostics go to a terminal.
    Terminal,
    /// An incremental session exists: rustc does this better.
    Incremental,
    /// `target-cpu=native` on a system that does not tell its processor.
    NativeCpu,
    /// The unit links, and nothing can tell what the linker reads.
    LinkUnseen,
    /// The compile read something that cannot be accounted for.
    Unaccounted(String),
    /// The compile wrote outside its own outputs.
    WritesElsewhere(String),
    /// The compile read a file that changed while it ran.
    InputChangedMeanwhile(String),
    /// An output that is neither a file nor known.
    StrangeOutput(String),
    /// The compile failed, and failures are not stored.
    Failed,
}

impl fmt::Display for Bypass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownOption(option) => write!(f, "unknown option {option}"),
            Self::Uncached(what) => f.write_str(what),
            Self::NotUtf8 => f.write_str("argument is not UTF-8"),
            Self::Off => f.write_str("mode is off"),
            Self::Nested => f.write_str("inside another compile"),
            Self::UnknownDriver(name) => write!(f, "unknown workspace wrapper {name}"),
            Self::Terminal => f.write_str("diagnostics go to a terminal"),
            Self::Incremental => f.write_str("left to incremental compilation"),
            Self::NativeCpu => f.write_str("processor of target-cpu=native is unknown"),
            Self::LinkUnseen => f.write_str("linker cannot say what it reads"),
            Self::Unaccounted(_) => f.write_str("read that cannot be accounted for"),
            Self::WritesElsewhere(_) => f.write_str("compile writes outside its outputs"),
            Self::InputChangedMeanwhile(_) => f.write_str("input changed while compiling"),
            Self::StrangeOutput(_) => f.write_str("output is no plain file"),
            Self::Failed => f.write_str("compile failed"),
        }
    }
}

/// Why Thymos could not do its part; the build went on without it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Degraded {
    /// The store could not be opened.
    StoreUnavailable(String),
    /// The store belongs to somebody else or others may write to it.
    StoreNotPrivate,
    /// The compiler's files could not be read.
    Compiler(String),
    /// A manifest was damaged; it was set aside.
    ManifestDamaged,
    /// A blob was damaged; it was dropped.
    BlobDamaged,
    /// Outputs could not be laid out.
    Restore(String),
    /// The result could not be stored.
    Publish(String),
    /// An input could not be read.
    Gather(String),
    /// Files are stamped with another time than the system tells.
    Clock,
    /// A hit was compiled again, which gave something else, twice the same: the store was wrong.
    VerifiedWrong,
    /// A hit was compiled again twice, which gave two different results.
    NotReproducible,
    /// A hit should have been compiled again, and could not be.
    Unverified(String),
    /// The observer could not watch, and there is no other way to account for the unit.
    Unobserved(String),
}

impl fmt::Display for Degraded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StoreUnavailable(why) => write!(f, "store unavailable: {why}"),
            Self::StoreNotPrivate => f.write_str("store is not private to this user"),
            Self::Compiler(why) => write!(f, "compiler not identified: {why}"),
            Self::ManifestDamaged => f.write_str("damaged manifest"),
            Self::BlobDamaged => f.write_str("damaged blob"),
            Self::Restore(why) => write!(f, "restore failed: {why}"),
            Self::Publish(why) => write!(f, "publish failed: {why}"),
            Self::Gather(why) => write!(f, "input not readable: {why}"),
            Self::Clock => f.write_str("clock was changed, or files are stamped by another one"),
            Self::VerifiedWrong => f.write_str("verification failed: the cache was wrong"),
            Self::NotReproducible => f.write_str("verification failed: the compile is not reproducible"),
            Self::Unverified(why) => write!(f, "not verified: {why}"),
            Self::Unobserved(why) => write!(f, "not observed: {why}"),
        }
    }
}
