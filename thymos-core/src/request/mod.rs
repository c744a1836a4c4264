//! Gathers what a look-up needs: the compiler, the roots and the action of one invocation.
//!
//! Invariant: everything here reads the world and decides nothing; [`Action::key`] and the manifest decide.

pub mod compiler;
pub mod driver;
pub mod remapping;

use std::fs;
use std::path::{Path, PathBuf};

use crate::action::compiler::Compiler;
use crate::action::placeholder::Places;
use crate::action::roots::{Root, Roots};
use crate::action::{Action, ActionKey, ExternInput};
use crate::compile::observe::Links;
use crate::compile::rewrite::Rewrites;
use crate::invocation::{Argument, Head, Invocation};
use crate::outcome::{Bypass, Degraded, Outcome};
use crate::request::driver::has_foreign_driver;
use crate::request::remapping::Remapping;
use crate::settings::Remap;
use crate::settings::environment::{self, Environment};
use crate::store::Store;
use crate::store::memo::Memo;
use crate::system::digest::Digest;
use crate::system::error::plain;
use crate::system::guard::{self, Guard};
use crate::system::os;
use crate::system::stamp::Stamp;

/// The context of an invocation.
#[derive(Debug)]
pub struct Context<'a> {
    /// The environment.
    pub environment: &'a Environment,
    /// The working directory.
    pub directory: &'a Path,
    /// The programs in front of the arguments.
    pub head: &'a Head,
    /// Whether workspace paths are remapped.
    pub remap: Remap,
}

/// A file that the key holds by content, as it was when the key was made.
#[derive(Clone, Debug)]
pub struct Keyed {
    /// Where it is.
    pub path: PathBuf,
    /// Its stamp then.
    pub stamp: Stamp,
    /// Its content then.
    pub digest: Digest,
}

/// One invocation, ready for a look-up.
#[derive(Debug)]
pub struct Request {
    /// The compiler.
    pub compiler: Compiler,
    /// Where the roots are.
    pub roots: Roots,
    /// What paths are shown as.
    pub remapping: Remapping,
    /// What was asked.
    pub action: Action,
    /// Its key.
    pub key: ActionKey,
    /// Files that the key holds by content.
    pub keyed: Vec<Keyed>,
    /// Where placeholders stand for paths.
    pub places: Places,
    /// Variables that this package's build script set, which the key holds from root to root.
    pub own_variables: Vec<String>,
}

impl Request {
    /// Gathers the request of `invocation`.
    ///
    /// # Errors
    /// The outcome to count when there can be no look-up.
    pub fn gather(invocation: &Invocation, around: &Context<'_>, store: &Store) -> Result<Self, Outcome> {
        let query = compiler::Query {
            head: around.head,
            target: invocation.target.as_deref(),
            sysroot: invocation.sysroot.as_deref(),
            environment: around.environment,
        };
        let compiler = query.identify(store).map_err(|why| Outcome::Degraded(Degraded::Compiler(why)))?;
        let roots = roots(invocation, around, &compiler.sysroot);
        let own_variables = own_variables(around.environment);
        let places = places(&roots);
        let remapping = Remapping::of(invocation, (&roots, &places), around.remap);
        let mut keyed = Vec::new();
        let gather = Gather { invocation, around, roots: &roots, memo: store.memo(), own_variables: &own_variables };
        let mut action = gather.action(compiler.digest, &mut keyed)?;
        action.arguments.extend(gather.places(&remapping));
        Ok(Self { key: action.key(), action, compiler, roots, remapping, keyed, places, own_variables })
    }

    /// Returns what is replaced in the compiler's streams.
    #[must_use]
    pub fn rewrites(&self) -> Rewrites {
        Rewrites::new(self.places.readings())
    }

    /// Returns which look-ups of symbolic links are watched. Those that rustc resolves lead to files that it then opens; clippy
    /// looks for its settings by resolving their names, and what stands in the compiler's place may do so too.
    pub fn links(&self, head: &Head) -> Links {
        let is_rustc = head.driver.is_none() && !has_foreign_driver(head, &self.compiler);
        if is_rustc { Links::ExceptOwn } else { Links::Watched }
    }
}

