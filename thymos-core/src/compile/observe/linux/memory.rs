//! The memory of a process that waits for an answer, read and written by one of two ways.
//!
//! `process_vm_readv` is one call. Container policies refuse it (Docker 20.10 does by default), although the kernel would ask
//! for no more than what `/proc/PID/mem` asks for, which they leave alone; so the file stands in where the call is refused.
//!
//! Invariant: all of the bytes or none. What the kernel refuses because there is nothing at the address, or nobody any more,
//! is `None`, for the program will be told so itself; only memory that exists and cannot be seen is an [`Incomplete`].

use std::io;

use libc::c_void;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::compile::observe::report::Incomplete;

/// Reads the bytes at an address of a thread's memory.
pub fn read(tid: u32, address: u64, into: &mut [u8]) -> Result<Option<()>, Incomplete> {
    let local = libc::iovec { iov_base: into.as_mut_ptr().cast(), iov_len: into.len() };
    let remote = libc::iovec { iov_base: address as *mut c_void, iov_len: into.len() };
    // SAFETY: the local buffer outlives the call; the remote one is the kernel's to check.
    let read = unsafe { libc::process_vm_readv(tid as i32, &raw const local, 1, &raw const remote, 1, 0) };
    match usize::try_from(read) {
        Ok(read) if read == into.len() => Ok(Some(())),
        Ok(_) => Ok(None),
        Err(_) if is_policy(&io::Error::last_os_error()) => read_file(tid, address, into),
        Err(_) => match io::Error::last_os_error().raw_os_error() {
            Some(libc::EFAULT | libc::ESRCH) => Ok(None),
            _ => Err(Incomplete::UnreadableMemory),
        },
    }
}

/// Writes the bytes at an address of a thread's private memory.
pub fn write(tid: u32, address: u64, from: &[u8]) -> bool {
    let local = libc::iovec { iov_base: from.as_ptr().cast_mut().cast(), iov_len: from.len() };
    let remote = libc::iovec { iov_base: address as *mut c_void, iov_len: from.len() };
    // SAFETY: the local buffer is only read and outlives the call; the remote one is the kernel's to check.
    let written = unsafe { libc::process_vm_writev(tid as i32, &raw const local, 1, &raw const remote, 1, 0) };
    match usize::try_from(written) {
        Ok(written) => written == from.len(),
        Err(_) => is_policy(&io::Error::last_os_error()) && write_file(tid, address, from),
    }
}

/// Returns whether a call was refused for what it is, and not for what it asked. A process that may not be looked at refuses
/// its file too.
fn is_policy(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EPERM | libc::ENOSYS | libc::EACCES))
}

fn read_file(tid: u32, address: u64, into: &mut [u8]) -> Result<Option<()>, Incomplete> {
    let file = match open(tid, OFlags::RDONLY) {
        Ok(file) => file,
        Err(Errno::NOENT | Errno::SRCH) => return Ok(None),
        Err(_) => return Err(Incomplete::UnreadableMemory),
    };
    let length = into.len();
    match rustix::io::pread(&file, into, address) {
        Ok(read) => Ok((read == length).then_some(())),
        // What is not mapped is an error of input and output here; an address that no process can have is invalid.
        Err(Errno::IO | Errno::INVAL | Errno::FAULT) => Ok(None),
        Err(_) => Err(Incomplete::UnreadableMemory),
    }
}

fn write_file(tid: u32, address: u64, from: &[u8]) -> bool {
    let Ok(file) = open(tid, OFlags::WRONLY) else { return false };
    rustix::io::pwrite(&file, from, address) == Ok(from.len())
}

fn open(tid: u32, access: OFlags) -> rustix::io::Result<rustix::fd::OwnedFd> {
    // Opened for each use: after an exec the file of before still names the memory of before.
    rustix::fs::open(format!("/proc/{tid}/mem"), access | OFlags::CLOEXEC, Mode::empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_tells_what_the_call_tells() {
        let own = std::process::id();
        let words = [7_u8; 5000];
        let mut copy = [0; 5000];
        assert_eq!(read_file(own, words.as_ptr() as u64, &mut copy), Ok(Some(())));
        assert_eq!(copy, words);
        for address in [0, 8, u64::MAX - 4096, 0xffff_8000_0000_0000] {
            assert_eq!(read_file(own, address, &mut copy), read(own, address, &mut copy), "{address:#x}");
            assert_eq!(read_file(own, address, &mut copy), Ok(None), "{address:#x}");
        }
        assert_eq!(read_file(u32::MAX >> 2, 8, &mut copy), Ok(None), "nobody has this number");
    }

    #[test]
    fn the_file_takes_what_the_call_takes() {
        let own = std::process::id();
        let mut words = Box::new([0_u8; 16]);
        assert!(write_file(own, words.as_mut_ptr() as u64, &[1, 2, 3]));
        // SAFETY: the box is whole and the kernel has written to it behind the compiler's back.
        assert_eq!(unsafe { std::ptr::read_volatile(&raw const *words) }[..4], [1, 2, 3, 0]);
        assert!(!write_file(own, 8, &[1]), "nothing is mapped there");
    }
}
