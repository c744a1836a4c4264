//! A plan as text for people: the whole of it, and one line of it.
//!
//! Invariant: the one line names no path, so that it is the same in every checkout and may be compiled into a program.

use std::{
    fmt::{self, Display, Formatter},
    time::Duration,
};

use crate::{Because, Caches, Candidate, Decision, Plan, Probe, Scope, Verdict, Why, plan::facts::By, probe::Linked};

impl Plan {
    /// Returns the decision in one line without paths: `x86_64-unknown-linux-gnu, rustc 1.95.0: LLD 22.1.2 (the
    /// toolchain's default is a fast linker already)`.
    pub fn summary(&self) -> String {
        let version = self.toolchain.as_ref().map_or("unknown", |toolchain| &toolchain.version);
        let linker = match (self.linked().and_then(|linked| linked.mark.as_ref()), self.linker()) {
            (Some(mark), _) => mark.to_string(),
            (None, Some(crate::Linker::Path(_))) => "a linker named by its path".to_owned(),
            (None, Some(linker)) => format!("{linker} linker"),
            (None, None) => "default linker".to_owned(),
        };
        let reason = match &self.decision {
            Decision::Use { because, .. } => because.to_string(),
            Decision::Default(why) => why.in_brief().to_owned(),
        };
        format!("{}, rustc {version}: {linker} ({reason})", self.platform.target)
    }

    /// Returns the explanation of the plan: platform, toolchain, every candidate, the decision, the caches.
    ///
    /// It is what `Display` prints.
    pub fn explain(&self) -> String {
        self.to_string()
    }
}

impl Display for Plan {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let platform = &self.platform;
        writeln!(f, "target     {} ({:?})", platform.target, platform.c_library)?;
        writeln!(f, "host       {}, {}", platform.host, self.system)?;
        match &self.toolchain {
            Ok(toolchain) => writeln!(f, "toolchain  rustc {} in {}", toolchain.version, toolchain.sysroot.display())?,
            Err(cause) => writeln!(f, "toolchain  none: {cause}")?,
        }
        if let Some(default) = &self.default {
            writeln!(f, "default    {} through {}: {}", default.linker, default.driver, Outcome(&default.probe))?;
        }
        if let Some(compiler) = &self.c_compiler {
            writeln!(f, "C          {} {}", compiler.family, compiler.path.display())?;
        }
        if !self.candidates.is_empty() {
            writeln!(f, "linkers")?;
        }
        for (candidate, verdict) in &self.candidates {
            writeln!(f, "  {}", Row { candidate, verdict })?;
        }
        self.fmt_decision(f)?;
        self.fmt_caching(f)
    }
}

impl Plan {
    fn fmt_decision(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.decision {
            Decision::Use { linker, args, because } => {
                writeln!(f, "decision   {linker}: {because}")?;
                writeln!(f, "flags      {}", args.join(" "))
            }
            Decision::Default(why) => writeln!(f, "decision   no flag: {why}"),
        }
    }

    fn fmt_caching(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.caching.configured.as_deref() {
            Some("") => writeln!(f, "cache      switched off by an empty RUSTC_WRAPPER")?,
            Some(wrapper) => writeln!(f, "cache      {wrapper}, configured already")?,
            None => {}
        }
        let (rust, c) = (self.caching.choice().map(|it| it.name), self.caching.c_choice().map(|it| it.name));
        for wrapper in &self.caching.found {
            let verdict = match &wrapper.version {
                Err(cause) => format!("does not work: {cause}"),
                Ok(version) if rust == Some(wrapper.name) => format!("{version}, chosen for rustc"),
                Ok(version) if c == Some(wrapper.name) => format!("{version}, chosen for C and C++"),
                Ok(version) if wrapper.caches == Caches::C => format!("{version}, for C and C++ only"),
                Ok(version) => format!("{version}, not chosen"),
            };
            writeln!(f, "cache      {} {verdict} ({})", wrapper.name, wrapper.path.display())?;
        }
        Ok(())
    }
}

/// A candidate in one line.
struct Row<'a> {
    candidate: &'a Candidate,
    verdict: &'a Verdict,
}

impl Display for Row<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Candidate { linker, path, version, probe } = self.candidate;
        let name = linker.to_string();
        let Some(path) = path else { return write!(f, "{name:<9} {}", self.verdict) };
        let version = version.as_deref().unwrap_or("?");
        write!(f, "{name:<9} {version:<8} {} · {} ({})", Outcome(probe), self.verdict, path.display())
    }
}

/// What came of a probe, in a few words.
struct Outcome<'a>(&'a Probe);

impl Display for Outcome<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Probe::NotTried => f.write_str("not tried"),
            Probe::Failed { cause } => write!(f, "failed: {cause}"),
            Probe::TimedOut { after } => write!(f, "hung for {} s", after.as_secs()),
            Probe::Linked(Linked { mark, time, executed, .. }) => {
                let ran = if *executed { "linked and ran" } else { "linked" };
                write!(f, "{ran} in {}", Millis(*time))?;
                mark.iter().try_for_each(|mark| write!(f, ", marked {mark}"))
            }
        }
    }
}

