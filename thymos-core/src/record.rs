//! Turns a finished compile into an entry of a manifest.
//!
//! Invariant: an entry names everything that the result depends on, as it was when the compile read it. What changed
//! meanwhile, what cannot be accounted for and what is no plain file gives no entry.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::compile::Compiled;
use crate::depinfo::{self, DepInfo};
use crate::digest::Digest;
use crate::event;
use crate::guard::Guard;
use crate::inputs::{self, Candidate, Rules};
use crate::invocation::{Argument, Invocation};
use crate::locator;
use crate::macros;
use crate::manifest::{Entry, Input, Output};
use crate::memo::Memo;
use crate::observe::{Access, AccessKind, Asked, Seen, WholeEnv};
use crate::os;
use crate::outcome::{Bypass, Degraded, Outcome, plain};
use crate::request::{Request, Surroundings};
use crate::roots::{Root, Roots};
use crate::stamp::{self, Stamp};
use crate::store::Sharing;
use crate::variables;

/// An entry, and where the content of its outputs lies.
#[derive(Debug)]
pub struct Recorded {
    /// What the manifest will hold.
    pub entry: Entry,
    /// Output files with their digests.
    pub files: Vec<(PathBuf, Digest, Sharing)>,
    /// The roots that the result is bound to, and by what, to be read after "because".
    pub bonds: Vec<(Root, String)>,
}

/// Roots whose path was found, and where first.
pub(crate) type Found = BTreeMap<Root, String>;

/// A finished compile and everything known about it.
#[derive(Debug)]
pub struct Recorder<'a> {
    /// What was asked.
    pub invocation: &'a Invocation,
    /// Where.
    pub around: &'a Surroundings<'a>,
    /// As what.
    pub request: &'a Request,
    /// What happened.
    pub compiled: &'a Compiled,
    /// The memo of digests.
    pub memo: &'a Memo,
}

/// Returns how an output may be shared with the store.
#[must_use]
pub fn sharing(name: &[u8]) -> Sharing {
    // rustc writes these beside their place and renames; everything else is written, stripped or signed in place.
    if name.ends_with(b".rlib") || name.ends_with(b".rmeta") { Sharing::Linked } else { Sharing::Private }
}

