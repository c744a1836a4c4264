//! Every option of rustc that Thymos knows, by name and class.
//!
//! Sources: `rustc --help -v`, `rustc -C help` (1.95) and the rustc book's chapters on command-line arguments and codegen
//! options. Invariant: an option that is not in these tables makes the invocation a Bypass; nothing is guessed.

use crate::outcome::Bypass;

/// What the value of an option means for the action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Class {
    /// Text that may hold paths: part of the key, relative to the roots.
    Text,
    /// Shapes diagnostics only: matters where the result has any.
    Display,
    /// `--json`: a list of which some items are [`Class::Display`].
    Json,
    /// `--crate-name`.
    CrateName,
    /// `--crate-type`.
    CrateType,
    /// `--emit`.
    Emit,
    /// `--out-dir`.
    OutDir,
    /// `--extern`.
    Extern,
    /// `-L`.
    SearchPath,
    /// `-l`.
    NativeLibrary,
    /// `--target`: a triple or a file.
    Target,
    /// `--test`.
    Test,
    /// `--sysroot`.
    Sysroot,
    /// `--error-format`.
    ErrorFormat,
    /// `-C`: see [`codegen`].
    Codegen,
    /// `-Z`: see [`unstable`].
    Unstable,
    /// Asks for information: the compiler answers, nothing is cached.
    Query,
    /// A use that is known and not cached, with the reason.
    Uncached(Bypass),
}

/// Whether an option takes a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arity {
    /// It stands alone.
    Flag,
    /// It takes the rest of its argument, or the next argument.
    Value,
}

use Arity::{Flag, Value};

const LONG: &[(&str, Arity, Class)] = &[
    ("allow", Value, Class::Text),
    ("cap-lints", Value, Class::Text),
    ("cfg", Value, Class::Text),
    ("check-cfg", Value, Class::Text),
    ("codegen", Value, Class::Codegen),
    ("color", Value, Class::Display),
    ("crate-name", Value, Class::CrateName),
    ("crate-type", Value, Class::CrateType),
    ("deny", Value, Class::Text),
    ("diagnostic-width", Value, Class::Display),
    ("edition", Value, Class::Text),
    ("emit", Value, Class::Emit),
    ("env-set", Value, Class::Uncached(Bypass::SetsVariables)),
    ("error-format", Value, Class::ErrorFormat),
    ("explain", Value, Class::Query),
    ("extern", Value, Class::Extern),
    ("forbid", Value, Class::Text),
    ("force-warn", Value, Class::Text),
    ("help", Flag, Class::Query),
    ("json", Value, Class::Json),
    ("out-dir", Value, Class::OutDir),
    ("print", Value, Class::Query),
    ("remap-path-prefix", Value, Class::Text),
    ("remap-path-scope", Value, Class::Text),
    ("sysroot", Value, Class::Sysroot),
    ("target", Value, Class::Target),
    ("test", Flag, Class::Test),
    ("verbose", Flag, Class::Text),
    ("version", Flag, Class::Query),
    ("warn", Value, Class::Text),
];

const SHORT: &[(u8, Arity, Class)] = &[
    (b'A', Value, Class::Text),
    (b'C', Value, Class::Codegen),
    (b'D', Value, Class::Text),
    (b'F', Value, Class::Text),
    (b'L', Value, Class::SearchPath),
    (b'O', Flag, Class::Text),
    (b'V', Flag, Class::Query),
    (b'W', Value, Class::Text),
    (b'Z', Value, Class::Unstable),
    (b'g', Flag, Class::Text),
    (b'h', Flag, Class::Query),
    (b'l', Value, Class::NativeLibrary),
    (b'o', Value, Class::Uncached(Bypass::OutputName)),
    (b'v', Flag, Class::Text),
];

/// Looks an option up by its long name, without the dashes.
pub fn long(name: &[u8]) -> Option<(Arity, Class)> {
    LONG.iter().find(|(known, ..)| known.as_bytes() == name).map(|(_, arity, class)| (*arity, class.clone()))
}

/// Looks an option up by its letter.
pub fn short(letter: u8) -> Option<(Arity, Class)> {
    SHORT.iter().find(|(known, ..)| *known == letter).map(|(_, arity, class)| (*arity, class.clone()))
}

