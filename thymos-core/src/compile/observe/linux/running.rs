//! Starts a program with its watching thread, and waits for both.
//!
//! The invariant: an error of `run` is an error that a plain spawn would have returned.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use rustix::event::{EventfdFlags, eventfd};

use super::filter::{self, Passes};
use super::handshake::{self, ChildSide, Watched, WatcherSide};
use super::listener::Listener;
use super::orphan_responder;
use super::preload::Preload;
use super::record::Recorded;
use super::supervisor::Supervisor;
use crate::compile::observe::report::{Incomplete, Observed, Outlived};
use crate::compile::observe::{Ability, Links, Listeners, Options, Watch};

/// A program that runs.
#[derive(Debug)]
pub struct Running {
    child: Child,
    watcher: Result<Watcher, Incomplete>,
}

#[derive(Debug)]
struct Watcher {
    done: Arc<OwnedFd>,
    thread: JoinHandle<Option<Report>>,
}

#[derive(Debug)]
struct Report {
    supervisor: Option<Supervisor>,
    listener: Listener,
}

pub fn run(command: &mut Command, options: Options) -> io::Result<Running> {
    if options.watch == Watch::Nothing {
        return Ok(Running { child: command.spawn()?, watcher: Err(Incomplete::Refused("not asked for")) });
    }
    if let Ability::None(why) = super::ability() {
        return Ok(Running { child: command.spawn()?, watcher: Err(Incomplete::Refused(why)) });
    }
    let Ok((side, watcher)) = prepare(options) else {
        return Ok(Running { child: command.spawn()?, watcher: Err(Incomplete::Refused("no thread or descriptor")) });
    };
    let in_child = Arc::clone(&side);
    // SAFETY: the closure makes system calls and reads memory that exists already, which is all a fork may do.
    unsafe { command.pre_exec(move || in_child.enter()) };
    let mut spawned = command.spawn();
    if spawned.as_ref().is_err_and(ChildSide::caused) {
        side.abandon();
        spawned = command.spawn();
    }
    // The closure stays with the command, which may be started again unwatched.
    side.abandon();
    side.close();
    Ok(Running { child: spawned?, watcher: Ok(watcher) })
}

/// Creates everything that the child will need and the thread that waits for it.
fn prepare(options: Options) -> io::Result<(Arc<ChildSide>, Watcher)> {
    let preload = Preload::new(options.environment);
    let link = if options.links == Links::ExceptOwn { preload.grant_pass() } else { None };
    let passes = Passes { link, token: preload.token() };
    let (child, watcher) = handshake::pair(filter::program(passes))?;
    let child = Arc::new(child);
    let done = Arc::new(eventfd(0, EventfdFlags::CLOEXEC)?);
    let (side, wake) = (Arc::clone(&child), Arc::clone(&done));
    let thread = thread::Builder::new().name("observe".into()).spawn(move || {
        let preload = preload;
        watch(&watcher, &side, preload, options.listeners, &wake)
    })?;
    Ok((child, Watcher { done, thread }))
}

fn watch(
    watcher: &WatcherSide,
    side: &ChildSide,
    preload: Preload,
    listeners: Listeners,
    done: &OwnedFd,
) -> Option<Report> {
    let watched = watcher.meet(side)?;
    let mut supervisor = Supervisor::new(&watched, preload, listeners);
    let Watched { listener, .. } = watched;
    // A panic must not take the listener with it: the compile would find that it can open nothing.
    let served = catch_unwind(AssertUnwindSafe(|| supervisor.serve(&listener, done)));
    if served.is_err() {
        orphan_responder::answer_all(&listener, Some(done.as_fd()));
    }
    Some(Report { supervisor: served.is_ok().then_some(supervisor), listener })
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

    /// Waits for the program to end, as [`Child::wait`] does, and returns what it did.
    ///
    /// Processes that it left behind are not waited for; they go on, unwatched.
    pub fn wait(mut self) -> io::Result<Observed> {
        let status = self.child.wait()?;
        match self.watcher {
            Err(reason) => Ok(unwatched(status, reason)),
            Ok(watcher) => Ok(watcher.finish(status)),
        }
    }
}

impl Watcher {
    fn finish(self, status: ExitStatus) -> Observed {
        // The counter of a new eventfd takes a one without blocking.
        let _ = rustix::io::write(self.done.as_fd(), &1_u64.to_ne_bytes());
        match self.thread.join() {
            Ok(Some(report)) => report.finish(status),
            Ok(None) => unwatched(status, Incomplete::Refused("the kernel or a policy refused to watch this program")),
            Err(_) => unwatched(status, Incomplete::Lost("the watching thread failed")),
        }
    }
}

impl Report {
    fn finish(self, status: ExitStatus) -> Observed {
        let outlived = if self.listener.is_in_use() { Outlived::Something } else { Outlived::Nothing };
        if outlived == Outlived::Something {
            orphan_responder::take_over(self.listener);
        }
        let Some(Supervisor { record, programs, preload, .. }) = self.supervisor else {
            return unwatched(status, Incomplete::Lost("the watching thread failed"));
        };
        let (env, noted) = preload.finish();
        let Recorded { accesses, renames, told, mut questions, complete } = record.finish(programs.all());
        questions.extend(noted);
        Observed { status, accesses, renames, told, questions, env, complete, outlived }
    }
}

fn unwatched(status: ExitStatus, reason: Incomplete) -> Observed {
    Observed {
        status,
        accesses: Vec::new(),
        renames: Vec::new(),
        told: Vec::new(),
        questions: Vec::new(),
        env: Err(reason.clone()),
        complete: Err(reason),
        outlived: Outlived::Nothing,
    }
}
