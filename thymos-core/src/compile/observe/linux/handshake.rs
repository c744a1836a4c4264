//! What the child and the watching thread say to each other between fork and exec.
//!
//! The invariant: the filter is installed only after the watcher has shown that it can read the child's memory, so a
//! child that cannot be watched runs unfiltered. Everything on the child's side is async-signal-safe: system calls and
//! memory that was allocated before the fork.
//!
//! ```text
//! child   ── "hello", with its process number ──▶ watcher
//! child   ◀── 'w' (watch) or 'p' (plain)        ── watcher
//! child   ── 'l', with the listener, or 'r' (refused) ──▶ watcher
//! ```

use std::io;
use std::mem;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};

use libc::{c_ulong, sock_filter, sock_fprog};

use super::listener::Listener;
use super::tracee::Tracee;

const WATCH: u8 = b'w';
const PLAIN: u8 = b'p';
const LISTENER: u8 = b'l';
const REFUSED: u8 = b'r';
/// What a child that may not go on reports; no exec fails with this.
const LOST: i32 = libc::ECANCELED;
const PROBE: u64 = 0x7468_796d_6f73_2121;

/// What the child needs, allocated before the fork.
#[derive(Debug)]
pub struct ChildSide {
    socket: OwnedFd,
    filter: Vec<sock_filter>,
    probe: u64,
    abandoned: AtomicBool,
}

/// The watcher's end.
#[derive(Debug)]
pub struct WatcherSide {
    socket: OwnedFd,
}

/// A child that is watched from now on.
#[derive(Debug)]
pub struct Watched {
    /// Its process number.
    pub pid: u32,
    /// Where its questions arrive.
    pub listener: Listener,
}

/// Creates both sides.
pub fn pair(filter: Vec<sock_filter>) -> io::Result<(ChildSide, WatcherSide)> {
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
    let (child, watcher) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
    let child = ChildSide { socket: child, filter, probe: PROBE, abandoned: AtomicBool::new(false) };
    Ok((child, WatcherSide { socket: watcher }))
}

impl ChildSide {
    /// Runs in the child between fork and exec. An error means that nothing may be executed in this child.
    pub fn enter(&self) -> io::Result<()> {
        if self.abandoned.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.talk().map_err(|_| io::Error::from_raw_os_error(LOST))
    }

    /// Returns whether a spawn failed because of what happened here, and not for a reason of its own.
    pub fn caused(error: &io::Error) -> bool {
        error.raw_os_error() == Some(LOST)
    }

    fn talk(&self) -> io::Result<()> {
        // SAFETY: takes no pointers. The child must not outlive the process whose answers it waits for.
        check(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as c_ulong) }.into())?;
        // SAFETY: takes nothing.
        self.send(&unsafe { libc::getpid() }.to_ne_bytes())?;
        if self.receive()? == WATCH {
            match self.install() {
                Ok(listener) => return self.send_listener(listener),
                Err(_) => self.send(&[REFUSED])?,
            }
        }
        // SAFETY: takes no pointers. A child that is not watched is as independent as any.
        check(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, 0 as c_ulong) }.into())
    }

    /// Ends the conversation from the parent's side, whether or not it took place.
    pub fn close(&self) {
        // SAFETY: the descriptor is open. Messages that were sent stay readable.
        unsafe { libc::shutdown(self.socket.as_raw_fd(), libc::SHUT_RDWR) };
    }

    /// Makes later children run unwatched.
    pub fn abandon(&self) {
        self.abandoned.store(true, Ordering::Relaxed);
    }

    fn install(&self) -> io::Result<RawFd> {
        let (on, zero) = (1 as c_ulong, 0 as c_ulong);
        // SAFETY: takes no pointers.
        let confined = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, on, zero, zero, zero) };
        check(confined.into())?;
        let program = sock_fprog { len: self.filter.len() as u16, filter: self.filter.as_ptr().cast_mut() };
        // Speculation mitigations would slow the compile down and protect nothing here.
        let flags = libc::SECCOMP_FILTER_FLAG_NEW_LISTENER | libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW;
        let seccomp = |flags: c_ulong| {
            // SAFETY: the program outlives the call, which only reads it.
            unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const program) }
        };
        // With this flag (5.19 and later) a signal handler cannot turn a call that was asked about into EINTR.
        let mut fd = seccomp(flags | libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
        if fd < 0 && io::Error::last_os_error().raw_os_error() == Some(libc::EINVAL) {
            fd = seccomp(flags);
        }
        check(fd).map(|()| fd as RawFd)
    }

    fn send(&self, bytes: &[u8]) -> io::Result<()> {
        // SAFETY: the buffer outlives the call.
        let sent =
            unsafe { libc::send(self.socket.as_raw_fd(), bytes.as_ptr().cast(), bytes.len(), libc::MSG_NOSIGNAL) };
        check(sent as i64)
    }

    fn receive(&self) -> io::Result<u8> {
        let mut byte = 0_u8;
        loop {
            // SAFETY: the byte outlives the call.
            let got = unsafe { libc::recv(self.socket.as_raw_fd(), (&raw mut byte).cast(), 1, 0) };
            match got {
                1 => return Ok(byte),
                0 => return Err(io::Error::from_raw_os_error(libc::ECONNRESET)),
                _ if io::Error::last_os_error().raw_os_error() == Some(libc::EINTR) => {}
                _ => return Err(io::Error::last_os_error()),
            }
        }
    }

    /// Sends the listener and closes it here: its last copy must be the watcher's, so that it closes with the watcher.
    fn send_listener(&self, listener: RawFd) -> io::Result<()> {
        let mut byte = LISTENER;
        let mut data = libc::iovec { iov_base: (&raw mut byte).cast(), iov_len: 1 };
        let mut control = Control::default();
        let message = control.message(&mut data);
        // SAFETY: the control buffer is large enough for one header and one descriptor and aligned for the header.
        unsafe {
            let header = libc::CMSG_FIRSTHDR(&raw const message);
            (*header).cmsg_level = libc::SOL_SOCKET;
            (*header).cmsg_type = libc::SCM_RIGHTS;
            (*header).cmsg_len = libc::CMSG_LEN(size_of::<RawFd>() as u32) as _;
            libc::CMSG_DATA(header).cast::<RawFd>().write_unaligned(listener);
        }
        // SAFETY: everything the message points to outlives the call.
        let sent = unsafe { libc::sendmsg(self.socket.as_raw_fd(), &raw const message, libc::MSG_NOSIGNAL) };
        let result = check(sent as i64);
        // SAFETY: the descriptor was returned to this process and nothing else knows it.
        unsafe { libc::close(listener) };
        result
    }
}