impl Recorder<'_> {
    /// Gathers the entry.
    ///
    /// # Errors
    /// The outcome to count when the result cannot be stored.
    pub fn record(&self) -> Result<Recorded, Outcome> {
        let text = fs::read(self.invocation.dep_info()).map_err(|error| gather(&error))?;
        self.check_clock()?;
        let info = depinfo::parse(&text);
        self.check_writes().map_err(Outcome::Bypass)?;
        self.check_session().map_err(Outcome::Bypass)?;
        self.check_keyed()?;
        let mut inputs = self.files(&info)?;
        inputs.extend(self.variables(&info)?);
        let (outputs, files, mut found) = self.outputs()?;
        let entry = self.entry(&text, inputs, outputs, &mut found);
        let bonds = self.bonds(&info, &entry, &found);
        Ok(Recorded { entry, files, bonds })
    }

    fn entry(&self, dep_info: &[u8], mut inputs: Vec<Input>, outputs: Vec<Output>, found: &mut Found) -> Entry {
        let roots = &self.request.roots;
        let Compiled { stdout, stderr, took, .. } = self.compiled;
        let streams = stream_roots(roots, self.invocation);
        let rooted = [depinfo::rooted(dep_info, roots), streams.rooted_text(stdout), streams.rooted_text(stderr)];
        if Guard::BindSearch.on() {
            for (text, name) in rooted.iter().zip(["the dep-info", "its standard output", "its standard error"]) {
                for root in roots.found_in(text) {
                    found.entry(root).or_insert_with(|| name.to_owned());
                }
            }
            inputs.extend(found.keys().map(|root| Input::Place(*root, roots.value(*root))));
        }
        if Guard::InputDisplay.on() && (shows_something(stdout) || shows_something(stderr)) {
            inputs.push(Input::Display(display(self.invocation)));
        }
        let [dep_info, stdout, stderr] = rooted;
        let compile_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        Entry { inputs, outputs, dep_info: Some(dep_info), stdout, stderr, compile_us, stored_ms: event::now_ms() }
    }

    /// Whether something changed meanwhile is told by the clock that stamps files. The dep-info was written while the compiler
    /// ran, so its stamp tells whether that clock is ours: it is another one on some network file systems, and the same one does
    /// not go on from where it was when somebody puts it back.
    fn check_clock(&self) -> Result<(), Outcome> {
        let written = Stamp::of(&self.invocation.dep_info()).map_err(|error| gather(&error))?.changed;
        // File systems that keep whole seconds round down.
        let coarse = if written % 1_000_000_000 == 0 { 1_000_000_000 } else { 0 };
        let during = self.compiled.began - stamp::TICKS - coarse..=stamp::now() + stamp::TICKS;
        if during.contains(&written) { Ok(()) } else { Err(Outcome::Degraded(Degraded::Clock)) }
    }

    /// A compile that leaves something behind besides its outputs has an effect that a hit would not have.
    fn check_writes(&self) -> Result<(), Bypass> {
        let mut first = HashMap::new();
        let writes = self.compiled.observed.accesses.iter().filter(|access| access.kind == AccessKind::Write);
        for access in writes {
            first.entry(access.path.as_path()).or_insert(access.seen);
        }
        for (path, seen) in first {
            let remains = fs::symlink_metadata(path).is_ok();
            let vanished = matches!(seen, Seen::File(_) | Seen::Directory) && !remains;
            if (remains || vanished) && !self.is_own(path, seen) {
                return Err(Bypass::WritesElsewhere(path.display().to_string()));
            }
        }
        Ok(())
    }

    /// A compile that went on from an earlier session is left to rustc.
    fn check_session(&self) -> Result<(), Bypass> {
        let unit = self.invocation;
        let Some(sessions) = unit.incremental.as_deref().map(|path| self.around.directory.join(path)) else {
            return Ok(());
        };
        let prefix = format!("{}-", unit.crate_name);
        let is_session = |path: &Path| {
            let name = path.strip_prefix(&sessions).ok().and_then(|rest| rest.components().next());
            name.is_some_and(|name| name.as_os_str().as_encoded_bytes().starts_with(prefix.as_bytes()))
        };
        let observed = &self.compiled.observed;
        // The first thing that is done to a session's directory tells whether it was there.
        let mut touched = observed.accesses.iter().filter(|access| is_session(&access.path));
        let new =
            touched.next().is_some_and(|first| first.path.parent() == Some(&sessions) && first.seen == Seen::Absent);
        if observed.complete.is_ok() && new { Ok(()) } else { Err(Bypass::Incremental) }
    }

    fn is_own(&self, path: &Path, seen: Seen) -> bool {
        let unit = self.invocation;
        let here = |path: &Path| self.around.directory.join(path);
        let session = unit.incremental.as_deref().is_some_and(|session| path.starts_with(here(session)));
        let inside = path.strip_prefix(here(&unit.out_dir)).ok().and_then(|rest| rest.components().next());
        let owned = inside.is_some_and(|name| unit.owns(name.as_os_str()));
        let device = path.starts_with("/dev") || path.starts_with("/proc");
        session || owned || device || (seen == Seen::Directory && path.is_dir())
    }

    /// What the key holds by content must still be what it was.
    fn check_keyed(&self) -> Result<(), Outcome> {
        for keyed in &self.request.keyed {
            let same = Stamp::of(&keyed.path).is_ok_and(|now| now == keyed.stamp)
                || Digest::of_file(&keyed.path).is_ok_and(|now| now == keyed.digest);
            if !same && Guard::PublishChangedInput.on() {
                return Err(changed(&keyed.path));
            }
        }
        Ok(())
    }

    fn files(&self, info: &DepInfo) -> Result<Vec<Input>, Outcome> {
        let here = |path: &PathBuf| self.around.directory.join(path);
        let mut candidates = match &self.compiled.observed.complete {
            Ok(()) => self.observed()?,
            // A linker and a proc macro read what they like.
            Err(why) if self.invocation.links() || self.invocation.bundles() || self.may_load_macros() => {
                return Err(Outcome::Degraded(Degraded::Unobserved(why.to_string())));
            }
            Err(_) => self.unobserved(info),
        };
        let sources: HashSet<PathBuf> = info.sources.iter().map(here).collect();
        if !Guard::InputObserved.on() {
            candidates.retain(|candidate| matches!(candidate, Candidate::File(path, _) if sources.contains(path)));
        }
        if !Guard::InputSources.on() {
            candidates.retain(|candidate| !matches!(candidate, Candidate::File(path, _) if sources.contains(path)));
        } else {
            let named: HashSet<PathBuf> = candidates.iter().filter_map(file).cloned().collect();
            candidates.extend(
                sources.into_iter().filter(|path| !named.contains(path)).map(|path| Candidate::File(path, None)),
            );
        }
        let mut inputs = Vec::with_capacity(candidates.len());
        let mut files = HashSet::new();
        for candidate in candidates {
            if let Some(path) = file(&candidate)
                && !files.insert(path.clone())
            {
                continue;
            }
            inputs.push(self.input(candidate)?);
        }
        Ok(inputs)
    }

    fn may_load_macros(&self) -> bool {
        Guard::UnobservedMacros.on() && macros::may_load(self.invocation, self.around.directory)
    }

    fn observed(&self) -> Result<Vec<Candidate>, Outcome> {
        let unit = self.invocation;
        let here = |path: &Path| self.around.directory.join(path);
        let sysroot = &self.request.compiler.sysroot;
        let whole_system = ["/", "/usr", "/usr/local"].iter().any(|root| sysroot == Path::new(root));
        // Where `native` stands for the processor, the key holds what this file tells.
        let native = unit.arguments.contains(&Argument::NativeCpu);
        let processor = native.then(|| Path::new("/proc/cpuinfo"));
        let rules = Rules {
            compiler: self.request.compiler.files.iter().map(|(path, _)| path.as_path()).collect(),
            sysroot: if whole_system { sysroot.join("lib/rustlib") } else { sysroot.clone() },
            keyed: self.request.keyed.iter().map(|keyed| keyed.path.as_path()).chain(processor).collect(),
            dependencies: unit
                .search_paths
                .iter()
                .filter(|(kind, _)| kind == "dependency")
                .map(|(_, path)| here(path))
                .collect(),
            search: self
                .around
                .environment
                .get("PATH")
                .map(|list| std::env::split_paths(list).collect())
                .unwrap_or_default(),
            incremental: unit.incremental.as_deref().map(here),
            known: [self.around.directory.to_owned(), here(&unit.out_dir), std::env::temp_dir(), sysroot.join("lib")]
                .into_iter()
                .chain(unit.incremental.as_deref().map(here))
                .chain(unit.search_paths.iter().map(|(_, path)| here(path)))
                .collect(),
            is_output: &|path| self.is_output(path),
        };
        inputs::candidates(&self.compiled.observed, &rules).map_err(Outcome::Bypass)
    }

    /// Without an observer: the sources, the modules that would be ambiguous, and every archive that a native search
    /// directory offers.
    fn unobserved(&self, info: &DepInfo) -> Vec<Candidate> {
        let here = |path: &Path| self.around.directory.join(path);
        let twins = info.sources.iter().filter_map(|source| inputs::module_twin(&here(source)));
        let mut candidates: Vec<Candidate> = twins.map(Candidate::Absent).collect();
        for (_, dir) in self.invocation.search_paths.iter().filter(|(kind, _)| kind != "dependency" && kind != "crate")
        {
            let dir = here(dir);
            let entries = fs::read_dir(&dir).into_iter().flatten().flatten().map(|entry| entry.path());
            candidates.extend(entries.filter(|path| path.is_file()).map(|path| Candidate::File(path, None)));
            candidates.push(Candidate::Listing(dir));
        }
        candidates
    }

    fn input(&self, candidate: Candidate) -> Result<Input, Outcome> {
        let roots = &self.request.roots;
        Ok(match candidate {
            Candidate::File(path, opened) => {
                let (digest, stamp) = self.memo.digest(&path).map_err(|_| changed(&path))?;
                if Guard::PublishChangedInput.on() && self.may_have_changed(&path, opened, stamp) {
                    return Err(changed(&path));
                }
                Input::File(roots.rooted_path(&path), digest)
            }
            Candidate::Absent(path) if fs::symlink_metadata(&path).is_ok() => return Err(changed(&path)),
            Candidate::Absent(path) => Input::Absent(roots.rooted_path(&path)),
            Candidate::Directory(path) => Input::Directory(roots.rooted_path(&path)),
            Candidate::Program(name) => {
                let path = self.around.environment.program(&name).map(|path| roots.rooted_path(&path));
                Input::Program(name.as_encoded_bytes().to_vec(), path)
            }
            Candidate::Listing(path) => {
                let listing = listing(&path).map_err(|error| gather(&error))?;
                Input::Listing(roots.rooted_path(&path), listing)
            }
            Candidate::Link(path) => match fs::read_link(&path) {
                Ok(target) => Input::Link(roots.rooted_path(&path), roots.rooted_path(&target)),
                Err(_) => {
                    return Err(Outcome::Bypass(Bypass::Unaccounted(format!("{} is no plain file", path.display()))));
                }
            },
        })
    }

    /// A file whose stamp moved since the compile opened it, or that was changed after the compile began: it may have been
    /// saved twice under one stamp. What another wrapper published meanwhile got a second name, which moves the change time
    /// and nothing else.
    fn may_have_changed(&self, path: &Path, opened: Option<Stamp>, now: Stamp) -> bool {
        let published = || self.request.roots.path(Root::Target).is_some_and(|target| path.starts_with(target));
        let began = self.compiled.began;
        match opened {
            Some(opened) if opened == now => now.changed > began && !published(),
            Some(opened) => !(published() && Stamp { changed: now.changed, ..opened } == now),
            None => now.is_young(began) || now.changed > began,
        }
    }

    fn variables(&self, info: &DepInfo) -> Result<Vec<Input>, Outcome> {
        let roots = &self.request.roots;
        let mut inputs = Vec::new();
        if Guard::InputEnv.on() {
            for (name, value) in &info.variables {
                if name == b"OUT_DIR" && self.out_dir_only_locates(info) {
                    continue;
                }
                let shown =
                    |value: &Vec<u8>| if Guard::BindEnv.on() { value.clone() } else { roots.rooted_text(value) };
                inputs.push(Input::Variable(name.clone(), value.as_ref().map(|value| Digest::of(&shown(value)))));
            }
        }
        let reads = match &self.compiled.observed.env {
            Ok(reads) if !self.read_as_a_whole(&reads.whole) => variables::Reads::Named(&reads.late),
            _ if self.loads_macros() => variables::Reads::Everything,
            _ => variables::Reads::Named(&[]),
        };
        if Guard::InputObserved.on() {
            inputs.extend(variables::inputs(reads, self.around.environment));
        }
        if Guard::InputScripts.on() && self.runs_scripts() {
            inputs.extend(variables::inputs(variables::Reads::Script, self.around.environment));
        }
        inputs.extend(self.places(info)?);
        let mut seen = HashSet::new();
        inputs.retain(|input| seen.insert(input.clone()));
        Ok(inputs)
    }

    /// Returns whether the compile loaded a shared object that Cargo built: a proc macro can read what it likes. Where that
    /// could not be watched, a unit that may have loaded one is not recorded at all.
    fn loads_macros(&self) -> bool {
        let Some(target) = self.request.roots.path(Root::Target) else { return true };
        let observed = &self.compiled.observed;
        let library = |path: &Path| path.to_str().is_none_or(|path| path.ends_with(std::env::consts::DLL_SUFFIX));
        let loaded = |path: &Path| path.starts_with(&target) && library(path) && !self.is_output(path);
        observed.accesses.iter().any(|access| matches!(access.seen, Seen::File(_)) && loaded(&access.path))
    }

    /// Returns whether a script ran: in the compiler's place, in the linker's, or from a proc macro. Nothing tells which
    /// variables its shell read.
    fn runs_scripts(&self) -> bool {
        let is_script = |path: &Path| {
            let mut magic = [0; 2];
            let read = fs::File::open(path).and_then(|mut file| io::Read::read_exact(&mut file, &mut magic));
            read.is_ok() && magic == *b"#!"
        };
        let started = |access: &&Access| access.kind == AccessKind::Exec && matches!(access.seen, Seen::File(_));
        self.compiled.observed.accesses.iter().filter(started).any(|access| is_script(&access.path))
    }

    fn is_output(&self, path: &Path) -> bool {
        path.parent().is_some_and(|parent| parent == self.around.directory.join(&self.invocation.out_dir))
            && path.file_name().is_some_and(|name| self.invocation.owns(name))
    }

    /// A shared object that the compile itself made refers to `environ` as every program with the standard library may; it
    /// is read back, not run.
    fn read_as_a_whole(&self, whole: &WholeEnv) -> bool {
        matches!(whole, WholeEnv::MaybeReadBy(readers) if !readers.iter().all(|path| self.is_output(path)))
    }

    /// What a proc macro learnt of where it runs, beyond files and variables.
    fn places(&self, info: &DepInfo) -> Result<Vec<Input>, Outcome> {
        let directory = std::iter::once(self.around.directory.to_owned());
        let Ok(reads) = &self.compiled.observed.env else {
            let everywhere = if self.loads_macros() { Root::ALL.to_vec() } else { Vec::new() };
            return Ok(self.bound(everywhere));
        };
        // What the compile itself made is read back, not run.
        let foreign = |libraries: &'_ [PathBuf]| libraries.iter().find(|path| !self.is_output(path)).cloned();
        if let Some(library) = foreign(&reads.arguments).filter(|_| Guard::BindArguments.on()) {
            let name = library.file_name().unwrap_or_default().display();
            let what = format!("arguments of the compiler, by {name}");
            return Err(Outcome::Bypass(Bypass::Unaccounted(what)));
        }
        let mut roots = Vec::new();
        if Guard::BindDirectory.on() && reads.directory == Asked::Yes {
            roots.extend(self.roots_of(directory.clone()));
        }
        if Guard::BindSpan.on() && foreign(&reads.spans).is_some() {
            let sources = info.sources.iter().map(|path| self.around.directory.join(path));
            roots.extend(self.roots_of(directory.chain(sources)));
        }
        if Guard::BindExecutable.on() && reads.executable == Asked::Yes {
            let rustc =
                self.request.compiler.sysroot.join("bin").join(format!("rustc{}", std::env::consts::EXE_SUFFIX));
            let in_sysroot = |access: &Access| access.kind == AccessKind::Exec && access.path == rustc;
            if !self.compiled.observed.accesses.iter().any(in_sysroot) {
                return Err(Outcome::Bypass(Bypass::Unaccounted("the place of the compiler".to_owned())));
            }
            roots.push(Root::Sysroot);
        }
        Ok(self.bound(roots))
    }

    /// Returns the roots that these lie in: each one's path is part of theirs.
    fn roots_of(&self, paths: impl Iterator<Item = PathBuf>) -> Vec<Root> {
        let roots = &self.request.roots;
        let holds = |path: &Path, root: Root| roots.path(root).is_some_and(|root| path.starts_with(root));
        paths.flat_map(|path| Root::ALL.into_iter().filter(move |root| holds(&path, *root))).collect()
    }

    fn bound(&self, mut roots: Vec<Root>) -> Vec<Input> {
        roots.sort();
        roots.dedup();
        roots.into_iter().map(|root| Input::Place(root, self.request.roots.value(root))).collect()
    }

    fn out_dir_only_locates(&self, info: &DepInfo) -> bool {
        let read = |path: &PathBuf| fs::read(self.around.directory.join(path)).ok();
        let sources: Option<Vec<Vec<u8>>> = info.sources.iter().map(read).collect();
        sources.is_some_and(|sources| locator::only_locates(&sources))
    }

    #[expect(clippy::type_complexity, reason = "three parts of one pass over the files")]
    fn outputs(&self) -> Result<(Vec<Output>, Vec<(PathBuf, Digest, Sharing)>, Found), Outcome> {
        let unit = self.invocation;
        let writes = self.compiled.observed.accesses.iter().filter(|access| access.kind == AccessKind::Write);
        let written: HashSet<&OsStr> =
            writes.filter(|access| self.is_output(&access.path)).filter_map(|access| access.path.file_name()).collect();
        let (mut outputs, mut files, mut found) = (Vec::new(), Vec::new(), Found::new());
        for entry in fs::read_dir(&unit.out_dir).map_err(|error| gather(&error))?.flatten() {
            let name = entry.file_name();
            if !unit.owns(&name) || entry.path() == unit.dep_info() {
                continue;
            }
            let metadata = entry.metadata().map_err(|error| gather(&error))?;
            // What an earlier compile left. The clock that stamps files may lag behind ours by a tick, and may have been put back
            // since the compile began; what was seen to be written is an output in any case.
            let is_old = Stamp::from(&metadata).changed < self.compiled.began - stamp::TICKS;
            if is_old && !written.contains(name.as_os_str()) {
                continue;
            }
            if !metadata.is_file() {
                return Err(Outcome::Bypass(Bypass::StrangeOutput(name.display().to_string())));
            }
            let bytes = fs::read(entry.path()).map_err(|error| gather(&error))?;
            let digest = Digest::of(&bytes);
            self.memo.remember(&Stamp::from(&metadata), &digest);
            for root in self.request.roots.found_in(&bytes) {
                found.entry(root).or_insert_with(|| name.display().to_string());
            }
            let name = name.as_encoded_bytes().to_vec();
            files.push((entry.path(), digest, sharing(&name)));
            outputs.push(Output { name, digest, size: metadata.len(), mode: os::mode(&metadata) });
        }
        outputs.sort_by(|one, two| one.name.cmp(&two.name));
        Ok((outputs, files, found))
    }
}