/// Returns the directories that settings of the workspace may lie in.
pub fn workspaces<'a>(invocation: &'a Invocation, directory: &'a Path) -> Vec<&'a Path> {
    let target = invocation.target_dir().and_then(Path::parent);
    let own = invocation.source.is_relative().then_some(directory);
    own.into_iter().chain(target).collect()
}

/// Finds the roots. Cargo starts rustc in the workspace and with a relative source for the workspace's own packages, and in
/// the package with an absolute one for all others; then the workspace is where the target directory lies in.
fn roots(invocation: &Invocation, around: &Context<'_>, sysroot: &Path) -> Roots {
    let mut found = own_roots(invocation, around.directory);
    found.extend(around.environment.cargo_home().map(|path| (Root::CargoHome, path)));
    found.push((Root::Sysroot, sysroot.to_owned()));
    Roots::new(found)
}

fn own_roots(invocation: &Invocation, directory: &Path) -> Vec<(Root, PathBuf)> {
    let target = invocation.target_dir().map(|path| directory.join(path));
    let holds_target =
        || target.as_deref()?.parent().filter(|dir| dir.join("Cargo.toml").is_file()).map(Path::to_owned);
    let workspace = if invocation.source.is_relative() { Some(directory.to_owned()) } else { holds_target() };
    let found = [workspace.map(|path| (Root::Workspace, path)), target.map(|path| (Root::Target, path))];
    found.into_iter().flatten().collect()
}

/// Returns the paths that placeholders stand for in a compile that is not looked up.
#[must_use]
pub fn places_of(invocation: &Invocation, directory: &Path) -> Places {
    places(&Roots::new(own_roots(invocation, directory)))
}

/// Returns the paths that placeholders stand for. They can be put into files of ELF, whose bytes nothing vouches for.
#[must_use]
fn places(roots: &Roots) -> Places {
    if os::WRITES_ELF { Places::new(roots) } else { Places::default() }
}

struct Gather<'a> {
    invocation: &'a Invocation,
    around: &'a Context<'a>,
    roots: &'a Roots,
    memo: &'a Memo,
    own_variables: &'a [String],
}

