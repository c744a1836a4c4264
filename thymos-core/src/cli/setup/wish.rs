//! What a machine wants of its Cargo configuration: the cache in front of rustc, and the linker that measured best.
//!
//! Invariant: pure. A wrapper is named by its absolute path, because Cargo fails if it cannot find it; a linker is
//! wanted only if it was asked for or clearly beat the default.

use std::path::{Path, PathBuf};

use thymos_build::{Caches, Decision, Plan, Why};

use super::change::Want;
use super::measure::Measured;
use crate::cli::cargo_config::stem;

/// What is wanted, and what a person should know about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// What is wanted of the configuration.
    pub wants: Vec<Want>,
    /// Why it is no more than that, one line each.
    pub notes: Vec<String>,
    /// The arguments that the linker shim is to add, if it is wanted.
    pub shim: Option<Vec<String>>,
}

/// What is known about the wrapper.
#[derive(Clone, Debug)]
pub struct Installed {
    /// The program that is to be the wrapper.
    pub program: PathBuf,
    /// The wrapper that is configured already, if there is a program behind it.
    pub configured: Option<String>,
    /// Programs whose place it takes.
    pub replaces: Vec<&'static str>,
}

impl Wish {
    /// Wants the cache in front of rustc, and in front of C compilers if it takes those.
    pub fn cache(&mut self, installed: &Installed, plan: &Plan) {
        if installed.configured.as_deref().is_some_and(|wrapper| stem(wrapper) == "thymos") {
            return;
        }
        self.want_text(&["build", "rustc-wrapper"], &installed.program.display().to_string(), &installed.replaces);
        let ours = plan.caching.found.iter().find(|wrapper| wrapper.name == "thymos" && wrapper.caches != Caches::Rust);
        for (name, value) in ours.map(|wrapper| plan.launchers(wrapper)).unwrap_or_default() {
            self.want_text(&["env", &name], &value, &[]);
        }
    }

    /// Returns the arguments of the linker that a person asked for, or that measured best; none if the default stays.
    ///
    /// # Errors
    /// If the linker that was asked for cannot be used.
    pub fn linker(&mut self, plan: &Plan, measured: Option<&Measured>) -> Result<Vec<String>, String> {
        match &plan.decision {
            Decision::Default(Why::Unusable { asked, cause, install }) => {
                let install = install.as_ref().map(|command| format!("; to install it: {command}")).unwrap_or_default();
                return Err(format!("failed to use the linker `{asked}`: {cause}{install}"));
            }
            Decision::Default(Why::Chosen(chosen)) => {
                self.notes.push(format!("The linker stays as it is: {} in {} chooses it.", chosen.what, chosen.place));
            }
            Decision::Use { args, .. } if measured.is_none() => return Ok(args.clone()),
            decision => match measured.and_then(Measured::winner) {
                Some(winner) => return Ok(winner.args.clone()),
                None => self.notes.push(stays(decision, measured)),
            },
        }
        Ok(Vec::new())
    }

    /// Wants flags for rustc that make it link with these arguments.
    pub fn flags(&mut self, target: &str, args: &[String]) {
        if args.is_empty() {
            return;
        }
        let flags: Vec<String> = args.iter().map(|arg| format!("-Clink-arg={arg}")).collect();
        // Documentation tests are linked too, and do not get `rustflags`.
        for key in ["rustflags", "rustdocflags"] {
            let way = ["target", target, key].map(str::to_owned).to_vec();
            self.wants.push(Want::Flags { way, flags: flags.clone() });
        }
    }

    /// Wants the shim as the linker of a target, with these arguments.
    pub fn shim(&mut self, target: &str, shim: &Path, args: Vec<String>) {
        self.want_text(&["target", target, "linker"], &shim.display().to_string(), &["thymos-cc"]);
        self.shim = Some(args);
    }

    fn want_text(&mut self, way: &[&str], value: &str, replaces: &[&'static str]) {
        let way = way.iter().map(|key| (*key).to_owned()).collect();
        self.wants.push(Want::Key { way, value: value.to_owned(), replaces: replaces.to_vec() });
    }
}

fn stays(decision: &Decision, measured: Option<&Measured>) -> String {
    match (decision, measured) {
        (_, Some(_)) => {
            "The linker stays as it is: no other one is more than a tenth faster than the default.".to_owned()
        }
        (Decision::Default(why), None) => format!("The linker stays as it is: {why}."),
        (_, None) => "The linker stays as it is.".to_owned(),
    }
}
