//! The choice itself.
//!
//! Measured, never ranked by name: the toolchain's own linker stays if it is a fast one already; otherwise the candidate with
//! the best time that clearly beats the default is taken, and among equals LLD, which rustc itself is tested with.

use std::time::Duration;

use super::{Because, Decision, Verdict, Why};
use crate::{
    Choice, DefaultLink, Linker,
    plan::facts::Facts,
    probe::{Candidate, Linked, Probe},
};

/// A gain smaller than this share of the time is noise: nine tenths of the default's time is what a winner may take.
const CLEARLY: (u32, u32) = (9, 10);

pub(super) fn decide(facts: &Facts) -> Decision {
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

pub(super) fn verdict(candidate: &Candidate, facts: &Facts, decision: &Decision) -> Verdict {
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
