//! Which compiler this is, by the content of its files.
//!
//! A compiler is its executable, the driver library with everything beside it, the codegen backends, and the target's
//! standard library. Version text is no identity: a rebuilt toolchain says the same.
//!
//! Invariant: the digest answers for every file whose content shapes what the compiler makes. It is remembered in
//! `compilers/<key>` with the stamp of each file and directory, and every look-up checks every stamp, so a toolchain that
//! is updated behind its path is another compiler at once.

use std::cmp::Reverse;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::num::NonZero;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ScopedJoinHandle};

use crate::action::ActionKey;
use crate::action::compiler::{Compiler, decode, encode};
use crate::invocation::Head;
use crate::settings::environment::{self, Environment};
use crate::store::Store;
use crate::store::memo::Memo;
use crate::system::digest::{Digest, FieldHasher};
use crate::system::error::plain;
use crate::system::files::{is_regular, list_if_there, replace};
use crate::system::os::Wait;
use crate::system::stamp::{self, Stamp};

/// What decides which compiler a command line means.
#[derive(Debug)]
pub struct Query<'a> {
    /// The programs in front of the arguments.
    pub head: &'a Head,
    /// `--target`, if given.
    pub target: Option<&'a str>,
    /// `--sysroot`, if given.
    pub sysroot: Option<&'a Path>,
    /// The environment.
    pub environment: &'a Environment,
}

