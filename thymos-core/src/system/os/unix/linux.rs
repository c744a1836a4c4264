//! What only Linux has: copies that share blocks, files without a name, handles of processes.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::{IntoRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::MemfdFlags;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

/// Makes `to` a copy that shares its blocks with `from`, where the file system can.
///
/// # Errors
/// [`io::ErrorKind::Unsupported`] and its kin where it cannot; then nothing is left at `to`.
pub fn reflink(from: &Path, to: &Path) -> io::Result<()> {
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
#[must_use]
pub fn clones(directory: &Path) -> bool {
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
///
/// # Errors
/// Whatever the system gives.
pub fn memfd(bytes: &[u8]) -> io::Result<PathBuf> {
    let mut file = File::from(rustix::fs::memfd_create("thymos", MemfdFlags::empty())?);
    file.write_all(bytes)?;
    Ok(format!("/proc/self/fd/{}", file.into_raw_fd()).into())
}

/// A process that another one waits for without being its parent.
#[derive(Debug)]
pub struct Process(OwnedFd);

impl Process {
    /// Takes hold of a process; nothing where that cannot be.
    #[must_use]
    pub fn open(process: u32) -> Option<Self> {
        let id = Pid::from_raw(i32::try_from(process).ok()?)?;
        pidfd_open(id, PidfdFlags::empty()).ok().map(Self)
    }

    /// Sleeps until the process has ended.
    pub fn wait(&self) {
        while poll(&mut [PollFd::new(&self.0, PollFlags::IN)], None) == Err(rustix::io::Errno::INTR) {}
    }
}
