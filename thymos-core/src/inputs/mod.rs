//! Which of the things that a compile looked at are inputs of its result.
//!
//! Pure: what the observer recorded and what the dep-info says, in; candidates whose content is still to be read, out.
//! What is left out, and why:
//! - the compiler's own files and its sysroot's listings: the compiler's identity covers them;
//! - what the compile made itself, temporary files included; but not that it was not there before;
//! - externs: the key holds their content;
//! - listings of and negative lookups in `-L dependency` directories: rustc picks what it loads there by hash, and everything
//!   that it then opens is an input;
//! - what the compiler's runtime and linkers ask of the system, by name (`places`).
//!
//! Times, mode, owner and size are inputs where somebody was told them. A linker and the compiler are told what they like: they
//! do with it what they always do. Loaded code is told everything by one call that also tells whether something is there, so
//! what it wants to know shows only in who makes the call: where the standard library does so for a function that tells
//! existence or kind, or to reserve room before it reads, nothing else counts as told. In a library that was optimised or
//! stripped that does not show, and then everything counts.
//!
//! Invariant: an access that no rule names is an input, or the unit is a Bypass.

pub mod depinfo;
mod facts;
pub mod locator;
pub(crate) mod macros;
mod places;
pub(crate) mod programs;
pub(crate) mod renaming;
mod rules;
pub mod scripts;
pub(crate) mod state;
pub(crate) mod variables;

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::compile::observe::{Access, AccessKind, Aspect, Metadata, Named, Observed, Program, Seen, Tells, Told};
use crate::outcome::Bypass;
use crate::system::guard::Guard;
use crate::system::machine::Fact;
use crate::system::stamp::Stamp;
use facts::{ByDirectory, Facts};
use places::Caller;
pub(crate) use rules::{Given, Rules};

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
    /// What a search of `PATH` finds by this name.
    Program(OsString),
    /// What somebody was told of something besides its content.
    Metadata(PathBuf, Named, Aspect, Metadata),
    /// The symbolic links on the way to a directory that was entered or listed.
    Way(PathBuf),
}

/// Returns what was observed and may be an input, each once, in the order in which it was first seen.
///
/// # Errors
/// A Bypass for a read that nothing can account for.
pub(crate) fn candidates(observed: &Observed, rules: &Rules<'_>) -> Result<Vec<Candidate>, Bypass> {
    let written = written(observed);
    let mut facts_of = ByDirectory::new(rules, &written);
    let mut found = Found::default();
    let mut touched = HashSet::new();
    for access in &observed.accesses {
        let facts = facts_of.facts(&access.path);
        let is_first = touched.insert(access.path.as_path());
        if is_first && rules.looks_before_it_makes(access, facts, &written) {
            found.add(Candidate::Absent(access.path.clone()));
        }
        if access.kind == AccessKind::Write || rules.ignores(access, facts) {
            continue;
        }
        found.extend(rules.program(access, facts));
        found.extend(rules.candidate(access, facts)?);
        found.extend(rules.name(access));
        found.extend(rules.way(access));
    }
    for told in observed.told.iter().filter(|_| Guard::InputMetadata.on()) {
        found.extend(rules.metadata(told, facts_of.facts(&told.path)));
    }
    Ok(found.all)
}

/// Returns the facts of the machine that somebody was told, and whether somebody asked where it runs.
///
/// # Errors
/// A Bypass for a question that nothing can account for.
pub(crate) fn asked(observed: &Observed, rules: &Rules<'_>) -> Result<(Vec<Fact>, bool), Bypass> {
    let (mut facts, mut directory) = (HashSet::new(), false);
    for question in observed.questions.iter().filter(|_| Guard::InputAsked.on()) {
        let is_known = matches!(rules.caller(&question.program), Caller::Compiler | Caller::Tool);
        match question.tells {
            Tells::Unknown => {}
            _ if is_known => continue,
            // The C library's sort asks how much memory there is; bash sorts its variables.
            // A shell makes sure at its start that `PWD` is right.
            Tells::Directory if rules.shells_only_link && is_shell(&question.program) => continue,
            Tells::Unaccounted if question.call == "sysinfo" && is_shell(&question.program) => continue,
            Tells::Fact(fact) => {
                facts.insert(fact);
                continue;
            }
            Tells::Directory => {
                directory = true;
                continue;
            }
            Tells::Unaccounted => {}
        }
        return Err(Bypass::Unaccounted(format!("asked the system by {}", question.call)));
    }
    let by_code = |access: &&Access| matches!(rules.caller(&access.program), Caller::Loaded | Caller::Other);
    for access in observed.accesses.iter().filter(|access| Guard::InputAsked.on() && by_code(access)) {
        facts.extend(places::tells_processors(access).then_some(Fact::Processors));
        facts.extend(places::tells_host(access).then_some(Fact::Host));
    }
    let mut facts: Vec<Fact> = facts.into_iter().collect();
    facts.sort();
    Ok((facts, directory))
}

fn is_shell(program: &Program) -> bool {
    matches!(program, Program::Child(executable) if programs::is_shell(executable))
}

/// Candidates, each once.
#[derive(Default)]
struct Found {
    all: Vec<Candidate>,
    known: HashSet<Candidate>,
}

impl Found {
    fn add(&mut self, candidate: Candidate) {
        if self.known.insert(candidate.clone()) {
            self.all.push(candidate);
        }
    }

