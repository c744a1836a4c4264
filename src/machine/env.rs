//! The environment, captured once.
//!
//! Invariant: this module is the only reader of `std::env` in the library. Everything else is handed an [`Env`], and
//! every child process gets exactly the variables of the [`Env`] it was started from, so a test that writes one down
//! controls what tools see too.
//!
//! It does not decide which variables matter to whom; it only names them.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
    process::Command,
};

/// The names of the variables that the library reads, each with what it is read for.
pub mod var {
    /// The person's choice of linker: `auto`, `system`, `lld`, `mold`, `wild` or a path. Wins over the build script.
    pub const THYMOS_LINKER: &str = "THYMOS_LINKER";
    /// The cache directory of Thymos; probe results are kept below it.
    pub const THYMOS_DIR: &str = "THYMOS_DIR";
    /// The compiler that Cargo runs.
    pub const RUSTC: &str = "RUSTC";
    /// The wrapper that Cargo runs the compiler through, if the person configured one.
    pub const RUSTC_WRAPPER: &str = "RUSTC_WRAPPER";
    /// The linker that the person configured for the target.
    pub const RUSTC_LINKER: &str = "RUSTC_LINKER";
    /// The flags that Cargo passes to rustc, resolved from all four sources, separated by 0x1f. Set for build scripts.
    pub const CARGO_ENCODED_RUSTFLAGS: &str = "CARGO_ENCODED_RUSTFLAGS";
    /// The flags that a person passes to rustc, separated by spaces. Read outside of build scripts only.
    pub const RUSTFLAGS: &str = "RUSTFLAGS";
    /// Where Cargo keeps its own files, the user's `config.toml` among them.
    pub const CARGO_HOME: &str = "CARGO_HOME";
    /// The directory of the package that is being built.
    pub const CARGO_MANIFEST_DIR: &str = "CARGO_MANIFEST_DIR";
    /// The one directory that a build script may write to.
    pub const OUT_DIR: &str = "OUT_DIR";
    /// The triple that is built for.
    pub const TARGET: &str = "TARGET";
    /// The triple that is built on.
    pub const HOST: &str = "HOST";
    /// `target_arch` of the target.
    pub const CARGO_CFG_TARGET_ARCH: &str = "CARGO_CFG_TARGET_ARCH";
    /// `target_vendor` of the target.
    pub const CARGO_CFG_TARGET_VENDOR: &str = "CARGO_CFG_TARGET_VENDOR";
    /// `target_os` of the target.
    pub const CARGO_CFG_TARGET_OS: &str = "CARGO_CFG_TARGET_OS";
    /// `target_env` of the target.
    pub const CARGO_CFG_TARGET_ENV: &str = "CARGO_CFG_TARGET_ENV";
    /// Set by docs.rs, which links nothing.
    pub const DOCS_RS: &str = "DOCS_RS";
    /// The search path for programs. Never handed to `rerun-if-env-changed`: it differs between shells and editors.
    pub const PATH: &str = "PATH";
    /// The extensions of programs on Windows.
    pub const PATHEXT: &str = "PATHEXT";
    /// The person's home directory.
    pub const HOME: &str = "HOME";
    /// The person's home directory on Windows.
    pub const USERPROFILE: &str = "USERPROFILE";
    /// The person's cache directory, where the XDG rules hold.
    pub const XDG_CACHE_HOME: &str = "XDG_CACHE_HOME";
    /// The person's cache directory on Windows.
    pub const LOCALAPPDATA: &str = "LOCALAPPDATA";
    /// Flags for C compiles: `-flto` among them rules LLD out.
    pub const CFLAGS: &str = "CFLAGS";
    /// Where gcc looks for the programs that it runs.
    pub const COMPILER_PATH: &str = "COMPILER_PATH";
    /// Where gcc looks for everything of its own.
    pub const GCC_EXEC_PREFIX: &str = "GCC_EXEC_PREFIX";
    /// Set by the Nix compiler wrappers, whose linker wrapper must not be bypassed.
    pub const NIX_CC: &str = "NIX_CC";
    /// Set by systemd-nspawn, podman and others inside a container.
    pub const CONTAINER: &str = "container";
    /// Set inside a Kubernetes pod.
    pub const KUBERNETES_SERVICE_HOST: &str = "KUBERNETES_SERVICE_HOST";
    /// Set inside the Windows Subsystem for Linux.
    pub const WSL_DISTRO_NAME: &str = "WSL_DISTRO_NAME";
    /// Set by practically every continuous integration service.
    pub const CI: &str = "CI";
}