/// Returns the digest of the names in a directory.
///
/// # Errors
/// Whatever reading the directory gives.
pub fn listing(path: &Path) -> io::Result<Digest> {
    let names: Result<Vec<_>, _> = fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.file_name())).collect();
    let mut names = names?;
    names.sort();
    let mut hasher = crate::digest::FieldHasher::new("listing");
    names.iter().for_each(|name| hasher.bytes(name.as_encoded_bytes()));
    Ok(hasher.finish())
}

/// Returns the roots as the compiler's streams spell them.
#[must_use]
pub fn stream_roots(roots: &Roots, invocation: &Invocation) -> Roots {
    if invocation.json { roots.json() } else { roots.clone() }
}

/// Returns the digest of the options that shape diagnostics.
#[must_use]
pub fn display(invocation: &Invocation) -> Digest {
    let mut hasher = crate::digest::FieldHasher::new("display");
    invocation.display.iter().for_each(|option| hasher.bytes(option));
    hasher.finish()
}

/// Returns whether a stream holds more than notifications of artifacts.
fn shows_something(stream: &[u8]) -> bool {
    let notification = br#"{"$message_type":"artifact","#;
    stream.split(|byte| *byte == b'\n').any(|line| !line.is_empty() && !line.starts_with(notification))
}

fn file(candidate: &Candidate) -> Option<&PathBuf> {
    match candidate {
        Candidate::File(path, _) => Some(path),
        _ => None,
    }
}

fn changed(path: &Path) -> Outcome {
    Outcome::Bypass(Bypass::InputChangedMeanwhile(path.display().to_string()))
}

fn gather(error: &io::Error) -> Outcome {
    Outcome::Degraded(Degraded::Gather(plain(error)))
}
