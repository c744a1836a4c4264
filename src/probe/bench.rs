//! Links the probe with one linker after the other, and takes the time.
//!
//! The compiler runs once. Its link is then repeated with the arguments of each candidate, the way Cargo would append them,
//! so what is tried and timed is the link that rustc will do, with its driver, its libraries and its own flags.
//!
//! Invariant: a linker that did not leave its own mark in the program did not link it, whatever its exit status says.

use std::{ffi::OsStr, path::PathBuf, time::Duration};

use crate::{
    Linker, Mark, Platform, Toolchain,
    machine::{
        env::Env,
        run::{Ran, complaint, run},
        scratch::Scratch,
        tools::Tools,
    },
    probe::{Linked, Probe, link_line::LinkLine},
};

/// The first link pays for cold caches, so a time is the best of several.
const ROUNDS: usize = 3;
/// What a program prints, to tell that it really ran.
const GREETING: &str = "thymos";

/// The program that a plan is decided by.
const PROBE: Program<'_> = Program {
    source: "fn main() { println!(\"thymos\"); }\n",
    flags: &[],
    // Its link takes about 50 ms; a machine on which it takes this long is not one to switch linkers on.
    limit: Duration::from_secs(10),
};

/// A program to link. It prints `thymos` and nothing else.
#[derive(Clone, Copy, Debug)]
pub struct Program<'a> {
    /// Its source.
    pub source: &'a str,
    /// Flags that rustc compiles it with.
    pub flags: &'a [&'a str],
    /// A compile or a link that takes this long is ended.
    pub limit: Duration,
}

/// Everything that a link depends on besides the linker.
#[derive(Debug)]
pub struct Job<'a> {
    pub(crate) tools: Tools<'a>,
    pub(crate) toolchain: &'a Toolchain,
    pub(crate) platform: &'a Platform,
    pub(crate) rustflags: Vec<String>,
    /// The value of `-C linker`, if it is configured.
    pub(crate) linker: Option<String>,
}

impl<'a> Job<'a> {
    /// Returns the links of a toolchain for a platform, without any flags.
    pub fn new(env: &'a Env, toolchain: &'a Toolchain, platform: &'a Platform) -> Job<'a> {
        Job { tools: Tools { env }, toolchain, platform, rustflags: Vec::new(), linker: None }
    }
}

/// A program that is ready to be linked again and again.
#[derive(Debug)]
pub struct Bench<'a> {
    job: &'a Job<'a>,
    scratch: Scratch,
    line: LinkLine,
    limit: Duration,
    /// The toolchain's own link.
    pub(crate) default: Probe,
}