/// The environment of a process, as a value.
///
/// ```
/// use thymos_build::Env;
/// let env = Env::from_pairs([("TARGET", "x86_64-unknown-linux-gnu"), ("CI", "")]);
/// assert_eq!(env.get("TARGET"), Some("x86_64-unknown-linux-gnu"));
/// assert_eq!(env.get("CI"), None, "an empty variable says nothing");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Env {
    /// In no order, each name once. A list is quick to search at this length, and to build.
    vars: Vec<(OsString, OsString)>,
    cwd: PathBuf,
    temp: PathBuf,
}

impl Env {
    /// Returns the environment of this process.
    pub fn from_process() -> Env {
        let vars = std::env::vars_os().map(|(name, value)| (spelled(&name), value)).collect();
        Env { vars, cwd: std::env::current_dir().unwrap_or_default(), temp: std::env::temp_dir() }
    }

    /// Returns an environment that holds these variables and nothing else.
    pub fn from_pairs<N, V>(pairs: impl IntoIterator<Item = (N, V)>) -> Env
    where
        N: AsRef<OsStr>,
        V: Into<OsString>,
    {
        let empty = Env { vars: Vec::new(), cwd: PathBuf::new(), temp: std::env::temp_dir() };
        pairs.into_iter().fold(empty, |env, (name, value)| env.with_os(name.as_ref(), value.into()))
    }

    /// Returns the same environment with one more variable, or with another value for it.
    #[must_use]
    pub fn with(self, name: &str, value: impl Into<OsString>) -> Env {
        self.with_os(OsStr::new(name), value.into())
    }

    /// Returns the same environment without this variable.
    #[must_use]
    pub fn without(mut self, name: &str) -> Env {
        let name = spelled(OsStr::new(name));
        self.vars.retain(|(known, _)| *known != name);
        self
    }

    fn with_os(mut self, name: &OsStr, value: OsString) -> Env {
        let name = spelled(name);
        self.vars.retain(|(known, _)| *known != name);
        self.vars.push((name, value));
        self
    }

    /// Returns the same environment in another working directory.
    #[must_use]
    pub fn at(mut self, cwd: impl Into<PathBuf>) -> Env {
        self.cwd = cwd.into();
        self
    }

    /// Returns the value of a variable, unless it is unset, empty or no text.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.get_os(name).and_then(OsStr::to_str)
    }

    /// Returns the value of a variable, unless it is unset or empty.
    pub fn get_os(&self, name: &str) -> Option<&OsStr> {
        self.find(name).filter(|value| !value.is_empty())
    }

    /// Returns the value of a variable as a path, unless it is unset or empty.
    pub fn path(&self, name: &str) -> Option<&Path> {
        self.get_os(name).map(Path::new)
    }

    /// Returns whether a variable is there at all, with or without a value.
    pub fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    fn find(&self, name: &str) -> Option<&OsStr> {
        let name = spelled(OsStr::new(name));
        self.vars.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_os_str())
    }

    /// Returns the working directory.
    pub fn cwd(&self) -> &Path {
        &self.cwd
    }

    /// Returns whether Cargo runs this process as a build script.
    pub fn is_build_script(&self) -> bool {
        self.has(var::OUT_DIR) && self.has(var::TARGET) && self.has(var::CARGO_MANIFEST_DIR)
    }

    /// Returns a directory for files that nobody needs afterwards: `OUT_DIR` in a build script, else the temporary one.
    pub(crate) fn scratch(&self) -> &Path {
        if self.is_build_script() { self.path(var::OUT_DIR).unwrap_or(&self.temp) } else { &self.temp }
    }

    /// Returns a command whose environment is this one.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear();
        for (name, value) in &self.vars {
            command.env(name, value);
        }
        command
    }
}

/// Returns a variable's name as the system compares it: Windows does not tell `Path` from `PATH`.
fn spelled(name: &OsStr) -> OsString {
    if cfg!(windows) { name.to_ascii_uppercase() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_variable_is_there_and_says_nothing() {
        let env = Env::from_pairs([("RUSTC_WRAPPER", "")]);
        assert!(env.has(var::RUSTC_WRAPPER));
        assert_eq!(env.get(var::RUSTC_WRAPPER), None);
    }

    #[test]
    fn scratch_files_of_a_build_script_go_to_its_out_dir() {
        let env = Env::from_pairs([("OUT_DIR", "/out"), ("TARGET", "t"), ("CARGO_MANIFEST_DIR", "/p")]);
        assert_eq!(env.scratch(), Path::new("/out"));
        assert_ne!(env.without(var::TARGET).scratch(), Path::new("/out"));
    }
}
