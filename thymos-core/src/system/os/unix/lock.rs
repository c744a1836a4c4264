//! Locks on numbers, which the system releases when their holder ends.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

/// A lock on one number in a file, held until it is dropped or its process ends: closing the file releases it.
#[derive(Debug)]
pub struct RangeLock(#[expect(dead_code, reason = "holding the open file is the lock")] File);

/// Whether [`RangeLock::take`] waits for another holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Returns at once with nothing if another process holds the lock.
    No,
    /// Waits until no other process holds it.
    Yes,
}

impl RangeLock {
    /// Locks `number` in `file` against other processes.
    ///
    /// # Errors
    /// Whatever `fcntl` gives, but for a lock held elsewhere, which is `Ok(None)`.
    pub fn take(file: File, number: u64, wait: Wait) -> io::Result<Option<Self>> {
        match set_lock(&file, libc::F_WRLCK as libc::c_short, number, wait) {
            Ok(()) => Ok(Some(Self(file))),
            Err(error) if matches!(error.raw_os_error(), Some(libc::EAGAIN | libc::EACCES)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn set_lock(file: &File, kind: libc::c_short, number: u64, wait: Wait) -> io::Result<()> {
    let command = if wait == Wait::Yes { libc::F_SETLKW } else { libc::F_SETLK };
    // SAFETY: an all-zero flock is a valid value of the plain C struct.
    let mut lock: libc::flock = unsafe { std::mem::zeroed() };
    lock.l_type = kind;
    lock.l_whence = libc::SEEK_SET as libc::c_short;
    lock.l_start = (number >> 2) as libc::off_t;
    lock.l_len = 1;
    loop {
        // SAFETY: the descriptor is open and `lock` lives across the call.
        if unsafe { libc::fcntl(file.as_raw_fd(), command, &raw const lock) } == 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}
