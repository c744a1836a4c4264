//! Linkers by name, and how people name them.
//!
//! Invariant: every text names a linker or a choice; what the text asks for may not exist, and then a probe says so.

use std::{fmt, path::PathBuf};

/// A linker that a plan can consider.
///
/// ```
/// use thymos_build::Linker;
/// assert_eq!(Linker::from("mold"), Linker::Mold);
/// assert_eq!(Linker::from("/opt/ld.lld").to_string(), "/opt/ld.lld");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Linker {
    /// The LLD that the Rust toolchain ships.
    RustLld,
    /// LLD from the system, `ld.lld`.
    Lld,
    /// mold.
    Mold,
    /// wild.
    Wild,
    /// What the C compiler links with when nobody tells it otherwise, on most systems GNU `ld`.
    System,
    /// A linker that a person named by its path.
    Path(PathBuf),
}

impl Linker {
    /// The linkers that are looked for without being asked, best tie-breaker first.
    pub const KNOWN: [Linker; 5] = [Linker::RustLld, Linker::Lld, Linker::Mold, Linker::Wild, Linker::System];

    /// Returns whether a person who asked for `asked` is content with this linker: `lld` is either LLD.
    ///
    /// ```
    /// use thymos_build::Linker;
    /// assert!(Linker::RustLld.is_a(&Linker::Lld));
    /// assert!(!Linker::Lld.is_a(&Linker::RustLld));
    /// ```
    pub fn is_a(&self, asked: &Linker) -> bool {
        self == asked || (*self == Linker::RustLld && *asked == Linker::Lld)
    }

    /// Returns whether this is one of the two LLDs.
    pub(crate) fn is_lld(&self) -> bool {
        self.is_a(&Linker::Lld)
    }
}

impl fmt::Display for Linker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Linker::RustLld => f.write_str("rust-lld"),
            Linker::Lld => f.write_str("lld"),
            Linker::Mold => f.write_str("mold"),
            Linker::Wild => f.write_str("wild"),
            Linker::System => f.write_str("system"),
            Linker::Path(path) => write!(f, "{}", path.display()),
        }
    }
}

impl From<&str> for Linker {
    fn from(text: &str) -> Linker {
        match text.trim() {
            "rust-lld" => Linker::RustLld,
            "lld" | "ld.lld" => Linker::Lld,
            "mold" | "ld.mold" => Linker::Mold,
            "wild" => Linker::Wild,
            "system" | "ld" => Linker::System,
            path => Linker::Path(path.into()),
        }
    }
}

impl From<PathBuf> for Linker {
    fn from(path: PathBuf) -> Linker {
        Linker::Path(path)
    }
}

/// What somebody asked for.
///
/// ```
/// use thymos_build::{Choice, Linker};
/// assert_eq!(Choice::from("auto"), Choice::Auto);
/// assert_eq!(Choice::from("lld"), Choice::Only(Linker::Lld));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Choice {
    /// The toolchain's default if that is a fast linker already, else the fastest that works.
    #[default]
    Auto,
    /// This linker, or the default with a warning.
    Only(Linker),
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Choice::Auto => f.write_str("auto"),
            Choice::Only(linker) => linker.fmt(f),
        }
    }
}

impl From<&str> for Choice {
    fn from(text: &str) -> Choice {
        match text.trim() {
            "" | "auto" => Choice::Auto,
            name => Choice::Only(name.into()),
        }
    }
}

impl From<Linker> for Choice {
    fn from(linker: Linker) -> Choice {
        Choice::Only(linker)
    }
}

impl From<PathBuf> for Choice {
    fn from(path: PathBuf) -> Choice {
        Choice::Only(path.into())
    }
}

/// The targets of the package that a flag is meant for.
///
/// Cargo refuses a flag for bins, tests, examples or benches in a package that has none, so a plan leaves such a flag
/// out; `Package` is safe everywhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Scope {
    /// Everything in the package that is linked.
    #[default]
    Package,
    /// Its binaries.
    Bins,
    /// Its integration and unit tests in `tests/`.
    Tests,
    /// Its examples.
    Examples,
    /// Its benchmarks.
    Benches,
    /// Its C dynamic library.
    Cdylib,
}
