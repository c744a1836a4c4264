//! Programs that a compile starts, and whether it is known which variables they read.
//!
//! Of the system's own programs, and of C compilers and linkers wherever they lie, the variables that shape a link are in the
//! key. What else is started in their place may read any variable: a script, or a compiled program that hands on to the linker.
//!
//! Invariant: pure, and a doubt counts as unknown. A program that has the plain name of a compiler or a linker is taken for it.

use std::ffi::OsStr;
use std::path::Path;

use crate::system::linker_shim as shim;

/// Where the system keeps its programs, and the loader that starts them; what lies in `/usr/local` is somebody's own.
const SYSTEM: [&str; 11] = [
    "/bin",
    "/gnu/store",
    "/lib",
    "/lib64",
    "/nix/store",
    "/sbin",
    "/usr/bin",
    "/usr/lib",
    "/usr/lib64",
    "/usr/libexec",
    "/usr/sbin",
];

/// Compilers that link, linkers, and what a linker starts; without a target before and a version behind.
const NAMES: [&str; 23] = [
    "ar",
    "as",
    "c++",
    "cc",
    "clang",
    "clang++",
    "collect2",
    "g++",
    "gcc",
    "gold",
    "ld",
    "ld.bfd",
    "ld.gold",
    "ld.lld",
    "ld.mold",
    "ld.wild",
    "ld64.lld",
    "lld",
    "lto-wrapper",
    "mold",
    "rust-lld",
    "wasm-ld",
    "wild",
];

/// What the name of a target begins with.
const ARCHITECTURES: [&str; 20] = [
    "aarch64",
    "arc",
    "arm",
    "avr",
    "bpf",
    "hexagon",
    "i386",
    "i586",
    "i686",
    "loongarch",
    "m68k",
    "mips",
    "msp430",
    "powerpc",
    "riscv",
    "s390x",
    "sparc",
    "thumb",
    "x86_64",
    "xtensa",
];

/// Returns whether it is known which variables a compiled program reads.
pub fn is_known(path: &Path) -> bool {
    SYSTEM.iter().any(|tree| path.starts_with(tree)) || links_by_name(path)
}

/// Programs of the system that ask of an open file how large its blocks are and whether it is one, and tell nobody its times.
const READERS: [&str; 23] = [
    "awk", "basename", "bash", "cat", "cmp", "cut", "dash", "dirname", "echo", "env", "expr", "gawk", "grep", "head",
    "mawk", "printf", "sed", "sh", "sort", "tail", "tr", "uniq", "wc",
];

/// Returns whether a program is one of the system's shells, which look at their start whether there is a terminal to control.
#[must_use]
pub fn is_shell(path: &Path) -> bool {
    only_reads(path) && ["bash", "dash", "sh"].iter().any(|shell| path.file_name() == Some(OsStr::new(shell)))
}

/// Returns whether a program is the system's `env`, which the first line of a script may name to have a shell searched for.
#[must_use]
pub fn is_env(path: &Path) -> bool {
    only_reads(path) && path.file_name() == Some(OsStr::new("env"))
}

/// Returns whether a program of the system only reads what it opens.
#[must_use]
pub fn only_reads(path: &Path) -> bool {
    let name = path.file_name().and_then(OsStr::to_str);
    SYSTEM.iter().any(|tree| path.starts_with(tree)) && name.is_some_and(|name| READERS.contains(&name))
}

/// Returns whether a program has the name of one that links, or that a linker starts.
pub fn links_by_name(path: &Path) -> bool {
    path.file_name().and_then(OsStr::to_str).is_some_and(is_linker)
}

/// `cc`, `clang-15`, `x86_64-linux-gnu-gcc-12`, and not `own-cc`.
fn is_linker(name: &str) -> bool {
    let is_version = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let name = name.rsplit_once('-').filter(|(_, version)| is_version(version)).map_or(name, |(name, _)| name);
    let for_target = |(target, last): (&str, &str)| {
        NAMES.contains(&last) && ARCHITECTURES.iter().any(|architecture| target.starts_with(architecture))
    };
    name == shim::NAME || NAMES.contains(&name) || name.rsplit_once('-').is_some_and(for_target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_programs_and_linkers_are_known_and_others_are_not() {
        for path in [
            "/usr/lib/gcc/x86_64-linux-gnu/12/collect2",
            "/usr/bin/own-cc",
            "/lib64/ld-linux-x86-64.so.2",
            "/home/me/.cargo/bin/wild",
            "/home/me/.cargo/bin/thymos-cc",
            "/usr/local/bin/mold",
            "/opt/llvm/bin/clang-15",
            "/opt/arm/bin/arm-none-eabi-gcc",
            "/opt/x/x86_64-linux-gnu-gcc-12.2",
        ] {
            assert!(is_known(Path::new(path)), "{path}");
        }
        for path in ["/home/me/own-cc", "/usr/local/bin/linker", "/opt/x/my-x86_64-gcc", "/opt/zig/zig", "/opt/x/wild2"]
        {
            assert!(!is_known(Path::new(path)), "{path}");
        }
    }
}
