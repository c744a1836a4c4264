//! Compilers of other languages, which are passed through: build systems put one wrapper before all of them.
//!
//! Invariant: pure; a program is told by its name alone, and what is not known by name is taken for a Rust compiler.

use std::ffi::{OsStr, OsString};
use std::path::Path;

/// The names of C and C++ compilers, without a target before and a version behind.
const NAMES: [&str; 13] =
    ["c++", "cc", "cl", "clang", "clang++", "clang-cl", "em++", "emcc", "g++", "gcc", "icpx", "icx", "nvcc"];

/// Returns whether a program compiles C or C++: `cc`, `/usr/bin/x86_64-linux-gnu-gcc-12`.
pub fn is_compiler(program: &OsStr) -> bool {
    let Some(name) = Path::new(program).file_name().and_then(OsStr::to_str) else { return false };
    let name = name.to_ascii_lowercase();
    let name = name.strip_suffix(".exe").unwrap_or(&name);
    let is_version = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let name = name.rsplit_once('-').filter(|(_, version)| is_version(version)).map_or(name, |(name, _)| name);
    NAMES.contains(&name) || name.rsplit_once('-').is_some_and(|(_, last)| NAMES.contains(&last))
}

/// Returns whether arguments ask for an object file, and not for an answer or a link.
pub fn compiles(arguments: &[OsString]) -> bool {
    arguments.iter().any(|argument| argument == "-c" || argument == "/c")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c_compilers_are_known_by_their_names() {
        for name in ["cc", "/usr/bin/c++", "gcc-12", "x86_64-linux-gnu-gcc", "aarch64-linux-gnu-g++-13", "clang-15.0"] {
            assert!(is_compiler(name.as_ref()), "{name}");
        }
        for name in ["CL.EXE", "clang-cl.exe", "musl-gcc"] {
            assert!(is_compiler(name.as_ref()), "{name}");
        }
        for name in ["rustc", "clippy-driver", "/opt/gcc/bin/rustc", "rustc-1.95", "my-rustc", "thymos-cc-rustc", ""] {
            assert!(!is_compiler(name.as_ref()), "{name}");
        }
    }
}
