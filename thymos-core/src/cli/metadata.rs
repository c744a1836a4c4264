//! What `cargo metadata` says, as far as `docker` and `bench` depend on it.
//!
//! Invariant: parsing is pure, and a field that Cargo may leave out has a default here.
//!
//! The crate `cargo_metadata` reads the same and more; with camino and semver it takes 9 s of CPU to build, a twentieth of this
//! program, and these types are shorter than what its own would need around them.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::Deserialize;

use super::cargo_config::workspace::cargo;
use crate::settings::environment::Environment;
use crate::system::error::plain;

/// A workspace and its dependencies.
#[derive(Clone, Debug, Deserialize)]
pub struct Metadata {
    /// Every package.
    pub packages: Vec<Package>,
    /// The packages of the workspace.
    pub workspace_members: Vec<String>,
    /// The packages that `cargo build` builds where it is not told which; Cargo before 1.71 does not say.
    #[serde(default)]
    pub workspace_default_members: Vec<String>,
    /// Who depends on whom.
    pub resolve: Option<Resolve>,
    /// The root.
    pub workspace_root: PathBuf,
    /// Where builds go.
    pub target_directory: PathBuf,
    /// `[workspace.metadata]`.
    #[serde(default)]
    pub metadata: serde_json::Value,
}

/// A package.
#[derive(Clone, Debug, Deserialize)]
pub struct Package {
    /// How the graph names it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it consists of.
    #[serde(default)]
    pub targets: Vec<Target>,
    /// The program that `cargo run` runs.
    pub default_run: Option<String>,
    /// One line about it.
    pub description: Option<String>,
    /// Its licence.
    pub license: Option<String>,
    /// Where its source is.
    pub repository: Option<String>,
    /// What it names in its manifest.
    #[serde(default)]
    pub dependencies: Vec<Named>,
}

/// A dependency as a manifest names it.
#[derive(Clone, Debug, Deserialize)]
pub struct Named {
    /// Where it is, if it is named by path.
    pub path: Option<PathBuf>,
}

/// A target of a package.
#[derive(Clone, Debug, Deserialize)]
pub struct Target {
    /// Its name.
    pub name: String,
    /// `bin`, `lib`, `test` …
    pub kind: Vec<String>,
    /// Features without which Cargo leaves it out.
    #[serde(default, rename = "required-features")]
    pub required_features: Vec<String>,
    /// Its main source.
    #[serde(default)]
    pub src_path: PathBuf,
}

/// The graph.
#[derive(Clone, Debug, Deserialize)]
pub struct Resolve {
    /// One node a package.
    pub nodes: Vec<Node>,
}

/// A package in the graph.
#[derive(Clone, Debug, Deserialize)]
pub struct Node {
    /// The package.
    pub id: String,
    /// What it depends on.
    #[serde(default)]
    pub deps: Vec<Edge>,
    /// Its features that are on.
    #[serde(default)]
    pub features: Vec<String>,
}

/// A dependency in the graph.
#[derive(Clone, Debug, Deserialize)]
pub struct Edge {
    /// The package that is depended on.
    pub pkg: String,
    /// For what it is.
    #[serde(default)]
    pub dep_kinds: Vec<Kind>,
}

/// What a dependency is for.
#[derive(Clone, Debug, Deserialize)]
pub struct Kind {
    /// `build`, `dev`, or nothing for the package itself.
    pub kind: Option<String>,
}

/// How far Cargo looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth<'a> {
    /// The members alone.
    Members,
    /// The graph of what is built for this target.
    Graph(&'a str),
}

impl Metadata {
    /// Asks Cargo about the workspace around a directory.
    ///
    /// # Errors
    /// If there is none or its dependencies cannot be had, in Cargo's words.
    pub fn read(environment: &Environment, directory: &Path, depth: Depth<'_>) -> Result<Self, String> {
        let mut cargo = cargo(environment);
        cargo.current_dir(directory).args(["metadata", "--format-version=1"]);
        match depth {
            Depth::Members => cargo.arg("--no-deps"),
            Depth::Graph(target) => cargo.args(["--filter-platform", target]),
        };
        let output =
            cargo.stdin(Stdio::null()).output().map_err(|error| format!("failed to run cargo: {}", plain(&error)))?;
        if !output.status.success() {
            let complaint = String::from_utf8_lossy(&output.stderr);
            let errors: Vec<&str> = complaint.lines().skip_while(|line| !line.starts_with("error")).collect();
            return Err(format!(
                "failed to read the workspace around `{}`:\n{}",
                directory.display(),
                errors.join("\n")
            ));
        }
        Self::parse(&output.stdout)
    }

    /// Parses what Cargo printed.
    ///
    /// # Errors
    /// If it is not what Cargo prints.
    pub fn parse(json: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(json).map_err(|error| format!("failed to read the answer of cargo metadata: {error}"))
    }

    /// Returns the packages of the workspace.
    pub fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|it| self.workspace_members.contains(&it.id))
    }

    /// Returns the packages that `cargo build` builds where it is not told which.
    pub fn default_members(&self) -> impl Iterator<Item = &Package> {
        let all = self.workspace_default_members.is_empty();
        self.members().filter(move |it| all || self.workspace_default_members.contains(&it.id))
    }
}
