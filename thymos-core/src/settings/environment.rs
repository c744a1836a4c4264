//! The variables that Thymos reads, and those that a compile may depend on.
//!
//! Invariant: this is the only module that reads the environment; everything else gets an [`Environment`].

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use crate::system::os;

/// Where the store is.
pub(crate) const DIR: &str = "THYMOS_DIR";
/// The store's size limit: `10G`, `500M`, plain bytes.
pub(crate) const CACHE_SIZE: &str = "THYMOS_CACHE_SIZE";
/// `on`, `read-only`, `refresh` or `off`.
pub(crate) const MODE: &str = "THYMOS_MODE";
/// `workspace` (default), `all` or `off`: which paths in artifacts are remapped.
pub(crate) const REMAP: &str = "THYMOS_REMAP";
/// Set by `thymos build` and its kin: the name that events of their build carry.
pub(crate) const BUILD: &str = "THYMOS_BUILD";
/// The share of hits that are compiled again and compared, from 0 (default) to 1: `1`, `0.05`.
pub(crate) const VERIFY: &str = "THYMOS_VERIFY";
/// `1` prints one line at the end of a build.
pub(crate) const SUMMARY: &str = "THYMOS_SUMMARY";
/// How wide the terminal is, in columns; the terminal itself is asked where it is not set.
pub(crate) const COLUMNS: &str = "COLUMNS";
/// Set and not empty: nothing is coloured. See <https://no-color.org>.
pub(crate) const NO_COLOR: &str = "NO_COLOR";
/// What kind of terminal there is; `dumb` can only print.
pub(crate) const TERM: &str = "TERM";
/// `no` (default) or `group`: whether the group that the store belongs to is trusted with it.
pub(crate) const SHARED: &str = "THYMOS_SHARED";
/// `always` (default) or `once`: whether runs of build scripts are looked up.
pub(crate) const BUILD_SCRIPTS: &str = "THYMOS_BUILD_SCRIPTS";
/// Set by a launcher: the name that Cargo started a build script under.
pub(crate) const SCRIPT: &str = "THYMOS_SCRIPT";
/// Set for everything that a wrapper starts, so that a wrapper never runs inside a wrapped compile.
pub(crate) const ACTIVE: &str = "THYMOS_ACTIVE";

/// Under sccache's name: where the store is, unless [`DIR`] says so.
pub(crate) const SCCACHE_DIR: &str = "SCCACHE_DIR";
/// Under sccache's name: the store's size limit, unless [`CACHE_SIZE`] says so.
pub(crate) const SCCACHE_CACHE_SIZE: &str = "SCCACHE_CACHE_SIZE";
/// Under sccache's name: set to anything, everything is compiled again and stored, unless [`MODE`] says otherwise.
pub(crate) const SCCACHE_RECACHE: &str = "SCCACHE_RECACHE";
/// Under sccache's name: `info` and below tell about each compile, `warn` and `error` about trouble with the cache.
pub(crate) const SCCACHE_LOG: &str = "SCCACHE_LOG";
/// Under sccache's name: the file that [`SCCACHE_LOG`] writes to instead of Cargo's standard error.
pub(crate) const SCCACHE_ERROR_LOG: &str = "SCCACHE_ERROR_LOG";
/// Under sccache's name: `1` without arguments is what starts a server.
pub(crate) const SCCACHE_START_SERVER: &str = "SCCACHE_START_SERVER";
/// What names of variables begin with that ask sccache for a cache on another machine.
pub(crate) const SCCACHE_REMOTE: [&str; 10] = [
    "SCCACHE_AZURE",
    "SCCACHE_BUCKET",
    "SCCACHE_COS_",
    "SCCACHE_ENDPOINT",
    "SCCACHE_GCS_BUCKET",
    "SCCACHE_GHA_ENABLED",
    "SCCACHE_MEMCACHED",
    "SCCACHE_OSS_",
    "SCCACHE_REDIS",
    "SCCACHE_WEBDAV",
];

/// The name that this program was started under.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Name {
    /// Its own.
    #[default]
    Thymos,
    /// sccache's, whose settings count then.
    Sccache,
}

/// A snapshot of the process environment.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
    name: Name,
}

impl Environment {
    /// Reads the environment of this process.
    #[must_use]
    pub fn read() -> Self {
        Self { variables: std::env::vars_os().collect(), name: Name::Thymos }
    }

    /// Returns the environment of a process that was started under this name.
    pub(crate) fn called(self, name: Name) -> Self {
        Self { name, ..self }
    }

    /// Returns the value of a setting of sccache's, if this process was started under its name.
    pub(crate) fn sccache(&self, name: &str) -> Option<&OsStr> {
        self.get(name).filter(|_| self.name == Name::Sccache)
    }

    /// Returns the value of a variable; empty is not unset.
    pub(crate) fn get(&self, name: impl AsRef<OsStr>) -> Option<&OsStr> {
        self.variables.get(name.as_ref()).map(OsString::as_os_str)
    }

    /// Returns the value of a variable that is set and not empty.
    pub(crate) fn filled(&self, name: &str) -> Option<&OsStr> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// Returns a variable's value as a path, if it is set and not empty.
    pub(crate) fn path(&self, name: &str) -> Option<PathBuf> {
        self.filled(name).map(PathBuf::from)
    }

    /// Returns the program that a search of `PATH` finds by `name`.
    pub(crate) fn program(&self, name: &OsStr) -> Option<PathBuf> {
        std::env::split_paths(self.get("PATH")?).map(|dir| dir.join(name)).find(|path| os::is_program(path))
    }