impl<'a> Bench<'a> {
    /// Compiles the probe and links it the way the toolchain does by itself.
    pub(crate) fn of_probe(job: &'a Job<'a>) -> Result<Bench<'a>, Probe> {
        Bench::set_up(job, &PROBE)
    }

    /// Compiles a program and links it the way the toolchain does by itself.
    ///
    /// # Errors
    /// What became of the compile, if it failed.
    pub fn set_up(job: &'a Job<'a>, program: &Program<'_>) -> Result<Bench<'a>, Probe> {
        let scratch =
            Scratch::new(job.tools.env).map_err(|error| Probe::failed(format!("no scratch directory: {error}")))?;
        let directory = scratch.path();
        std::fs::write(directory.join("probe.rs"), program.source).map_err(|error| Probe::failed(error.to_string()))?;
        let mut rustc = job.tools.command(&job.toolchain.rustc);
        rustc.current_dir(directory).args(["probe.rs", "--crate-name=probe", "--crate-type=bin", "-Csave-temps"]);
        rustc.args(["--print=link-args=link-args", "-oprobe.out", "--target", &job.platform.target]);
        rustc
            .args(program.flags)
            .args(&job.rustflags)
            .args(job.linker.iter().map(|linker| format!("-Clinker={linker}")));
        // Tokens of a job server that is not ours to hand out would only be waited for.
        rustc.env_remove("CARGO_MAKEFLAGS").env_remove("MAKEFLAGS").env_remove("MFLAGS");
        ended(run(rustc, program.limit), program.limit)?;
        let text = std::fs::read_to_string(directory.join("link-args")).unwrap_or_default();
        let line = text.lines().find_map(LinkLine::parse);
        let line = line.ok_or_else(|| Probe::failed("rustc did not show how it links"))?;
        let mut bench = Bench { job, scratch, line, limit: program.limit, default: Probe::NotTried };
        bench.default = bench.link("default", &[]);
        Ok(bench)
    }

    /// Returns the linker that the toolchain uses by itself.
    pub(crate) fn default_linker(&self) -> Linker {
        let mark = self.default.linked().and_then(|linked| linked.mark.as_ref());
        match mark.map(|mark| mark.name.as_str()) {
            Some("LLD") if self.line.args.iter().any(|arg| arg.contains("gcc-ld")) => Linker::RustLld,
            Some("LLD") => Linker::Lld,
            Some("mold") => Linker::Mold,
            Some("Wild") => Linker::Wild,
            _ => Linker::System,
        }
    }

    /// Returns the name of the C compiler that rustc links with.
    pub(crate) fn driver(&self) -> String {
        self.line.program.display().to_string()
    }

    /// Tries the ways to ask for a linker until one works; the last failure is the answer if none does.
    pub(crate) fn try_linker(&self, linker: &Linker, version: &str, path: PathBuf) -> Probe {
        let mut last = Probe::failed("there is no way to ask a C compiler for it");
        for (number, args) in spellings(linker, &path, &self.job.toolchain.gcc_ld()).into_iter().enumerate() {
            let probe = self.link(&format!("{}-{number}", name(linker)), &args);
            last = match probe.linked().map(|linked| imposter(linker, version, linked.mark.as_ref())) {
                Some(None) => return probe,
                Some(Some(cause)) => Probe::Failed { cause },
                None if number == 0 || matches!(probe, Probe::TimedOut { .. }) => probe,
                // The first spelling is the one that a person would try, so its complaint is the one to show.
                None => last,
            };
        }
        last
    }

    /// Links the same again, to get at the best of several times.
    pub(crate) fn time(&self, probes: &mut [&mut Probe]) {
        for _ in 1..ROUNDS {
            // Round by round rather than linker by linker: what else the machine does then hits all of them alike.
            for probe in probes.iter_mut() {
                if let Probe::Linked(linked) = &mut **probe
                    && let Ok(time) = self.link_once("again", &linked.args)
                {
                    linked.time = linked.time.min(time);
                }
            }
        }
    }

    /// Links once more and returns the time, if the linker leaves this mark.
    ///
    /// # Errors
    /// What became of the link, if it failed or another linker did it.
    pub fn time_once(&self, args: &[String], mark: Option<&Mark>) -> Result<Duration, Probe> {
        let time = self.link_once("again", args)?;
        let same = self.mark("again")?.as_ref() == mark;
        same.then_some(time).ok_or_else(|| Probe::failed("another linker linked it"))
    }

    fn link(&self, name: &str, args: &[String]) -> Probe {
        let linked = || {
            let time = self.link_once(name, args)?;
            let mark = self.mark(name)?;
            let executed = self.job.platform.is_native();
            if executed {
                self.execute(name)?;
            }
            Ok(Linked { args: args.to_vec(), mark, time, executed })
        };
        linked().map_or_else(|probe| probe, Probe::Linked)
    }

    fn mark(&self, name: &str) -> Result<Option<Mark>, Probe> {
        let mark = Mark::read(&self.scratch.path().join(name));
        mark.map_err(|error| Probe::failed(format!("what it linked cannot be read: {error}")))
    }

    fn execute(&self, name: &str) -> Result<(), Probe> {
        let program = self.job.tools.command(&self.scratch.path().join(name));
        match run(program, self.limit).succeeded().map(|ending| ending.output) {
            Ok(said) if said.trim() == GREETING => Ok(()),
            Ok(said) => Err(Probe::failed(format!("what it linked says `{}`", complaint(&said)))),
            Err(cause) => Err(Probe::failed(format!("what it linked does not run: {cause}"))),
        }
    }

    fn link_once(&self, output: &str, args: &[String]) -> Result<Duration, Probe> {
        let line = self.line.again(output, args).ok_or_else(|| Probe::failed("rustc names no output"))?;
        let mut command = self.job.tools.command(&line.program);
        command.current_dir(self.scratch.path()).args(&line.args);
        for (name, value) in &line.env {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        ended(run(command, self.limit), self.limit)
    }
}

fn ended(ran: Ran, limit: Duration) -> Result<Duration, Probe> {
    match ran {
        Ran::TimedOut => Err(Probe::TimedOut { after: limit }),
        ran => ran.succeeded().map(|ending| ending.time).map_err(Probe::failed),
    }
}

fn name(linker: &Linker) -> String {
    match linker {
        Linker::Path(_) => "path".to_owned(),
        known => known.to_string(),
    }
}

/// Returns the ways to ask a C compiler for a linker, the most portable first.
///
/// gcc knows names only, and mold's since 12.1; clang takes a path; both look for a name in the directories of `-B`.
fn spellings(linker: &Linker, path: &std::path::Path, gcc_ld: &std::path::Path) -> Vec<Vec<String>> {
    let by_path = || vec![format!("--ld-path={}", path.display())];
    match linker {
        Linker::RustLld => vec![in_directory(gcc_ld, "lld")],
        Linker::Lld => vec![by_name("lld"), by_path()],
        Linker::Mold => vec![by_name("mold"), by_path()],
        Linker::Wild => vec![by_path(), by_name("wild")],
        Linker::System => vec![by_name("bfd"), by_name("")],
        Linker::Path(_) => {
            let file = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
            // gcc runs `ld.NAME` for a name that it knows; mold is installed under both of its names in one directory.
            let stem = file.strip_prefix("ld.").or((file == "mold").then_some(file));
            let named = stem.zip(path.parent()).map(|(stem, directory)| in_directory(directory, stem));
            std::iter::once(by_path()).chain(named).collect()
        }
    }
}

fn by_name(name: &str) -> Vec<String> {
    vec![format!("-fuse-ld={name}")]
}

fn in_directory(directory: &std::path::Path, name: &str) -> Vec<String> {
    vec![format!("-B{}", directory.display()), format!("-fuse-ld={name}")]
}

/// Returns why a program was not linked by the linker that was asked for, if the mark shows that.
fn imposter(linker: &Linker, version: &str, mark: Option<&Mark>) -> Option<String> {
    let found = mark.map(|mark| mark.name.as_str());
    let expected = match linker {
        Linker::RustLld | Linker::Lld => Some("LLD"),
        Linker::Mold => Some("mold"),
        Linker::Wild => Some("Wild"),
        Linker::System => None,
        // Somebody who names a file knows what it is, so only another version gives it away.
        Linker::Path(_) if version.is_empty() => return None,
        Linker::Path(_) => found,
    };
    match mark {
        _ if found != expected => {
            let by = mark.map_or_else(|| "a linker that leaves no mark".to_owned(), ToString::to_string);
            Some(format!("the program was linked by {by} instead"))
        }
        Some(mark) if !mark.version.is_empty() && mark.version != version => {
            Some(format!("it says that it is {version}, and the program was linked by {mark}"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_in_the_program_is_believed_and_not_the_linker() {
        let lld = Mark::parse("LLD 22.1.2");
        let mold = Mark::parse("mold 1.10.1");
        assert_eq!(imposter(&Linker::RustLld, "22.1.2", lld.as_ref()), None);
        assert_eq!(imposter(&Linker::System, "2.40", None), None);
        assert!(imposter(&Linker::Lld, "14.0.6", lld.as_ref()).expect("another LLD").contains("22.1.2"));
        assert!(imposter(&Linker::Lld, "14.0.6", mold.as_ref()).expect("no LLD").contains("mold"));
        assert!(imposter(&Linker::Mold, "1.10.1", None).expect("no mark").contains("no mark"));
        assert!(imposter(&Linker::System, "2.40", mold.as_ref()).is_some());
        let path = Linker::Path("/opt/mold".into());
        assert_eq!(imposter(&path, "", mold.as_ref()), None);
        assert_eq!(imposter(&path, "2.40", None), None);
        assert!(imposter(&path, "2.30.0", mold.as_ref()).expect("another mold").contains("1.10.1"));
    }
}
