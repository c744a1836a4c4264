//! A compiler that reports to the test: it stands where rustc is called, says what it is about to compile, and does what it is
//! told before it goes on.
//!
//! It talks through pipes that it inherits, because a compile is watched: one that wrote a log of its own would be told from
//! one that only compiles.
#![cfg(unix)]

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::OFlags;
use rustix::io::FdFlags;
use rustix::pipe::pipe;

use super::files::{write, write_executable};
use super::{World, c_tool};

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
    pub fn reporting(path: &Path, answer: impl FnMut(Moment, &str) -> String + Send + 'static) -> Compiler {
        Compiler::in_front_of(&real_rustc(), path, answer)
    }

    /// The same with another compiler behind it.
    pub fn in_front_of(
        real: &Path,
        path: &Path,
        mut answer: impl FnMut(Moment, &str) -> String + Send + 'static,
    ) -> Compiler {
        let (reports, to_reports) = inheritable_pipe();
        let (from_answers, answers) = inheritable_pipe();
        let script = format!(
            "#!/bin/bash\ncrate=\nprevious=\nfor argument; do\n    [[ $previous == --crate-name && $argument != ___ ]] && crate=$argument\n    previous=$argument\ndone\n\
             report() {{\n    [[ -z $crate ]] && return\n    echo \"$1 $crate\" >&{reports}\n    read -r answer <&{answers}\n    eval \"$answer\"\n}}\n\
             report before\n'{real}' \"$@\"\nstatus=$?\nreport after\nexit $status\n",
            reports = to_reports.as_raw_fd(),
            answers = from_answers.as_raw_fd(),
            real = real.display(),
        );
        write_executable(path, &script);
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

/// Counts real compiler runs.
///
/// It is a library that every process of a world loads, so that nothing about the compile is other than it would be: a
/// program in the compiler's place would be a compiler of its own.
pub struct Spy {
    reports: File,
    // The compiler's end, which must stay open for as long as compilers may start.
    _end: File,
}

const SPY: &str = r#"
#include <stdio.h>
#include <string.h>

__attribute__((constructor)) static void report(int count, char **arguments) {
    const char *program = count ? strrchr(arguments[0], '/') : 0;
    if (!program || strcmp(program, "/rustc"))
        return;
    for (int i = 1; i + 1 < count; i++)
        if (!strcmp(arguments[i], "--crate-name") && strcmp(arguments[i + 1], "___"))
            dprintf(REPORTS, "%s\n", arguments[i + 1]);
}
"#;

impl Spy {
    /// Installs a spy for every process of this world.
    pub fn install(world: &World) -> Spy {
        let (reports, end) = inheritable_pipe();
        rustix::fs::fcntl_setfl(&reports, OFlags::NONBLOCK).expect("an open pipe has flags");
        let library = world.root().join("spy/spy.so");
        write(&library.with_extension("c"), SPY.as_bytes());
        let mut cc = Command::new("cc");
        cc.args(["-shared", "-fPIC"]).arg(format!("-DREPORTS={}", end.as_raw_fd()));
        c_tool(cc.arg(library.with_extension("c")).arg("-o").arg(&library));
        world.env("LD_PRELOAD", &library.display().to_string());
        Spy { reports, _end: end }
    }

    /// Returns the names of the crates compiled since the last call, sorted.
    pub fn take(&self) -> Vec<String> {
        let mut text = Vec::new();
        // It ends with the error that there is nothing more at the moment.
        let _ = (&self.reports).read_to_end(&mut text);
        let text = String::from_utf8(text).expect("crates have names in ASCII");
        let mut names: Vec<String> = text.lines().map(str::to_owned).collect();
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

/// Returns the triple of the machine that compiles.
pub fn host() -> String {
    let output = Command::new(real_rustc()).arg("-vV").output().expect("the compiler starts");
    let text = String::from_utf8(output.stdout).expect("it is text");
    text.lines().find_map(|line| line.strip_prefix("host: ")).expect("it tells its host").to_owned()
}

/// Returns the compiler of the toolchain that these tests run with, behind any proxy.
pub fn real_rustc() -> PathBuf {
    let cargo = PathBuf::from(std::env::var_os("CARGO").expect("cargo test tells its own path"));
    let beside = cargo.with_file_name("rustc");
    if beside.exists() { beside } else { PathBuf::from("rustc") }
}