impl Query<'_> {
    /// Identifies the compiler, starting it only if it was never seen before.
    ///
    /// # Errors
    /// A sentence about the first file that could not be read.
    pub fn identify(&self, store: &Store) -> Result<Compiler, String> {
        let rustc = self.find(&self.head.rustc).ok_or_else(|| "compiler not found".to_owned())?;
        let driver = match &self.head.driver {
            Some(driver) => Some(self.find(driver).ok_or_else(|| "driver not found".to_owned())?),
            None => None,
        };
        let key = self.key(&rustc, driver.as_deref());
        let record = store.compilers().join(key.hex());
        if let Some(known) = recall(&record) {
            return Ok(known);
        }
        // Cargo starts several units at once, and one reading of some hundred megabytes is enough for all.
        let _lock = store.lock(&ActionKey(key), Wait::Yes);
        if let Some(known) = recall(&record) {
            return Ok(known);
        }
        let compiler = self.gather(rustc, driver, store.memo())?;
        let _ = replace(&record, &encode(&compiler));
        Ok(compiler)
    }

    fn key(&self, rustc: &Path, driver: Option<&Path>) -> Digest {
        let mut hasher = FieldHasher::new("compiler query");
        hasher.bytes(rustc.as_os_str().as_encoded_bytes());
        hasher.bytes(driver.map_or(b"", |path| path.as_os_str().as_encoded_bytes()));
        hasher.bytes(self.target.unwrap_or_default().as_bytes());
        hasher.bytes(self.sysroot.map_or(b"", |path| path.as_os_str().as_encoded_bytes()));
        for name in ["RUSTUP_TOOLCHAIN", "RUSTUP_HOME", "HOME"] {
            hasher.bytes(self.environment.get(name).unwrap_or_default().as_encoded_bytes());
        }
        hasher.finish()
    }

    fn gather(&self, rustc: PathBuf, driver: Option<PathBuf>, memo: &Memo) -> Result<Compiler, String> {
        let (sysroot, host, loaded) = thread::scope(|scope| {
            let host = scope.spawn(|| self.host(&rustc));
            let loaded = scope.spawn(|| loaded(&rustc));
            (self.sysroot(&rustc), joined(host), joined(loaded))
        });
        let (sysroot, host, loaded) = (sysroot?, host?, loaded.map_err(|error| unread(&rustc, &error))?);
        let mut paths: Vec<PathBuf> = std::iter::once(rustc.clone()).chain(driver).collect();
        // Stamped before they are listed: what is added meanwhile makes this another compiler.
        let mut directories = vec![stamped(sysroot.join("lib"))?];
        libraries(&sysroot.join("lib"), &mut paths)?;
        libraries(&sysroot.join("bin"), &mut paths)?;
        for name in ["rustc", "clippy-driver"] {
            let program = sysroot.join(format!("bin/{name}{}", std::env::consts::EXE_SUFFIX));
            if is_file(&program)? {
                paths.push(program);
            }
        }
        paths.extend(loaded);
        for target in [host.as_str()].into_iter().chain(self.target.map(name_of_target)) {
            let rustlib = sysroot.join("lib/rustlib").join(target);
            for part in ["lib", "bin", "bin/gcc-ld", "bin/self-contained", "lib/self-contained", "codegen-backends"] {
                everything(&rustlib.join(part), &mut paths, &mut directories)?;
            }
        }
        paths.sort();
        paths.dedup();
        directories.sort_by(|(one, _), (two, _)| one.cmp(two));
        directories.dedup_by(|(two, _), (one, _)| one == two);
        digest_all(&paths, directories, sysroot, memo)
    }

    fn sysroot(&self, rustc: &Path) -> Result<PathBuf, String> {
        match self.sysroot {
            Some(path) => Ok(path.to_owned()),
            None => self.ask(rustc, &["--print", "sysroot"]).map(PathBuf::from),
        }
    }

    fn host(&self, rustc: &Path) -> Result<String, String> {
        let told = self.ask(rustc, &["-vV"])?;
        let host = told.lines().find_map(|line| line.strip_prefix("host: "));
        host.map(str::to_owned).ok_or_else(|| "compiler does not name its host".to_owned())
    }

    fn ask(&self, rustc: &Path, question: &[&str]) -> Result<String, String> {
        let answer = Command::new(rustc).args(question).env(environment::ACTIVE, "1").output();
        let answer = answer.map_err(|error| format!("compiler does not start: {}", plain(&error)))?;
        if !answer.status.success() {
            return Err("compiler does not answer questions about itself".to_owned());
        }
        Ok(String::from_utf8_lossy(&answer.stdout).trim_end().to_owned())
    }

    /// Finds a program as the system would start it, and looks through rustup's stand-ins.
    fn find(&self, program: &OsStr) -> Option<PathBuf> {
        let path = Path::new(program);
        let found = if path.components().count() > 1 {
            std::path::absolute(path).ok()?
        } else {
            let suffix = std::env::consts::EXE_SUFFIX;
            let name = format!("{}{suffix}", path.to_str()?.strip_suffix(suffix).unwrap_or(path.to_str()?));
            self.environment.program(OsStr::new(&name))?
        };
        if !is_rustup(&found) {
            return found.is_file().then_some(found);
        }
        let toolchain = self.environment.filled("RUSTUP_TOOLCHAIN").map(PathBuf::from);
        let named = toolchain.and_then(|name| {
            let directory =
                if name.is_absolute() { name } else { self.environment.rustup_home()?.join("toolchains").join(name) };
            Some(directory.join("bin").join(found.file_name()?)).filter(|real| real.is_file())
        });
        // Cargo names the toolchain. Without a name it depends on files up the tree, so only rustup can tell.
        named.or_else(|| {
            let sysroot = self.ask(&found.with_file_name("rustc"), &["--print", "sysroot"]).ok()?;
            Some(Path::new(&sysroot).join("bin").join(found.file_name()?)).filter(|real| real.is_file())
        })
    }
}

/// Returns what the directory of a target's standard library is called: a file that describes a target gives its name.
fn name_of_target(target: &str) -> &str {
    let described = target.strip_suffix(".json").map(Path::new);
    described.and_then(|path| path.file_name()?.to_str()).unwrap_or(target)
}

/// Returns the compiler on record, if each of its files is still the one that was read.
fn recall(record: &Path) -> Option<Compiler> {
    let known = decode(&std::fs::read(record).ok()?)?;
    known.changed_file().is_none().then_some(known)
}

