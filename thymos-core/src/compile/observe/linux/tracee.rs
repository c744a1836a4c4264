//! Looks at a thread that waits for an answer: its memory, its descriptors, its working directory.
//!
//! The invariant: what the kernel will refuse (a bad pointer, an endless path, a closed descriptor) is `None`, because
//! the program will be told so itself; only what exists and cannot be seen is an [`Incomplete`].

use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use rustix::fs::{FileType, Stat};

use super::calls::Follow;
use super::memory;
use crate::compile::observe::report::{FileStat, Incomplete, Metadata, Seen};

const PAGE: u64 = 4096;
const FIRST_READ: u64 = 256;

/// A waiting thread.
#[derive(Clone, Copy, Debug)]
pub struct Tracee {
    tid: u32,
}

impl Tracee {
    /// Names a thread by its number.
    pub fn new(tid: u32) -> Self {
        Self { tid }
    }

    /// Reads the bytes at an address: all of them or none.
    pub fn read(self, address: u64, into: &mut [u8]) -> Result<Option<()>, Incomplete> {
        memory::read(self.tid, address, into)
    }

    /// Writes the bytes at an address of private memory.
    pub fn write(self, address: u64, from: &[u8]) -> bool {
        memory::write(self.tid, address, from)
    }

    /// Reads a zero-terminated string of fewer than `limit` bytes.
    pub fn read_string(self, address: u64, limit: usize) -> Result<Option<Vec<u8>>, Incomplete> {
        let mut bytes = Vec::new();
        let mut chunk = [0; PAGE as usize];
        let mut at = address;
        while bytes.len() < limit {
            let to_page_end = PAGE - at % PAGE;
            let want = if bytes.is_empty() { to_page_end.min(FIRST_READ) } else { to_page_end };
            let chunk = &mut chunk[..want as usize];
            if self.read(at, chunk)?.is_none() {
                return Ok(None);
            }
            if let Some(end) = memchr::memchr(0, chunk) {
                bytes.extend_from_slice(&chunk[..end]);
                return Ok((bytes.len() < limit).then_some(bytes));
            }
            bytes.extend_from_slice(chunk);
            at = at.wrapping_add(want);
        }
        Ok(None)
    }

    /// Returns the path of an open descriptor, or of the working directory for `AT_FDCWD`.
    pub fn directory(self, fd: i32) -> Result<Option<Vec<u8>>, Incomplete> {
        let link = match fd {
            libc::AT_FDCWD => format!("/proc/{}/cwd", self.tid),
            fd => format!("/proc/{}/fd/{fd}", self.tid),
        };
        let Ok(path) = rustix::fs::readlink(link, Vec::new()) else {
            // A descriptor that is not open is the program's mistake; a directory that every process has cannot be missing.
            let is_seen = fd != libc::AT_FDCWD && self.executable().is_some();
            return if is_seen { Ok(None) } else { Err(Incomplete::LostDirectory) };
        };
        let path = path.into_bytes();
        let lost = path.starts_with(b"(unreachable)") || (path.ends_with(b" (deleted)") && is_absent(&path));
        if lost { Err(Incomplete::LostDirectory) } else { Ok(Some(path)) }
    }

    /// Returns the path of what is open at a descriptor, where it has one: a pipe and memory have none.
    pub fn open_file(self, fd: i32) -> Result<Option<Vec<u8>>, Incomplete> {
        match self.directory(fd) {
            Ok(path) => Ok(path.filter(|path| path.first() == Some(&b'/') && !path.starts_with(b"/memfd:"))),
            // What was removed while it is open was the program's own, or tells nothing that somebody could find again.
            Err(Incomplete::LostDirectory) if self.executable().is_some() => Ok(None),
            Err(reason) => Err(reason),
        }
    }

    /// Returns the metadata at an absolute path as the thread would see it.
    pub fn metadata(self, path: &[u8], follow: Follow) -> Option<Metadata> {
        let own = self.own_view(path);
        let path = own.as_deref().unwrap_or(path);
        let stat = if follow == Follow::Never { rustix::fs::lstat(path) } else { rustix::fs::stat(path) };
        stat.ok().map(|stat| told(&stat))
    }

