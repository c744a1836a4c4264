//! What `cargo metadata` says, as far as an image depends on it.
//!
//! Invariant: parsing is pure, and a field that Cargo may leave out has a default here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::packages::{Crate, Place};
use crate::cli::cargo_config::workspace::cargo;
use crate::settings::environment::Environment;
use crate::system::error::plain;

/// The target whose dependencies count: what the default images are.
const TARGET: &str = "x86_64-unknown-linux-gnu";

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
}

/// The graph.
#[derive(Clone, Debug, Deserialize)]
pub struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Clone, Debug, Deserialize)]
struct Node {
    id: String,
    #[serde(default)]
    deps: Vec<Dependency>,
    #[serde(default)]
    features: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
struct Dependency {
    pkg: String,
    #[serde(default)]
    dep_kinds: Vec<Kind>,
}

#[derive(Clone, Debug, Deserialize)]
struct Kind {
    kind: Option<String>,
}

impl Metadata {
    /// Asks Cargo about the workspace around a directory.
    ///
    /// # Errors
    /// If there is none or its dependencies cannot be had, in Cargo's words.
    pub fn read(environment: &Environment, directory: &Path) -> Result<Self, String> {
        let mut cargo = cargo(environment);
        cargo.current_dir(directory).args(["metadata", "--format-version=1", "--filter-platform", TARGET]);
        let output = cargo.output().map_err(|error| format!("failed to run cargo: {}", plain(&error)))?;
        if !output.status.success() {
            let complaint = String::from_utf8_lossy(&output.stderr);
            let errors: Vec<&str> = complaint.lines().skip_while(|line| !line.starts_with("error")).collect();
            return Err(format!("failed to read the workspace:\n{}", errors.join("\n")));
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

    /// Returns the crates that a package's programs are built from, the package itself included.
    #[must_use]
    pub fn crates_of(&self, package: &str) -> Vec<Crate> {
        let nodes: BTreeMap<&str, &Node> =
            self.resolve.iter().flat_map(|it| &it.nodes).map(|node| (node.id.as_str(), node)).collect();
        let program = reached(&nodes, package, |kind| kind.is_none());
        let all = reached(&nodes, package, |kind| kind != Some("dev"));
        let found = self.packages.iter().filter(|it| all.contains(it.id.as_str()));
        let found = found.map(|it| Crate {
            name: it.name.clone(),
            features: nodes.get(it.id.as_str()).map(|node| node.features.clone()).unwrap_or_default(),
            place: if program.contains(it.id.as_str()) { Place::Program } else { Place::Build },
        });
        found.collect()
    }
}

/// Returns the packages that are reached over dependencies of some kinds.
fn reached<'a>(
    nodes: &BTreeMap<&'a str, &'a Node>,
    from: &'a str,
    follow: impl Fn(Option<&str>) -> bool,
) -> BTreeSet<&'a str> {
    let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(id) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        let dependencies = nodes.get(id).into_iter().flat_map(|node| &node.deps);
        let wanted = dependencies.filter(|it| it.dep_kinds.iter().any(|kind| follow(kind.kind.as_deref())));
        open.extend(wanted.map(|it| it.pkg.as_str()));
    }
    seen
}
