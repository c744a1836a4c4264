//! What only Linux has: copies that share blocks, files without a name, handles of processes, locks of open files, and calls on
//! many descriptors at once.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::{IntoRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::MemfdFlags;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

/// Locks belong to an open file (`fcntl_locking`(2), "Open file description locks").
pub(super) const LOCK: libc::c_int = libc::F_OFD_SETLK;
pub(super) const LOCK_AND_WAIT: libc::c_int = libc::F_OFD_SETLKW;

/// Kernels before 5.9 have no call for many descriptors. Inherited ones have the low numbers that their makers got.
const DESCRIPTORS: u32 = 4096;

/// Closes the descriptors from `first` to `last`. It may be called after a fork.
pub(crate) fn close_descriptors(first: u32, last: u32) {
    // SAFETY: the caller uses none of them any more.
    if unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) } < 0 {
        for descriptor in first..=last.min(DESCRIPTORS) {
            // SAFETY: as above.
            unsafe { libc::close(descriptor.cast_signed()) };
        }
    }
}

/// Has the descriptors from `first` on closed when this process starts another program. It may be called after a fork.
pub(super) fn close_on_exec(first: u32) {
    // SAFETY: the call takes numbers only.
    if unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) } < 0 {
        super::process::mark_each(first..DESCRIPTORS);
    }
}

/// Makes `to` a copy that shares its blocks with `from`, where the file system can.
///
/// # Errors
/// [`io::ErrorKind::Unsupported`] and its kin where it cannot; then nothing is left at `to`.
pub(crate) fn reflink(from: &Path, to: &Path) -> io::Result<()> {
    let source = File::open(from)?;
    if !shares_blocks(&source) {
        return Err(io::ErrorKind::Unsupported.into());
    }
    let target = OpenOptions::new().write(true).create_new(true).open(to)?;
    rustix::fs::ioctl_ficlone(&target, &source).map_err(|error| {
        let _ = std::fs::remove_file(to);
        error.into()
    })
}

/// Returns whether files on the file system of `directory` can share their blocks.
pub(crate) fn clones(directory: &Path) -> bool {
    File::open(directory).is_ok_and(|directory| shares_blocks(&directory))
}

/// Asking the type of the file system costs a tenth of a refused clone.
fn shares_blocks(file: &File) -> bool {
    const BTRFS: u64 = 0x9123_683e;
    const XFS: u64 = 0x5846_5342;
    const BCACHEFS: u64 = 0xca45_1a4e;
    const ZFS: u64 = 0x2fc1_2fc1;
    rustix::fs::fstatfs(file).is_ok_and(|fs| [BTRFS, XFS, BCACHEFS, ZFS].contains(&(fs.f_type as u64)))
}

/// Returns a name under which the program that replaces this one reads these bytes. There is no file of that name anywhere else.
pub(crate) fn memfd(bytes: &[u8]) -> io::Result<PathBuf> {
    let mut file = File::from(rustix::fs::memfd_create("thymos", MemfdFlags::empty())?);
    file.write_all(bytes)?;
    Ok(format!("/proc/self/fd/{}", file.into_raw_fd()).into())
}

/// A process that another one waits for without being its parent.
#[derive(Debug)]
pub(crate) struct Process(OwnedFd);

impl Process {
    /// Takes hold of a process; nothing where that cannot be.
    pub(crate) fn open(process: u32) -> Option<Self> {
        let id = Pid::from_raw(i32::try_from(process).ok()?)?;
        pidfd_open(id, PidfdFlags::empty()).ok().map(Self)
    }

    /// Sleeps until the process has ended.
    pub(crate) fn wait(&self) {
        while poll(&mut [PollFd::new(&self.0, PollFlags::IN)], None) == Err(rustix::io::Errno::INTR) {}
    }
}
