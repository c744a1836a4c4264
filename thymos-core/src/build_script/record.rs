//! Turns a finished run into an entry of a manifest, or refuses it with the reason.
//!
//! Invariant: an entry names everything that the run depends on, and what a run did besides filling `OUT_DIR` and printing is
//! never repeated from an entry: it gives none.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ffi::OsString;
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::reads::{self, Able, Reader};
use super::request::Asked;
use super::tree::{self, Packed};
use crate::action::manifest::{Entry, Input};
use crate::action::roots::Root;
use crate::action::scope::Scope;
use crate::compile::Compiled;
use crate::compile::observe::{Access, AccessKind, EnvReads, Outlived, Program, Seen, WholeEnv, elf};
use crate::inputs::programs::links_by_name;
use crate::inputs::{self, Candidate, Rules};
use crate::outcome::event;
use crate::outcome::{Bypass, Degraded, Outcome};
use crate::record::Recorder;
use crate::request::{Context, Request};
use crate::store::memo::Memo;
use crate::system::digest::Digest;
use crate::system::error::plain;
use crate::system::machine::Fact;
use crate::system::stamp::{Stamp, TICKS};

/// Cargo puts directories of the build into it, in any order; the key holds the user's.
const LIBRARY_PATH: &str = "LD_LIBRARY_PATH";

/// A finished run and everything known about it.
pub struct Finished<'a> {
    pub asked: &'a Asked,
    pub around: &'a Context<'a>,
    pub request: &'a Request,
    pub compiled: &'a Compiled,
    pub memo: &'a Memo,
}

/// What a run made.
pub struct Made {
    /// The entry, without its output.
    pub entry: Entry,
    /// `OUT_DIR`, packed.
    pub tree: Vec<u8>,
}

