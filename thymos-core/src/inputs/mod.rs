//! Which of the things that a compile looked at are inputs of its result.
//!
//! Pure: what the observer recorded and what the dep-info says, in; candidates whose content is still to be read, out.
//! What is left out, and why:
//! - the compiler's own files and its sysroot's listings: the compiler's identity covers them;
//! - what the compile made itself, temporary files included;
//! - externs: the key holds their content;
//! - listings and look-ups in vain in `-L dependency` directories: rustc picks what it loads there by hash, and everything
//!   that it then opens is an input;
//! - the dynamic loader's cache and the C runtime of the compiler's own process, locale data;
//! - what the compiler's runtime asks of the kernel, by name (`KERNEL`). The linker and what it starts may ask for anything
//!   there that is no way to another file.
//!
//! Invariant: an access that no rule names is an input, or the unit is a Bypass.

pub mod depinfo;
mod facts;
pub mod locator;
pub(crate) mod macros;
pub(crate) mod programs;
pub mod scripts;
pub(crate) mod state;
pub(crate) mod variables;

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::compile::observe::{Access, AccessKind, Observed, Program, Seen};
use crate::outcome::Bypass;
use crate::system::guard::Guard;
use crate::system::stamp::Stamp;
use facts::{Facts, Places};

/// Something whose state decides whether the result still holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Candidate {
    /// The content of a file, with its stamp when the compile opened it.
    File(PathBuf, Option<Stamp>),
    /// That nothing is there.
    Absent(PathBuf),
    /// The names in a directory.
    Listing(PathBuf),
    /// That a directory is there.
    Directory(PathBuf),
    /// What a symbolic link says.
    Link(PathBuf),
    /// That what is there is no symbolic link.
    NoLink(PathBuf),
    /// Which file a search of `PATH` finds by this name.
    Program(OsString),
}

/// What decides which accesses are inputs.
pub(crate) struct Rules<'a> {
    /// The compiler's own files.
    pub compiler: HashSet<&'a Path>,
    /// The sysroot, or its `lib/rustlib` where the sysroot is the whole system.
    pub sysroot: PathBuf,
    /// Files that the key holds by content.
    pub keyed: HashSet<&'a Path>,
    /// `-L dependency` directories.
    pub dependencies: HashSet<PathBuf>,
    /// The directories of `PATH`: a search there is an input as a whole, so that another order is another result.
    pub search: HashSet<PathBuf>,
    /// The incremental session's directory.
    pub incremental: Option<PathBuf>,
    /// Where the outputs go.
    pub out_dir: PathBuf,
    /// Directories that are known to be there because the compile works in them.
    pub known: Vec<PathBuf>,
    /// Whether the links that the compiler looked up by itself went by unseen, so that the others are those of proc macros.
    pub foreign_links: bool,
    /// Whether the compiler may ask what its open files are called, as LLVM does of a profile, and nobody else can.
    pub names_open_files: bool,
    /// Whether a path is that of an output of this unit.
    pub is_output: &'a dyn Fn(&Path) -> bool,
    /// Whether a program links, or is one that a linker starts.
    pub is_linker: &'a dyn Fn(&Path) -> bool,
}

/// Returns what was observed and may be an input, each once, in the order in which it was first seen.
///
/// # Errors
/// A Bypass for a read that nothing can account for.
pub(crate) fn candidates(observed: &Observed, rules: &Rules<'_>) -> Result<Vec<Candidate>, Bypass> {
    let written = written(observed);
    let mut places = Places::new(rules, &written);
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    for access in observed.accesses.iter().filter(|access| access.kind != AccessKind::Write) {
        let facts = places.facts(&access.path);
        if rules.ignores(access, facts) {
            continue;
        }
        let found_by =
            [rules.program(access, facts), rules.candidate(access, facts)?, rules.name(access)].into_iter().flatten();
        for candidate in found_by {
            if seen.insert(candidate.clone()) {
                found.push(candidate);
            }
        }
    }
    Ok(found)
}

