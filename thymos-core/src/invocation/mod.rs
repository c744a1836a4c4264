//! What the compiler was asked to do, read from its command line.
//!
//! Invariant: parsing is pure, and an argument that it cannot name makes the result a Bypass. It does not decide whether a
//! cached result may be used; it only says what was asked.

pub(crate) mod foreign;
mod layout;
pub(crate) mod options;
mod parse;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::action::roots::Roots;
use crate::outcome::Bypass;

pub use parse::{outline, parse};

/// What a command line turned out to be.
#[derive(Debug)]
pub enum Parsed {
    /// A compile that can be cached.
    Compile(Box<Invocation>),
    /// A question to the compiler (`-vV`, `--print`, standard input): it answers itself, and nothing is counted.
    Query,
    /// A compile that is not cached.
    Bypass(Bypass),
}

/// The programs in front of the arguments: the compiler, and the driver that Cargo put before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// `clippy-driver`, for `thymos clippy-driver RUSTC ARGS…`.
    pub driver: Option<OsString>,
    /// The compiler.
    pub rustc: OsString,
}

/// One classified argument, as the key sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Argument {
    /// An option and its value; the value may hold paths.
    Text(String, Vec<u8>),
    /// Like `Text`, and read by the link only.
    Link(String, Vec<u8>),
    /// An option whose value names a file that is read by content.
    File(String, PathBuf),
    /// The source file.
    Source(PathBuf),
    /// That there is an incremental session.
    Incremental,
    /// `target-cpu=native`, or a linker that generates code: the processor is part of the key.
    NativeCpu,
}

/// An `--extern` with a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extern {
    /// Options and name, as given: `priv,noprelude:name`.
    pub name: String,
    /// The artifact.
    pub path: PathBuf,
}

/// One compile, as asked.
#[derive(Debug, Default)]
pub struct Invocation {
    /// The arguments that the key holds, in order.
    pub arguments: Vec<Argument>,
    /// Options that shape diagnostics only.
    pub display: Vec<Vec<u8>>,
    /// Externs with a path, in order.
    pub externs: Vec<Extern>,
    /// `--crate-name`.
    pub crate_name: String,
    /// `--crate-type`, and `bin` for `--test`.
    pub crate_types: Vec<String>,
    /// `-C extra-filename`.
    pub extra_filename: String,
    /// `--emit`, split at commas.
    pub emit: Vec<String>,
    /// `--out-dir`.
    pub out_dir: PathBuf,
    /// The source file.
    pub source: PathBuf,
    /// `--target`.
    pub target: Option<String>,
    /// `--sysroot`.
    pub sysroot: Option<PathBuf>,
    /// Whether `--test` was given.
    pub test: bool,
    /// `-C incremental`.
    pub incremental: Option<PathBuf>,
    /// `-L` directories with their kind.
    pub search_paths: Vec<(String, PathBuf)>,
    /// Whether messages are JSON.
    pub json: bool,
}

impl Invocation {
    /// Returns the roots as the compiler's streams spell them.
    pub(crate) fn stream_roots(&self, roots: &Roots) -> Roots {
        if self.json { roots.json() } else { roots.clone() }
    }

    /// Returns whether the unit runs a linker: executables, shared objects and proc macros do.
    #[must_use]
    pub fn links(&self) -> bool {
        let linked = |kind: &String| matches!(kind.as_str(), "bin" | "dylib" | "cdylib" | "proc-macro" | "sdylib");
        self.emit.iter().any(|kind| kind == "link") && (self.test || self.crate_types.iter().any(linked))
    }

    /// Returns whether the unit bundles every library that it depends on.
    #[must_use]
    pub fn bundles(&self) -> bool {
        self.emit.iter().any(|kind| kind == "link") && self.crate_types.iter().any(|kind| kind == "staticlib")
    }

    /// Returns what every output's name starts with, but for a `lib` in front.
    #[must_use]
    pub fn stem(&self) -> String {
        format!("{}{}", self.crate_name, self.extra_filename)
    }

    /// Returns the stems of the units whose outputs are given as externs.
    #[must_use]
    pub fn dependencies(&self) -> Vec<String> {
        let stem = |external: &Extern| {
            let stem = external.path.file_stem()?.to_str()?;
            Some(stem.strip_prefix("lib").unwrap_or(stem).to_owned())
        };
        self.externs.iter().filter_map(stem).collect()
    }

    /// Returns whether `file` is named like an output of this unit.
    #[must_use]
    pub fn owns(&self, file: &OsStr) -> bool {
        let (name, stem) = (file.as_encoded_bytes(), self.stem());
        [name, name.strip_prefix(b"lib").unwrap_or(name)].iter().any(|name| {
            name.strip_prefix(stem.as_bytes()).is_some_and(|rest| rest.first().is_none_or(|next| *next == b'.'))
        })
    }

    /// Returns the path of the dep-info file.
    #[must_use]
    pub fn dep_info(&self) -> PathBuf {
        self.out_dir.join(format!("{}.d", self.stem()))
    }

    /// Returns the crate kind for statistics: `test`, `build-script`, `check`, or the crate types.
    #[must_use]
    pub fn kind(&self) -> String {
        if self.crate_name == "build_script_build" || self.crate_name.starts_with("build_script_") {
            "build-script".to_owned()
        } else if self.test {
            "test".to_owned()
        } else if !self.emit.iter().any(|kind| kind == "link") {
            "check".to_owned()
        } else {
            self.crate_types.join("+")
        }
    }

    /// Returns whether a build script compiles this to find out what the compiler can do. Cargo gives its own units a name that
    /// no other unit has.
    pub(crate) fn is_probe(&self) -> bool {
        self.extra_filename.is_empty() && layout::is_script_out(&self.out_dir)
    }

    /// Returns Cargo's profile, read from where outputs go: `dev`, `release`.
    pub(crate) fn profile(&self) -> Option<&str> {
        // The profile is older than its directory's name.
        layout::profile_dir(&self.out_dir).map(|name| if name == "debug" { "dev" } else { name })
    }

    /// Returns whether outputs go where Cargo has a directory for this unit alone.
    #[must_use]
    pub fn is_in_own_directory(&self) -> bool {
        layout::is_of_one_unit(&self.out_dir)
    }

    /// Returns Cargo's target directory, read from where outputs go.
    #[must_use]
    pub fn target_dir(&self) -> Option<&Path> {
        layout::target_dir(&self.out_dir, self.target.as_deref())
    }
}
