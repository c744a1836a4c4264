//! The workspace to be timed: what belongs to it, and copies of that.
//!
//! A copy holds what the working tree holds, committed or not: the repository around the workspace, and the packages outside it
//! that it depends on by path, each where the others expect it. Build output, `.git` and `node_modules` stay behind; where git
//! can, a copy gets a `.git` of its own that borrows the objects, for build scripts that ask for the commit.
//! Invariant: nothing of the original is written.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cli::metadata::{Depth, Metadata, Target};
use crate::cli::progress;
use crate::settings::environment::Environment;
use crate::system::error::plain;

/// What stays behind, by its name.
const LEFT: [&str; 2] = [".git", "node_modules"];
/// What marks a directory as one that anybody may delete, as Cargo marks its target directories.
const CACHE_TAG: &str = "CACHEDIR.TAG";

/// A workspace and what belongs to it.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// Its root.
    pub root: PathBuf,
    /// Where the command was given.
    directory: PathBuf,
    /// The source that is edited.
    source: Option<PathBuf>,
    target: PathBuf,
    /// The directories that are copied, none inside another.
    trees: BTreeSet<PathBuf>,
}

/// A copy of a workspace.
#[derive(Clone, Debug)]
pub struct Copied {
    /// The copy of the workspace's root.
    pub root: PathBuf,
    /// The copy of where the command was given.
    pub directory: PathBuf,
    /// The copy of the source that is edited.
    pub source: Option<PathBuf>,
}

impl Workspace {
    /// Finds the workspace around a directory.
    ///
    /// # Errors
    /// In Cargo's words, if there is none.
    pub fn find(environment: &Environment, directory: &Path) -> Result<Self, String> {
        let metadata = Metadata::read(environment, directory, Depth::Members)?;
        let mut trees = BTreeSet::new();
        add(&mut trees, &repository(&metadata.workspace_root).unwrap_or_else(|| metadata.workspace_root.clone()));
        let mut open = outside(&metadata);
        open.extend(patches(&metadata.workspace_root));
        while let Some(path) = open.pop() {
            if path.is_dir() && !trees.iter().any(|tree| path.starts_with(tree)) {
                let other = Metadata::read(environment, &path, Depth::Members)?;
                add(&mut trees, &other.workspace_root);
                add(&mut trees, &path);
                open.extend(outside(&other));
            }
        }
        let source = source(&metadata);
        let Metadata { workspace_root: root, target_directory: target, .. } = metadata;
        Ok(Self { root, directory: directory.to_owned(), source, target, trees })
    }

    /// Copies it to `to`, and tells about each file that is done.
    ///
    /// # Errors
    /// If something cannot be read or written.
    pub fn copy(&self, to: &Path, done: &dyn Fn()) -> Result<Copied, String> {
        let base = self.base();
        let place = |path: &Path| path.strip_prefix(&base).map_or_else(|_| to.to_owned(), |below| to.join(below));
        for tree in &self.trees {
            borrow_git(tree, &place(tree));
            self.copy_tree(tree, &place(tree), done)?;
            settle_git(&place(tree));
        }
        let source = self.source.as_deref().map(place);
        Ok(Copied { root: place(&self.root), directory: place(&self.directory), source })
    }

    /// Returns the innermost directory that is above everything that is copied.
    fn base(&self) -> PathBuf {
        let holds = |base: &Path| self.trees.iter().all(|tree| tree != base && tree.starts_with(base));
        self.root.ancestors().find(|base| holds(base)).unwrap_or(Path::new("/")).to_owned()
    }

    fn copy_tree(&self, from: &Path, to: &Path, done: &dyn Fn()) -> Result<(), String> {
        let failed =
            |path: &Path, error: &std::io::Error| format!("failed to copy `{}`: {}", path.display(), plain(error));
        fs::create_dir_all(to).map_err(|error| failed(to, &error))?;
        for entry in fs::read_dir(from).map_err(|error| failed(from, &error))? {
            progress::interrupted()?;
            let entry = entry.map_err(|error| failed(from, &error))?;
            let (path, target) = (entry.path(), to.join(entry.file_name()));
            let kind = entry.file_type().map_err(|error| failed(&path, &error))?;
            if LEFT.iter().any(|name| entry.file_name() == *name) || path == self.target {
                continue;
            }
            if kind.is_dir() {
                if !path.join(CACHE_TAG).exists() {
                    self.copy_tree(&path, &target, done)?;
                }
                continue;
            }
            if kind.is_symlink() {
                copy_link(&path, &target).map_err(|error| failed(&path, &error))?;
            } else if kind.is_file() {
                fs::copy(&path, &target).map_err(|error| failed(&path, &error))?;
            }
            done();
        }
        Ok(())
    }
}