    /// Returns every variable, in order of names.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.variables.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }

    /// Returns `CARGO_HOME`, or where it is by default.
    pub(crate) fn cargo_home(&self) -> Option<PathBuf> {
        let home = || self.path("HOME").or_else(|| self.path("USERPROFILE")).map(|home| home.join(".cargo"));
        self.path("CARGO_HOME").or_else(home)
    }

    /// Returns `RUSTUP_HOME`, or where it is by default.
    pub(crate) fn rustup_home(&self) -> Option<PathBuf> {
        let home = || self.path("HOME").or_else(|| self.path("USERPROFILE")).map(|home| home.join(".rustup"));
        self.path("RUSTUP_HOME").or_else(home)
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(iter: T) -> Self {
        let variables = iter.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { variables, name: Name::Thymos }
    }
}

/// Variables by exact name that are part of every key.
const KEYED: &[&str] = &[
    "CARGO_BIN_NAME",
    "CARGO_CRATE_NAME",
    "CARGO_TARGET_TMPDIR",
    "CLIPPY_ARGS",
    "CLIPPY_CONF_DIR",
    "LD_PRELOAD",
    "OUT_DIR",
    "RUSTC_BOOTSTRAP",
    "RUSTC_FORCE_INCREMENTAL",
    "RUSTC_FORCE_RUSTC_VERSION",
    "RUSTC_LOG",
    "RUSTC_OVERRIDE_VERSION_STRING",
    "RUST_TARGET_PATH",
    "SDKROOT",
    "SOURCE_DATE_EPOCH",
];

/// Variables by prefix or suffix that are part of every key.
const PREFIXES: &[&str] = &["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_EXE_", "CARGO_CDYLIB_FILE_"];
const SUFFIXES: &[&str] = &["_DEPLOYMENT_TARGET"];

/// Variables of which clippy asks only whether they are set: `clippy_driver::main` and `clippy_utils::diagnostics::docs_link`.
pub(crate) const ASKED_BY_CLIPPY: [&str; 2] = ["CARGO_PRIMARY_PACKAGE", "CLIPPY_DISABLE_DOCS_LINKS"];

/// Variables that the link reads, on top of the others, where a unit links.
///
/// Sources: "Environment Variables Affecting GCC" and the strings of its driver, `collect2` and `lto-wrapper`; "ENVIRONMENT" in
/// the manual of GNU ld; clang's driver (`clang/tools/driver/driver.cpp`, `clang/lib/Driver`); lld's `Driver.cpp`; the manuals of mold
/// and wild. Which processors and which place for temporary files a linker uses is no part of what it makes.
const LINKED: &[&str] = &[
    "COMPILER_PATH",
    "CPATH",
    "DEB_BUILD_OPTIONS",
    "FORCE_CLANG_DIAGNOSTICS_CRASH",
    "FORCE_LLD_DIAGNOSTICS_CRASH",
    "GNUTARGET",
    "LDEMULATION",
    "LD_RUN_PATH",
    "LIBRARY_PATH",
    "LPATH",
    "QA_OVERRIDE_GCC3_OPTIONS",
    "RC_DEBUG_OPTIONS",
    "ZERO_AR_DATE",
];

/// The same by prefix.
const LINKED_PREFIXES: &[&str] =
    &["CCC_", "CC_LOG_", "CC_PRINT_", "CLANG_", "COLLECT_", "GCC_", "LLD_", "MOLD_", "OFFLOAD_", "WILD_"];

/// Returns whether a variable is part of the key of every unit.
pub(crate) fn is_keyed(name: &str) -> bool {
    KEYED.binary_search(&name).is_ok()
        || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        || SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
}

/// Returns whether a variable is part of the key of a unit that links.
pub(crate) fn is_linked(name: &str) -> bool {
    LINKED.binary_search(&name).is_ok() || LINKED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn a_search_passes_over_directories_and_what_cannot_be_started() {
        let dir = tempfile::tempdir().expect("a directory can be made");
        let places = ["none", "directory", "text", "program", "later"].map(|name| dir.path().join(name));
        std::fs::create_dir_all(places[1].join("cc")).expect("the directory is ours");
        for (place, mode) in [(&places[2], 0o644), (&places[3], 0o755), (&places[4], 0o755)] {
            std::fs::create_dir(place).expect("the directory is ours");
            std::fs::write(place.join("cc"), "").expect("the directory is ours");
            os::set_mode(&place.join("cc"), mode).expect("the file is ours");
        }
        let path = std::env::join_paths(&places).expect("no name holds a colon").into_string().expect("names are text");
        let environment: Environment = [("PATH".to_owned(), path)].into_iter().collect();
        assert_eq!(environment.program(OsStr::new("cc")), Some(places[3].join("cc")));
    }

    #[test]
    fn lists_are_sorted() {
        assert!(KEYED.is_sorted() && LINKED.is_sorted());
    }

    #[test]
    fn what_cargo_tells_about_the_package_is_keyed_and_noise_is_not() {
        for name in
            ["CARGO_PKG_VERSION", "CARGO_MANIFEST_DIR", "MACOSX_DEPLOYMENT_TARGET", "OUT_DIR", "RUSTC_BOOTSTRAP"]
        {
            assert!(is_keyed(name), "{name}");
        }
        for name in
            ["CARGO_TERM_COLOR", "CARGO_TARGET_DIR", "CARGO_BUILD_JOBS", "CARGO_HOME", "CARGO_NET_RETRY", "PATH"]
        {
            assert!(!is_keyed(name), "{name}");
        }
    }
}