/// Returns what the compile wrote, each path with what its first write found there.
fn written(observed: &Observed) -> HashMap<&Path, Seen> {
    let mut written = HashMap::new();
    for access in observed.accesses.iter().filter(|access| access.kind == AccessKind::Write) {
        written.entry(access.path.as_path()).or_insert(access.seen);
    }
    written
}

impl Rules<'_> {
    fn ignores(&self, access: &Access, facts: Facts) -> bool {
        (facts.kernels && self.is_known_of_the_kernel(access))
            || facts.own
            || Self::is_system_noise(access, facts)
            || (facts.sysroot && !matches!(access.seen, Seen::File(_)))
            || self.is_dependency_search(access, facts)
            || (!Guard::InputLink.on() && matches!(access.program, Program::Child(_)))
    }

    /// The compile made this path itself, or a directory above it. One that was there already, and that it only made sure of,
    /// holds what others put there.
    fn is_made(&self, path: &Path, written: &HashMap<&Path, Seen>) -> bool {
        let made = |path: &Path| match written.get(path) {
            None => false,
            Some(Seen::Absent | Seen::File(_)) => true,
            Some(Seen::Directory | Seen::Other) => !Guard::InputBelowMade.on(),
        };
        path.ancestors().any(|path| made(path) && !self.known.iter().any(|known| known.starts_with(path)))
    }

    /// A file of the kernel has no content that could be compared, so one that nobody knows makes the unit a Bypass.
    fn is_known_of_the_kernel(&self, access: &Access) -> bool {
        let path = access.path.as_path();
        !Guard::InputKernel.on()
            || KERNEL.iter().any(|known| path.starts_with(known))
            || (self.names_open_files && names_open_file(access))
            // Who reads this reads the whole environment, which is an input then.
            || path.ends_with("environ")
            || (!self.is_compiler(&access.program) && !leads_elsewhere(path))
    }

    fn is_dependency_search(&self, access: &Access, facts: Facts) -> bool {
        let looked = only_asks(access.kind) || access.seen == Seen::Absent;
        (facts.in_dependencies && looked) || (facts.is_dependencies && self.is_compiler(&access.program))
    }

    /// The compiler may run below a script that stands in for it.
    fn is_compiler(&self, program: &Program) -> bool {
        match program {
            Program::Root => true,
            Program::Child(executable) => self.compiler.contains(executable.as_path()),
        }
    }

    /// Whoever resolves a path that leads over no link is told so. The compiler and linkers then open what they resolve.
    fn resolves_for_itself(&self, program: &Program) -> bool {
        match program {
            Program::Child(executable) if !self.is_compiler(program) => !(self.is_linker)(executable),
            _ => self.foreign_links,
        }
    }

    /// A look-up in a directory of `PATH` is part of a search by name.
    fn program(&self, access: &Access, facts: Facts) -> Option<Candidate> {
        let searched = facts.searched && !matches!(access.seen, Seen::Directory);
        searched.then(|| access.path.file_name().map(|name| Candidate::Program(name.to_owned())))?
    }

    /// What a name itself stands for tells that it is no link. rustc and linkers ask this of what they have made, and of nothing
    /// else.
    fn name(&self, access: &Access) -> Option<Candidate> {
        let is_no_link = access.kind == AccessKind::StatName && matches!(access.seen, Seen::File(_) | Seen::Directory);
        (is_no_link && !self.is_known(&access.path)).then(|| Candidate::NoLink(access.path.clone()))
    }

    /// Files of the operating system that every process looks at before `main` and that shape no artifact.
    fn is_system_noise(access: &Access, facts: Facts) -> bool {
        const RUNTIME: [&str; 12] = [
            "ld-linux",
            "libc.so",
            "libdl.so",
            "libgcc_s.so",
            "libm.so",
            "libpthread.so",
            "librt.so",
            "libstdc++.so",
            "libtinfo.so",
            "libz.so",
            "libzstd.so",
            "ld-musl",
        ];
        let by_loader = access.program == Program::Root || access.kind == AccessKind::Exec;
        let is_runtime = || {
            let name = access.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            RUNTIME.iter().any(|library| name.starts_with(library))
        };
        // A file of such a name that lies elsewhere is somebody's own.
        let in_place =
            || !matches!(access.seen, Seen::File(_)) || SYSTEM.iter().any(|tree| access.path.starts_with(tree));
        facts.noise || (by_loader && (facts.hwcaps || (is_runtime() && in_place())))
    }

    fn is_known(&self, path: &Path) -> bool {
        self.known.iter().any(|known| known.starts_with(path))
    }

    fn candidate(&self, access: &Access, facts: Facts) -> Result<Option<Candidate>, Bypass> {
        let path = access.path.clone();
        if facts.kernels {
            return Err(Bypass::Unaccounted(path.display().to_string()));
        }
        Ok(match (access.kind, access.seen) {
            (AccessKind::Write, _) => None,
            (_, Seen::Absent) if facts.searched => None,
            (_, Seen::Absent) => Guard::InputAbsence.on().then_some(Candidate::Absent(path)),
            (AccessKind::ReadLink, Seen::Other) => Some(Candidate::Link(path)),
            (AccessKind::ReadLink, _) => {
                (self.resolves_for_itself(&access.program) && !self.is_known(&path)).then_some(Candidate::NoLink(path))
            }
            (AccessKind::List, _) => Some(Candidate::Listing(path)),
            (_, Seen::Directory) => (!self.is_known(&path)).then_some(Candidate::Directory(path)),
            (_, Seen::File(stat)) => Some(Candidate::File(path, Some(stamp(&stat)))),
            (AccessKind::Stat | AccessKind::StatName, Seen::Other) => Some(Candidate::Link(path)),
            (AccessKind::Open | AccessKind::Exec, Seen::Other) => {
                return Err(Bypass::Unaccounted(format!("{} is no plain file", path.display())));
            }
        })
    }
}

