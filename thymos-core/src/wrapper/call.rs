//! What an invocation is.
//!
//! Invariant: every argument was read before a compile counts as cacheable, and nothing is written here.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::time::Instant;

use super::Unit;
use super::program::{Argv, expand};
use crate::invocation::{self, Head, Invocation, Parsed, foreign};
use crate::outcome::Bypass;
use crate::request::{self, Keyed};
use crate::settings::environment::{self, Environment};
use crate::settings::{Mode, Settings};
use crate::system::os;

/// What an invocation is.
pub enum Call<'a> {
    /// The compiler runs and nothing is counted: a question to it, or part of a compile that another wrapper watches.
    Plain,
    /// A compile that is not looked up, and why.
    Bypass(Box<Unit<'a>>, Bypass),
    /// A compile that is looked up.
    Cacheable(Box<Unit<'a>>),
}

impl<'a> Call<'a> {
    /// Reads the arguments, and the settings of the workspace that they name.
    pub fn read(argv: &'a Argv, environment: &'a Environment, start: Instant) -> Self {
        if environment.get(environment::ACTIVE).is_some() {
            return Self::Plain;
        }
        let (parsed, argument_files) = parse(argv);
        let (invocation, uncached) = match parsed {
            Parsed::Query => return Self::Plain,
            Parsed::Bypass(bypass) => (Box::default(), Some(bypass)),
            Parsed::Compile(invocation) => (invocation, None),
        };
        let Ok(directory) = std::env::current_dir() else { return Self::Plain };
        let settings = Settings::gather(environment, request::workspaces(&invocation, &directory));
        if settings.mode == Mode::Off {
            return Self::Plain;
        }
        let bypass = uncached.or_else(|| unknown_driver(&argv.head)).or_else(|| to_terminal(&invocation));
        let invocation = *invocation;
        let unit = Box::new(Unit { argv, environment, start, directory, settings, invocation, argument_files });
        match bypass {
            Some(bypass) => Self::Bypass(unit, bypass),
            None => Self::Cacheable(unit),
        }
    }
}

/// Reads the arguments, and the files that hold more of them.
fn parse(argv: &Argv) -> (Parsed, Vec<Keyed>) {
    if foreign::is_compiler(&argv.head.rustc) {
        let compiles = foreign::compiles(&argv.arguments);
        return (if compiles { Parsed::Bypass(Bypass::OtherLanguage) } else { Parsed::Query }, Vec::new());
    }
    match expand(&argv.arguments) {
        Some(expanded) => (invocation::parse(&expanded.arguments), expanded.files),
        None => (Parsed::Query, Vec::new()),
    }
}

/// A driver that is not known may read anything.
fn unknown_driver(head: &Head) -> Option<Bypass> {
    let driver: &OsString = head.driver.as_ref()?;
    let stem: &OsStr = Path::new(driver).file_stem()?;
    (stem != "clippy-driver").then(|| Bypass::UnknownDriver(stem.to_string_lossy().into_owned()))
}

/// The compiler asks a terminal for its width, and draws for it.
fn to_terminal(invocation: &Invocation) -> Option<Bypass> {
    (!invocation.json && os::stderr_is_terminal()).then_some(Bypass::Terminal)
}