impl Gather<'_> {
    fn action(&self, compiler: Digest, keyed: &mut Vec<Keyed>) -> Result<Action, Outcome> {
        let mut action = Action {
            compiler,
            arguments: Vec::new(),
            files: Vec::new(),
            externs: Vec::new(),
            environment: self.variables(),
            directory: self.roots.rooted_path(self.around.directory),
            processor: None,
            remap: self.around.remap,
        };
        for argument in &self.invocation.arguments {
            self.argument(argument, &mut action, keyed)?;
        }
        for external in &self.invocation.externs {
            let digest = self.file(&external.path, keyed)?;
            let path = self.roots.rooted_path(&external.path);
            action.externs.push(ExternInput { name: external.name.clone(), path, digest });
        }
        Ok(action)
    }

    /// Returns what the arguments make of places that they do not name: where one root lies in another, and, for run-time search
    /// paths relative to the program, where outputs and libraries lie.
    fn places(&self, remapping: &Remapping) -> Vec<(String, Vec<u8>)> {
        let shown =
            |(root, path): (Root, PathBuf)| (format!("{} in another root", root.name()), self.roots.rooted_path(&path));
        let mut places: Vec<_> = remapping.nested(self.roots).into_iter().map(shown).collect();
        let is_rpath = |argument: &Argument| matches!(argument, Argument::Link(name, _) if name == "-C rpath");
        if self.invocation.links() && self.invocation.arguments.iter().any(is_rpath) {
            let out_dir = self.around.directory.join(&self.invocation.out_dir);
            let ends = [Some(out_dir), self.roots.path(Root::Sysroot)].into_iter().flatten();
            let resolved = ends.map(|path| fs::canonicalize(&path).unwrap_or(path));
            let end = |path: PathBuf| ("-C rpath between".to_owned(), path.into_os_string().into_encoded_bytes());
            places.extend(resolved.map(end));
        }
        places
    }

    fn argument(&self, argument: &Argument, action: &mut Action, keyed: &mut Vec<Keyed>) -> Result<(), Outcome> {
        let text = |value: &[u8]| self.roots.rooted_text(value);
        match argument {
            Argument::Text(name, value) if name == "--remap-path-prefix" => {
                action.arguments.push((name.clone(), self.roots.rooted_pair(value)));
            }
            Argument::Text(name, value) => action.arguments.push((name.clone(), text(value))),
            Argument::Link(name, value) if self.invocation.links() => {
                action.arguments.push((name.clone(), text(value)));
            }
            Argument::Link(..) => {}
            Argument::File(name, path) => action.files.push((name.clone(), self.file(path, keyed)?)),
            Argument::Source(path) => action.arguments.push(("source".to_owned(), self.roots.rooted_path(path))),
            Argument::Incremental => action.arguments.push(("incremental".to_owned(), Vec::new())),
            Argument::NativeCpu if !Guard::KeyProcessor.on() => {}
            Argument::NativeCpu => {
                let processor = guard::processor().or_else(os::processor).ok_or(Outcome::Bypass(Bypass::NativeCpu))?;
                action.processor = Some(Digest::of(&processor));
            }
        }
        Ok(())
    }

    fn file(&self, path: &Path, keyed: &mut Vec<Keyed>) -> Result<Digest, Outcome> {
        let path = self.around.directory.join(path);
        match self.memo.digest(&path) {
            Ok((digest, stamp)) => {
                keyed.push(Keyed { path, stamp, digest });
                Ok(digest)
            }
            Err(error) => Err(Outcome::Degraded(Degraded::Gather(plain(&error)))),
        }
    }

    fn variables(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let links = self.invocation.links();
        let is_part = |name: &str| {
            environment::is_keyed(name)
                || (links && environment::is_linked(name))
                || self.own_variables.iter().any(|own| own == name)
        };
        let environment = self.around.environment;
        let named = environment.iter().filter(|(name, _)| name.to_str().is_some_and(is_part));
        let mut variables: Vec<_> = named
            .map(|(name, value)| (name.as_encoded_bytes().to_vec(), self.roots.rooted_text(value.as_encoded_bytes())))
            .collect();
        if self.around.head.driver.is_some() {
            variables.extend(environment::ASKED_BY_CLIPPY.map(|name| {
                let is_set = environment.get(name).is_some();
                (name.as_bytes().to_vec(), vec![u8::from(is_set)])
            }));
        }
        variables.extend(self.library_path());
        variables
    }

    /// Returns what the user put into the loader's search path: Cargo adds the sysroot and the target directory itself.
    fn library_path(&self) -> Option<(Vec<u8>, Vec<u8>)> {
        let name = if cfg!(target_os = "macos") { "DYLD_FALLBACK_LIBRARY_PATH" } else { "LD_LIBRARY_PATH" };
        let value = self.around.environment.filled(name)?;
        let by_cargo = |path: &Vec<u8>| path.starts_with(b"\0T") || path.starts_with(b"\0S");
        let theirs: Vec<Vec<u8>> = std::env::split_paths(value).map(|path| self.roots.rooted_path(&path)).collect();
        let theirs: Vec<Vec<u8>> = theirs.into_iter().filter(|path| !by_cargo(path) && !path.is_empty()).collect();
        (!theirs.is_empty()).then(|| (name.as_bytes().to_vec(), theirs.join(&b':')))
    }
}

/// Returns the names that this package's build script set with `cargo:rustc-env`, from what it printed, which lies beside
/// `OUT_DIR`; in Cargo's newer layout a directory further down (`CompilationFiles::build_script_run_dir`).
fn own_variables(environment: &Environment) -> Vec<String> {
    let beside = environment.path("OUT_DIR").and_then(|out| out.parent().map(Path::to_owned));
    let printed = beside.and_then(|dir| ["output", "run/stdout"].iter().find_map(|name| fs::read(dir.join(name)).ok()));
    let text = printed.unwrap_or_default();
    let name = |line: &[u8]| {
        let value = line.strip_prefix(b"cargo:rustc-env=").or_else(|| line.strip_prefix(b"cargo::rustc-env="))?;
        String::from_utf8(value.split(|byte| *byte == b'=').next()?.to_vec()).ok()
    };
    text.split(|byte| *byte == b'\n').filter_map(name).collect()
}
