//! Which linker the build stage uses.
//!
//! The plan of the machine that writes the files is about that machine, and the files are built elsewhere. So the same rules
//! are asked about the image: a choice of the workspace stands and gets its package; a toolchain that brings LLD needs
//! nothing; an older one gets mold, unless flags that would be silenced by it are set.
//!
//! Invariant: pure.

use crate::cli::cargo_config::flags::chooses_linker;

/// The first release that links x86_64 Linux with its own LLD.
const OWN_LLD: (u32, u32) = (1, 90);
/// The flag for the C compiler of Debian 12.
pub const MOLD_FLAG: &str = "-Clink-arg=-fuse-ld=mold";

/// What the workspace's own configuration says about linking.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Configured {
    /// `target.*.linker`.
    pub linkers: Vec<String>,
    /// All flags for rustc.
    pub flags: Vec<String>,
}

/// What the build stage does about the linker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildLinker {
    /// The toolchain's own.
    Toolchain,
    /// What the workspace configures, which needs these packages.
    Workspace(Vec<&'static str>),
    /// mold, set by a variable.
    Mold,
}

/// Decides.
pub fn decide(configured: &Configured, release: Option<(u32, u32)>) -> BuildLinker {
    let chosen: Vec<&str> = configured.flags.iter().filter(|flag| chooses_linker(flag)).map(String::as_str).collect();
    if !chosen.is_empty() || !configured.linkers.is_empty() {
        let words = chosen.into_iter().chain(configured.linkers.iter().map(String::as_str));
        let mut packages: Vec<&'static str> = words.flat_map(packages).collect();
        packages.sort_unstable();
        packages.dedup();
        return BuildLinker::Workspace(packages);
    }
    let old = release.is_some_and(|release| release < OWN_LLD);
    // A variable for a target's flags overrides build.rustflags, and with them whatever the workspace needs.
    if old && configured.flags.is_empty() { BuildLinker::Mold } else { BuildLinker::Toolchain }
}

/// Returns the packages of the linker that a flag or a path names.
fn packages(word: &str) -> Vec<&'static str> {
    let name = word.rsplit(['=', '/']).next().unwrap_or(word);
    let known = [("mold", "mold"), ("lld", "lld"), ("clang", "clang")];
    known.into_iter().filter(|(part, _)| name.contains(part)).map(|(_, package)| package).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(linkers: &[&str], flags: &[&str], release: Option<(u32, u32)>, expected: BuildLinker) {
        let own = |list: &[&str]| list.iter().map(|it| (*it).to_owned()).collect();
        assert_eq!(decide(&Configured { linkers: own(linkers), flags: own(flags) }, release), expected);
    }

    #[test]
    fn a_choice_of_the_workspace_stands_and_gets_its_package() {
        check(&[], &["-Clink-arg=-fuse-ld=mold"], None, BuildLinker::Workspace(vec!["mold"]));
        check(&["clang"], &["-Clink-arg=--ld-path=/usr/bin/mold"], None, BuildLinker::Workspace(vec!["clang", "mold"]));
        check(&[], &["-Clink-arg=-fuse-ld=lld"], Some((1, 80)), BuildLinker::Workspace(vec!["lld"]));
        check(&["cc"], &[], Some((1, 80)), BuildLinker::Workspace(vec![]));
    }

    #[test]
    fn an_old_toolchain_gets_mold_where_that_silences_nothing() {
        check(&[], &[], None, BuildLinker::Toolchain);
        check(&[], &[], Some((1, 90)), BuildLinker::Toolchain);
        check(&[], &[], Some((1, 89)), BuildLinker::Mold);
        check(&[], &["--cfg=tokio_unstable"], Some((1, 89)), BuildLinker::Toolchain);
    }
}