    fn extend(&mut self, candidate: Option<Candidate>) {
        candidate.into_iter().for_each(|candidate| self.add(candidate));
    }
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
        let caller = self.caller(&access.program);
        (facts.kernels && self.is_known_of_the_kernel(access, caller))
            || facts.own
            || facts.made
            || places::is_excused_device(access, caller)
            || Self::is_shells_terminal(access)
            || self.is_system_noise(access, facts, caller)
            || (facts.sysroot && !matches!(access.seen, Seen::File(_)))
            || self.is_dependency_search(access, facts)
            || (!Guard::InputLink.on() && matches!(access.program, Program::Child(_)))
    }

    /// Who an access or a question comes from.
    fn caller(&self, program: &Program) -> Caller {
        places::caller(program, |executable| self.compiler.contains(executable) || (self.is_linker)(executable))
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

    /// Who looks for something and then makes it was told that it was not there: a lock that somebody else may hold. What lies
    /// in a directory that the compile made was not there for nobody.
    fn looks_before_it_makes(&self, access: &Access, facts: Facts, written: &HashMap<&Path, Seen>) -> bool {
        let is_told = matches!(self.caller(&access.program), Caller::Loaded | Caller::Other);
        let in_made = || access.path.parent().is_some_and(|parent| self.is_made(parent, written));
        Guard::InputAbsence.on() && is_told && access.seen == Seen::Absent && facts.made && !facts.own && !in_made()
    }

    /// A file of the kernel has no content that could be compared, so one that nobody knows makes the unit a Bypass.
    fn is_known_of_the_kernel(&self, access: &Access, caller: Caller) -> bool {
        !Guard::InputKernel.on()
            || places::is_excused_of_kernel(access, caller)
            || (self.names_open_files && names_open_file(access))
            || (self.executable_is_known && access.path == Path::new("/proc/self/exe") && only_asks(access.kind))
    }

    fn is_dependency_search(&self, access: &Access, facts: Facts) -> bool {
        let looked = only_asks(access.kind) || access.seen == Seen::Absent;
        (facts.in_dependencies && looked) || (facts.is_dependencies && self.is_compiler(&access.program))
    }

    /// The compiler may run below a script that stands in for it.
    fn is_compiler(&self, program: &Program) -> bool {
        match program {
            Program::Root | Program::Loaded => true,
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

    /// A directory that is entered or listed is what every link on the way to it makes it: what is listed is reported by the
    /// name that the kernel gives it.
    fn way(&self, access: &Access) -> Option<Candidate> {
        let is_entered = access.seen == Seen::Directory && access.kind != AccessKind::List;
        let by_tool = self.caller(&access.program) == Caller::Tool;
        (is_entered && !by_tool && !self.is_known(&access.path)).then(|| Candidate::Way(access.path.clone()))
    }

    fn is_shells_terminal(access: &Access) -> bool {
        let by_shell = matches!(&access.program, Program::Child(executable) if programs::is_shell(executable));
        by_shell && access.path == Path::new("/dev/tty") && access.seen == Seen::Other
    }

    /// A program of the system that asks of an open file only how to read it.
    fn only_reads(&self, program: &Program) -> bool {
        matches!(program, Program::Child(executable) if programs::only_reads(executable))
    }

    /// What somebody was told of something that the compile did not make.
    fn metadata(&self, told: &Told, facts: Facts) -> Option<Candidate> {
        let caller = self.caller(&told.program);
        let is_tool = matches!(caller, Caller::Compiler | Caller::Tool);
        let is_held = facts.own || facts.made || facts.kernels || told.path.starts_with("/dev/null");
        // Where nothing is preloaded, what rustc asks of the directories that it searches looks like a macro's question.
        let is_search = caller == Caller::Loaded && (facts.is_dependencies || facts.in_dependencies || facts.sysroot);
        if is_tool || is_held || is_search {
            return None;
        }
        // A shell makes sure that `PWD` names the directory that it starts in, and the loader that there are places to search.
        let at_start = places::normal(&told.path) == self.directory || self.libraries.contains(&told.path);
        // bash makes sure that there is a place for its temporary files.
        let temporary = told.path == std::env::temp_dir();
        let starts = caller == Caller::Other && (at_start || temporary);
        let reads = told.of == Named::Open && self.only_reads(&told.program);
        let aspect = if starts || reads { Aspect::Permissions } else { told.aspect };
        let of = if told.of == Named::Open { Named::Target } else { told.of };
        Some(Candidate::Metadata(told.path.clone(), of, aspect, told.metadata))
    }

    /// A look-up in a directory of `PATH` is part of a search by name.
    fn program(&self, access: &Access, facts: Facts) -> Option<Candidate> {
        facts.searched.then(|| access.path.file_name().map(|name| Candidate::Program(name.to_owned())))?
    }

    /// What a name itself stands for tells that it is no link. rustc and linkers ask this of what they have made, and of nothing
    /// else.
    fn name(&self, access: &Access) -> Option<Candidate> {
        let is_no_link = access.kind == AccessKind::StatName && matches!(access.seen, Seen::File(_) | Seen::Directory);
        (is_no_link && !self.is_known(&access.path)).then(|| Candidate::NoLink(access.path.clone()))
    }

    /// Files of the operating system that every process looks at before `main` and that shape no artifact.
    fn is_system_noise(&self, access: &Access, facts: Facts, caller: Caller) -> bool {
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
        let is_plain = || places::is_plain(&access.path) || facts.sysroot;
        places::is_noise(&access.path, caller)
            || (by_loader && (facts.hwcaps || (is_runtime() && in_place())) && is_plain())
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

fn only_asks(kind: AccessKind) -> bool {
    matches!(kind, AccessKind::Stat | AccessKind::StatName | AccessKind::ReadLink)
}

/// Returns whether an access asks for the name of an open file, and not for what is in it.
fn names_open_file(access: &Access) -> bool {
    access.path.starts_with("/proc/self/fd") && only_asks(access.kind)
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