/// A link is copied as the file that it leads to where it leads out of sight; links within the copy stay links.
fn copy_link(path: &Path, target: &Path) -> std::io::Result<()> {
    let leads = fs::read_link(path)?;
    match path.metadata() {
        Ok(file) if file.is_file() && leads.is_absolute() => fs::copy(path, target).map(drop),
        _ => crate::system::os::alias(&leads, target),
    }
}

/// Returns the source to edit: of a library if there is one, for that is what most edits are in.
fn source(metadata: &Metadata) -> Option<PathBuf> {
    let targets: Vec<&Target> = metadata.default_members().flat_map(|package| &package.targets).collect();
    let of = |kinds: &[&str]| {
        let found = targets.iter().find(|target| target.kind.iter().any(|kind| kinds.contains(&kind.as_str())));
        found.map(|target| target.src_path.clone())
    };
    of(&["lib", "rlib", "dylib", "cdylib", "proc-macro"]).or_else(|| of(&["bin"]))
}

/// Returns the packages outside a workspace that it depends on by path.
fn outside(metadata: &Metadata) -> Vec<PathBuf> {
    let paths = metadata.packages.iter().flat_map(|package| &package.dependencies).filter_map(|it| it.path.clone());
    paths.filter(|path| !path.starts_with(&metadata.workspace_root)).collect()
}

/// Returns the packages that stand in for others by path.
fn patches(root: &Path) -> Vec<PathBuf> {
    let text = fs::read_to_string(root.join("Cargo.toml")).unwrap_or_default();
    let Ok(manifest) = text.parse::<toml_edit::DocumentMut>() else { return Vec::new() };
    let sources = manifest.get("patch").and_then(toml_edit::Item::as_table_like).into_iter();
    let packages = sources.flat_map(toml_edit::TableLike::iter).filter_map(|(_, source)| source.as_table_like());
    let paths = packages.flat_map(toml_edit::TableLike::iter).filter_map(|(_, package)| package.get("path")?.as_str());
    paths.filter_map(|path| root.join(path).canonicalize().ok()).collect()
}

/// Returns the git repository around a workspace, unless that is the whole home directory.
fn repository(root: &Path) -> Option<PathBuf> {
    let mut command = Command::new("git");
    command.args(["rev-parse", "--show-toplevel"]).current_dir(root).stdin(Stdio::null()).stderr(Stdio::null());
    let output = command.output().ok().filter(|output| output.status.success())?;
    let top = crate::system::os::path_from_bytes(output.stdout.trim_ascii_end().to_vec());
    let home = std::env::home_dir().unwrap_or_default();
    (root.starts_with(&top) && !home.starts_with(&top)).then_some(top)
}

/// Adds a directory, and drops those inside it.
fn add(trees: &mut BTreeSet<PathBuf>, tree: &Path) {
    if !trees.iter().any(|known| tree.starts_with(known)) {
        trees.retain(|known| !known.starts_with(tree));
        trees.insert(tree.to_owned());
    }
}

/// Gives an empty place a `.git` that borrows the objects of the original. Without git, build scripts do without.
fn borrow_git(from: &Path, to: &Path) {
    if from.join(".git").exists() {
        git(Command::new("git").args(["clone", "--quiet", "--shared", "--no-checkout"]).arg(from).arg(to));
    }
}

/// Lets git see which of the copied files differ from the commit.
fn settle_git(place: &Path) {
    if place.join(".git").exists() {
        git(Command::new("git").arg("-C").arg(place).args(["reset", "--quiet"]));
    }
}

fn git(command: &mut Command) {
    // What a copy cannot be told about its commit is no reason not to time it.
    let _ = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trees(paths: &[&str]) -> BTreeSet<PathBuf> {
        let mut trees = BTreeSet::new();
        paths.iter().for_each(|path| add(&mut trees, Path::new(path)));
        trees
    }

    #[test]
    #[cfg(unix)]
    fn trees_are_not_copied_twice_and_keep_their_places() {
        let trees = trees(&["/w/app/inner", "/w/app", "/w/shared/util", "/w/app/other"]);
        assert_eq!(trees.iter().map(|it| it.display().to_string()).collect::<Vec<_>>(), ["/w/app", "/w/shared/util"]);
        let root = PathBuf::from("/w/app");
        let directory = root.clone();
        let workspace = Workspace { root, directory, source: None, target: PathBuf::new(), trees };
        assert_eq!(workspace.base(), PathBuf::from("/w"));
    }
}
