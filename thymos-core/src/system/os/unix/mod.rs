//! Linux, macOS and the other Unix systems.

mod processor;
pub mod signals;

pub use processor::processor;

use std::ffi::OsString;
use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io::{self, IsTerminal};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT};

use super::Tells;
use crate::system::stamp::{Nanos, Stamp};

const SECOND: Nanos = 1_000_000_000;

/// Returns the stamp that `metadata` holds.
#[must_use]
pub fn stamp(metadata: &Metadata) -> Stamp {
    Stamp {
        device: metadata.dev(),
        inode: metadata.ino(),
        size: metadata.size(),
        modified: Nanos::from(metadata.mtime()) * SECOND + Nanos::from(metadata.mtime_nsec()),
        changed: Nanos::from(metadata.ctime()) * SECOND + Nanos::from(metadata.ctime_nsec()),
    }
}

/// Returns the number of names that the file has.
#[must_use]
pub fn link_count(metadata: &Metadata) -> u64 {
    metadata.nlink()
}

/// Returns the permission bits.
#[must_use]
pub fn mode(metadata: &Metadata) -> u32 {
    metadata.mode() & 0o777
}

/// Returns the numeric id of the user that this process runs as.
#[must_use]
pub fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Returns the numeric id of the user that owns the file.
#[must_use]
pub fn owner(metadata: &Metadata) -> u32 {
    metadata.uid()
}

/// Returns the mode that a new file of the given kind gets from this process.
#[must_use]
pub fn new_file_mode(recorded: u32) -> u32 {
    let all = if recorded & 0o111 == 0 { 0o666 } else { 0o777 };
    all & !current_umask()
}

#[allow(clippy::useless_conversion, reason = "mode_t has 16 bits on macOS")]
fn current_umask() -> u32 {
    // The mask can only be read by setting it; this process has one thread when it restores.
    let mask = rustix::process::umask(rustix::fs::Mode::empty());
    rustix::process::umask(mask);
    u32::from(mask.bits())
}

/// Sets the permission bits.
///
/// # Errors
/// Whatever `chmod` gives.
pub fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    std::fs::set_permissions(path, Permissions::from_mode(mode))
}

/// Makes files that only their owner can read.
pub fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options.mode(0o600)
}

/// Makes a directory, and its parents, that only its owner can enter.
///
/// # Errors
/// Whatever `mkdir` gives.
pub fn create_private_dir(path: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Returns whether everybody in the directory's group may write to it, and what is made in it belongs to that group too.
#[must_use]
pub fn is_for_group(metadata: &Metadata) -> bool {
    metadata.mode() & 0o2070 == 0o2070
}

/// Lets a directory's group use it, and what will be made in it.
///
/// # Errors
/// Whatever `chmod` gives.
pub fn give_to_group(directory: &Path) -> io::Result<()> {
    set_mode(directory, 0o2770)
}

/// Lets the group use what was just made in a directory that is for the group.
///
/// # Errors
/// Whatever `stat` or `chmod` gives.
pub fn share_like_directory(path: &Path) -> io::Result<()> {
    match path.parent().map(std::fs::metadata).transpose()? {
        Some(directory) if is_for_group(&directory) && path.is_dir() => give_to_group(path),
        Some(directory) if is_for_group(&directory) => set_mode(path, 0o660),
        _ => Ok(()),
    }
}

/// Reads at an offset without moving the file's position.
///
/// # Errors
/// Whatever `pread` gives.
pub fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    file.read_at(buffer, offset)
}

/// Writes at an offset without moving the file's position.
///
/// # Errors
/// Whatever `pwrite` gives.
pub fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
    file.write_at(bytes, offset)
}

/// Gives the file the kernel's current time as its modification time.
///
/// # Errors
/// Whatever `utimensat` gives.
pub fn touch(path: &Path) -> io::Result<()> {
    let omit = Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT };
    let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
    let times = Timestamps { last_access: omit, last_modification: now };
    Ok(rustix::fs::utimensat(CWD, path, &times, AtFlags::empty())?)
}

