//! Everything that the files depend on, decided.
//!
//! Invariant: pure. Equal workspaces give equal projects on every machine.

use std::path::Path;

use super::graph;
use super::linker::{self, BuildLinker, Configured};
use super::options::{Options, Preset};
use super::packages::{self, Needs};
use super::toolchain::{self, Bases, Pinned};
use crate::cli::metadata::{Metadata, Package, Target};

/// The package whose program the wrapper is.
const OWN_PACKAGE: &str = "thymos-core";
/// The image that the repository of Thymos builds.
const OWN_IMAGE: &str = "thymos-agent:latest";

/// What was found in a workspace.
#[derive(Clone, Debug)]
pub struct Found {
    /// What Cargo says.
    pub metadata: Metadata,
    /// What the toolchain file says.
    pub pinned: Pinned,
    /// What the workspace's Cargo configuration says.
    pub configured: Configured,
    /// The target that the configuration builds for, if it names one.
    pub target: Option<String>,
    /// Whether there is a lock file.
    pub lock: Lock,
}

/// Whether a workspace has a lock file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// It has.
    There,
    /// It has not, so the build resolves anew.
    Missing,
}

/// Where the build stage gets the wrapper from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrapper {
    /// From this image.
    Image(String),
    /// From a stage that builds it from the workspace itself.
    Workspace,
}

/// The names of the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The Dockerfile.
    pub dockerfile: String,
    /// The compose file.
    pub compose: String,
    /// The script.
    pub script: String,
}

/// What the files are about.
#[derive(Clone, Debug)]
pub struct Project {
    /// The names of the files.
    pub names: Names,
    /// The name of the image, without a tag.
    pub image: String,
    /// The package of the program.
    pub package: Package,
    /// The program.
    pub program: Target,
    /// The images that are built and run in.
    pub bases: Bases,
    /// The toolchain file.
    pub pinned: Pinned,
    /// Where the wrapper comes from.
    pub wrapper: Wrapper,
    /// What links.
    pub linker: BuildLinker,
    /// The Debian packages.
    pub needs: Needs,
    /// How dependencies are kept.
    pub preset: Preset,
    /// Where below the target directory the profiles' directories are.
    pub target: Option<String>,
    /// Whether there is a lock file.
    pub lock: Lock,
    /// The target directory relative to the root, if it is below it.
    pub outputs: Option<String>,
}

impl Project {
    /// Decides what the files are about.
    ///
    /// # Errors
    /// If the program is not clear, or something asked for cannot work; in words for a person.
    pub fn decide(found: Found, options: Options) -> Result<Self, String> {
        let (package, program) = program(&found.metadata, options.bin.as_deref())?;
        let (package, program) = (package.clone(), program.clone());
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        if !program.name.chars().all(plain) || !package.name.chars().all(plain) {
            return Err(format!("the program {:?} has a name that cannot stand in a Dockerfile", program.name));
        }
        let bases = toolchain::bases(&found.pinned, options.base.as_deref(), options.runtime_base.as_deref())?;
        let linker = linker::decide(&found.configured, found.pinned.release());
        let mut needs = packages::needs(&graph::crates_of(&found.metadata, &package.id));
        match &linker {
            BuildLinker::Toolchain => {}
            BuildLinker::Workspace(packages) => needs.build.extend(packages),
            BuildLinker::Mold => drop(needs.build.insert("mold")),
        }
        if bases.run.contains("distroless") && !needs.run.is_empty() {
            let list = needs.run.iter().copied().collect::<Vec<_>>().join(", ");
            return Err(format!("{} cannot be a base: it has no apt-get, and the program needs {list}", bases.run));
        }
        let own = found.metadata.members().any(|it| it.name == OWN_PACKAGE);
        let wrapper = match options.wrapper {
            Some(image) => Wrapper::Image(image),
            None if own => Wrapper::Workspace,
            None => Wrapper::Image(OWN_IMAGE.to_owned()),
        };
        let or = |name: Option<String>, default: &str| name.unwrap_or_else(|| default.to_owned());
        let names = Names {
            dockerfile: or(options.dockerfile, "Dockerfile.sccache"),
            compose: or(options.compose, "docker-compose.sccache.yml"),
            script: or(options.script, "docker-sccache-build.sh"),
        };
        Ok(Self {
            names,
            image: options.image.unwrap_or_else(|| image_name(&program.name)),
            outputs: relative(&found.metadata.target_directory, &found.metadata.workspace_root),
            preset: options.preset.unwrap_or_default(),
            target: found.target,
            lock: found.lock,
            pinned: found.pinned,
            package,
            program,
            bases,
            wrapper,
            linker,
            needs,
        })
    }

    /// Returns the arguments that choose what Cargo builds.
    pub fn selection(&self) -> String {
        let mut text = format!("--package {} --bin {}", self.package.name, self.program.name);
        if !self.program.required_features.is_empty() {
            text.push_str(&format!(" --features {}", self.program.required_features.join(",")));
        }
        text
    }

    /// Returns `--locked` where there is a lock file, with a space behind it.
    pub fn locked(&self) -> &'static str {
        if self.lock == Lock::There { "--locked " } else { "" }
    }
}

/// Returns the program that an image is for.
fn program<'a>(metadata: &'a Metadata, asked: Option<&str>) -> Result<(&'a Package, &'a Target), String> {
    let list = |all: &[(&Package, &Target)]| all.iter().map(|(_, it)| it.name.as_str()).collect::<Vec<_>>().join(", ");
    if let Some(asked) = asked {
        let all = programs(metadata.members());
        let found = all.iter().find(|(_, target)| target.name == asked).copied();
        return found.ok_or_else(|| format!("there is no program {asked:?} here; there are: {}", or_none(&list(&all))));
    }
    let all = programs(metadata.default_members());
    let defaults: Vec<_> = all.iter().filter(|(it, target)| it.default_run.as_ref() == Some(&target.name)).collect();
    match (all.as_slice(), defaults.as_slice()) {
        ([], _) => {
            Err("there is no program to put into an image: no default member of this workspace has one".to_owned())
        }
        ([one], _) => Ok(*one),
        (_, [one]) => Ok(**one),
        _ => Err(format!("there are several programs; choose one with --bin: {}", list(&all))),
    }
}

fn programs<'a>(packages: impl Iterator<Item = &'a Package>) -> Vec<(&'a Package, &'a Target)> {
    let is_program = |target: &&Target| target.kind.iter().any(|kind| kind == "bin");
    packages.flat_map(|it| it.targets.iter().filter(is_program).map(move |target| (it, target))).collect()
}

fn or_none(list: &str) -> &str {
    if list.is_empty() { "none" } else { list }
}

/// Returns a program's name as images are named: in lower case, with no separators at its ends or in a row.
fn image_name(program: &str) -> String {
    let parts = program.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    let name = parts.collect::<Vec<_>>().join("-").to_ascii_lowercase();
    if name.is_empty() { "app".to_owned() } else { name }
}

fn relative(path: &Path, root: &Path) -> Option<String> {
    let below = path.strip_prefix(root).ok()?.to_str()?;
    (!below.is_empty()).then(|| below.replace('\\', "/"))
}
