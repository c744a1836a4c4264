//! Everything that a plan is decided from, as values that a test can write down.
//!
//! Invariant: pure. What is wanted is known before any probe runs ([`Facts::wants`]), so a build script pays only for what
//! its decision depends on.

use crate::{
    Choice, DefaultLink, Linker, Platform, Scope, System, Toolchain,
    machine::{compiler::CCompiler, system::Circumstance, wrapper::Caching},
    plan::{
        chosen::{Binding, Chosen},
        rule::Rule,
        why::Why,
    },
    probe::Candidate,
};

/// Who asked for a linker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum By {
    /// The build script.
    #[default]
    Script,
    /// The person who builds, through `THYMOS_LINKER`.
    Person,
}

/// What was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Request {
    /// The linker.
    pub choice: Choice,
    /// Who asked for it.
    pub by: By,
    /// The linkers to take before the fastest one, if they work.
    pub prefer: Vec<Linker>,
    /// The targets of the package that it is for.
    pub scope: Scope,
}

/// How much to find out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    /// What the decision depends on.
    Needed,
    /// What a person may want to know.
    Everything,
}

/// The input of [`Plan::decide`](crate::Plan::decide).
#[cfg_attr(test, derive(Clone))]
pub(crate) struct Facts {
    pub(crate) request: Request,
    pub(crate) platform: Platform,
    pub(crate) system: System,
    pub(crate) toolchain: Result<Toolchain, String>,
    /// The choice that the person made elsewhere.
    pub(crate) chosen: Option<Chosen>,
    /// A reason to do nothing that is found in the environment or the package.
    pub(crate) excuse: Option<Why>,
    /// A setting under which no LLD can link C objects.
    pub(crate) gcc_lto: Option<String>,
    pub(crate) default: Option<DefaultLink>,
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) caching: Caching,
    pub(crate) c_compiler: Option<CCompiler>,
}

impl Facts {
    /// Returns why nothing is done about the linker, whatever probes would say.
    pub(crate) fn stands_back(&self) -> Option<Why> {
        let asked = matches!(self.request.choice, Choice::Only(_));
        let insists = asked && self.request.by == By::Person;
        let bound = |chosen: &&Chosen| chosen.binding == Binding::Requirement || !insists;
        if let Some(why) = &self.excuse {
            return Some(why.clone());
        }
        if let Some(chosen) = self.chosen.as_ref().filter(bound) {
            return Some(Why::Chosen(chosen.clone()));
        }
        match (Rule::of(&self.platform), &self.toolchain) {
            (Rule::Keep(reason) | Rule::Configure(reason), _) if insists => Some(Why::Unusable {
                asked: self.request.choice.to_string(),
                cause: self.refusal(reason),
                install: None,
            }),
            (Rule::Keep(reason), _) => Some(Why::Rule { reason }),
            (Rule::Configure(linker), _) => Some(Why::Configuration { linker }),
            (Rule::Measure, Err(cause)) => Some(Why::NoToolchain { cause: cause.clone() }),
            (Rule::Measure, Ok(_)) => (self.system.is(Circumstance::Nix) && !asked).then_some(Why::Nix),
        }
    }

    fn refusal(&self, reason: &str) -> String {
        match Rule::of(&self.platform) {
            Rule::Configure(_) => format!("a build script cannot set the linker of {}", self.platform.target),
            _ => format!("{} keeps its own: {reason}", self.platform.target),
        }
    }

    /// Returns the linkers to probe once the default is known.
    pub(crate) fn wants(&self, default: &DefaultLink, depth: Depth) -> Vec<Linker> {
        let works = default.probe.linked().is_some();
        let is_default = |asked: &Linker| works && default.linker.is_a(asked);
        let request = &self.request;
        let mut wanted: Vec<Linker> = match &request.choice {
            Choice::Only(asked) if is_default(asked) => Vec::new(),
            Choice::Only(asked) => alike(asked),
            Choice::Auto if request.prefer.first().is_some_and(is_default) => Vec::new(),
            Choice::Auto => request.prefer.iter().flat_map(alike).collect(),
        };
        let measures = request.choice == Choice::Auto && !default.is_fast() && works;
        if depth == Depth::Everything || measures {
            wanted.extend(Linker::KNOWN);
        }
        let mut once = Vec::new();
        for linker in wanted {
            if !once.contains(&linker) {
                once.push(linker);
            }
        }
        once
    }
}

/// Returns the linkers that satisfy somebody who asked for one: `lld` means either.
fn alike(asked: &Linker) -> Vec<Linker> {
    let known = Linker::KNOWN.into_iter().filter(|linker| linker.is_a(asked));
    let named = Some(asked.clone()).filter(|asked| !Linker::KNOWN.contains(asked));
    known.chain(named).collect()
}
