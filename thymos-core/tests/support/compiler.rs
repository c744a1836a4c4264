//! A compiler that reports to the test: it stands where rustc is called, says what it is about to compile, and does what it is
//! told before it goes on.
//!
//! It talks through pipes that it inherits, because a compile is watched: one that wrote a log of its own would be told from
//! one that only compiles.
#![cfg(unix)]

use std::fs::{self, File, Permissions};
use std::io::{BufRead, BufReader, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rustix::io::FdFlags;
use rustix::pipe::pipe;

use super::World;
use super::files::write;

/// When a compiler reports.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Moment {
    Before,
    After,
}

/// A script in the place of rustc.
pub struct Compiler {
    program: PathBuf,
    // The compiler's ends, which must stay open for as long as compilers may start.
    _ends: [File; 2],
}

impl Compiler {
    /// Installs a compiler at `path`. For every crate it compiles, `answer` is asked before and after; what it returns is
    /// run by the compiler's shell. `answer` runs on a thread of its own, one report at a time.
    pub fn reporting(path: &Path, mut answer: impl FnMut(Moment, &str) -> String + Send + 'static) -> Compiler {
        let (reports, to_reports) = inheritable_pipe();
        let (from_answers, answers) = inheritable_pipe();
        let script = format!(
            "#!/bin/bash\ncrate=\nprevious=\nfor argument; do\n    [[ $previous == --crate-name && $argument != ___ ]] && crate=$argument\n    previous=$argument\ndone\n\
             report() {{\n    [[ -z $crate ]] && return\n    echo \"$1 $crate\" >&{reports}\n    read -r answer <&{answers}\n    eval \"$answer\"\n}}\n\
             report before\n'{real}' \"$@\"\nstatus=$?\nreport after\nexit $status\n",
            reports = to_reports.as_raw_fd(),
            answers = from_answers.as_raw_fd(),
            real = real_rustc().display(),
        );
        write(path, script.as_bytes());
        fs::set_permissions(path, Permissions::from_mode(0o755)).expect("its owner may do so");
        std::thread::spawn(move || {
            let mut answers = answers;
            for line in BufReader::new(reports).lines().map_while(Result::ok) {
                let (moment, name) = line.split_once(' ').expect("a report has two words");
                let answer = answer(if moment == "before" { Moment::Before } else { Moment::After }, name);
                // The compiler may be dead by now; then nobody waits for an answer.
                let _ = answers.write_all(format!("{answer}\n").as_bytes());
            }
        });
        Compiler { program: path.to_owned(), _ends: [to_reports, from_answers] }
    }

    pub fn program(&self) -> &Path {
        &self.program
    }
}

/// Counts real compiler runs. Cargo is told to use it as `RUSTC`.
pub struct Spy {
    compiler: Compiler,
    compiled: Arc<Mutex<Vec<String>>>,
}

impl Spy {
    /// Installs a spy for every process of this world.
    pub fn install(world: &World) -> Spy {
        let compiled = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&compiled);
        let compiler = Compiler::reporting(&world.root().join("spy/rustc"), move |moment, name| {
            if moment == Moment::Before {
                seen.lock().expect("nobody panics with it").push(name.to_owned());
            }
            String::new()
        });
        world.env("RUSTC", &compiler.program().display().to_string());
        Spy { compiler, compiled }
    }

    /// Returns the names of the crates compiled since the last call, sorted.
    pub fn take(&self) -> Vec<String> {
        let mut names = std::mem::take(&mut *self.compiled.lock().expect("nobody panics with it"));
        names.sort();
        names
    }
}

/// Returns a pipe whose ends child processes inherit.
fn inheritable_pipe() -> (File, File) {
    let (from, to) = pipe().expect("pipes can be made");
    for end in [&from, &to] {
        rustix::io::fcntl_setfd(end, FdFlags::empty()).expect("an open descriptor has flags");
    }
    (from.into(), to.into())
}

/// Returns the compiler of the toolchain that these tests run with, behind any proxy.
pub fn real_rustc() -> PathBuf {
    let cargo = PathBuf::from(std::env::var_os("CARGO").expect("cargo test tells its own path"));
    let beside = cargo.with_file_name("rustc");
    if beside.exists() { beside } else { PathBuf::from("rustc") }
}
