//! All the probes of one job, run once per machine.
//!
//! Invariant: times that are compared were taken together. What is kept is therefore a whole survey, and it is taken anew when
//! any tool that has a part in it is another file than before.

use std::{cell::OnceCell, path::PathBuf};

use crate::{
    Linker,
    machine::{
        env::var,
        memo::{FAILURE_LIFE, Memo},
        tools::identity,
    },
    probe::{
        Candidate, Probe,
        bench::{Bench, Job},
    },
};

/// What the toolchain links with when nobody tells it otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct DefaultLink {
    /// The linker, as the probe's mark shows it.
    pub linker: Linker,
    /// The program that rustc runs to link: `cc`.
    pub driver: String,
    /// What came of linking with it.
    pub probe: Probe,
}

impl DefaultLink {
    /// Returns whether it is one of the fast linkers, so that there is nothing to gain.
    pub fn is_fast(&self) -> bool {
        self.probe.linked().is_some() && !matches!(self.linker, Linker::System | Linker::Path(_))
    }
}

/// The probes of a job, taken from the memo or run when they are asked for.
pub(crate) struct Survey<'a> {
    job: &'a Job<'a>,
    memo: &'a Memo,
    bench: OnceCell<Result<Bench<'a>, Probe>>,
}

/// The programs whose change makes a survey worthless.
const PARTAKERS: [&str; 9] = ["cc", "gcc", "clang", "ld", "ld.bfd", "ld.lld", "ld.mold", "mold", "wild"];

