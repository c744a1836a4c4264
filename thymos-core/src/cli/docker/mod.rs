//! `thymos docker`: a Dockerfile, a compose file, a script and a `.dockerignore` for the workspace here.
//!
//! [`project`] decides what they are about, four modules render them, and the rest reads, shows, asks and writes. Invariant:
//! nothing is written that was not shown, and the same workspace gives the same files on every machine.

mod compose;
mod dockerfile;
mod graph;
mod ignore;
mod linker;
mod options;
mod packages;
mod project;
mod script;
#[cfg(test)]
mod tests;
mod toolchain;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::cargo_config::file::{self, ConfigFile};
use super::cargo_config::hierarchy::Hierarchy;
use super::confirm::{Answer, Consent};
use super::diff;
use super::metadata::{Depth, Metadata};
use crate::settings::environment::Environment;
use crate::system::error::plain;
use crate::system::os;
use linker::Configured;
use options::Options;
use project::{Found, Lock, Names, Project, Wrapper};
use toolchain::Pinned;

/// Dependencies, flags and linkers are those of the target of the default images.
const TARGET: &str = "x86_64-unknown-linux-gnu";

#[derive(Debug, clap::Args)]
#[command(after_help = "\
All but the last three can stand in Cargo.toml too, where --check finds them:
  [workspace.metadata.thymos.docker]
  bin = \"server\"

Example:
  thymos docker --yes && ./docker-sccache-build.sh")]
pub struct Args {
    #[command(flatten)]
    options: Options,
    /// Write nothing; exit with 1 if the files are not what would be written
    #[arg(long, conflicts_with_all = ["dry_run", "yes"])]
    check: bool,
    #[command(flatten)]
    consent: Consent,
}

/// A file as it is and as it should be.
struct Planned {
    name: String,
    file: ConfigFile,
    text: String,
}

pub fn run(args: &Args, environment: &Environment) -> Result<ExitCode, String> {
    let directory = std::env::current_dir().map_err(|_| "there is no current directory")?;
    let metadata = Metadata::read(environment, &directory, Depth::Graph(TARGET))?;
    let root = metadata.workspace_root.clone();
    let options = args.options.clone().over(&metadata.metadata)?;
    let project = Project::decide(found(metadata, environment)?, options)?;
    let mut planned = plan(&project, &root)?;
    planned.retain(|it| it.file.text.as_deref() != Some(it.text.as_str()));
    if planned.is_empty() {
        println!("Everything is up to date: {}.", all(&project.names).join(", "));
        return Ok(ExitCode::SUCCESS);
    }
    for it in &planned {
        anstream::print!("{}", diff::unified(&it.name, it.file.text(), &it.text));
    }
    if args.check {
        let names: Vec<&str> = planned.iter().map(|it| it.name.as_str()).collect();
        eprintln!("thymos: not up to date: {}; `thymos docker` updates them", names.join(", "));
        return Ok(ExitCode::FAILURE);
    }
    match args.consent.ask() {
        Answer::Yes => write(&planned, &project),
        Answer::No(code) => Ok(code),
    }
}

fn found(metadata: Metadata, environment: &Environment) -> Result<Found, String> {
    let root = metadata.workspace_root.clone();
    let configuration = configuration(environment, &root)?;
    let lock = if root.join("Cargo.lock").is_file() { Lock::There } else { Lock::Missing };
    Ok(Found {
        pinned: pinned(&root)?,
        configured: configured(&configuration),
        target: target(&configuration),
        lock,
        metadata,
    })
}

/// Returns the toolchain file of a workspace, in the order in which rustup looks for it.
fn pinned(root: &Path) -> Result<Pinned, String> {
    for name in ["rust-toolchain", "rust-toolchain.toml"] {
        if let Some(text) = ConfigFile::read(&root.join(name))?.text {
            return Ok(toolchain::parse(name, &text));
        }
    }
    Ok(Pinned::default())
}

/// Returns the Cargo configuration that the image will see: the workspace's, without what is this machine's own.
fn configuration(environment: &Environment, root: &Path) -> Result<Hierarchy, String> {
    let own = file::of_directory(&root.join(".cargo"));
    // What a workspace includes for one machine is not in the context.
    let local = |path: &Path| path.to_str().is_some_and(|path| path.ends_with(".local.toml"));
    let mut hierarchy = Hierarchy::read(environment, root);
    let directory: PathBuf = own.parent().unwrap_or(root).to_owned();
    hierarchy.layers.retain(|layer| layer.path.starts_with(&directory) && !local(&layer.path));
    Ok(hierarchy)
}

fn configured(configuration: &Hierarchy) -> Configured {
    // The environment of this machine is not the image's.
    let flags = configuration.rustflags(&Environment::default(), TARGET);
    let flags = flags.into_iter().next().into_iter().flatten().flat_map(|it| it.flags).collect();
    let linkers = configuration.texts(&["target", TARGET, "linker"]).into_iter().map(|(linker, _)| linker).collect();
    Configured { linkers, flags }
}

fn target(configuration: &Hierarchy) -> Option<String> {
    configuration.texts(&["build", "target"]).into_iter().next().map(|(target, _)| target)
}

fn all(names: &Names) -> [&str; 4] {
    [&names.dockerfile, &names.compose, &names.script, ".dockerignore"]
}

fn plan(project: &Project, root: &Path) -> Result<Vec<Planned>, String> {
    all(&project.names)
        .into_iter()
        .enumerate()
        .map(|(at, name)| {
            let file = ConfigFile::read(&root.join(name))?;
            let text = match at {
                0 => dockerfile::render(project),
                1 => compose::render(project),
                2 => script::render(project),
                _ => ignore::render(project, file.text()),
            };
            Ok(Planned { name: name.to_owned(), file, text })
        })
        .collect()
}

fn write(planned: &[Planned], project: &Project) -> Result<ExitCode, String> {
    for Planned { name, file, text } in planned {
        file.replace(text)?;
        if *name == project.names.script {
            os::set_mode(&file.path, os::new_file_mode(0o755))
                .map_err(|error| format!("failed to make `{}` executable: {}", file.path.display(), plain(&error)))?;
        }
        println!("Wrote {name}.");
    }
    if project.lock == Lock::Missing {
        println!("\nThere is no Cargo.lock, so each build resolves its dependencies again; commit one.");
    }
    if let Wrapper::Image(image) = &project.wrapper {
        println!("\nThe build takes thymos from the image {image}, which the repository of Thymos builds.");
    }
    println!("\nTo build the image: ./{}", project.names.script);
    Ok(ExitCode::SUCCESS)
}
