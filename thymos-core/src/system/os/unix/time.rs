//! When: the time of a file, the start of a process, the boot of the system.

use std::fs::File;
use std::io;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT};

/// Gives the file the kernel's current time as its modification time.
pub(crate) fn touch(path: &Path) -> io::Result<()> {
    let omit = Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT };
    let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
    let times = Timestamps { last_access: omit, last_modification: now };
    Ok(rustix::fs::utimensat(CWD, path, &times, AtFlags::empty())?)
}

/// Returns text that says when a process was started, in the system's own unit; nothing where the system does not say.
/// Together with the id it names a process for ever within one boot.
///
/// Source: field 22 of `/proc/<pid>/stat`, proc(5). The second field may hold any byte, so fields are counted from its end.
pub(crate) fn started(process: u32) -> Option<Vec<u8>> {
    let stat = read_line(&format!("/proc/{process}/stat"))?;
    let name_ends = stat.iter().rposition(|byte| *byte == b')')?;
    stat[name_ends..].split(|byte| *byte == b' ').nth(20).map(<[u8]>::to_vec)
}

/// Returns what tells this boot of the system from the one before; nothing where the system does not say.
pub(crate) fn boot_id() -> Vec<u8> {
    read_line("/proc/sys/kernel/random/boot_id").unwrap_or_default()
}

/// Returns the first 512 bytes of one of the kernel's one-line files, whose size nobody knows before, in a single read: every
/// hit asks for them.
fn read_line(path: &str) -> Option<Vec<u8>> {
    let mut line = vec![0; 512];
    let length = io::Read::read(&mut File::open(path).ok()?, &mut line).ok()?;
    line.truncate(length);
    Some(line)
}