impl Finished<'_> {
    /// Gathers the entry.
    ///
    /// # Errors
    /// The outcome to count when the run is not to be stored.
    pub fn record(&self) -> Result<Made, Outcome> {
        let observed = &self.compiled.observed;
        if !observed.status.success() {
            return Err(Outcome::Bypass(Bypass::ScriptFailed));
        }
        let unobserved = |why: &dyn ToString| Outcome::Degraded(Degraded::Unobserved(why.to_string()));
        observed.complete.as_ref().map_err(|why| unobserved(why))?;
        let asked = observed.env.as_ref().map_err(|why| unobserved(why))?;
        if observed.outlived == Outlived::Something {
            return Err(Outcome::Bypass(Bypass::ScriptLeavesProcess));
        }
        self.check_writes()?;
        let recorder = self.recorder();
        recorder.check_keyed()?;
        recorder.check_compiler()?;
        let able = Able::of(elf::symbol_names(&self.asked.script).as_deref());
        if able.clock {
            return Err(asks("the time".to_owned()));
        }
        let packed = tree::pack(&self.asked.out_dir, &self.request.roots).map_err(|error| unpackable(&error))?;
        self.check_links(&packed)?;
        let mut inputs = self.files(&recorder, &packed)?;
        inputs.extend(self.variables(asked, able));
        inputs.extend(Root::ALL.map(|root| Input::RootPath(root, self.request.roots.value(root))));
        let inputs = inputs.into_iter().collect::<HashSet<_>>().into_iter().collect();
        Ok(Made { entry: self.entry(inputs)?, tree: packed.bytes })
    }

    fn recorder(&self) -> Recorder<'_> {
        let Self { asked, around, request, compiled, memo } = self;
        Recorder { invocation: &asked.unit, around, request, remapping: &request.remapping, compiled, memo }
    }

    fn entry(&self, inputs: Vec<Input>) -> Result<Entry, Outcome> {
        let Compiled { stdout, stderr, took, .. } = self.compiled;
        // A zero would be read as the mark of a root.
        if stdout.contains(&0) || stderr.contains(&0) {
            return Err(unaccounted("zeros in what the script prints".to_owned()));
        }
        let [stdout, stderr] = [stdout, stderr].map(|text| self.request.roots.rooted_text(text));
        let compile_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        Ok(Entry { inputs, stdout, stderr, compile_us, stored_ms: event::now_ms(), ..Entry::default() })
    }

    /// Everything that the run wrote and that is still there lies in `OUT_DIR`, and it removed nothing that was there before.
    fn check_writes(&self) -> Result<(), Outcome> {
        let mut first = HashMap::new();
        for access in self.accesses().filter(|access| access.kind == AccessKind::Write) {
            first.entry(access.path.as_path()).or_insert(access.seen);
        }
        let out = fs::canonicalize(&self.asked.out_dir).unwrap_or_default();
        let elsewhere = first.into_iter().find(|(path, seen)| {
            let remains = fs::symlink_metadata(path).is_ok();
            let vanished = matches!(seen, Seen::File(_) | Seen::Directory) && !remains;
            let only_made_sure = *seen == Seen::Directory && path.is_dir();
            (remains || vanished) && !only_made_sure && !is_device(path) && !lies_in(path, &out)
        });
        match elsewhere {
            Some((path, _)) => Err(Outcome::Bypass(Bypass::ScriptWrites(path.display().to_string()))),
            None => Ok(()),
        }
    }

    /// What was written through a link in `OUT_DIR` lies elsewhere.
    fn check_links(&self, packed: &Packed) -> Result<(), Outcome> {
        let out = fs::canonicalize(&self.asked.out_dir).unwrap_or_default();
        let targets = packed.links.iter().filter_map(|link| fs::canonicalize(link).ok());
        let mut elsewhere = targets.filter(|target| target.is_file() && !target.starts_with(&out));
        let is_written = |path: &PathBuf| Stamp::of(path).is_ok_and(|now| now.changed > self.compiled.began - TICKS);
        match elsewhere.find(is_written) {
            Some(path) => Err(Outcome::Bypass(Bypass::ScriptWrites(path.display().to_string()))),
            None => Ok(()),
        }
    }

    fn accesses(&self) -> impl Iterator<Item = &Access> {
        self.compiled.observed.accesses.iter()
    }

    fn files(&self, recorder: &Recorder<'_>, packed: &Packed) -> Result<Vec<Input>, Outcome> {
        let random = |access: &&Access| {
            access.program == Program::Loaded
                && ["/dev/random", "/dev/urandom"].iter().any(|path| access.path == Path::new(path))
        };
        if let Some(access) = self.accesses().find(random) {
            return Err(asks(access.path.display().to_string()));
        }
        let (candidates, facts) = self.candidates(packed)?;
        let mut files = HashSet::new();
        let mut inputs: Vec<Input> = facts.into_iter().map(|fact| Input::Machine(fact, fact.digest())).collect();
        for candidate in candidates {
            let candidate = self.through_links(candidate);
            if let Candidate::File(path, _) = &candidate {
                self.check_source(path)?;
                if !files.insert(path.clone()) {
                    continue;
                }
            }
            match candidate {
                Candidate::Way(path) => inputs.extend(recorder.way(&path)),
                other => inputs.push(recorder.input(other)?),
            }
        }
        Ok(inputs)
    }

    /// What a path through `OUT_DIR` leads to elsewhere is asked for by its own name: `OUT_DIR` is empty at the next look-up.
    fn through_links(&self, candidate: Candidate) -> Candidate {
        let real = |path: PathBuf| match (path.parent().map(fs::canonicalize), path.file_name()) {
            (Some(Ok(parent)), Some(name)) if path.starts_with(&self.asked.out_dir) => parent.join(name),
            _ => path,
        };
        match candidate {
            Candidate::File(path, stamp) if path.starts_with(&self.asked.out_dir) => {
                Candidate::File(fs::canonicalize(&path).unwrap_or(path), stamp)
            }
            Candidate::Absent(path) => Candidate::Absent(real(path)),
            Candidate::Listing(path) => Candidate::Listing(real(path)),
            Candidate::Directory(path) => Candidate::Directory(real(path)),
            Candidate::Link(path) => Candidate::Link(real(path)),
            Candidate::NoLink(path) => Candidate::NoLink(real(path)),
            Candidate::Way(path) => Candidate::Way(fs::canonicalize(&path).unwrap_or(path)),
            Candidate::Metadata(path, named, aspect, told) => Candidate::Metadata(real(path), named, aspect, told),
            other => other,
        }
    }

    fn candidates(&self, packed: &Packed) -> Result<(Vec<Candidate>, Vec<Fact>), Outcome> {
        let Asked { out_dir, directory, environment, .. } = self.asked;
        let sysroot = &self.request.compiler.sysroot;
        let whole_system = ["/", "/usr", "/usr/local"].iter().any(|root| sysroot == Path::new(root));
        let canonical = fs::canonicalize(out_dir).unwrap_or_default();
        let is_made = |path: &Path| {
            path.starts_with(out_dir)
                && !path.components().any(|part| part == Component::ParentDir)
                && (packed.links.is_empty() || fs::symlink_metadata(path).is_err() || lies_in(path, &canonical))
        };
        let search = environment.get("PATH").map(|list| std::env::split_paths(list).collect()).unwrap_or_default();
        let libraries =
            environment.get(LIBRARY_PATH).map(|list| std::env::split_paths(list).collect()).unwrap_or_default();
        let rules = Rules {
            compiler: self.request.compiler.files.iter().map(|(path, _)| path.as_path()).collect(),
            sysroot: if whole_system { sysroot.join("lib/rustlib") } else { sysroot.clone() },
            keyed: self.request.keyed.iter().map(|keyed| keyed.path.as_path()).collect(),
            dependencies: HashSet::new(),
            search,
            incremental: None,
            out_dir: out_dir.clone(),
            directory: directory.clone(),
            libraries,
            executable_is_known: false,
            shells_only_link: false,
            known: vec![directory.clone(), out_dir.clone(), std::env::temp_dir(), sysroot.join("lib")],
            foreign_links: true,
            names_open_files: false,
            is_output: &is_made,
            is_linker: &|path| links_by_name(path) || reads::reader(path) == Reader::Tool,
        };
        let (facts, _) = inputs::asked(&self.compiled.observed, &rules).map_err(Outcome::Bypass)?;
        let candidates = inputs::candidates(&self.compiled.observed, &rules).map_err(Outcome::Bypass)?;
        Ok((candidates, facts))
    }

    /// A C source that asks for the time of its compilation is another one each time.
    fn check_source(&self, path: &Path) -> Result<(), Outcome> {
        const SOURCES: [&str; 12] = ["c", "cc", "cpp", "cxx", "h", "hh", "hpp", "hxx", "inc", "m", "mm", "S"];
        const TIMES: [&[u8]; 3] = [b"__DATE__", b"__TIME__", b"__TIMESTAMP__"];
        let is_source = path.extension().and_then(|it| it.to_str()).is_some_and(|it| SOURCES.contains(&it));
        if !is_source || path.starts_with("/usr") || self.asked.environment.get("SOURCE_DATE_EPOCH").is_some() {
            return Ok(());
        }
        let text = fs::read(path).unwrap_or_default();
        match TIMES.iter().any(|time| memchr::memmem::find(&text, time).is_some()) {
            true => Err(asks(format!("the time, by {}", path.display()))),
            false => Ok(()),
        }
    }

    fn variables(&self, asked: &EnvReads, able: Able) -> Vec<Input> {
        let environment = &self.asked.environment;
        let tried = self.tried();
        let mut readers: HashSet<Reader> = self.programs().collect();
        if able.environment || asked.whole != WholeEnv::Unread || tried.is_none() {
            readers.insert(Reader::Anything);
        }
        let set = environment.iter().map(|(name, _)| name).filter(|name| {
            readers.iter().any(|reader| name.to_str().map_or(*reader == Reader::Anything, |name| reader.reads(name)))
        });
        let of_programs = readers.iter().flat_map(|reader| reader.names()).map(OsString::from);
        let names: BTreeSet<OsString> = asked
            .names
            .iter()
            .cloned()
            .chain(tried.unwrap_or_default())
            .chain(of_programs)
            .chain(set.filter(|name| *name != LIBRARY_PATH).map(OsString::from))
            .collect();
        let is_input = |name: &&OsString| {
            name.to_str().is_none_or(|name| !reads::is_told(name) && !reads::is_jobs(name) && !name.starts_with('='))
        };
        let value = |name: &OsString| environment.get(name).map(|value| Digest::of(value.as_encoded_bytes()));
        let one = |name: &OsString| Input::Variable(name.as_encoded_bytes().to_vec(), value(name));
        let mut inputs: Vec<Input> = names.iter().filter(is_input).map(one).collect();
        if readers.contains(&Reader::Anything) {
            let names = Scope::Everything.names(environment).map(|name| name.as_encoded_bytes().to_vec()).collect();
            inputs.push(Input::NoOtherVariables(Scope::Everything, names));
        }
        inputs
    }

    /// Returns what each program that the script started may read.
    fn programs(&self) -> impl Iterator<Item = Reader> {
        let compiler: HashSet<&Path> = self.request.compiler.files.iter().map(|(path, _)| path.as_path()).collect();
        let own = std::env::current_exe().unwrap_or_default();
        let started = self.accesses().filter(|access| {
            let is_program = matches!(access.seen, Seen::File(_)) && access.kind == AccessKind::Exec;
            is_program && access.path != self.asked.script
        });
        let canonical: HashSet<PathBuf> = started.map(|access| access.path.clone()).collect();
        canonical.into_iter().map(move |path| {
            let real = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
            let is_rustc = compiler.contains(path.as_path()) || compiler.contains(real.as_path()) || is_rustup(&path);
            match is_rustc {
                // What it does is to start the compiler: it knows that another wrapper watches.
                _ if real == own => Reader::Nothing,
                true => Reader::Rustc,
                false => reads::reader(&path),
            }
        })
    }

    /// Returns the variables that sources name which the script had the compiler try; nothing where one is not spelled out.
    fn tried(&self) -> Option<Vec<OsString>> {
        let is_source = |access: &&Access| {
            access.kind == AccessKind::Open && access.path.extension().is_some_and(|extension| extension == "rs")
        };
        let sources = self.accesses().filter(is_source).map(|access| access.path.as_path());
        // A source may also come over a pipe, out of the script itself.
        let texts = sources.chain([self.asked.script.as_path()]).map(|path| fs::read(path).unwrap_or_default());
        let names: Option<Vec<Vec<OsString>>> = texts.map(|text| reads::named(&text)).collect();
        names.map(|names| names.into_iter().flatten().collect())
    }
}