impl WatcherSide {
    /// Talks to the child. `None`: it runs unwatched, or there was none.
    pub fn meet(&self, child: &ChildSide) -> Option<Watched> {
        let mut pid = [0; 4];
        rustix::net::recv(&self.socket, &mut pid, rustix::net::RecvFlags::empty()).ok().filter(|got| got.0 == 4)?;
        let pid = u32::from_ne_bytes(pid);
        let answer = if can_read(pid, &raw const child.probe) { WATCH } else { PLAIN };
        rustix::net::send(&self.socket, &[answer], rustix::net::SendFlags::NOSIGNAL).ok()?;
        if answer == PLAIN {
            return None;
        }
        Some(Watched { pid, listener: Listener::new(self.receive_listener()?) })
    }

    fn receive_listener(&self) -> Option<OwnedFd> {
        let mut byte = 0_u8;
        let mut data = libc::iovec { iov_base: (&raw mut byte).cast(), iov_len: 1 };
        let mut control = Control::default();
        let mut message = control.message(&mut data);
        // SAFETY: everything the message points to outlives the call.
        let got = unsafe { libc::recvmsg(self.socket.as_raw_fd(), &raw mut message, libc::MSG_CMSG_CLOEXEC) };
        if got != 1 || byte != LISTENER {
            return None;
        }
        // SAFETY: the kernel filled in the message; a header that it returns lies within the control buffer, and a
        // descriptor behind it is new in this process and owned by nobody else.
        unsafe {
            let header = libc::CMSG_FIRSTHDR(&raw const message).as_ref()?;
            let rights = header.cmsg_level == libc::SOL_SOCKET && header.cmsg_type == libc::SCM_RIGHTS;
            rights.then(|| OwnedFd::from_raw_fd(libc::CMSG_DATA(header).cast::<RawFd>().read_unaligned()))
        }
    }
}

/// Room for one descriptor in a message, aligned for its header.
#[repr(C)]
#[derive(Default)]
struct Control {
    words: [u64; 8],
}

impl Control {
    fn message(&mut self, data: &mut libc::iovec) -> libc::msghdr {
        // SAFETY: integers and pointers, for which zero is a value.
        let mut message: libc::msghdr = unsafe { mem::zeroed() };
        message.msg_iov = data;
        message.msg_iovlen = 1;
        message.msg_control = self.words.as_mut_ptr().cast();
        // SAFETY: only computes a length.
        message.msg_controllen = unsafe { libc::CMSG_SPACE(size_of::<RawFd>() as u32) } as _;
        message
    }
}

/// Reads a word that the fork has copied: an answer of "no" here is the answer for every path later.
fn can_read(pid: u32, probe: *const u64) -> bool {
    let mut bytes = [0; 8];
    let read = Tracee::new(pid).read(probe as u64, &mut bytes);
    read == Ok(Some(())) && u64::from_ne_bytes(bytes) == PROBE
}

fn check(result: i64) -> io::Result<()> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
