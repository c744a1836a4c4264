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

/// A program is known by its name and its content: that of the sysroot, or one that lies beside the driver library that it
/// loads, where another sysroot was named.
fn is_foreign(program: &Path, compiler: &Compiler) -> bool {
    let Compiler { sysroot, files, .. } = compiler;
    let is_own_name = |name: &OsStr| OWN.iter().any(|own| name == *own);
    let own = files
        .iter()
        .filter(|(path, _)| path.parent() == Some(&sysroot.join("bin")) && path.file_stem().is_some_and(is_own_name));
    let own: Vec<&Stamp> = own.map(|(_, stamp)| stamp).collect();
    let has_driver_library = |path: &Path| {
        let beside = path.with_file_name("../lib");
        let is_it = |library: &Path| {
            let name = library.file_name().unwrap_or_default().as_encoded_bytes();
            name.starts_with(b"librustc_driver") && library.parent() == Some(&beside)
        };
        path.file_stem().is_some_and(is_own_name) && files.iter().any(|(library, _)| is_it(library))
    };
    let mut found = files.iter().filter(|(path, _)| path.file_stem() == program.file_stem());
    found.any(|(path, stamp)| !own.iter().any(|own| own.is_same_file(stamp)) && !has_driver_library(path))
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