/// rustup's stand-ins are links, symbolic or hard, to one executable beside them.
fn is_rustup(program: &Path) -> bool {
    let rustup = program.with_file_name(format!("rustup{}", std::env::consts::EXE_SUFFIX));
    matches!((Stamp::of(program), Stamp::of(&rustup)), (Ok(one), Ok(two)) if one.is_same_file(&two))
}

/// Adds the compiler's own libraries from a directory that may hold the whole system's (`/usr/lib`).
fn libraries(directory: &Path, paths: &mut Vec<PathBuf>) -> Result<(), String> {
    let ours = |name: &str| {
        ["librustc", "rustc_driver", "libLLVM", "LLVM", "libstd-", "std-"].iter().any(|p| name.starts_with(p))
    };
    for entry in list_if_there(directory).map_err(|error| unread(directory, &error))? {
        if entry.file_name().to_str().is_some_and(ours) && is_file(&entry.path())? {
            paths.push(entry.path());
        }
    }
    Ok(())
}

/// Returns what the system's loader finds for the compiler elsewhere, as distributions arrange it.
///
/// The loader of ELF programs lists what it would load when `LD_TRACE_LOADED_OBJECTS` is set, which is how ldd works (ld.so(8)). A
/// program of another format would run.
fn loaded(rustc: &Path) -> io::Result<Vec<PathBuf>> {
    let mut magic = Vec::new();
    File::open(rustc)?.take(4).read_to_end(&mut magic)?;
    if magic != *b"\x7fELF" {
        return Ok(Vec::new());
    }
    let listing = Command::new(rustc).env("LD_TRACE_LOADED_OBJECTS", "1").env(environment::ACTIVE, "1").output()?;
    let ours = |path: &PathBuf| {
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        name.starts_with("librustc") || name.starts_with("libLLVM") || name.starts_with("libstd-")
    };
    let listing = String::from_utf8_lossy(&listing.stdout);
    let lines = listing.lines().filter_map(|line| line.split(" => ").nth(1)?.rsplit_once(" ("));
    Ok(lines.map(|(path, _)| PathBuf::from(path)).filter(ours).collect())
}

/// Adds every file of a directory, and the directory itself for what may be added to it. For one that is not there stands the
/// nearest one above it, which changes when it is made.
fn everything(
    directory: &Path,
    paths: &mut Vec<PathBuf>,
    directories: &mut Vec<(PathBuf, Stamp)>,
) -> Result<(), String> {
    let there = directory.ancestors().find(|path| path.is_dir()).unwrap_or(directory);
    directories.push(stamped(there.to_owned())?);
    for entry in list_if_there(directory).map_err(|error| unread(directory, &error))? {
        if is_file(&entry.path())? {
            paths.push(entry.path());
        }
    }
    Ok(())
}

/// Returns a directory's stamp, once the next change of the directory will change the stamp too.
fn stamped(path: PathBuf) -> Result<(PathBuf, Stamp), String> {
    loop {
        let stamp = Stamp::of(&path).map_err(|error| unread(&path, &error))?;
        match stamp.settles_in(stamp::now()) {
            None => return Ok((path, stamp)),
            Some(time) => thread::sleep(time),
        }
    }
}

fn is_file(path: &Path) -> Result<bool, String> {
    is_regular(path).map_err(|error| unread(path, &error))
}

fn unread(path: &Path, error: &io::Error) -> String {
    format!("{}: {}", path.display(), plain(error))
}

fn digest_all(
    paths: &[PathBuf],
    directories: Vec<(PathBuf, Stamp)>,
    sysroot: PathBuf,
    memo: &Memo,
) -> Result<Compiler, String> {
    let mut hasher = FieldHasher::new("compiler");
    let mut files = Vec::with_capacity(paths.len() + directories.len());
    for (path, read) in paths.iter().zip(read_all(paths, memo)) {
        let (digest, stamp) = read.map_err(|error| unread(path, &error))?;
        hasher.bytes(path.file_name().unwrap_or_default().as_encoded_bytes());
        hasher.digest(&digest);
        files.push((path.clone(), stamp));
    }
    files.extend(directories);
    Ok(Compiler { digest: hasher.finish(), sysroot, files })
}