/// What rustc's allocator, its thread pool, LLVM and the linkers that it starts ask for at their start, whatever they compile.
const KERNEL: [&str; 15] = [
    "/dev/fd", // the job server's descriptors
    "/dev/null",
    "/dev/random",
    "/dev/shm",
    "/dev/tty",
    "/dev/urandom",
    "/proc/self/cgroup",
    "/proc/self/exe",
    "/proc/self/maps",
    "/proc/self/mountinfo",
    "/proc/self/statm",
    "/proc/sys/vm/overcommit_memory",
    "/sys/devices/system",
    "/sys/fs/cgroup",
    "/sys/kernel/mm/transparent_hugepage",
];

fn only_asks(kind: AccessKind) -> bool {
    matches!(kind, AccessKind::Stat | AccessKind::StatName | AccessKind::ReadLink)
}

/// Returns whether an access asks for the name of an open file, and not for what is in it.
fn names_open_file(access: &Access) -> bool {
    access.path.starts_with("/proc/self/fd") && only_asks(access.kind)
}

/// Returns whether a path may go through a process to files of every kind: `/proc/self/cwd/…`, `/proc/7/root/…`.
fn leads_elsewhere(path: &Path) -> bool {
    path.starts_with("/proc") && path.components().any(|part| matches!(part.as_os_str().to_str(), Some("cwd" | "root")))
}

/// Where the system keeps the libraries that every program loads.
const SYSTEM: [&str; 6] = ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/nix/store", "/gnu/store"];

fn stamp(stat: &crate::compile::observe::FileStat) -> Stamp {
    Stamp { device: stat.dev, inode: stat.ino, size: stat.size, modified: stat.mtime_ns, changed: stat.ctime_ns }
}

/// Returns the twin whose appearance would make a module ambiguous: `foo/mod.rs` for `foo.rs`, and the reverse. The source that
/// the compiler is given has none, and any other may have any name.
pub(crate) fn module_twin(source: &Path) -> Option<PathBuf> {
    let name = source.file_name()?.to_str()?;
    if name == "mod.rs" {
        return source.parent().map(|parent| parent.with_extension("rs"));
    }
    Some(source.with_file_name(name.strip_suffix(".rs")?).join("mod.rs"))
}
