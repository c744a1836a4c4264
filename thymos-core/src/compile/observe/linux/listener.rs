//! The descriptor over which the kernel asks about calls (seccomp_unotify(2)).
//!
//! The invariant: every question that was received is answered, with "go on", and at once. A program waits meanwhile,
//! so an unanswered question is a hang and a closed listener makes its calls fail.

use std::cell::Cell;
use std::io;
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};

use libc::{seccomp_notif, seccomp_notif_addfd, seccomp_notif_resp};

/// Asks the kernel to run the answered thread on the processor that the listener leaves (6.6 and later).
const SYNC_WAKE_UP: u64 = 1;

/// A newer kernel may write a longer question than this version of the structure holds.
const ROOM: usize = 512;

#[repr(C)]
struct Padded<T> {
    value: T,
    spare: [u8; ROOM],
}

/// The listening end.
#[derive(Debug)]
pub struct Listener {
    fd: OwnedFd,
    unanswered: Cell<Option<u64>>,
}

/// What happened next.
pub enum Event {
    /// A thread waits for an answer.
    Question(seccomp_notif),
    /// No process is left that could ask.
    Ended,
    /// The other descriptor became readable.
    Woken,
    /// Nothing; look again.
    Nothing,
}

impl Listener {
    /// Wraps the descriptor that seccomp(2) returned.
    pub fn new(fd: OwnedFd) -> Self {
        // SAFETY: the third argument is passed by value; the kernel reads no memory. Kernels that do not know it refuse.
        unsafe { libc::ioctl(fd.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_SET_FLAGS, SYNC_WAKE_UP) };
        Self { fd, unanswered: Cell::new(None) }
    }

    /// Waits for a question, for the end of all programs, or for `waker`.
    pub fn next(&self, waker: Option<BorrowedFd<'_>>) -> io::Result<Event> {
        let waker = waker.map_or(-1, |fd| fd.as_raw_fd());
        let mut polled = [poll_in(self.fd.as_raw_fd()), poll_in(waker)];
        // SAFETY: the array outlives the call and its length is passed with it.
        if unsafe { libc::poll(polled.as_mut_ptr(), 2, -1) } < 0 {
            return interrupted_is(Event::Nothing);
        }
        if polled[0].revents & libc::POLLIN != 0 {
            return self.receive();
        }
        if polled[0].revents != 0 {
            return Ok(Event::Ended);
        }
        Ok(if polled[1].revents == 0 { Event::Nothing } else { Event::Woken })
    }

    /// Returns whether some process can still ask.
    pub fn is_in_use(&self) -> bool {
        let mut polled = [poll_in(self.fd.as_raw_fd())];
        // SAFETY: the array outlives the call and its length is passed with it.
        unsafe { libc::poll(polled.as_mut_ptr(), 1, 0) };
        polled[0].revents & (libc::POLLHUP | libc::POLLERR) == 0
    }

    /// Lets the call go on. Returns whether it was still waiting; if not, it was interrupted and did not take effect.
    pub fn answer(&self, id: u64) -> bool {
        self.unanswered.set(None);
        // SAFETY: both are plain integers, for which zero is a value.
        let mut reply: Padded<seccomp_notif_resp> = unsafe { mem::zeroed() };
        reply.value.id = id;
        reply.value.flags = libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32;
        // SAFETY: the structure is at least as long as the kernel's and outlives the call.
        unsafe { libc::ioctl(self.fd.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_SEND, &raw mut reply) == 0 }
    }

    /// Answers the question that was received last, if nobody did.
    pub fn answer_leftover(&self) {
        if let Some(id) = self.unanswered.get() {
            self.answer(id);
        }
    }

    /// Gives the asking process a copy of `source`, which stays open across exec, and returns its number there.
    pub fn give(&self, id: u64, source: BorrowedFd<'_>) -> io::Result<RawFd> {
        let gift = seccomp_notif_addfd { id, flags: 0, srcfd: source.as_raw_fd() as u32, newfd: 0, newfd_flags: 0 };
        // SAFETY: the structure outlives the call.
        let fd = unsafe { libc::ioctl(self.fd.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_ADDFD, &raw const gift) };
        if fd < 0 { Err(io::Error::last_os_error()) } else { Ok(fd) }
    }

    fn receive(&self) -> io::Result<Event> {
        // SAFETY: all plain integers; the kernel demands zeroes.
        let mut question: Padded<seccomp_notif> = unsafe { mem::zeroed() };
        // SAFETY: the structure is at least as long as the kernel's and outlives the call.
        if unsafe { libc::ioctl(self.fd.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_RECV, &raw mut question) } < 0 {
            return interrupted_is(Event::Nothing);
        }
        self.unanswered.set(Some(question.value.id));
        Ok(Event::Question(question.value))
    }
}

impl AsRawFd for Listener {
    fn as_raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}

fn poll_in(fd: RawFd) -> libc::pollfd {
    libc::pollfd { fd, events: libc::POLLIN, revents: 0 }
}

/// An interrupted wait, or a question whose asker died before it was read, is nothing.
fn interrupted_is(event: Event) -> io::Result<Event> {
    let error = io::Error::last_os_error();
    match error.raw_os_error() {
        Some(libc::EINTR | libc::ENOENT) => Ok(event),
        _ => Err(error),
    }
}
