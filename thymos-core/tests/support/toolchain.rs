//! A toolchain that a test may change: the one that the tests run with, put together anew of copies and links.
#![cfg(unix)]

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::fs::{FileExt, symlink};
use std::path::{Path, PathBuf};

use memchr::memmem;

use super::compiler::{host, real_rustc};

/// Where a toolchain stands, and which of its files are copies.
pub struct Toolchain {
    root: PathBuf,
    own: Vec<PathBuf>,
}

impl Toolchain {
    /// Tells whether there is one to be put together: a distribution's is a part of the whole system.
    pub fn is_there() -> bool {
        let there = sysroot().is_some();
        if !there {
            eprintln!("skipped: this compiler is no toolchain by itself");
        }
        there
    }

    /// Returns the toolchain at `root`, putting it together where nothing is. Files whose names begin like this are copies that
    /// can be changed. So are the compiler and its library, by whose place it finds the others, and these are links.
    pub fn at(root: PathBuf, own: &str) -> Toolchain {
        let from = sysroot().expect("the test has asked whether there is one");
        let libraries = Path::new("lib/rustlib").join(host());
        let mut toolchain = Toolchain { root, own: Vec::new() };
        for directory in [Path::new("bin"), Path::new("lib"), &libraries.join("lib"), &libraries.join("bin")] {
            toolchain.lay(&from, directory, &["rustc", DRIVER, own]);
        }
        let is_own = |path: &Path| path.file_name().is_some_and(|name| begins(name, own));
        toolchain.own.retain(|path| is_own(path));
        toolchain
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn rustc(&self) -> PathBuf {
        self.root.join("bin/rustc")
    }

    /// Writes one of these texts, which are equally long, where another of them stands in a file that is a copy. Only the
    /// file's change time tells of it.
    pub fn says(&self, texts: &[&str], text: &str) {
        let mut found = 0;
        for path in &self.own {
            let bytes = fs::read(path).expect("a library is readable");
            let file = File::options().write(true).open(path).expect("the copy is ours");
            let modified = file.metadata().and_then(|metadata| metadata.modified()).expect("the file is open");
            for at in texts.iter().flat_map(|text| memmem::find_iter(&bytes, text.as_bytes())) {
                file.write_all_at(text.as_bytes(), at as u64).expect("the copy is ours");
                found += 1;
            }
            file.set_modified(modified).expect("the copy is ours");
        }
        assert!(found > 0, "one of {texts:?} stands in {:?}", self.own);
    }

    fn lay(&mut self, from: &Path, directory: &Path, copied: &[&str]) {
        let place = self.root.join(directory);
        fs::create_dir_all(&place).expect("the world is writable");
        for entry in fs::read_dir(from.join(directory)).into_iter().flatten() {
            let entry = entry.expect("a toolchain can be listed");
            let (name, to) = (entry.file_name(), place.join(entry.file_name()));
            let is_copied = copied.iter().any(|beginning| begins(&name, beginning));
            if name == "rustlib" {
                continue;
            }
            let laid = match is_copied {
                _ if to.exists() => Ok(()),
                true => fs::copy(entry.path(), &to).map(drop),
                false => symlink(entry.path(), &to),
            };
            laid.expect("the world is writable");
            if is_copied {
                self.own.push(to);
            }
        }
    }
}

const DRIVER: &str = "librustc_driver";

fn begins(name: &OsStr, beginning: &str) -> bool {
    name.as_encoded_bytes().starts_with(beginning.as_bytes())
}

fn sysroot() -> Option<PathBuf> {
    let sysroot = real_rustc().parent()?.parent()?.to_owned();
    let mut libraries = fs::read_dir(sysroot.join("lib")).ok()?.flatten();
    let is_whole = sysroot != Path::new("/usr") && libraries.any(|entry| begins(&entry.file_name(), DRIVER));
    is_whole.then_some(sysroot)
}
