//! What the tests are written in: a scratch directory, programs in it, and questions to a record.

use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Directory, real_rustc};
use thymos_core::compile::observe::{self, Ability, AccessKind, Observed, Options, Program, Seen};

/// Returns from the test, or fails it where skips are not allowed.
macro_rules! skip {
    ($($why:tt)*) => {{
        $crate::support::skip(&format!($($why)*));
        return;
    }};
}
pub(crate) use skip;

/// Starts a test: a scratch directory, or a skip where nothing can be watched.
macro_rules! scratch {
    () => {
        match $crate::harness::Scratch::new() {
            Ok(scratch) => scratch,
            Err(why) => $crate::harness::skip!("{why}"),
        }
    };
}
pub(crate) use scratch;

/// Compiles a C program in the scratch directory, or skips.
macro_rules! c_program {
    ($scratch:expr, $source:expr $(, $flag:expr)*) => {
        match $scratch.compile_c($source, &[$($flag),*]) {
            Ok(program) => program,
            Err(why) => $crate::harness::skip!("{why}"),
        }
    };
}
pub(crate) use c_program;

/// A directory in which programs are watched, with the environment of the tests.
pub struct Scratch(Directory);

/// A finished observed run.
pub struct Run {
    pub observed: Observed,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

impl Scratch {
    pub fn new() -> Result<Self, String> {
        if let Ability::None(why) = observe::ability() {
            return Err(format!("nothing can be observed here: {why}"));
        }
        Ok(Self(Directory::new()))
    }

    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.path(name)
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        self.0.write(name, text)
    }

    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.path(""));
        command
    }

    pub fn shell(&self, script: &str) -> Command {
        let mut command = self.command("/bin/sh");
        command.arg("-c").arg(script);
        command
    }

    pub fn rustc(&self, args: &[&str]) -> Command {
        let mut command = self.command(real_rustc());
        command.args(args);
        command
    }

    pub fn compile_c(&self, source: &str, flags: &[&str]) -> Result<PathBuf, String> {
        self.write("program.c", source);
        let program = self.path("program");
        let mut cc = self.command("cc");
        cc.args(["-O1", "-w", "-o"]).arg(&program).arg("program.c").args(flags);
        match cc.output() {
            Ok(output) if output.status.success() => Ok(program),
            Ok(output) => Err(format!("cc {flags:?} failed: {}", String::from_utf8_lossy(&output.stderr))),
            Err(error) => Err(format!("cc is missing: {error}")),
        }
    }

    pub fn fifo(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RWXU).expect("a new name");
        path
    }
}

/// Runs a command observed, with its outputs piped and read as they come.
pub fn run(command: Command) -> Run {
    run_with(command, Options::default())
}

/// Runs a command observed in this way.
pub fn run_with(mut command: Command, options: Options) -> Run {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = observe::run(&mut command, options).expect("the program starts");
    let out = drain(running.take_stdout());
    let err = drain(running.take_stderr());
    let observed = running.wait().expect("the program can be waited for");
    Run { observed, stdout: out.join().expect("read"), stderr: err.join().expect("read") }
}

pub fn plain(mut command: Command) -> Output {
    command.output().expect("the program starts")
}

fn drain(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.expect("it is piped").read_to_end(&mut bytes).expect("readable");
        bytes
    })
}

impl Run {
    /// Returns everything that was done with a path, in order.
    pub fn of(&self, path: impl AsRef<Path>) -> Vec<(AccessKind, Seen)> {
        let all = self.observed.accesses.iter().filter(|access| access.path == path.as_ref());
        all.map(|access| (access.kind, access.seen)).collect()
    }

    pub fn kinds(&self, path: impl AsRef<Path>) -> Vec<AccessKind> {
        self.of(path).into_iter().map(|(kind, _)| kind).collect()
    }

    pub fn saw_file(&self, kind: AccessKind, path: impl AsRef<Path>) -> bool {
        self.of(path).iter().any(|(k, seen)| *k == kind && matches!(seen, Seen::File(_)))
    }

    /// Returns the executables that did something with a path; none stands for the root.
    pub fn programs(&self, path: impl AsRef<Path>) -> Vec<Option<PathBuf>> {
        let all = self.observed.accesses.iter().filter(|access| access.path == path.as_ref());
        all.map(|access| match &access.program {
            Program::Root | Program::Loaded => None,
            Program::Child(path) => Some(path.as_ref().clone()),
        })
        .collect()
    }

    pub fn env_names(&self) -> Vec<String> {
        let env = self.observed.env.as_ref().expect("the environment was watched");
        env.names.iter().map(|name| name.to_string_lossy().into_owned()).collect()
    }

    #[track_caller]
    pub fn assert_complete(&self) {
        assert_eq!(self.observed.complete, Ok(()));
        assert!(self.observed.status.success(), "{}: {}", self.observed.status, self.stderr_text());
    }

    pub fn stderr_text(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }
}

/// Waits for something that other processes bring about.
#[track_caller]
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < deadline, "{what} never happened");
        thread::yield_now();
    }
}

/// Returns the state letter of a process, or none if there is no such process.
pub fn state(pid: u32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit(") ").next()?.chars().next()
}
