//! Whether a unit may be compiled with placeholders in the place of paths ([`crate::action::placeholder`]).
//!
//! What is made with a placeholder gets the path afterwards, byte for byte, so nothing may have looked into the placeholder or hidden
//! it: a coverage map is compressed, and so is debug information where somebody asks for it; bitcode is not made of bytes; and code
//! that asks where it lies may measure the answer at compile time. Such a unit is compiled with the paths as they are, and
//! belongs to its place.
//!
//! Code can only be shown a placeholder by its own sources that are named by an absolute path, as generated ones are, or, through
//! `Location`, where it is generic and compiled into another crate.
//!
//! Invariant: a doubt counts as no. This reads sources, and is asked on a miss, never on a hit.

use std::fs;
use std::path::{Path, PathBuf};

use memchr::memmem;

use super::locator::{Token, tokens};
use crate::action::placeholder::{Places, Renamed};
use crate::compile::observe::elf;
use crate::invocation::{Argument, Invocation};
use crate::settings::Remap;
use crate::settings::environment::Environment;

/// What decides.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// What was asked.
    pub invocation: &'a Invocation,
    /// The working directory.
    pub directory: &'a Path,
    /// The environment.
    pub environment: &'a Environment,
    /// What would be renamed.
    pub places: &'a Places,
}

/// Decides for one unit.
#[must_use]
pub fn renamed(subject: &Subject<'_>, remap: Remap) -> Renamed {
    match remap {
        Remap::Workspace | Remap::All if hides(subject.invocation) || subject.measures() => Renamed::No,
        // Without remapping there is nothing to be renamed to.
        Remap::Workspace | Remap::All | Remap::Off => Renamed::Yes,
    }
}

/// Returns whether some output of a unit may hold a path that is not there as its bytes.
fn hides(invocation: &Invocation) -> bool {
    let holds = |text: &[u8], part: &str| memmem::find(text, part.as_bytes()).is_some();
    let hiding = |argument: &Argument| match argument {
        Argument::Text(name, value) | Argument::Link(name, value) => match name.as_str() {
            "-C instrument-coverage" => !matches!(&value[..], b"off" | b"no" | b"n" | b"false" | b"0"),
            "-C link-arg" | "-C link-args" => holds(value, "compress-debug-sections") || holds(value, "-gz"),
            "-Z" => holds(value, "debuginfo-compression") || holds(value, "instrument-coverage"),
            _ => false,
        },
        _ => false,
    };
    let target = invocation.target.as_deref().unwrap_or_default();
    // Apple's programs are signed, and Microsoft's debug information is a data base.
    let is_foreign = ["-apple-", "-msvc", ".json"].iter().any(|part| target.contains(part));
    is_foreign || invocation.emit.iter().any(|kind| kind == "llvm-bc") || invocation.arguments.iter().any(hiding)
}

impl Subject<'_> {
    /// Returns whether code of the unit may look into its own path at compile time.
    fn measures(&self) -> bool {
        let is_renamed = |path: &Path| {
            let path = path.as_os_str().as_encoded_bytes();
            self.places.names().any(|(place, _)| path.starts_with(place))
        };
        let made = self.environment.path("OUT_DIR").filter(|path| is_renamed(path));
        let source = self.directory.join(&self.invocation.source);
        let own = source.parent().unwrap_or(self.directory);
        let is_absolute = self.invocation.source.is_absolute() && is_renamed(&self.invocation.source);
        let asks = if is_absolute { Asks::ForPath } else { Asks::ForCaller };
        let absolute = made.is_some() || is_absolute;
        made.is_some_and(|made| any_asks(&made, Asks::ForPath))
            || any_asks(own, asks)
            || (absolute && self.macros().any(|path| asks_for_spans(&path)))
    }

    /// Returns the proc macros that the unit was given.
    fn macros(&self) -> impl Iterator<Item = PathBuf> {
        let paths = self.invocation.externs.iter().map(|external| self.directory.join(&external.path));
        paths.filter(|path| path.to_str().is_none_or(|path| path.ends_with(std::env::consts::DLL_SUFFIX)))
    }
}

/// Returns whether a macro may ask what the file is called that it is used in.
fn asks_for_spans(path: &Path) -> bool {
    elf::symbol_names(path).is_some_and(|names| memmem::find(&names, b"4Span4file").is_some())
}

/// What a source asks of itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asks {
    /// Who called it.
    ForCaller,
    /// That, or what it is called.
    ForPath,
}

/// Files that a build script leaves and no macro includes as code.
const NO_CODE: [&str; 14] = ["o", "a", "so", "lo", "la", "obj", "lib", "dll", "c", "cc", "cpp", "h", "hpp", "d"];

/// Returns whether a file of a directory, or of one below it, asks so. A directory that cannot be read asks.
fn any_asks(directory: &Path, asks: Asks) -> bool {
    let Ok(entries) = fs::read_dir(directory) else { return directory.exists() };
    entries.flatten().any(|entry| {
        let path = entry.path();
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => any_asks(&path, asks),
            _ if asks == Asks::ForCaller && extension != "rs" => false,
            _ if NO_CODE.contains(&extension) => false,
            _ => fs::read(&path).is_ok_and(|text| source_asks(&text, asks)),
        }
    })
}

fn source_asks(text: &[u8], asks: Asks) -> bool {
    let holds = |word: &[u8]| memmem::find(text, word).is_some();
    let caller = holds(b"Location") && holds(b"caller");
    let path = asks == Asks::ForPath && holds(b"file");
    if !(caller || path) {
        return false;
    }
    let tokens = tokens(text);
    let has = |word| tokens.contains(&Token::Word(word));
    let is_file = |pair: &[Token<'_>]| pair[0] == Token::Word(b"file") && pair[1] == Token::Mark(b'!');
    (caller && has(b"Location") && has(b"caller")) || (path && tokens.windows(2).any(is_file))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn code_that_asks_where_it_lies_is_told() {
        let check = |text: &str, path: bool, caller: bool| {
            assert_eq!(source_asks(text.as_bytes(), Asks::ForPath), path, "{text}");
            assert_eq!(source_asks(text.as_bytes(), Asks::ForCaller), caller, "{text}");
        };
        check("const N: usize = file!().len();", true, false);
        check("const N: usize = file ! ( ) . len();", true, false);
        check("fn f() { profile!(); file(); } // file!()", false, false);
        check("const L: u32 = std::panic::Location::caller().line();", true, true);
        check("use std::panic::Location as L; fn f() { L::caller(); }", true, true);
        check("struct Location; // the caller", false, false);
        check("pub fn f() { panic!() }", false, false);
    }

    #[test]
    fn what_is_compressed_or_no_bytes_hides_paths() {
        let with = |name: &str, value: &str| Invocation {
            arguments: vec![Argument::Text(name.into(), value.into())],
            ..Invocation::default()
        };
        assert!(hides(&with("-C instrument-coverage", "")));
        assert!(!hides(&with("-C instrument-coverage", "off")));
        assert!(hides(&with("-C link-arg", "-Wl,--compress-debug-sections=zlib")));
        assert!(!hides(&with("-C link-arg", "-fuse-ld=lld")));
        assert!(hides(&Invocation { emit: vec!["llvm-bc".into()], ..Invocation::default() }));
        assert!(hides(&Invocation { target: Some("aarch64-apple-darwin".into()), ..Invocation::default() }));
        assert!(!hides(&Invocation { target: Some("x86_64-unknown-linux-musl".into()), ..Invocation::default() }));
    }
}