/// What a codegen option means for the action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Codegen {
    /// Text that may hold paths.
    Text,
    /// Read by the link only: no part of the key of a unit that does not link.
    Link,
    /// A file read by its content; relative to the working directory.
    File,
    /// `target-cpu`.
    Cpu,
    /// `incremental`: where the session lives says nothing about the result, that there is one does.
    Incremental,
    /// `extra-filename`.
    ExtraFilename,
    /// A use that is known and not cached, with the reason.
    Uncached(Bypass),
    /// Asks for information.
    Query,
}

const CODEGEN: &[(&str, Codegen)] = &[
    ("ar", Codegen::Text),
    ("code-model", Codegen::Text),
    ("codegen-units", Codegen::Text),
    ("collapse-macro-debuginfo", Codegen::Text),
    ("control-flow-guard", Codegen::Text),
    ("debug-assertions", Codegen::Text),
    ("debuginfo", Codegen::Text),
    ("default-linker-libraries", Codegen::Link),
    ("dlltool", Codegen::Text),
    ("dwarf-version", Codegen::Text),
    ("embed-bitcode", Codegen::Text),
    ("extra-filename", Codegen::ExtraFilename),
    ("force-frame-pointers", Codegen::Text),
    ("force-unwind-tables", Codegen::Text),
    ("help", Codegen::Query),
    ("incremental", Codegen::Incremental),
    ("inline-threshold", Codegen::Text),
    ("instrument-coverage", Codegen::Text),
    ("jump-tables", Codegen::Text),
    ("link-arg", Codegen::Link),
    ("link-args", Codegen::Link),
    ("link-dead-code", Codegen::Text),
    ("link-self-contained", Codegen::Link),
    ("linker", Codegen::Link),
    ("linker-features", Codegen::Link),
    ("linker-flavor", Codegen::Link),
    ("linker-plugin-lto", Codegen::Text),
    ("llvm-args", Codegen::Text),
    ("lto", Codegen::Text),
    ("metadata", Codegen::Text),
    ("no-prepopulate-passes", Codegen::Text),
    ("no-redzone", Codegen::Text),
    ("no-stack-check", Codegen::Text),
    ("no-vectorize-loops", Codegen::Text),
    ("no-vectorize-slp", Codegen::Text),
    ("opt-level", Codegen::Text),
    ("overflow-checks", Codegen::Text),
    ("panic", Codegen::Text),
    ("passes", Codegen::Text),
    ("prefer-dynamic", Codegen::Text),
    ("profile-generate", Codegen::Text),
    ("profile-use", Codegen::File),
    ("relocation-model", Codegen::Text),
    ("relro-level", Codegen::Text),
    ("remark", Codegen::Text),
    ("rpath", Codegen::Link),
    ("save-temps", Codegen::Uncached(Bypass::KeepsTemporaries)),
    ("soft-float", Codegen::Text),
    ("split-debuginfo", Codegen::Text),
    ("strip", Codegen::Link),
    ("symbol-mangling-version", Codegen::Text),
    ("target-cpu", Codegen::Cpu),
    ("target-feature", Codegen::Text),
    ("unsafe-allow-abi-mismatch", Codegen::Text),
];

/// Looks a codegen option up; underscores and dashes are the same to rustc.
pub fn codegen(name: &str) -> Option<Codegen> {
    let name = name.replace('_', "-");
    CODEGEN.iter().find(|(known, _)| *known == name).map(|(_, class)| class.clone())
}

/// The unstable options that change nothing that the key does not hold. The runtimes of sanitizers lie among the target's
/// libraries, which the compiler's identity covers. What an attribute includes stands in the dep-info.
const UNSTABLE: &[&str] = &[
    "allow-features",
    "checksum-hash-algorithm",
    "crate-attr",
    "embed-metadata",
    "macro-backtrace",
    "sanitizer",
    "sanitizer-memory-track-origins",
    "sanitizer-recover",
    "share-generics",
    "threads",
    "unstable-options",
];

/// Returns whether an unstable option is known and may be cached.
pub fn unstable(name: &str) -> bool {
    UNSTABLE.contains(&name.replace('_', "-").as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_and_hold_no_name_twice() {
        assert!(LONG.is_sorted_by_key(|(name, ..)| *name));
        assert!(SHORT.is_sorted_by_key(|(letter, ..)| *letter));
        assert!(CODEGEN.is_sorted_by_key(|(name, _)| *name));
        assert!(UNSTABLE.is_sorted());
        assert!(LONG.windows(2).all(|pair| pair[0].0 != pair[1].0));
        assert!(CODEGEN.windows(2).all(|pair| pair[0].0 != pair[1].0));
    }
}
