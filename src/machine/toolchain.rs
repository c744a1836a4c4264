//! The Rust toolchain that builds.
//!
//! Invariant: what identifies it is the compiler's own file in its own sysroot, not the rustup proxy in front of it, which
//! is one file for all toolchains.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use crate::machine::{
    env::var,
    memo::Memo,
    run::run,
    tools::{Tools, identity},
};

const LIMIT: Duration = Duration::from_secs(20);

/// A compiler and what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Toolchain {
    /// The compiler.
    pub rustc: PathBuf,
    /// The directory that holds its libraries and tools.
    pub sysroot: PathBuf,
    /// Its version: `1.95.0`.
    pub version: String,
    /// The triple that it runs on.
    pub host: String,
}

impl Toolchain {
    /// Returns the toolchain of an environment, or why there is none.
    pub(crate) fn detect(tools: &Tools<'_>, memo: &Memo) -> Result<Toolchain, String> {
        let name = tools.env.get(var::RUSTC).unwrap_or("rustc");
        let rustc = tools.find(name).ok_or_else(|| format!("there is no `{name}`"))?;
        let sysroot = match sysroot_around(&rustc) {
            Some(sysroot) => sysroot,
            None => PathBuf::from(ask(tools, &rustc, &["--print", "sysroot"])?.trim()),
        };
        let key = format!("rustc -vV\n{}", identity(&compiler(&sysroot)));
        let text = match memo.recall(&key) {
            Some(kept) => kept.answer,
            None => {
                let text = ask(tools, &rustc, &["-vV"])?;
                memo.keep(&key, &text);
                text
            }
        };
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let (Some(version), Some(host)) = (field("release:"), field("host:")) else {
            return Err(format!("`{}` does not say what it is", rustc.display()));
        };
        Ok(Toolchain { version: version.to_owned(), host: host.to_owned(), rustc, sysroot })
    }

    /// Returns one line that changes when the toolchain does.
    pub(crate) fn identity(&self) -> String {
        format!("{}\n{}", identity(&self.rustc), identity(&compiler(&self.sysroot)))
    }

    /// Returns the directory in which a C compiler finds the toolchain's own LLD as `ld.lld`.
    pub(crate) fn gcc_ld(&self) -> PathBuf {
        self.sysroot.join("lib/rustlib").join(&self.host).join("bin/gcc-ld")
    }

    /// Returns the text of `rustc --print cfg` for a target.
    pub(crate) fn cfg(&self, tools: &Tools<'_>, target: &str) -> Result<String, String> {
        ask(tools, &self.rustc, &["--print", "cfg", "--target", target])
    }
}

fn compiler(sysroot: &Path) -> PathBuf {
    sysroot.join("bin").join(format!("rustc{}", std::env::consts::EXE_SUFFIX))
}

/// Returns the sysroot that a compiler stands in, which saves asking it.
fn sysroot_around(rustc: &Path) -> Option<PathBuf> {
    let sysroot = rustc.parent()?.parent()?;
    // A distribution's `/usr/bin/rustc` has its libraries in `/usr/lib/rustlib`, and that is its sysroot too.
    sysroot.join("lib/rustlib").is_dir().then(|| sysroot.to_owned())
}

fn ask(tools: &Tools<'_>, rustc: &Path, args: &[&str]) -> Result<String, String> {
    let mut command = tools.command(rustc);
    command.args(args);
    let ending = run(command, LIMIT).succeeded();
    ending.map(|ending| ending.output).map_err(|cause| format!("`{} {args:?}`: {cause}", rustc.display()))
}