/// rustup's stand-ins start the compiler that the key holds.
fn is_rustup(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "rustc") && path.with_file_name("rustup").is_file()
}

/// Descriptors that were handed down are the job server's pipe and the streams.
fn is_device(path: &Path) -> bool {
    let is_descriptor = || path.parent() == Some(Path::new("/dev/fd"));
    ["/dev/null", "/dev/tty", "/dev/stdout", "/dev/stderr"].iter().any(|device| path == Path::new(device))
        || is_descriptor()
}

/// Returns whether what a path leads to, links and all, lies in a directory that is spelled without any.
fn lies_in(path: &Path, directory: &Path) -> bool {
    let real = match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => fs::canonicalize(parent).map(|parent| parent.join(name)),
        _ => return false,
    };
    // What a directory that is gone held is gone too.
    real.map_or_else(|_| path.starts_with(directory), |real| real.starts_with(directory))
}

fn asks(what: String) -> Outcome {
    Outcome::Bypass(Bypass::ScriptAsks(what))
}

fn unaccounted(what: String) -> Outcome {
    Outcome::Bypass(Bypass::Unaccounted(what))
}

fn unpackable(error: &std::io::Error) -> Outcome {
    match error.kind() {
        std::io::ErrorKind::Unsupported => Outcome::Bypass(Bypass::StrangeOutput(error.to_string())),
        _ => Outcome::Degraded(Degraded::Gather(plain(error))),
    }
}
