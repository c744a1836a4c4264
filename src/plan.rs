//! The decision, and everything that led to it.
//!
//! [`Plan::decide`] takes what is known and returns what will be done. Measured, never ranked by name: the toolchain's own
//! linker stays if it is a fast one already; otherwise the candidate with the best time that clearly beats the default is
//! taken, and among equals LLD, which rustc itself is tested with.
//!
//! Invariant: pure. A plan never asks for a flag that would not change who links.

use std::time::Duration;

use crate::{
    Choice, DefaultLink, Linker, Platform, Scope, System, Toolchain,
    chosen::Chosen,
    facts::{CCompiler, Facts, Request},
    probe::{Candidate, Linked, Probe},
    wrapper::Caching,
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

/// Why the default stays: the enum that every explanation and every test goes by.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum Why {
    /// docs.rs builds documentation and links nothing.
    DocsRs,
    /// The package has no target of the kind that the flag is for, and Cargo would refuse it.
    NoSuchTarget {
        /// The kind.
        scope: Scope,
    },
    /// The person chose already.
    Chosen(Chosen),
    /// The target's toolchain is right as it is.
    Rule {
        /// In what way.
        reason: &'static str,
    },
    /// A build script cannot change it; Cargo's configuration can.
    Configuration {
        /// The linker that gains there.
        linker: &'static str,
    },
    /// On Nix the linker is a wrapper that writes run paths, and going past it breaks programs.
    Nix,
    /// There is no compiler to ask.
    NoToolchain {
        /// What is wrong.
        cause: String,
    },
    /// The toolchain's own link does not work, so nothing can be compared with it.
    NoLink {
        /// What the tools said.
        cause: String,
    },
    /// The default is what was asked for.
    AlreadyAsked,
    /// The default is a fast linker already.
    AlreadyFast,
    /// No candidate that works is clearly faster.
    NothingFaster,
    /// What was asked for cannot be used.
    Unusable {
        /// The name that was asked for.
        asked: String,
        /// What is wrong with it.
        cause: String,
        /// The command that installs it, if it is merely missing.
        install: Option<String>,
    },
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

/// A gain smaller than this share of the time is noise: nine tenths of the default's time is what a winner may take.
const CLEARLY: (u32, u32) = (9, 10);

impl Plan {
    /// Returns what will be done, given what is known.
    pub(crate) fn decide(facts: Facts) -> Plan {
        let decision = match facts.stands_back() {
            Some(why) => Decision::Default(why),
            None => decide(&facts),
        };
        let verdicts: Vec<Verdict> = facts.candidates.iter().map(|it| verdict(it, &facts, &decision)).collect();
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

fn decide(facts: &Facts) -> Decision {
    let default = facts.default.as_ref();
    let Some(linked) = default.and_then(|default| default.probe.linked()) else {
        let cause = default.map_or_else(|| "it was not tried".to_owned(), |default| cause(&default.probe));
        return Decision::Default(Why::NoLink { cause });
    };
    match &facts.request.choice {
        Choice::Only(asked) => only(facts, asked),
        Choice::Auto => preferred(facts).unwrap_or_else(|| fastest(facts, linked)),
    }
}

fn only(facts: &Facts, asked: &Linker) -> Decision {
    if is_default(facts, asked) {
        return Decision::Default(Why::AlreadyAsked);
    }
    let alike = || facts.candidates.iter().filter(|it| it.linker.is_a(asked));
    let working = alike().filter_map(|it| Some((it, it.probe.linked()?)));
    if let Some((candidate, linked)) = working.min_by_key(|(_, linked)| linked.time) {
        return chosen(candidate, linked, Because::Asked);
    }
    let present = alike().find(|it| it.path.is_some());
    let cause = present.map_or_else(|| "it is not installed".to_owned(), |it| cause(&it.probe));
    let install = match asked {
        Linker::Path(_) => None,
        known => present.is_none().then(|| facts.system.install_command(&known.to_string())),
    };
    Decision::Default(Why::Unusable { asked: asked.to_string(), cause, install })
}

fn preferred(facts: &Facts) -> Option<Decision> {
    facts.request.prefer.iter().find_map(|asked| {
        if is_default(facts, asked) {
            return Some(Decision::Default(Why::AlreadyAsked));
        }
        let alike = facts.candidates.iter().filter(|it| it.linker.is_a(asked));
        alike.filter_map(|it| Some(chosen(it, it.probe.linked()?, Because::Preferred))).next()
    })
}

fn fastest(facts: &Facts, default: &Linked) -> Decision {
    if facts.default.as_ref().is_some_and(DefaultLink::is_fast) {
        return Decision::Default(Why::AlreadyFast);
    }
    let eligible = || {
        let working = facts.candidates.iter().filter_map(|it| Some((it, it.probe.linked()?)));
        working.filter(|(it, linked)| barred(it, facts).is_none() && clearly(linked.time, default.time))
    };
    let Some((_, best)) = eligible().min_by_key(|(_, linked)| linked.time) else {
        return Decision::Default(Why::NothingFaster);
    };
    // Who is not clearly slower than the best is its equal; LLD comes first among equals, then the best.
    let equals = eligible().filter(|(_, linked)| !clearly(best.time, linked.time));
    let pick = equals.min_by_key(|(it, linked)| (!it.linker.is_lld(), linked.time, it.linker.clone()));
    pick.map_or(Decision::Default(Why::NothingFaster), |(it, linked)| chosen(it, linked, Because::Fastest))
}

fn chosen(candidate: &Candidate, linked: &Linked, because: Because) -> Decision {
    Decision::Use { linker: candidate.linker.clone(), args: linked.args.clone(), because }
}

/// Returns whether a time is shorter than another by more than noise.
fn clearly(time: Duration, than: Duration) -> bool {
    time * CLEARLY.1 <= than * CLEARLY.0
}

fn is_default(facts: &Facts, asked: &Linker) -> bool {
    facts.default.as_ref().is_some_and(|default| default.linker.is_a(asked))
}

/// Returns the setting under which a candidate would fail although its probe worked: the probe has no C objects in it.
fn barred<'a>(candidate: &Candidate, facts: &'a Facts) -> Option<&'a String> {
    facts.gcc_lto.as_ref().filter(|_| candidate.linker.is_lld())
}

fn cause(probe: &Probe) -> String {
    match probe {
        Probe::Failed { cause } => cause.clone(),
        Probe::TimedOut { after } => format!("it did not end within {} s", after.as_secs()),
        Probe::NotTried | Probe::Linked(_) => "it was not tried".to_owned(),
    }
}

fn verdict(candidate: &Candidate, facts: &Facts, decision: &Decision) -> Verdict {
    let default = facts.default.as_ref();
    let is_default = default.is_some_and(|it| it.linker == candidate.linker && it.probe.linked().is_some());
    let used = match decision {
        Decision::Use { linker, .. } if *linker == candidate.linker => return Verdict::Chosen,
        Decision::Use { linker, .. } => {
            facts.candidates.iter().find(|it| it.linker == *linker).and_then(|it| it.probe.linked())
        }
        Decision::Default(_) if is_default => return Verdict::Default,
        Decision::Default(_) => default.and_then(|it| it.probe.linked()),
    };
    match (&candidate.probe, used) {
        _ if candidate.path.is_none() => Verdict::Missing,
        (Probe::NotTried, _) => Verdict::NotTried,
        (Probe::Failed { .. } | Probe::TimedOut { .. }, _) => Verdict::Broken,
        (Probe::Linked(_), _) if barred(candidate, facts).is_some() => {
            Verdict::Barred { by: facts.gcc_lto.clone().unwrap_or_default() }
        }
        (Probe::Linked(linked), Some(used)) if !clearly(linked.time, used.time) => {
            Verdict::NotFaster { than: used.time }
        }
        (Probe::Linked(_), _) => Verdict::NotWanted,
    }
}

#[cfg(test)]
pub(crate) mod tests;
