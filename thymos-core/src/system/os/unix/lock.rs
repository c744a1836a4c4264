//! Locks on numbers, which the system releases when their holder ends.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

use super::{LOCK, LOCK_AND_WAIT};

/// A lock on one number in a file, held until it is dropped or its process ends.
///
/// On Linux it belongs to the open file, so no other descriptor of this process can release it, and a second one is refused it. A
/// process that was forked off has the open file too, so dropping the lock releases it by name.
#[derive(Debug)]
pub struct RangeLock {
    file: File,
    number: u64,
}

/// Whether [`RangeLock::take`] waits for another holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Returns at once with nothing if somebody else holds the lock.
    No,
    /// Waits until nobody else holds it.
    Yes,
}

impl RangeLock {
    /// Locks `number` in `file` against everybody else.
    pub(crate) fn take(file: File, number: u64, wait: Wait) -> io::Result<Option<Self>> {
        match set_lock(&file, libc::F_WRLCK as libc::c_short, number, wait) {
            Ok(()) => Ok(Some(Self { file, number })),
            Err(error) if matches!(error.raw_os_error(), Some(libc::EAGAIN | libc::EACCES)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Drop for RangeLock {
    fn drop(&mut self) {
        // Where this fails, closing the file releases the lock.
        let _ = set_lock(&self.file, libc::F_UNLCK as libc::c_short, self.number, Wait::No);
    }
}

fn set_lock(file: &File, kind: libc::c_short, number: u64, wait: Wait) -> io::Result<()> {
    let command = if wait == Wait::Yes { LOCK_AND_WAIT } else { LOCK };
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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn a_lock_outlives_every_other_descriptor_of_its_process() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let open = || File::options().read(true).write(true).create(true).truncate(false).open(&path).unwrap();
        let take = |number| RangeLock::take(open(), number, Wait::No).unwrap();
        let held = take(4).unwrap();
        drop(open());
        drop(take(400));
        assert!(take(4).is_none());
        drop(held);
        assert!(take(4).is_some());
    }
}
