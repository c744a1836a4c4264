//! Says which program a thread belongs to.
//!
//! The invariant: a thread's program changes only by `execve`, which is watched, so what `/proc` said once holds until
//! the next one. Numbers of ended threads may come again, but a fork runs the program of its parent and a new program
//! needs an `execve`.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use super::tracee::Tracee;
use crate::compile::observe::report::Program;

/// The program that was run.
pub const ROOT: u32 = 0;
/// The same, once it had loaded code of others.
pub const LOADED: u32 = 1;

/// The programs seen so far.
#[derive(Debug)]
pub struct Programs {
    root: u32,
    root_executable: Option<PathBuf>,
    of_thread: HashMap<u32, u32>,
    of_path: HashMap<PathBuf, u32>,
    never_remembered: HashSet<u32>,
    all: Vec<Program>,
    mounts: Option<Vec<u8>>,
    /// Whether some program sees other mounts than this process, so that a path means another file to it.
    pub sees_other_mounts: bool,
}

impl Programs {
    /// Starts with the root process alone.
    pub fn new(root: u32) -> Self {
        Self {
            root,
            root_executable: None,
            of_thread: HashMap::new(),
            of_path: HashMap::new(),
            never_remembered: HashSet::new(),
            all: vec![Program::Root, Program::Loaded],
            mounts: Tracee::new(std::process::id()).mounts(),
            sees_other_mounts: false,
        }
    }

    /// Returns the index of the program that a thread runs.
    pub fn of(&mut self, tid: u32) -> u32 {
        if tid == self.root {
            return ROOT;
        }
        if let Some(&program) = self.of_thread.get(&tid) {
            return program;
        }
        let program = self.find(tid);
        if !self.never_remembered.contains(&tid) {
            self.of_thread.insert(tid, program);
        }
        program
    }

    /// Forgets a thread that is about to execute something. Where it is not its process's first thread it will take
    /// that one's number, at a moment that is not seen.
    pub fn about_to_exec(&mut self, tid: u32) {
        self.of_thread.remove(&tid);
        if let Some(process) = Tracee::new(tid).process().filter(|&process| process != tid) {
            self.of_thread.remove(&process);
            self.never_remembered.insert(process);
        }
    }

    /// Returns the program of each index.
    pub fn all(&self) -> &[Program] {
        &self.all
    }

    fn find(&mut self, tid: u32) -> u32 {
        self.sees_other_mounts |= Tracee::new(tid).mounts() != self.mounts;
        if let Some(executable) = Tracee::new(self.root).executable() {
            self.root_executable = Some(executable);
        }
        let Some(executable) = Tracee::new(tid).executable() else { return ROOT };
        if Some(&executable) == self.root_executable.as_ref() {
            return ROOT;
        }
        *self.of_path.entry(executable).or_insert_with_key(|path| {
            self.all.push(Program::Child(Arc::new(path.clone())));
            (self.all.len() - 1) as u32
        })
    }
}
