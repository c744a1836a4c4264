//! What a compile depended on besides files: variables, and the places that it asked for.
//!
//! Invariant: a value that holds a path is compared literally, so a length or a hash of it is bound too.

use std::collections::HashSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::Recorder;
use crate::action::manifest::Input;
use crate::action::roots::Root;
use crate::action::scope::Scope;
use crate::compile::observe::{Access, AccessKind, Asked, Seen, WholeEnv};
use crate::inputs::depinfo::DepInfo;
use crate::inputs::locator::{self, Variable};
use crate::inputs::state::display;
use crate::inputs::variables::{self, Reads};
use crate::inputs::{self, Rules, programs, scripts};
use crate::invocation::Argument;
use crate::outcome::{Bypass, Outcome};
use crate::request::driver::has_foreign_driver;
use crate::system::digest::Digest;
use crate::system::guard::Guard;
use crate::system::machine::Fact;

/// What is known about the programs of a compile, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ran {
    /// Which variables each of them reads.
    Known,
    /// The same, and a shell was among them that only started others.
    Shell,
    /// One of them may have asked for anything.
    Unknown,
}

impl Recorder<'_> {
    pub(super) fn has_foreign_driver(&self) -> bool {
        has_foreign_driver(self.around.head, &self.request.compiler)
    }

    pub(super) fn variables(&self, info: &DepInfo) -> Result<Vec<Input>, Outcome> {
        let roots = &self.request.roots;
        let mut inputs = Vec::new();
        if Guard::InputEnv.on() {
            let located = self.located(info);
            for (name, value) in info.variables.iter().filter(|(name, _)| !located.contains(name.as_slice())) {
                let shown =
                    |value: &Vec<u8>| if Guard::BindEnv.on() { value.clone() } else { roots.rooted_text(value) };
                inputs.push(Input::Variable(name.clone(), value.as_ref().map(|value| Digest::of(&shown(value)))));
            }
        }
        let reads = match &self.compiled.observed.env {
            Ok(reads) if !self.read_as_a_whole(&reads.whole) => Reads::Named(&reads.late),
            _ if self.loads_macros() => Reads::All(Scope::Everything),
            _ => Reads::Named(&[]),
        };
        if Guard::InputObserved.on() {
            inputs.extend(variables::inputs(reads, self.around.environment));
        }
        match self.ran() {
            Ran::Unknown => {
                if Guard::InputScripts.on() {
                    inputs.extend(variables::inputs(Reads::All(Scope::Everything), self.around.environment));
                }
                // It is told paths by its arguments, and runs in a directory.
                if Guard::BindUnknown.on() {
                    inputs.extend(self.bound(Root::ALL.to_vec()));
                }
            }
            Ran::Shell => inputs.extend(variables::inputs(Reads::All(Scope::Shell), self.around.environment)),
            Ran::Known => {}
        }
        inputs.extend(self.places(info)?);
        inputs.extend(self.told()?);
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

    /// Returns whether a program ran of which nothing tells what it reads: in the compiler's place, in the linker's, or from a
    /// proc macro. Which compiler it is has been looked at before.
    pub(super) fn ran(&self) -> Ran {
        if self.has_foreign_driver() {
            return Ran::Unknown;
        }
        let started = |access: &&Access| access.kind == AccessKind::Exec && matches!(access.seen, Seen::File(_));
        let started = self.compiled.observed.accesses.iter().filter(started);
        started.map(|access| self.reads_of(&access.path)).max().unwrap_or(Ran::Known)
    }

    fn reads_of(&self, program: &Path) -> Ran {
        let head = self.around.head;
        let is_compiler = || {
            let mut compilers = [Some(&head.rustc), head.driver.as_ref()].into_iter().flatten();
            compilers.any(|compiler| Path::new(compiler).file_name() == program.file_name())
                || self.request.compiler.files.iter().any(|(known, _)| known == program)
        };
        match script(program) {
            Some(text) if scripts::only_links(&text) => Ran::Shell,
            Some(_) => Ran::Unknown,
            None if programs::is_known(program) || is_compiler() => Ran::Known,
            None => Ran::Unknown,
        }
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
        let mut roots = Vec::new();
        let mut inputs = Vec::new();
        if let Some(library) = foreign(&reads.arguments).filter(|_| Guard::BindArguments.on()) {
            if !self.holds_all_arguments() {
                let name = library.file_name().unwrap_or_default().display();
                let what = format!("arguments of the compiler, by {name}");
                return Err(Outcome::Bypass(Bypass::Unaccounted(what)));
            }
            roots.extend(Root::ALL);
            inputs.push(Input::Display(display(self.invocation)));
        }
        if Guard::BindDirectory.on() && reads.directory == Asked::Yes {
            roots.extend(self.roots_of(directory.clone()));
        }
        if Guard::BindDirectory.on() {
            roots.extend(self.roots_below_listings());
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
        inputs.extend(self.bound(roots));
        Ok(inputs)
    }

    /// In an instrumented library the linker drops no function, so its symbols do not tell whether it asks for the arguments.
    /// Nearly none does; where the key, the roots' places and the options of diagnostics hold all of them, it may.
    fn holds_all_arguments(&self) -> bool {
        let unit = self.invocation;
        let is_instrumented = |argument: &Argument| matches!(argument, Argument::Text(name, _) if name.replace('_', "-") == "-C profile-generate");
        let is_left_out = |argument: &Argument| matches!(argument, Argument::Link(..)) && !unit.links();
        unit.arguments.iter().any(is_instrumented)
            && unit.incremental.is_none()
            && !unit.arguments.iter().any(is_left_out)
    }

    /// What somebody asked of the system besides files.
    fn told(&self) -> Result<Vec<Input>, Outcome> {
        let keyed = [];
        let given = self.given(&keyed);
        let is_output = |path: &Path| self.is_output(path);
        let rules = Rules::of(&given, &is_output);
        let (mut facts, directory) = inputs::asked(&self.compiled.observed, &rules).map_err(Outcome::Bypass)?;
        if self.compiled.observed.env.is_err() && self.loads_macros() {
            facts = Fact::ALL.to_vec();
        }
        let here =
            if directory { self.roots_of(std::iter::once(self.around.directory.to_owned())) } else { Vec::new() };
        let facts = facts.into_iter().map(|fact| Input::Machine(fact, fact.digest()));
        Ok(facts.chain(self.bound(here)).collect())
    }

    /// Returns the roots that these lie in: each one's path is part of theirs.
    fn roots_of(&self, paths: impl Iterator<Item = PathBuf>) -> Vec<Root> {
        let roots = &self.request.roots;
        let holds = |path: &Path, root: Root| roots.path(root).is_some_and(|root| path.starts_with(root));
        paths.flat_map(|path| Root::ALL.into_iter().filter(move |root| holds(&path, *root))).collect()
    }

    /// Returns the roots that lie below a directory that was listed. `../..` leads to another directory from another place, and only
    /// where it led from here is known.
    fn roots_below_listings(&self) -> Vec<Root> {
        let roots = &self.request.roots;
        let listings = self.compiled.observed.accesses.iter().filter(|access| access.kind == AccessKind::List);
        let is_outside = |path: &Path| self.roots_of(std::iter::once(path.to_owned())).is_empty();
        let outside: Vec<&Path> =
            listings.map(|access| access.path.as_path()).filter(|path| is_outside(path)).collect();
        let is_below =
            |root: &Root| roots.path(*root).is_some_and(|place| outside.iter().any(|listed| place.starts_with(listed)));
        Root::ALL.into_iter().filter(is_below).collect()
    }

    fn bound(&self, mut roots: Vec<Root>) -> Vec<Input> {
        roots.sort();
        roots.dedup();
        roots.into_iter().map(|root| Input::RootPath(root, self.request.roots.value(root))).collect()
    }

    /// Returns which of the variables that the key holds from root to root only say where a file lies: what the build script was
    /// told, and what it set for its own package.
    fn located<'i>(&self, info: &'i DepInfo) -> HashSet<&'i [u8]> {
        let own = &self.request.own_variables;
        let is_own = |name: &&[u8]| *name == b"OUT_DIR" || own.iter().any(|own| own.as_bytes() == *name);
        let names: HashSet<&[u8]> = info.variables.iter().map(|(name, _)| name.as_slice()).filter(is_own).collect();
        if names.is_empty() {
            return names;
        }
        let read = |path: &PathBuf| fs::read(self.around.directory.join(path)).ok();
        let sources: Option<Vec<Vec<u8>>> = info.sources.iter().map(read).collect();
        let sources = sources.unwrap_or_default();
        let only_locates = |name: &&[u8]| {
            let value = info.variables.iter().find(|(known, _)| known == name).and_then(|(_, value)| value.as_deref());
            let variable = Variable { name, value: value.unwrap_or_default(), asked: self.asked(name) };
            variable.only_locates(&sources, &info.sources)
        };
        names.into_iter().filter(only_locates).collect()
    }

    /// Returns how often the compiler itself asked for a variable.
    fn asked(&self, name: &[u8]) -> locator::Asked {
        match &self.compiled.observed.env {
            Ok(reads) if Guard::InputLocator.on() => {
                let of_name = reads.often.iter().find(|(known, _)| known.as_encoded_bytes() == name);
                locator::Asked::Times(of_name.map_or(0, |(_, times)| *times))
            }
            Err(_) if !self.invocation.externs.is_empty() => locator::Asked::Unknown,
            _ => locator::Asked::UnknownAlone,
        }
    }
}

/// Returns the text of a script; nothing for a program that is none.
pub(super) fn script(path: &Path) -> Option<Vec<u8>> {
    let mut text = vec![0; 2];
    let mut file = fs::File::open(path).ok()?;
    file.read_exact(&mut text).ok()?;
    if text != b"#!" {
        return None;
    }
    file.take(LONGEST_SCRIPT).read_to_end(&mut text).ok()?;
    Some(text)
}

/// A longer one does more than to start a linker, and its end is not looked at.
const LONGEST_SCRIPT: u64 = 64 * 1024;