/// Reads files side by side, the largest first: two libraries hold half of a compiler's bytes. Returns results in the order of
/// `paths`.
fn read_all(paths: &[PathBuf], memo: &Memo) -> Vec<io::Result<(Digest, Stamp)>> {
    let size = |at: &usize| std::fs::metadata(&paths[*at]).map_or(0, |metadata| metadata.len());
    let mut order: Vec<usize> = (0..paths.len()).collect();
    order.sort_by_cached_key(|at| Reverse(size(at)));
    let next = AtomicUsize::new(0);
    let work = || {
        let turns = std::iter::from_fn(|| order.get(next.fetch_add(1, Ordering::Relaxed)).copied());
        turns.map(|at| (at, settled(&paths[at], memo))).collect::<Vec<_>>()
    };
    let mut read = thread::scope(|scope| {
        let others: Vec<_> = (1..readers()).map(|_| scope.spawn(work)).collect();
        let mut read = work();
        others.into_iter().for_each(|other| read.extend(joined(other)));
        read
    });
    read.sort_by_key(|(at, _)| *at);
    read.into_iter().map(|(_, result)| result).collect()
}

/// How often a file is read that others write meanwhile.
const ATTEMPTS: u32 = 10;

/// Reads a file whose stamp then stands for what was read: an update that is under way is waited for.
fn settled(path: &Path, memo: &Memo) -> io::Result<(Digest, Stamp)> {
    for _ in 0..ATTEMPTS {
        let before = Stamp::of(path)?;
        if let Some(time) = before.settles_in(stamp::now()) {
            thread::sleep(time);
            continue;
        }
        let (digest, stamp) = memo.digest(path)?;
        if stamp == before {
            return Ok((digest, stamp));
        }
    }
    Err(io::Error::new(io::ErrorKind::ResourceBusy, "it is being written"))
}

fn joined<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| resume_unwind(panic))
}

/// More than this many readers wait for memory and no longer for the processor.
fn readers() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get).min(8)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn a_directory_that_cannot_be_listed_is_an_error() {
        let nameless = PathBuf::from(format!("/{}", "x".repeat(5000)));
        assert!(everything(&nameless, &mut Vec::new(), &mut Vec::new()).is_err());
        assert!(libraries(&nameless, &mut Vec::new()).is_err());
    }

    #[test]
    fn a_directory_that_is_made_later_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let (mut paths, mut directories) = (Vec::new(), Vec::new());
        let absent = dir.path().join("rustlib/target/lib");
        everything(&absent, &mut paths, &mut directories).unwrap();
        assert_eq!((paths.len(), directories.len()), (0, 1));
        std::fs::create_dir_all(&absent).unwrap();
        let known = Compiler { digest: Digest::of(b""), sysroot: dir.path().to_owned(), files: directories };
        assert_eq!(known.changed_file(), Some(dir.path()));
    }

    #[test]
    fn a_file_that_describes_a_target_gives_its_name() {
        assert_eq!(name_of_target("x86_64-unknown-none"), "x86_64-unknown-none");
        assert_eq!(name_of_target("/boards/board.v2.json"), "board.v2");
    }

    #[test]
    fn a_file_that_was_just_written_is_read_when_its_stamp_tells_of_the_next_change() {
        let dir = tempfile::tempdir().unwrap();
        let (memo, file) = (Memo::open(&dir.path().join("digests")), dir.path().join("librustc_driver.so"));
        std::fs::write(&file, "one").unwrap();
        let (digest, stamp) = settled(&file, &memo).unwrap();
        assert_eq!((digest, stamp), (Digest::of(b"one"), Stamp::of(&file).unwrap()));
        assert_eq!(stamp.settles_in(stamp::now()), None);
    }
}