impl<'a> Survey<'a> {
    pub(crate) fn new(job: &'a Job<'a>, memo: &'a Memo) -> Survey<'a> {
        Survey { job, memo, bench: OnceCell::new() }
    }

    /// Returns what the toolchain does by itself.
    pub(crate) fn default(&self) -> DefaultLink {
        self.take(&[]).0
    }

    /// Returns these linkers with what came of them, and the default timed beside them.
    pub(crate) fn take(&self, linkers: &[Linker]) -> (DefaultLink, Vec<Candidate>) {
        let key = self.key(linkers);
        if let Some(survey) = self.memo.recall(&key).and_then(|kept| self.read(&kept.answer, kept.age > FAILURE_LIFE)) {
            return survey;
        }
        let survey = self.run(linkers);
        let default = Candidate {
            linker: survey.0.linker.clone(),
            path: None,
            version: Some(survey.0.driver.clone()),
            probe: survey.0.probe.clone(),
        };
        let lines: Option<Vec<String>> = std::iter::once(&default).chain(&survey.1).map(Candidate::to_line).collect();
        if let Some(lines) = lines {
            self.memo.keep(&key, &lines.join("\n"));
        }
        survey
    }

    fn run(&self, linkers: &[Linker]) -> (DefaultLink, Vec<Candidate>) {
        let bench = match self.bench.get_or_init(|| Bench::of_probe(self.job)) {
            Ok(bench) => bench,
            Err(probe) => return (self.no_link(probe.clone()), linkers.iter().map(|it| self.look(it)).collect()),
        };
        let linker = bench.default_linker();
        let mut default = DefaultLink { driver: bench.driver(), probe: bench.default.clone(), linker };
        let mut candidates: Vec<Candidate> = linkers.iter().map(|linker| self.probe(bench, linker, &default)).collect();
        if !candidates.is_empty() {
            let probes = candidates.iter_mut().filter(|it| it.linker != default.linker).map(|it| &mut it.probe);
            let mut probes: Vec<&mut Probe> = probes.chain(std::iter::once(&mut default.probe)).collect();
            bench.time(&mut probes);
        }
        // The default is one of the candidates, and has one time.
        for candidate in candidates.iter_mut().filter(|it| it.linker == default.linker) {
            candidate.probe = default.probe.clone();
        }
        (default, candidates)
    }

    fn probe(&self, bench: &Bench<'_>, linker: &Linker, default: &DefaultLink) -> Candidate {
        let mut candidate = self.look(linker);
        let Some(path) = candidate.path.clone() else { return candidate };
        if *linker == default.linker {
            candidate.version = self.version(linker, &path).ok();
            candidate.probe = default.probe.clone();
            return candidate;
        }
        candidate.probe = match self.version(linker, &path) {
            Ok(version) => {
                let probe = bench.try_linker(linker, &version, path);
                candidate.version = Some(version).filter(|version| !version.is_empty());
                probe
            }
            Err(cause) => Probe::Failed { cause },
        };
        candidate
    }

    fn look(&self, linker: &Linker) -> Candidate {
        Candidate { linker: linker.clone(), path: self.path(linker), version: None, probe: Probe::NotTried }
    }

    fn path(&self, linker: &Linker) -> Option<PathBuf> {
        let first = |names: &[&str]| names.iter().find_map(|name| self.job.tools.find(name));
        match linker {
            Linker::RustLld => Some(self.job.toolchain.gcc_ld().join("ld.lld")).filter(|path| path.is_file()),
            Linker::Lld => first(&["ld.lld"]),
            Linker::Mold => first(&["mold", "ld.mold"]),
            Linker::Wild => first(&["wild"]),
            Linker::System => first(&["ld.bfd", "ld"]),
            Linker::Path(path) => first(&[path.to_str()?]),
        }
    }

    fn version(&self, linker: &Linker, path: &std::path::Path) -> Result<String, String> {
        let name = match linker {
            Linker::RustLld | Linker::Lld => "lld",
            Linker::Mold => "mold",
            Linker::Wild => "wild",
            Linker::System => "ld",
            // Nothing is known about it, so nothing can be expected.
            Linker::Path(_) => return Ok(self.job.tools.version(path, "").unwrap_or_default()),
        };
        self.job.tools.version(path, name)
    }

    fn no_link(&self, probe: Probe) -> DefaultLink {
        let driver = self.job.linker.clone().unwrap_or_else(|| "cc".to_owned());
        DefaultLink { linker: Linker::System, driver, probe }
    }

    fn read(&self, text: &str, old: bool) -> Option<(DefaultLink, Vec<Candidate>)> {
        let all: Option<Vec<Candidate>> =
            text.lines().map(|line| Candidate::from_line(line, |linker| self.path(linker))).collect();
        let mut all = all?.into_iter();
        let first = all.next()?;
        let default = DefaultLink { linker: first.linker, driver: first.version?, probe: first.probe };
        let candidates: Vec<Candidate> = all.collect();
        let failed = |probe: &Probe| matches!(probe, Probe::Failed { .. } | Probe::TimedOut { .. });
        let doubtful = failed(&default.probe) || candidates.iter().any(|it| failed(&it.probe));
        (!(old && doubtful)).then_some((default, candidates))
    }

    fn key(&self, linkers: &[Linker]) -> String {
        let Job { tools, toolchain, platform, rustflags, linker } = self.job;
        let place = |name: &str| tools.find(name).map_or_else(|| format!("{name} absent"), |path| identity(&path));
        let mut lines = vec!["survey".to_owned(), toolchain.identity(), platform.host.clone(), platform.target.clone()];
        lines.push(format!("{rustflags:?} {linker:?}"));
        lines.extend(linker.iter().map(|name| place(name)));
        lines.extend(PARTAKERS.iter().map(|name| place(name)));
        lines.push(identity(&toolchain.gcc_ld().join("ld.lld")));
        for name in [var::COMPILER_PATH, var::GCC_EXEC_PREFIX] {
            lines.push(format!("{name}={:?}", tools.env.get_os(name)));
        }
        for linker in linkers {
            lines.push(format!("{linker} {}", self.path(linker).map(|path| identity(&path)).unwrap_or_default()));
        }
        lines.join("\n")
    }
}
