//! The compile cache that stands in front of rustc.
//!
//! Invariant: a wrapper is named only if it was found and said its own name and a version within the time limit. A wrapper
//! that the person configured is left alone.
//!
//! A build script cannot set one; what is found here is for configuration files and for people.

use std::path::{Path, PathBuf};

use crate::machine::{
    env::{Env, var},
    tools::Tools,
};

/// A program that caches compiles.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Wrapper {
    /// Its name: `thymos`, `sccache`, `kache`, `ccache`.
    pub name: &'static str,
    /// Where it is.
    pub path: PathBuf,
    /// The version that it prints, or why it cannot be used.
    pub version: Result<String, String>,
    /// What it caches.
    pub caches: Caches,
}

/// What a wrapper caches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum Caches {
    /// Rust alone.
    Rust,
    /// Rust, C and C++.
    RustAndC,
    /// C and C++ alone: no `rustc-wrapper`.
    C,
}

/// The wrappers that are looked for, best first.
const KNOWN: [(&str, Caches); 4] = [
    // Becomes `RustAndC` when `thymos cc` caches.
    ("thymos", Caches::Rust),
    ("sccache", Caches::RustAndC),
    ("kache", Caches::RustAndC),
    ("ccache", Caches::C),
];

/// What a machine has for caching, and what is made of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Caching {
    /// What the person configured as `RUSTC_WRAPPER`; empty if they switched wrappers off.
    pub configured: Option<String>,
    /// What is installed, best first.
    pub found: Vec<Wrapper>,
}

impl Caching {
    /// Looks for wrappers.
    pub(crate) fn detect(tools: &Tools<'_>) -> Caching {
        let found = KNOWN.into_iter().filter_map(|(name, caches)| {
            let path = tools.find(name).filter(|path| name == "thymos" || !is_thymos(path))?;
            let version = tools.version(&path, name);
            Some(Wrapper { name, path, version, caches })
        });
        Caching { configured: configured(tools.env), found: found.collect() }
    }

    /// Returns the wrapper to configure for rustc: the best that works, unless the person has configured one.
    pub fn choice(&self) -> Option<&Wrapper> {
        let free = self.configured.is_none();
        self.found.iter().find(|it| free && it.version.is_ok() && it.caches != Caches::C)
    }

    /// Returns the wrapper for C and C++ compiles in build scripts.
    pub fn c_choice(&self) -> Option<&Wrapper> {
        let works = |it: &&Wrapper| it.version.is_ok() && it.caches != Caches::Rust;
        // With a rustc wrapper that takes C as well, cc-rs finds it by itself; ccache stands in for one that does not.
        self.choice().filter(works).or_else(|| self.found.iter().find(works))
    }
}

/// Returns whether a program is a link to Thymos, which answers to sccache's name too and caches no C.
fn is_thymos(path: &Path) -> bool {
    path.canonicalize().is_ok_and(|real| real.file_stem().is_some_and(|stem| stem == "thymos"))
}

fn configured(env: &Env) -> Option<String> {
    env.has(var::RUSTC_WRAPPER).then(|| env.get(var::RUSTC_WRAPPER).unwrap_or_default().to_owned())
}

/// The C compilers of a target, for variables that put a cache in front of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Launched<'a> {
    pub(crate) target: &'a str,
    pub(crate) c: &'a str,
    pub(crate) cxx: &'a str,
}

impl Wrapper {
    /// Returns the variables that put this wrapper in front of the C and C++ compilers which build scripts run.
    ///
    /// They are data: a wrapper that does not cache C has them too, and [`Caches`] says whether they are of use.
    pub(crate) fn launchers(&self, compilers: &Launched<'_>) -> Vec<(String, String)> {
        let Launched { target, c, cxx } = compilers;
        let name = self.name;
        let mut variables = vec![(format!("CC_{target}"), format!("{name} {c}"))];
        variables.push((format!("CXX_{target}"), format!("{name} {cxx}")));
        if name == "thymos" {
            // cc-rs takes a first word for the compiler unless it knows it as a wrapper; this names one by its stem.
            variables.push(("CC_KNOWN_WRAPPER_CUSTOM".to_owned(), name.to_owned()));
        }
        variables.push(("CMAKE_C_COMPILER_LAUNCHER".to_owned(), name.to_owned()));
        variables.push(("CMAKE_CXX_COMPILER_LAUNCHER".to_owned(), name.to_owned()));
        variables
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapper(name: &'static str, version: Result<&str, &str>) -> Wrapper {
        let caches = KNOWN.iter().find(|(known, _)| *known == name).expect("a known wrapper").1;
        let version = version.map(str::to_owned).map_err(str::to_owned);
        Wrapper { name, path: format!("/bin/{name}").into(), version, caches }
    }

    #[test]
    fn the_best_wrapper_that_works_is_chosen() {
        let caching = Caching {
            configured: None,
            found: vec![
                wrapper("thymos", Err("garbage")),
                wrapper("sccache", Ok("0.8.1")),
                wrapper("ccache", Ok("4.8")),
            ],
        };
        assert_eq!(caching.choice().map(|it| it.name), Some("sccache"));
        assert_eq!(caching.c_choice().map(|it| it.name), Some("sccache"));
    }

    #[test]
    fn ccache_serves_c_only() {
        let caching =
            Caching { configured: None, found: vec![wrapper("thymos", Ok("0.1.0")), wrapper("ccache", Ok("4.8"))] };
        assert_eq!(caching.choice().map(|it| it.name), Some("thymos"));
        assert_eq!(caching.c_choice().map(|it| it.name), Some("ccache"));
    }

    #[test]
    fn a_configured_wrapper_is_left_alone() {
        for configured in ["", "sccache"] {
            let caching =
                Caching { configured: Some(configured.to_owned()), found: vec![wrapper("thymos", Ok("0.1.0"))] };
            assert_eq!(caching.choice(), None);
        }
    }

    #[test]
    fn launchers_name_the_wrapper_by_its_stem() {
        let compilers = Launched { target: "x86_64_unknown_linux_gnu", c: "cc", cxx: "c++" };
        let variables = wrapper("thymos", Ok("0.1.0")).launchers(&compilers);
        let expected = [
            ("CC_x86_64_unknown_linux_gnu", "thymos cc"),
            ("CXX_x86_64_unknown_linux_gnu", "thymos c++"),
            ("CC_KNOWN_WRAPPER_CUSTOM", "thymos"),
            ("CMAKE_C_COMPILER_LAUNCHER", "thymos"),
            ("CMAKE_CXX_COMPILER_LAUNCHER", "thymos"),
        ];
        assert_eq!(variables, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}
