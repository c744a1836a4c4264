//! The watching thread: answers questions and records what they were about.
//!
//! The invariant: looking comes before answering, recording after it. A call whose answer came too late (a signal
//! interrupted it, its thread died) is not recorded; if it is made again it asks again.

use std::os::fd::AsFd;

use libc::seccomp_notif;

use super::arch;
use super::calls::{self, Follow, Meaning};
use super::decode::{self, Absence, Pending, PendingAccess, PendingTold};
use super::exec::Interpreters;
use super::handshake::Watched;
use super::listener::{Event, Listener};
use super::modules::Origin;
use super::preload::{Asker, Preload};
use super::programs::{self, Programs};
use super::questions::{self, By};
use super::record::{self, AccessKey, Record};
use super::tracee::{self, Tracee};
use crate::compile::observe::Listeners;
use crate::compile::observe::report::{AccessKind, Aspect, Incomplete, Named, Program, Seen, Tells, Told};
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
    listeners: Listeners,
    touched: Pending,
    pending: Vec<(AccessKey, Seen)>,
    told: Option<Told>,
    asked: Option<(String, Tells, u32)>,
}

impl Supervisor {
    /// Begins with a child that has executed nothing yet.
    pub fn new(watched: &Watched, preload: Preload, listeners: Listeners) -> Self {
        Self {
            record: Record::default(),
            programs: Programs::new(watched.pid),
            preload,
            interpreters: Interpreters::default(),
            root: watched.pid,
            listeners,
            touched: Pending::default(),
            pending: Vec::new(),
            told: None,
            asked: None,
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
        if escaped == Some(Incomplete::WantsListener) && self.listeners == Listeners::EndTheRun {
            self.record.escape(Incomplete::WantsListener);
            return tracee::end_all(self.root, question.pid);
        }
        if !listener.answer(question.id) {
            return;
        }
        for (key, seen) in self.pending.drain(..) {
            self.record.add(key, seen);
        }
        if let Some(told) = self.told.take() {
            self.record.add_told(told);
        }
        if let Some((call, tells, program)) = self.asked.take() {
            self.record.add_question(call, tells, program);
        }
        if let Some(reason) = escaped {
            self.record.escape(reason);
        }
        if self.programs.sees_other_mounts {
            self.record.escape(Incomplete::PathsMoved);
        }
        self.note_rename(question);
    }

    /// Fills `pending`, `told` and `asked` with what the call is about to touch or tell and is not known yet.
    fn look(&mut self, question: &seccomp_notif, listener: &Listener) -> Result<(), Incomplete> {
        self.touched.accesses.clear();
        self.pending.clear();
        (self.told, self.asked) = (None, None);
        if question.data.arch != arch::NATIVE {
            return Err(Incomplete::ForeignCalls);
        }
        let program = self.program(question);
        let Some(call) = calls::find(question.data.nr.into()) else {
            self.ask(question, program);
            return Ok(());
        };
        let tracee = Tracee::new(question.pid);
        decode::decode(call, &question.data, tracee, &mut self.touched)?;
        if let Some(told) = self.touched.told.take() {
            self.tell(told, question, program);
        }
        if let Meaning::Exec { envp, .. } = call.meaning {
            self.before_exec(question, question.data.args[envp], listener);
        }
        if matches!(call.meaning, Meaning::FileSystem)
            && self.touched.accesses.iter().any(|place| is_there(place, tracee))
        {
            self.ask(question, program);
        }
        for at in 0..self.touched.accesses.len() {
            self.resolve(at, program, tracee);
        }
        Ok(())
    }

    fn program(&mut self, question: &seccomp_notif) -> u32 {
        let is_own = |preload: &mut Preload| {
            calls::SHOW_WHO_ASKS.contains(&question.data.nr.into())
                && preload.asker(question.data.args[5]) == Asker::Compiler
        };
        match self.programs.of(question.pid) {
            programs::ROOT if self.preload.has_loaded() && !is_own(&mut self.preload) => programs::LOADED,
            program => program,
        }
    }

    /// A question that is not about a file.
    fn ask(&mut self, question: &seccomp_notif, program: u32) {
        let nr = question.data.nr;
        let (call, tells, by) = questions::find(nr.into()).map_or_else(
            || (format!("call {nr}"), Tells::Unknown, By::Sight),
            |row| (row.name.to_owned(), row.tells, row.by),
        );
        let program = if program != programs::LOADED {
            program
        } else {
            match self.preload.origin(question.data.instruction_pointer) {
                Origin::Compiler => programs::ROOT,
                Origin::Library if by == By::Note => programs::ROOT,
                Origin::Library | Origin::Loaded => programs::LOADED,
            }
        };
        // What the compiler asks on its own behalf is its own business, where it is known what that is.
        if program != programs::ROOT || tells == Tells::Unknown {
            self.asked = Some((call, tells, program));
        }
    }

    /// What is told of something besides its content; the compiler is told what it likes.
    fn tell(&mut self, told: PendingTold, question: &seccomp_notif, program: u32) {
        let PendingTold { path, aspect, follow, is_open } = told;
        let is_compilers = match program {
            programs::ROOT => true,
            programs::LOADED if aspect == Aspect::Everything => match self.preload.asker(question.data.args[5]) {
                Asker::Compiler | Asker::Existence => true,
                Asker::Loaded => false,
                Asker::Unknown => match self.preload.origin(question.data.instruction_pointer) {
                    Origin::Compiler => true,
                    // The C library asks this of its streams and directories.
                    Origin::Library => is_open,
                    Origin::Loaded => false,
                },
            },
            _ => false,
        };
        let of = match follow {
            _ if is_open => Named::Open,
            Follow::Never => Named::Itself,
            _ => Named::Target,
        };
        if is_compilers || self.record.tells_again(&path, aspect, of, program) {
            return;
        }
        let Some(metadata) = Tracee::new(question.pid).metadata(&path, follow) else { return };
        let program = self.programs.all().get(program as usize).cloned().unwrap_or(Program::Loaded);
        self.told = Some(Told { path: record::path(path), aspect, of, metadata, program });
    }

    fn resolve(&mut self, at: usize, program: u32, tracee: Tracee) {
        let access = &mut self.touched.accesses[at];
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
        self.preload.notice(&key, seen, self.root);
        self.pending.push((key, seen));
    }

    /// Adds the interpreters that the kernel will read, and hands the library to the compiler's first program.
    fn before_exec(&mut self, question: &seccomp_notif, envp: u64, listener: &Listener) {
        self.programs.about_to_exec(question.pid);
        let Some(executable) = self.touched.accesses.first().map(|access| access.path.clone()) else { return };
        if question.pid == self.root {
            self.preload.before_exec(question, &executable, envp, listener);
        }
        let found = self.interpreters.of(&executable);
        if found.is_foreign {
            self.record.escape(Incomplete::ForeignCalls);
        }
        self.touched.accesses.extend(found.paths.iter().map(|path| PendingAccess {
            path: path.clone(),
            kind: AccessKind::Exec,
            follow: Follow::Always,
            absence: Absence::Tells,
        }));
    }

    fn note_rename(&mut self, question: &seccomp_notif) {
        let call = calls::find(question.data.nr.into());
        let renames = call.is_some_and(|call| matches!(call.meaning, Meaning::Rename { .. }));
        if renames && self.touched.accesses.len() == 2 {
            let to = self.touched.accesses.pop().map(|access| access.path);
            let from = self.touched.accesses.pop().map(|access| access.path);
            self.record.add_rename(from.unwrap_or_default(), to.unwrap_or_default());
        }
    }
}

fn is_there(place: &PendingAccess, tracee: Tracee) -> bool {
    tracee.look(&place.path, place.follow) != Seen::Absent
}
