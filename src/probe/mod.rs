//! What became of a probe: the words for it, and how they are kept.
//!
//! Invariant: pure. A probe that says `Linked` was made by the linker that it is filed under, as the file's own mark tells.
//!
//! Grammar of a kept candidate, one line, fields separated by tabs, lists by 0x1f:
//! `linker version state nanoseconds executed mark-name mark-version arguments-or-cause`. A line that does not fit is
//! ignored, and the probe runs again; a new field goes with a new number in [`memo`](crate::machine::memo).

pub(crate) mod bench;
pub(crate) mod link_line;
pub(crate) mod survey;

use std::{path::PathBuf, time::Duration};

use crate::{Linker, Mark};

/// A linker that was looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Candidate {
    /// Which linker it is.
    pub linker: Linker,
    /// Where it is, if it is installed.
    pub path: Option<PathBuf>,
    /// The version that it prints.
    pub version: Option<String>,
    /// What came of linking with it.
    pub probe: Probe,
}

/// What came of linking a small program.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum Probe {
    /// Nobody tried, because nothing depended on it.
    NotTried,
    /// It linked, and the program ran where it can.
    Linked(Linked),
    /// It did not link, or what it linked did not run.
    Failed {
        /// What the tools said, in one line.
        cause: String,
    },
    /// It was still at it when the time was over.
    TimedOut {
        /// The limit.
        after: Duration,
    },
}

/// A probe that worked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Linked {
    /// The arguments for the C compiler that make it use this linker; none for its own choice.
    pub args: Vec<String>,
    /// The mark that the linker left in the program, if it leaves one.
    pub mark: Option<Mark>,
    /// The shortest time that the link took.
    pub time: Duration,
    /// Whether the program was run, which needs a target that is the host.
    pub executed: bool,
}

impl Probe {
    /// Returns the probe that worked, if it did.
    pub fn linked(&self) -> Option<&Linked> {
        match self {
            Probe::Linked(linked) => Some(linked),
            Probe::NotTried | Probe::Failed { .. } | Probe::TimedOut { .. } => None,
        }
    }

    pub(crate) fn failed(cause: impl Into<String>) -> Probe {
        Probe::Failed { cause: cause.into() }
    }
}

const LIST: char = '\u{1f}';

impl Candidate {
    /// Returns the line that is kept, or `None` for text that a line cannot hold.
    pub(crate) fn to_line(&self) -> Option<String> {
        let (state, nanos, executed, mark, rest) = match &self.probe {
            Probe::NotTried => ("untried", 0, false, None, String::new()),
            Probe::Failed { cause } => ("failed", 0, false, None, cause.clone()),
            Probe::TimedOut { after } => ("slow", after.as_nanos(), false, None, String::new()),
            Probe::Linked(it) => {
                let args = it.args.join(&LIST.to_string());
                ("linked", it.time.as_nanos(), it.executed, it.mark.as_ref(), args)
            }
        };
        let mark = mark.map_or(("", ""), |mark| (&mark.name, &mark.version));
        let (nanos, executed) = (nanos.to_string(), if executed { "ran" } else { "" });
        let linker = self.linker.to_string();
        let version = self.version.as_deref().unwrap_or("");
        let fields = [&linker, version, state, &nanos, executed, mark.0, mark.1, &rest];
        let holds = fields.iter().all(|field| !field.contains(['\t', '\n']));
        holds.then(|| format!("{linker}\t{version}\t{state}\t{nanos}\t{executed}\t{}\t{}\t{rest}", mark.0, mark.1))
    }

    /// Returns the candidate that a line holds; where it is installed is looked up anew.
    pub(crate) fn from_line(line: &str, path: impl Fn(&Linker) -> Option<PathBuf>) -> Option<Candidate> {
        let fields: Vec<&str> = line.split('\t').collect();
        let [linker, version, state, nanos, executed, name, mark_version, rest] = fields[..] else { return None };
        let time = Duration::from_nanos(nanos.parse().ok()?);
        let probe = match state {
            "untried" => Probe::NotTried,
            "failed" => Probe::failed(rest),
            "slow" => Probe::TimedOut { after: time },
            "linked" => Probe::Linked(Linked {
                args: rest.split(LIST).filter(|arg| !arg.is_empty()).map(str::to_owned).collect(),
                mark: some(name).map(|name| Mark { name, version: mark_version.to_owned() }),
                time,
                executed: executed == "ran",
            }),
            _ => return None,
        };
        let linker = Linker::from(linker);
        Some(Candidate { path: path(&linker), linker, version: some(version), probe })
    }
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linked(args: &[&str], mark: Option<&str>) -> Probe {
        Probe::Linked(Linked {
            args: args.iter().map(|arg| (*arg).to_owned()).collect(),
            mark: mark.and_then(Mark::parse),
            time: Duration::from_micros(1234),
            executed: true,
        })
    }

    #[test]
    fn a_candidate_survives_being_kept() {
        let probes = [
            Probe::NotTried,
            Probe::failed("collect2: fatal error"),
            Probe::TimedOut { after: Duration::from_secs(10) },
            linked(&[], None),
            linked(&["-B/a dir", "-fuse-ld=lld"], Some("LLD 22.1.2")),
        ];
        for probe in probes {
            for version in [None, Some("1.2".to_owned())] {
                let candidate = Candidate { linker: Linker::Mold, path: None, version, probe: probe.clone() };
                let line = candidate.to_line().expect("no tabs in it");
                assert_eq!(Candidate::from_line(&line, |_| None), Some(candidate));
            }
        }
    }

    #[test]
    fn what_a_line_cannot_hold_is_not_kept() {
        let candidate = Candidate { linker: Linker::Mold, path: None, version: None, probe: linked(&["a\tb"], None) };
        assert_eq!(candidate.to_line(), None);
        for line in ["", "mold", "mold\t\tlinked\tx\t\t\t\t", "mold\t\tdancing\t1\t\t\t\t", "\t\t\t\t\t\t\t\t\t"] {
            assert_eq!(Candidate::from_line(line, |_| None), None, "{line:?}");
        }
    }
}
