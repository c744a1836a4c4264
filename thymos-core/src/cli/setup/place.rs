//! Where settings go: the user's own configuration, or a workspace's.
//!
//! A workspace's configuration is committed, and what is written is about one machine. So where Cargo can include files
//! (since 1.94), the workspace commits an optional include and the settings go into a file of their own that git ignores.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::change::{Change, Left, Want};
use super::edit::{self, Edited};
use super::sccache::{Converted, convert};
use crate::cli::cargo_config::file::{ConfigFile, of_directory};
use crate::cli::cargo_config::workspace::{self, cargo};
use crate::settings::environment::Environment;

/// The file of a workspace for one machine's settings.
pub const LOCAL: &str = "thymos.local.toml";
/// The first Cargo whose configuration includes files.
const INCLUDES: (u32, u32) = (1, 94);

/// Where settings go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Into this file.
    Direct(PathBuf),
    /// Into a local file in this directory, included by the directory's configuration.
    Included(PathBuf),
}

/// A file with its text after the edit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The file as it is.
    pub file: ConfigFile,
    /// What becomes of it.
    pub edited: Edited,
}

impl Place {
    /// Returns the user's own configuration.
    ///
    /// # Errors
    /// If there is no home directory.
    pub fn global(environment: &Environment) -> Result<Self, String> {
        let home = environment.cargo_home().ok_or("there is no home directory; set CARGO_HOME")?;
        Ok(Self::Direct(of_directory(&home)))
    }

    /// Returns the configuration of the workspace around a directory, and a warning if it is shared with others.
    ///
    /// # Errors
    /// If there is no workspace.
    pub fn workspace(environment: &Environment, directory: &Path) -> Result<(Self, Option<String>), String> {
        let configuration = workspace::root(environment, directory)?.join(".cargo");
        match cargo_version(environment) {
            Some(version) if version >= INCLUDES => Ok((Self::Included(configuration), None)),
            _ => {
                let file = of_directory(&configuration);
                let warning = format!(
                    "this Cargo cannot include files (1.94 can), so do not commit {}: it is about this machine",
                    file.display()
                );
                Ok((Self::Direct(file), Some(warning)))
            }
        }
    }

    /// Returns the file that holds what people wrote themselves.
    pub fn main_file(&self) -> PathBuf {
        match self {
            Self::Direct(file) => file.clone(),
            Self::Included(directory) => of_directory(directory),
        }
    }

    /// Returns the workspace's root, if this is a workspace.
    pub fn root(&self) -> Option<&Path> {
        match self {
            Self::Direct(_) => None,
            Self::Included(directory) => directory.parent(),
        }
    }

    /// Returns every file that setting up may have changed here, in the order in which that is taken back.
    pub fn files(&self) -> Vec<PathBuf> {
        match self {
            Self::Direct(file) => vec![file.clone()],
            Self::Included(directory) => vec![self.main_file(), directory.join(".gitignore"), directory.join(LOCAL)],
        }
    }

    /// Returns the edits that fulfil what is wanted, and what is left as it is. Nothing is written.
    ///
    /// # Errors
    /// If a file cannot be read or is no TOML.
    pub fn edits(&self, wants: &[Want]) -> Result<(Vec<Planned>, Vec<Left>), String> {
        let main = ConfigFile::read(&self.main_file())?;
        let edited = edit_file(&main, wants)?;
        let mut left = edited.left.clone();
        let mut planned = match self {
            Self::Direct(_) => vec![Planned { file: main, edited }],
            Self::Included(directory) => through_include(directory, main, wants)?,
        };
        left.extend(
            planned.iter().flat_map(|it| &it.edited.left).filter(|it| !left.contains(it)).cloned().collect::<Vec<_>>(),
        );
        planned.retain(|it| !it.edited.changes.is_empty());
        Ok((planned, left))
    }
}