    /// Returns the mount namespace that the thread lives in, as the kernel names it.
    pub fn mounts(self) -> Option<Vec<u8>> {
        rustix::fs::readlink(format!("/proc/{}/ns/mnt", self.tid), Vec::new()).ok().map(std::ffi::CString::into_bytes)
    }

    /// Returns the executable that the thread runs.
    pub fn executable(self) -> Option<PathBuf> {
        let path = rustix::fs::readlink(format!("/proc/{}/exe", self.tid), Vec::new()).ok()?;
        Some(PathBuf::from(std::ffi::OsString::from_vec(path.into_bytes())))
    }

    /// Returns the number of the process that the thread belongs to.
    pub fn process(self) -> Option<u32> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.tid)).ok()?;
        status.lines().find_map(|line| line.strip_prefix("Tgid:"))?.trim().parse().ok()
    }

    /// Looks at an absolute path as the thread would.
    pub fn look(self, path: &[u8], follow: Follow) -> Seen {
        let own = self.own_view(path);
        let path = own.as_deref().unwrap_or(path);
        let result = if follow == Follow::Never { rustix::fs::lstat(path) } else { rustix::fs::stat(path) };
        match result {
            Ok(stat) => classify(&stat),
            Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) => Seen::Absent,
            Err(_) => Seen::Other,
        }
    }

    /// Spells a path that means something else to every process from here.
    fn own_view(self, path: &[u8]) -> Option<Vec<u8>> {
        let prefixed = |prefix: &[u8], instead: &str| {
            let rest = path.strip_prefix(prefix)?;
            Some([format!("/proc/{}{instead}", self.tid).as_bytes(), rest].concat())
        };
        match path {
            b"/dev/stdin" => return Some(format!("/proc/{}/fd/0", self.tid).into_bytes()),
            b"/dev/stdout" => return Some(format!("/proc/{}/fd/1", self.tid).into_bytes()),
            b"/dev/stderr" => return Some(format!("/proc/{}/fd/2", self.tid).into_bytes()),
            _ => {}
        }
        prefixed(b"/proc/self", "")
            .or_else(|| prefixed(b"/proc/thread-self", ""))
            .or_else(|| prefixed(b"/dev/fd", "/fd"))
    }
}

/// Kills a process and all that it started, and `asker` with them.
pub fn end_all(root: u32, asker: u32) {
    let mut all = vec![root];
    let mut at = 0;
    while let Some(process) = all.get(at).copied() {
        at += 1;
        let tasks = std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
        for task in tasks {
            let children = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
            all.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
        }
    }
    all.extend(Tracee::new(asker).process());
    for process in all {
        // SAFETY: takes no pointers. Each was a moment ago a descendant of the root, which nobody has waited for yet.
        unsafe { libc::kill(process as i32, libc::SIGKILL) };
    }
}

fn classify(stat: &Stat) -> Seen {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Seen::File(FileStat {
            dev: stat.st_dev,
            ino: stat.st_ino,
            size: stat.st_size as u64,
            mtime_ns: nanoseconds(stat.st_mtime.into(), stat.st_mtime_nsec.into()),
            ctime_ns: nanoseconds(stat.st_ctime.into(), stat.st_ctime_nsec.into()),
            mode: stat.st_mode,
        }),
        FileType::Directory => Seen::Directory,
        _ => Seen::Other,
    }
}

#[allow(clippy::useless_conversion, reason = "a number of names has 32 bits on AArch64")]
fn told(stat: &Stat) -> Metadata {
    Metadata {
        place: [stat.st_dev, stat.st_ino],
        permissions: [stat.st_mode, stat.st_uid, stat.st_gid],
        numbers: [stat.st_nlink.into(), stat.st_rdev, stat.st_size as u64],
        times: [
            nanoseconds(stat.st_mtime.into(), stat.st_mtime_nsec.into()),
            nanoseconds(stat.st_ctime.into(), stat.st_ctime_nsec.into()),
        ],
    }
}

fn nanoseconds(seconds: i128, rest: i128) -> i128 {
    seconds * 1_000_000_000 + rest
}

fn is_absent(path: &[u8]) -> bool {
    rustix::fs::lstat(std::ffi::OsStr::from_bytes(path)).is_err()
}
