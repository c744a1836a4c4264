//! What decides which accesses of a compile are inputs, out of what was asked for.
//!
//! Invariant: pure. Everything that is read of the world to decide is given.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::programs::links_by_name;
use crate::action::compiler::Compiler;
use crate::invocation::{Argument, Invocation};
use crate::settings::environment::Environment;

/// What rules are made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Given<'a> {
    /// What was asked.
    pub invocation: &'a Invocation,
    /// The compiler.
    pub compiler: &'a Compiler,
    /// The environment.
    pub environment: &'a Environment,
    /// The working directory.
    pub directory: &'a Path,
    /// Files that the key holds by content.
    pub keyed: &'a [&'a Path],
    /// See [`Rules::foreign_links`].
    pub foreign_links: bool,
    /// See [`Rules::names_open_files`].
    pub names_open_files: bool,
    /// See [`Rules::executable_is_known`].
    pub executable_is_known: bool,
    /// See [`Rules::shells_only_link`].
    pub shells_only_link: bool,
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
    /// Where the compile runs.
    pub directory: PathBuf,
    /// Where the dynamic loader looks for libraries before all other places.
    pub libraries: HashSet<PathBuf>,
    /// Directories that are known to be there because the compile works in them.
    pub known: Vec<PathBuf>,
    /// Whether the links that the compiler looked up by itself went by unseen, so that the others are those of proc macros.
    pub foreign_links: bool,
    /// Whether the compiler may ask what its open files are called, as LLVM does of a profile, and nobody else can.
    pub names_open_files: bool,
    /// Whether it is known that loaded code asked which program runs it, so that this binds the result.
    pub executable_is_known: bool,
    /// Whether every shell that ran did nothing but to start a linker, so that where it is told nobody but that.
    pub shells_only_link: bool,
    /// Whether a path is that of an output of this unit.
    pub is_output: &'a dyn Fn(&Path) -> bool,
    /// Whether a program links, or is one that a linker starts.
    pub is_linker: &'a dyn Fn(&Path) -> bool,
}

impl<'a> Rules<'a> {
    /// Returns the rules of one compile.
    pub fn of(given: &Given<'a>, is_output: &'a dyn Fn(&Path) -> bool) -> Self {
        let Given { invocation: unit, compiler, environment, directory, .. } = *given;
        let here = |path: &Path| directory.join(path);
        let paths =
            |name: &str| environment.get(name).map(|list| std::env::split_paths(list).collect()).unwrap_or_default();
        let sysroot = &compiler.sysroot;
        let whole_system = ["/", "/usr", "/usr/local"].iter().any(|root| sysroot == Path::new(root));
        // Where `native` stands for the processor, the key holds what this file tells.
        let native = unit.arguments.contains(&Argument::NativeCpu);
        let processor = native.then(|| Path::new("/proc/cpuinfo"));
        let dependencies = unit.search_paths.iter().filter(|(kind, _)| kind == "dependency");
        let known = [directory.to_owned(), here(&unit.out_dir), std::env::temp_dir(), sysroot.join("lib")];
        let known = known.into_iter().chain(unit.incremental.as_deref().map(here));
        Self {
            compiler: compiler.files.iter().map(|(path, _)| path.as_path()).collect(),
            sysroot: if whole_system { sysroot.join("lib/rustlib") } else { sysroot.clone() },
            keyed: given.keyed.iter().copied().chain(processor).collect(),
            dependencies: dependencies.map(|(_, path)| here(path)).collect(),
            search: paths("PATH"),
            incremental: unit.incremental.as_deref().map(here),
            out_dir: here(&unit.out_dir),
            directory: directory.to_owned(),
            libraries: paths("LD_LIBRARY_PATH"),
            known: known.chain(unit.search_paths.iter().map(|(_, path)| here(path))).collect(),
            foreign_links: given.foreign_links,
            names_open_files: given.names_open_files,
            executable_is_known: given.executable_is_known,
            shells_only_link: given.shells_only_link,
            is_output,
            is_linker: &links_by_name,
        }
    }
}
