//! Lets processes that outlive the compiler go on.
//!
//! The invariant: a filter cannot be taken off a process, so somebody must answer as long as one lives. That is a tiny
//! process of its own that holds the listener and nothing else (no pipe, no directory, no terminal) and ends with the
//! last process that could ask. It records nothing.

use std::os::fd::{AsRawFd, BorrowedFd};

use super::listener::{Event, Listener};
use crate::system::os;

/// Hands the listener to a process of its own, when somebody can still ask.
pub fn take_over(listener: Listener) {
    // SAFETY: the child runs only system calls on memory that it already has, and never returns.
    match unsafe { libc::fork() } {
        0 => detach(&listener),
        pid if pid > 0 => {
            let mut status = 0;
            // SAFETY: the status outlives the call; the process is this one's own child and ends at once.
            while unsafe { libc::waitpid(pid, &raw mut status, 0) } < 0 && interrupted() {}
        }
        _ => {}
    }
}

/// Answers every question until nobody can ask, or until `waker` becomes readable.
pub fn answer_all(listener: &Listener, waker: Option<BorrowedFd<'_>>) {
    listener.answer_leftover();
    loop {
        match listener.next(waker) {
            Ok(Event::Question(question)) => {
                listener.answer(question.id);
            }
            Ok(Event::Nothing) => {}
            Ok(Event::Ended | Event::Woken) | Err(_) => return,
        }
    }
}

/// Forks once more, so that the caller has no child to wait for, and serves.
fn detach(listener: &Listener) -> ! {
    // SAFETY: this process has one thread and was just forked; only system calls follow.
    unsafe {
        if libc::fork() == 0 {
            libc::setsid();
            libc::chdir(c"/".as_ptr());
            close_all_but(listener.as_raw_fd() as u32);
            answer_all(listener, None);
        }
        libc::_exit(0)
    }
}

fn close_all_but(kept: u32) {
    if kept > 0 {
        os::close_descriptors(0, kept - 1);
    }
    os::close_descriptors(kept + 1, u32::MAX);
}

fn interrupted() -> bool {
    std::io::Error::last_os_error().raw_os_error() == Some(libc::EINTR)
}
