//! The C compiler of a target, found by the crate cc.
//!
//! What rustc links with is seen in its own link line; this is what it should link with where plain `cc` is the wrong one, and
//! what build scripts compile with.
//!
//! cc reads `CC_<target>` and its kin from the process by itself: a promise of [`Env`] that ends where another crate begins.

use std::path::PathBuf;

/// The C compiler of the target.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct CCompiler {
    /// The program.
    pub path: PathBuf,
    /// `gcc`, `clang`, `msvc`, or empty.
    pub family: &'static str,
}

#[cfg(feature = "cc")]
mod found {
    use super::CCompiler;
    use crate::{Platform, machine::env::Env};

    pub(crate) fn find(env: &Env, platform: &Platform) -> Option<CCompiler> {
        let mut build = cc::Build::new();
        build.cargo_metadata(false).cargo_warnings(false).cargo_debug(false).cargo_output(false);
        build.target(&platform.target).host(&platform.host).opt_level(0).out_dir(env.scratch());
        let tool = build.try_get_compiler().ok()?;
        let family = match () {
            () if tool.is_like_clang() => "clang",
            () if tool.is_like_gnu() => "gcc",
            () if tool.is_like_msvc() => "msvc",
            () => "",
        };
        Some(CCompiler { path: tool.path().to_owned(), family })
    }
}

#[cfg(not(feature = "cc"))]
mod found {
    use super::CCompiler;
    use crate::{Platform, machine::env::Env};

    pub(crate) fn find(_: &Env, _: &Platform) -> Option<CCompiler> {
        None
    }
}

pub(crate) use found::find;
