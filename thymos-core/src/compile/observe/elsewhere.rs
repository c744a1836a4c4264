//! Runs the program plainly where there is no observation, with the same interface.

use std::io;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

use super::report::{Incomplete, Observed, Outlived};
use super::{Ability, Options};

pub fn ability() -> Ability {
    Ability::None("not supported on this platform")
}

pub fn run(command: &mut Command, _options: Options) -> io::Result<Running> {
    Ok(Running { child: command.spawn()? })
}

/// A program that runs.
#[derive(Debug)]
pub struct Running {
    child: Child,
}

impl Running {
    /// Returns the operating system's number for the program.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Takes the writing end of its standard input, if that was piped.
    pub fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// Takes the reading end of its standard output, if that was piped.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Takes the reading end of its standard error, if that was piped.
    pub fn take_stderr(&mut self) -> Option<ChildStderr> {
        self.child.stderr.take()
    }

    /// Waits for the program to end.
    pub fn wait(mut self) -> io::Result<Observed> {
        Ok(Observed {
            status: self.child.wait()?,
            accesses: Vec::new(),
            renames: Vec::new(),
            told: Vec::new(),
            questions: Vec::new(),
            env: Err(Incomplete::Unsupported),
            complete: Err(Incomplete::Unsupported),
            outlived: Outlived::Nothing,
        })
    }
}