/// Makes `to` a copy that shares its blocks with `from`, where the file system can.
///
/// # Errors
/// [`io::ErrorKind::Unsupported`] and its kin where it cannot; then nothing is left at `to`.
pub fn reflink(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
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
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (from, to);
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// Returns whether files on the file system of `directory` can share their blocks.
#[must_use]
pub fn clones(directory: &Path) -> bool {
    #[cfg(target_os = "linux")]
    return File::open(directory).is_ok_and(|directory| shares_blocks(&directory));
    #[cfg(not(target_os = "linux"))]
    {
        let _ = directory;
        false
    }
}

/// Asking the type of the file system costs a tenth of a refused clone.
#[cfg(target_os = "linux")]
fn shares_blocks(file: &File) -> bool {
    const BTRFS: u64 = 0x9123_683e;
    const XFS: u64 = 0x5846_5342;
    const BCACHEFS: u64 = 0xca45_1a4e;
    const ZFS: u64 = 0x2fc1_2fc1;
    rustix::fs::fstatfs(file).is_ok_and(|fs| [BTRFS, XFS, BCACHEFS, ZFS].contains(&(fs.f_type as u64)))
}

/// Reads bytes as a path.
#[must_use]
pub fn path_from_bytes(bytes: Vec<u8>) -> PathBuf {
    PathBuf::from(OsString::from_vec(bytes))
}

/// Reads bytes as an argument or the value of a variable.
#[must_use]
pub fn os_string(bytes: Vec<u8>) -> OsString {
    OsString::from_vec(bytes)
}

/// Replaces this process by `command`; returns only if that failed.
#[must_use]
pub fn exec(mut command: Command) -> io::Error {
    signals::restore_sigchld(&mut command);
    command.exec()
}

/// Returns a name under which the program that replaces this one reads these bytes. There is no file of that name anywhere else.
///
/// # Errors
/// Whatever the system gives; everywhere but on Linux, that it cannot.
pub fn memfd(bytes: &[u8]) -> io::Result<PathBuf> {
    #[cfg(target_os = "linux")]
    {
        use std::io::Write;
        use std::os::fd::IntoRawFd;
        let mut file = File::from(rustix::fs::memfd_create("handed on", rustix::fs::MemfdFlags::empty())?);
        file.write_all(bytes)?;
        Ok(format!("/proc/self/fd/{}", file.into_raw_fd()).into())
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = bytes;
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// Lets this process end quietly when nobody reads what it prints: `thymos stats | head -1`. For what only tells; a process that
/// does something must not end in the middle of it.
pub fn end_on_closed_pipe() {
    // SAFETY: the default action is installed for one signal, before any other thread starts.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
}

/// Ends this process as the child ended: with its exit code, or by the signal that killed it.
pub fn exit_like(status: ExitStatus) -> ! {
    if let Some(code) = status.code() {
        std::process::exit(code);
    }
    signals::end_by(status.signal().unwrap_or(libc::SIGKILL))
}

/// Ends this process as `kill -9` does.
pub fn kill_self() -> ! {
    // SAFETY: the call takes a plain integer.
    unsafe { libc::raise(libc::SIGKILL) };
    std::process::abort()
}

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

/// Puts a program at another place under another name, as a link to it.
///
/// # Errors
/// Whatever the file system gives.
pub fn alias(program: &Path, place: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(program, place)
}

/// Starts `command` so that it outlives this process and its terminal, with none of our descriptors.
///
/// # Errors
/// Whatever starting a process gives.
pub fn spawn_detached(command: &mut Command) -> io::Result<()> {
    use std::process::Stdio;
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // SAFETY: setsid, fcntl and getdtablesize are async-signal-safe and touch no memory of the parent.
    unsafe {
        command.pre_exec(|| {
            libc::setsid();
            // Cargo's jobserver must not stay open in a process that Cargo does not know. Marking instead of closing
            // leaves the pipe alone through which the standard library reports a failed exec.
            for descriptor in 3..256 {
                libc::fcntl(descriptor, libc::F_SETFD, libc::FD_CLOEXEC);
            }
            Ok(())
        });
    }
    command.spawn().map(drop)
}

/// Returns the standard error of the Cargo that started this process, where the system lets us reach it.
///
/// What a wrapper prints on its own standard error, Cargo stores and replays on every later build; what it prints here is
/// read once.
#[must_use]
pub fn cargo_stderr() -> Option<File> {
    let parent = rustix::process::getppid()?.as_raw_nonzero();
    let name = std::fs::read_to_string(format!("/proc/{parent}/comm")).ok()?;
    if name.trim_end() != "cargo" {
        return None;
    }
    stderr_of(parent.get().unsigned_abs())
}

/// Returns the standard error of a process, where the system lets us reach it.
#[must_use]
pub fn stderr_of(process: u32) -> Option<File> {
    OpenOptions::new().append(true).open(format!("/proc/{process}/fd/2")).ok()
}

/// A process that another one waits for without being its parent.
#[derive(Debug)]
pub struct Process(
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "there is none"))] std::os::fd::OwnedFd,
);

impl Process {
    /// Takes hold of a process; nothing where that cannot be.
    #[must_use]
    pub fn open(process: u32) -> Option<Self> {
        #[cfg(target_os = "linux")]
        {
            let id = rustix::process::Pid::from_raw(i32::try_from(process).ok()?)?;
            rustix::process::pidfd_open(id, rustix::process::PidfdFlags::empty()).ok().map(Self)
        }
        #[cfg(not(target_os = "linux"))]
        {
            let _ = process;
            None
        }
    }

    /// Sleeps until the process has ended.
    pub fn wait(&self) {
        #[cfg(target_os = "linux")]
        {
            use rustix::event::{PollFd, PollFlags, poll};
            while poll(&mut [PollFd::new(&self.0, PollFlags::IN)], None) == Err(rustix::io::Errno::INTR) {}
        }
    }
}

/// Returns the id of the process that started this one.
#[must_use]
pub fn parent() -> u32 {
    rustix::process::getppid().map_or(0, |pid| pid.as_raw_nonzero().get().unsigned_abs())
}

/// Returns text that says when a process was started, in the system's own unit; nothing where the system does not say.
/// Together with the id it names a process for ever within one boot.
///
/// Source: field 22 of `/proc/<pid>/stat`, proc(5). The second field may hold any byte, so fields are counted from its end.
#[must_use]
pub fn started(process: u32) -> Option<Vec<u8>> {
    let stat = read_line(&format!("/proc/{process}/stat"))?;
    let name_ends = stat.iter().rposition(|byte| *byte == b')')?;
    stat[name_ends..].split(|byte| *byte == b' ').nth(20).map(<[u8]>::to_vec)
}

/// Returns the program that shows a file with what the desktop has for it.
#[must_use]
pub fn opener() -> (&'static str, Tells) {
    (if cfg!(target_os = "macos") { "open" } else { "xdg-open" }, Tells::Failure)
}

/// Returns whether standard error is a terminal.
#[must_use]
pub fn stderr_is_terminal() -> bool {
    io::stderr().is_terminal()
}

/// Returns what tells this boot of the system from the one before; nothing where the system does not say.
#[must_use]
pub fn boot_id() -> Vec<u8> {
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
