//! The decision, and everything that led to it.
//!
//! Invariant: pure. A plan never asks for a flag that would not change who links. Every reason is a variant of one of the
//! enums here, so that explanations, tests and other programs speak of the same things.

pub(crate) mod chosen;
mod decide;
pub(crate) mod facts;
pub(crate) mod rule;
pub(crate) mod why;

use std::time::Duration;

use crate::{
    DefaultLink, Linker, Platform, System, Toolchain,
    machine::{compiler::CCompiler, wrapper::Caching},
    plan::{
        facts::{Facts, Request},
        why::Why,
    },
    probe::{Candidate, Linked},
};

/// What will be done, and why.
///
/// Its `Display` is the explanation for people; [`cargo_config`](Plan::cargo_config) and
/// [`variables`](Plan::variables) are the forms for files; `emit` is the form for Cargo.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Plan {
    /// What was asked for.
    pub request: Request,
    /// What is built on and for.
    pub platform: Platform,
    /// The machine.
    pub system: System,
    /// The toolchain, or why there is none.
    pub toolchain: Result<Toolchain, String>,
    /// What the toolchain does by itself, if anything depended on it.
    pub default: Option<DefaultLink>,
    /// Every linker that was looked for, with its verdict.
    pub candidates: Vec<(Candidate, Verdict)>,
    /// What is done about the linker.
    pub decision: Decision,
    /// The compile caches of the machine. Empty in a build script, which could do nothing about them.
    pub caching: Caching,
    /// The C compiler of the target, where it was looked for.
    pub c_compiler: Option<CCompiler>,
}

/// What is done about the linker.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum Decision {
    /// Another linker than the default is used.
    Use {
        /// Which.
        linker: Linker,
        /// The arguments for the C compiler that make it so.
        args: Vec<String>,
        /// What spoke for it.
        because: Because,
    },
    /// The toolchain's own link is left as it is.
    Default(Why),
}

/// What spoke for a linker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum Because {
    /// It was asked for.
    Asked,
    /// It is the first of the preferred ones that works.
    Preferred,
    /// It was the fastest.
    Fastest,
}

/// What became of one candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum Verdict {
    /// It links.
    Chosen,
    /// It is the default, and stays.
    Default,
    /// It is not installed.
    Missing,
    /// It did not pass its probe.
    Broken,
    /// It works, and is not clearly faster than this.
    NotFaster {
        /// The time of the linker that is used.
        than: Duration,
    },
    /// It works, and this setting of the person's would break it.
    Barred {
        /// The setting.
        by: String,
    },
    /// It works, and nobody asked for it or may choose it here.
    NotWanted,
    /// Nothing depended on it, so it was not tried.
    NotTried,
}

impl Plan {
    /// Returns what will be done, given what is known.
    pub(crate) fn decide(facts: Facts) -> Plan {
        let decision = match facts.stands_back() {
            Some(why) => Decision::Default(why),
            None => decide::decide(&facts),
        };
        let verdicts: Vec<Verdict> = facts.candidates.iter().map(|it| decide::verdict(it, &facts, &decision)).collect();
        Plan {
            request: facts.request,
            platform: facts.platform,
            system: facts.system,
            toolchain: facts.toolchain,
            default: facts.default,
            candidates: facts.candidates.into_iter().zip(verdicts).collect(),
            decision,
            caching: facts.caching,
            c_compiler: facts.c_compiler,
        }
    }

    /// Returns the arguments for the C compiler that this plan adds; none if the default stays.
    pub fn link_args(&self) -> &[String] {
        match &self.decision {
            Decision::Use { args, .. } => args,
            Decision::Default(_) => &[],
        }
    }

    /// Returns the linker that will link, as far as it is known.
    pub fn linker(&self) -> Option<&Linker> {
        match &self.decision {
            Decision::Use { linker, .. } => Some(linker),
            Decision::Default(_) => self.default.as_ref().filter(|it| it.probe.linked().is_some()).map(|it| &it.linker),
        }
    }

    /// Returns the probe of the linker that will link, if it is known.
    pub(crate) fn linked(&self) -> Option<&Linked> {
        match &self.decision {
            Decision::Use { linker, .. } => {
                self.candidates.iter().find(|(it, _)| it.linker == *linker)?.0.probe.linked()
            }
            Decision::Default(_) => self.default.as_ref()?.probe.linked(),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
