//! Whether the compiler is the toolchain's own, or a program that stands in its place: a script, a driver as Miri has one.
//!
//! Invariant: of the toolchain's own programs it is known which variables and files shape what they make; any other may read
//! whatever it likes, and a compiled one tells nothing about its variables once it has become rustc.

use std::ffi::OsStr;
use std::path::Path;

use crate::action::compiler::Compiler;
use crate::invocation::Head;
use crate::system::stamp::Stamp;

const OWN: [&str; 2] = ["rustc", "clippy-driver"];

/// Returns whether a program that is not the toolchain's own is started as the compiler.
pub(crate) fn has_foreign_driver(head: &Head, compiler: &Compiler) -> bool {
    let started = [Some(&head.rustc), head.driver.as_ref()].into_iter().flatten();
    started.map(Path::new).any(|program| is_foreign(program, compiler))
}

fn is_foreign(program: &Path, compiler: &Compiler) -> bool {
    let mut found = compiler.files.iter().filter(|(path, _)| path.file_stem() == program.file_stem());
    found.any(|(path, stamp)| !is_of_sysroot(stamp, compiler) && !is_beside_driver_library(path, compiler))
}

/// Returns whether a file is one of the toolchain's own programs, under whatever name.
fn is_of_sysroot(stamp: &Stamp, compiler: &Compiler) -> bool {
    let programs = compiler.sysroot.join("bin");
    let mut own = compiler.files.iter().filter(|(path, _)| path.parent() == Some(&programs) && has_own_name(path));
    own.any(|(_, own)| own.is_same_file(stamp))
}

/// Returns whether a program lies beside the driver library that it loads, as where another sysroot was named.
fn is_beside_driver_library(program: &Path, compiler: &Compiler) -> bool {
    let libraries = program.with_file_name("../lib");
    let mut beside = compiler.files.iter().filter(|(path, _)| path.parent() == Some(&libraries));
    let is_driver = |name: &OsStr| name.as_encoded_bytes().starts_with(b"librustc_driver");
    has_own_name(program) && beside.any(|(path, _)| path.file_name().is_some_and(is_driver))
}

fn has_own_name(program: &Path) -> bool {
    program.file_stem().is_some_and(|name| OWN.iter().any(|own| name == *own))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::digest::Digest;

    fn foreign(program: &str, files: &[(&str, u64)]) -> bool {
        let stamp = |inode| Stamp { device: 1, inode, size: 9, modified: 0, changed: 0 };
        let files = files.iter().map(|(path, inode)| (path.into(), stamp(*inode))).collect();
        is_foreign(Path::new(program), &Compiler { digest: Digest::of(b""), sysroot: "/tc".into(), files })
    }

    const SYSROOT: [(&str, u64); 2] = [("/tc/bin/rustc", 1), ("/tc/bin/clippy-driver", 2)];

    fn with(file: (&'static str, u64)) -> Vec<(&'static str, u64)> {
        SYSROOT.into_iter().chain([file]).collect()
    }

    #[test]
    fn the_toolchains_own_programs_are_known_under_every_name() {
        for program in ["rustc", "/tc/bin/rustc", "/tc/bin/clippy-driver"] {
            assert!(!foreign(program, &SYSROOT), "{program}");
        }
        assert!(!foreign("/usr/bin/rustc", &with(("/usr/bin/rustc", 1))), "a link to it");
        let elsewhere = [("/other/bin/rustc", 7), ("/other/bin/../lib/librustc_driver-1.so", 8)];
        assert!(!foreign("/other/bin/rustc", &elsewhere), "another sysroot was named");
    }

    #[test]
    fn what_stands_in_their_place_is_foreign() {
        assert!(foreign("/bin/driver", &with(("/bin/driver", 5))));
        assert!(foreign("/bin/rustc", &with(("/bin/rustc", 5))));
        assert!(foreign("miri", &with(("/tc/bin/miri", 5))), "it lies in the sysroot and is not rustc");
    }
}
