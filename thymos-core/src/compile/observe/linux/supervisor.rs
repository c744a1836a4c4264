//! The watching thread: answers questions and records what they were about.
//!
//! The invariant: looking comes before answering, recording after it. A call whose answer came too late (a signal
//! interrupted it, its thread died) is not recorded; if it is made again it asks again.

use std::os::fd::AsFd;

use libc::seccomp_notif;

use super::arch;
use super::calls::{self, Call, Meaning};
use super::decode::{self, Absence, PendingAccess};
use super::exec::Interpreters;
use super::handshake::Watched;
use super::listener::{Event, Listener};
use super::preload::Preload;
use super::programs::Programs;
use super::record::{AccessKey, Record};
use super::tracee::Tracee;
use crate::compile::observe::report::{AccessKind, Incomplete, Seen};
use crate::system::guard;

/// Everything that is learnt from one run.
#[derive(Debug)]
pub struct Supervisor {
    /// The accesses.
    pub record: Record,
    /// The programs that they name.
    pub programs: Programs,
    /// The environment.
    pub preload: Preload,
    interpreters: Interpreters,
    root: u32,
    pending_accesses: Vec<PendingAccess>,
    pending: Vec<(AccessKey, Seen)>,
}

impl Supervisor {
    /// Begins with a child that has executed nothing yet.
    pub fn new(watched: &Watched, preload: Preload) -> Self {
        Self {
            record: Record::default(),
            programs: Programs::new(watched.pid),
            preload,
            interpreters: Interpreters::default(),
            root: watched.pid,
            pending_accesses: Vec::new(),
            pending: Vec::new(),
        }
    }

    /// Answers until no process is left or until `done` says that the root has ended.
    pub fn serve(&mut self, listener: &Listener, done: impl AsFd) {
        loop {
            match listener.next(Some(done.as_fd())) {
                Ok(Event::Question(question)) => self.handle(&question, listener),
                Ok(Event::Nothing) => {}
                Ok(Event::Ended | Event::Woken) => return,
                Err(_) => return self.record.escape(Incomplete::Lost("the kernel stopped asking")),
            }
        }
    }

    fn handle(&mut self, question: &seccomp_notif, listener: &Listener) {
        guard::panic_if_asked("observe");
        let escaped = self.look(question, listener).err();
        if !listener.answer(question.id) {
            return;
        }
        for (key, seen) in self.pending.drain(..) {
            self.record.add(key, seen);
        }
        if let Some(reason) = escaped {
            self.record.escape(reason);
        }
        self.note_rename(question);
    }

    /// Fills `pending` with what the call is about to key and is not known yet.
    fn look(&mut self, question: &seccomp_notif, listener: &Listener) -> Result<(), Incomplete> {
        self.pending_accesses.clear();
        self.pending.clear();
        let call = row(question)?;
        let tracee = Tracee::new(question.pid);
        decode::pending_accesses(call, &question.data, tracee, &mut self.pending_accesses)?;
        let program = self.programs.of(question.pid);
        if let Meaning::Exec { envp, .. } = call.meaning {
            self.before_exec(question, question.data.args[envp], listener);
        }
        for at in 0..self.pending_accesses.len() {
            self.resolve(at, program, tracee);
        }
        Ok(())
    }

    fn resolve(&mut self, at: usize, program: u32, tracee: Tracee) {
        let access = &mut self.pending_accesses[at];
        if self.preload.is_own(&access.path) {
            return;
        }
        let renames_need_it = access.kind == AccessKind::Write;
        let path = if renames_need_it { access.path.clone() } else { std::mem::take(&mut access.path) };
        let key = AccessKey { path, kind: access.kind, program };
        if self.record.knows(&key) {
            return;
        }
        let seen = tracee.look(&key.path, access.follow);
        if seen == Seen::Absent && access.absence == Absence::SaysNothing {
            return;
        }
        self.preload.notice(&key, seen);
        self.pending.push((key, seen));
    }

    /// Adds the interpreters that the kernel will read, and hands the library to the compiler's first program.
    fn before_exec(&mut self, question: &seccomp_notif, envp: u64, listener: &Listener) {
        self.programs.about_to_exec(question.pid);
        let Some(executable) = self.pending_accesses.first().map(|access| access.path.clone()) else { return };
        if question.pid == self.root {
            self.preload.before_exec(question, &executable, envp, listener);
        }
        let found = self.interpreters.of(&executable);
        if found.is_foreign {
            self.record.escape(Incomplete::ForeignCalls);
        }
        self.pending_accesses.extend(found.paths.iter().map(|path| PendingAccess {
            path: path.clone(),
            kind: AccessKind::Exec,
            follow: calls::Follow::Always,
            absence: Absence::Tells,
        }));
    }

    fn note_rename(&mut self, question: &seccomp_notif) {
        let renames = row(question).is_ok_and(|call| matches!(call.meaning, Meaning::Rename { .. }));
        if renames && self.pending_accesses.len() == 2 {
            let to = self.pending_accesses.pop().map(|access| access.path);
            let from = self.pending_accesses.pop().map(|access| access.path);
            self.record.add_rename(from.unwrap_or_default(), to.unwrap_or_default());
        }
    }
}

fn row(question: &seccomp_notif) -> Result<&'static Call, Incomplete> {
    if question.data.arch != arch::NATIVE {
        return Err(Incomplete::ForeignCalls);
    }
    calls::find(question.data.nr.into()).ok_or(Incomplete::ForeignCalls)
}