struct Millis(Duration);

impl Display for Millis {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} ms", self.0.as_secs_f64() * 1e3)
    }
}

impl Display for Because {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Because::Asked => "asked for",
            Because::Preferred => "the first of the preferred ones that works",
            Because::Fastest => "the fastest that works",
        })
    }
}

impl Why {
    /// Returns the reason without anything that differs between machines and checkouts.
    fn in_brief(&self) -> &'static str {
        match self {
            Why::DocsRs => "docs.rs links nothing",
            Why::NoSuchTarget { .. } => "the package has no such target",
            Why::Chosen(_) => "chosen by the person's own flags",
            Why::Rule { reason } => reason,
            Why::Configuration { .. } => "only Cargo's configuration can change it",
            Why::Nix => "on Nix the linker is a wrapper that must not be bypassed",
            Why::NoToolchain { .. } => "no rustc to ask",
            Why::NoLink { .. } => "the default does not link the probe",
            Why::AlreadyAsked => "the toolchain's default is what was asked for",
            Why::AlreadyFast => "the toolchain's default is a fast linker already",
            Why::NothingFaster => "nothing that works is clearly faster",
            Why::Unusable { .. } => "what was asked for cannot be used",
        }
    }
}

impl Display for Why {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.in_brief())?;
        match self {
            Why::NoSuchTarget { scope } => write!(f, ": {}", scope.name()),
            Why::Chosen(chosen) => write!(f, ": {} in {}", chosen.what, chosen.place),
            Why::Configuration { linker } => write!(f, "; `linker = \"{linker}\"` there is what gains"),
            Why::NoToolchain { cause } | Why::NoLink { cause } => write!(f, ": {cause}"),
            Why::Unusable { asked, cause, install } => {
                write!(f, ": {asked}: {cause}")?;
                install.iter().try_for_each(|command| write!(f, "; to install it: {command}"))
            }
            _ => Ok(()),
        }
    }
}

impl Scope {
    fn name(self) -> &'static str {
        match self {
            Scope::Package => "anything that links",
            Scope::Bins => "binary",
            Scope::Tests => "test",
            Scope::Examples => "example",
            Scope::Benches => "benchmark",
            Scope::Cdylib => "cdylib",
        }
    }
}

impl Display for Verdict {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Chosen => f.write_str("chosen"),
            Verdict::Default => f.write_str("the default"),
            Verdict::Missing => f.write_str("not installed"),
            Verdict::Broken => f.write_str("rejected"),
            Verdict::NotFaster { than } => write!(f, "not clearly faster than {}", Millis(*than)),
            Verdict::Barred { by } => write!(f, "ruled out by -flto in {by}, whose objects LLD cannot read"),
            Verdict::NotWanted => f.write_str("not wanted"),
            Verdict::NotTried => f.write_str("nothing depended on it"),
        }
    }
}

impl Display for By {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            By::Script => "the build script",
            By::Person => "THYMOS_LINKER",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Linker, plan::tests::given};

    #[test]
    fn the_summary_has_no_path_in_it() {
        let plans = [
            given().default(Linker::RustLld, 40).plan(),
            given().works(Linker::Mold, 40).plan(),
            given().missing(Linker::Path("/opt/x".into())).asked(By::Person, "/opt/x").plan(),
            given().with(|facts| facts.toolchain = Err("/x/rustc: no".into())).plan(),
            given().target("x86_64-unknown-linux-musl").plan(),
        ];
        for plan in &plans {
            assert!(!plan.summary().contains('/'), "{}", plan.summary());
            assert!(!plan.summary().contains('\n'), "{}", plan.summary());
        }
        assert_eq!(
            plans[0].summary(),
            "x86_64-unknown-linux-gnu, rustc 1.95.0: LLD 22.1.2 (the toolchain's default is a fast linker already)"
        );
        assert_eq!(plans[1].summary(), "x86_64-unknown-linux-gnu, rustc 1.95.0: mold 1.10.1 (the fastest that works)");
    }

    #[test]
    fn the_explanation_names_every_candidate_and_why() {
        let plan = given()
            .works(Linker::Mold, 40)
            .works(Linker::System, 100)
            .candidate(Linker::Lld, Probe::failed("no such file"))
            .missing(Linker::Wild)
            .plan();
        let expected = "\
target     x86_64-unknown-linux-gnu (Glibc)
host       x86_64-unknown-linux-gnu, Debian GNU/Linux 12
toolchain  rustc 1.95.0 in /rust
default    system through cc: linked and ran in 100.0 ms
linkers
  mold      ?        linked and ran in 40.0 ms, marked mold 1.10.1 · chosen (/usr/bin/mold)
  system    ?        linked and ran in 100.0 ms · not clearly faster than 40.0 ms (/usr/bin/system)
  lld       ?        failed: no such file · rejected (/usr/bin/lld)
  wild      not installed
decision   mold: the fastest that works
flags      -fuse-ld=mold
";
        assert_eq!(plan.explain(), expected);
    }
}