/// Returns the edits of the local file, of the list of ignored files and of the including file.
fn through_include(directory: &Path, main: ConfigFile, wants: &[Want]) -> Result<Vec<Planned>, String> {
    // A key of the including file wins, so what it has is replaced there, and only what it would take as new is for the local one.
    let (mut open, mut including) = (Vec::new(), Vec::new());
    for want in wants {
        match edit_file(&main, std::slice::from_ref(want))?.changes.first() {
            Some(Change::Set { before: Some(_), .. }) => including.push(want.clone()),
            Some(_) => open.push(want.clone()),
            None => {}
        }
    }
    let local = ConfigFile::read(&directory.join(LOCAL))?;
    let edited = edit_file(&local, &open)?;
    including.extend((!open.is_empty()).then(|| Want::Include(LOCAL.to_owned())));
    let included = edit_file(&main, &including)?;
    if !included.left.is_empty() {
        return Err(format!("failed to edit `{}`: include is no array", main.path.display()));
    }
    let ignored = (!open.is_empty()).then(|| ignore(directory)).transpose()?.flatten();
    let files = [Planned { file: local, edited }, Planned { file: main, edited: included }];
    Ok(files.into_iter().chain(ignored).collect())
}

fn edit_file(file: &ConfigFile, wants: &[Want]) -> Result<Edited, String> {
    edit::edit(file.text(), wants).map_err(|cause| format!("failed to edit `{}`: {cause}", file.path.display()))
}

/// Returns the edits that turn a workspace's container and CI files from sccache to Thymos, and the lines that a person must
/// look at.
///
/// # Errors
/// If a file cannot be read as text.
pub fn from_sccache(root: &Path) -> Result<(Vec<Planned>, Vec<Left>), String> {
    let (mut planned, mut left) = (Vec::new(), Vec::new());
    let directories = [root.to_owned(), root.join(".github/workflows")];
    let entries = directories.iter().filter_map(|directory| std::fs::read_dir(directory).ok()).flatten().flatten();
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| entry.path()).filter(|path| path.is_file() && is_recipe(path)).collect();
    paths.sort();
    for path in paths {
        let file = ConfigFile::read(&path)?;
        let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        let Converted { text, changes, left: lines } = convert(&name, file.text());
        left.extend(lines);
        if !changes.is_empty() {
            planned.push(Planned { file, edited: Edited { text, changes, left: Vec::new() } });
        }
    }
    Ok((planned, left))
}

/// Returns whether a file's name says that it describes a container or a CI job.
fn is_recipe(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_ascii_lowercase();
    let yaml = name.ends_with(".yml") || name.ends_with(".yaml");
    let in_workflows = path.parent().is_some_and(|parent| parent.ends_with(".github/workflows"));
    let docker = name.starts_with("dockerfile") || name.ends_with(".dockerfile");
    docker || yaml && (in_workflows || name.contains("compose") || name == ".gitlab-ci.yml")
}

/// Returns the edit that makes git ignore the local file; nothing if it does already, or there is no git.
fn ignore(directory: &Path) -> Result<Option<Planned>, String> {
    let root = directory.parent().unwrap_or(directory);
    let asked = Command::new("git")
        .current_dir(root)
        .args(["check-ignore", "--quiet", "--"])
        .arg(directory.join(LOCAL))
        .output();
    // 0 says that it is ignored, 1 that it is not, anything else that this is no repository.
    if asked.ok().and_then(|output| output.status.code()) != Some(1) {
        return Ok(None);
    }
    let file = ConfigFile::read(&directory.join(".gitignore"))?;
    let mut text = file.text().to_owned();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(LOCAL);
    text.push('\n');
    let changes = vec![Change::Ignored(LOCAL.to_owned())];
    Ok(Some(Planned { file, edited: Edited { text, changes, left: Vec::new() } }))
}

fn cargo_version(environment: &Environment) -> Option<(u32, u32)> {
    let output = cargo(environment).arg("--version").output().ok()?;
    parse_version(&String::from_utf8_lossy(&output.stdout))
}

/// Returns the first two numbers of `cargo 1.95.0 (…)`.
fn parse_version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split_whitespace().nth(1)?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_cargo_are_compared_by_number() {
        assert_eq!(parse_version("cargo 1.95.0 (f2d3ce0bd 2026-03-21)"), Some((1, 95)));
        assert_eq!(parse_version("cargo 1.100.0-nightly"), Some((1, 100)));
        assert_eq!(parse_version("garbage"), None);
        assert!(parse_version("cargo 1.100.0").expect("numbers") >= INCLUDES);
    }
}
