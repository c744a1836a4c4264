//! The preloaded library in memory, and the memory it reports into.
//!
//! The invariant: one anonymous file holds both, so nothing is written to any file system and everything is gone with
//! the processes that use it. The layout is that of interpose.c.

use std::ffi::OsString;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::fs::{MemfdFlags, Mode, OFlags};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

/// The shared object that the build compiled, or nothing.
pub const IMAGE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/interpose.so"));

/// The longest variable that can be put aside, with its terminating zero.
pub const ORIGINAL_ROOM: usize = 4096;

const OFFSET: u64 = 0x40000;
const MAGIC: u64 = 0x7468_796d_6f73_656e;
const CHAINS: usize = 256;
/// Return addresses of one way by which loaded code came to ask for metadata.
pub const CHAIN: usize = 8;
/// The bits of the token that say who asks.
pub const ASKER: u64 = 0xff_ffff;
const SLOTS: usize = 4096;
const PROBES: u64 = 64;
const NAMES_ROOM: usize = 65536;

#[repr(C)]
struct Layout {
    magic: u64,
    ready: AtomicU32,
    overflow: AtomicU32,
    used: AtomicU32,
    shares_std: AtomicU32,
    pass: u64,
    token: u64,
    chain_count: AtomicU32,
    unused: u32,
    chains: [[u64; CHAIN]; CHAINS],
    original: [u8; ORIGINAL_ROOM],
    slots: [u64; SLOTS],
    names: [u8; NAMES_ROOM],
    repeats: [AtomicU32; SLOTS],
}

/// The library and its memory, for one run.
#[derive(Debug)]
pub struct Region {
    file: OwnedFd,
    shared: NonNull<Layout>,
}

// SAFETY: the mapping belongs to this value alone within this process and is not tied to a thread.
unsafe impl Send for Region {}

impl Region {
    /// Creates the library's file, after making sure that a loader will be able to map it.
    pub fn create() -> io::Result<Self> {
        let file = create_file()?;
        rustix::io::pwrite(&file, IMAGE, 0)?;
        rustix::fs::ftruncate(&file, OFFSET + size_of::<Layout>() as u64)?;
        try_as_loader(&file)?;
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping at an address of the kernel's choice; the file is long enough for it.
        let at = unsafe { mmap(ptr::null_mut(), size_of::<Layout>(), access, MapFlags::SHARED, &file, OFFSET)? };
        let shared = NonNull::new(at.cast::<Layout>()).ok_or(io::ErrorKind::OutOfMemory)?;
        // SAFETY: the mapping is writable, aligned to a page, and nobody else has it yet.
        unsafe { (&raw mut (*shared.as_ptr()).magic).write(MAGIC) };
        Ok(Self { file, shared })
    }

    /// Returns the file to hand out.
    pub fn file(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    /// Lets the library look up links unasked that the compiler resolves on its own behalf, and returns what it shows the
    /// filter for that: a number that nobody else knows. The program has not started yet.
    pub fn grant_pass(&self) -> u64 {
        // Random, and with no further use of its own (std::hash::RandomState).
        let pass = RandomState::new().build_hasher().finish() | 1;
        // SAFETY: within the mapping; the library reads it only after the exec that has not happened yet.
        unsafe { (&raw mut (*self.shared.as_ptr()).pass).write(pass) };
        pass
    }

    /// Returns what the library shows with a question about metadata, in the bits above [`ASKER`]. The program has not started
    /// yet.
    pub fn grant_token(&self) -> u64 {
        let token = (RandomState::new().build_hasher().finish() | 1 << 63) & !ASKER;
        // SAFETY: within the mapping; the library reads it only after the exec that has not happened yet.
        unsafe { (&raw mut (*self.shared.as_ptr()).token).write(token) };
        token
    }

    /// Makes the library count the compiler's copy of the standard library as loaded code.
    pub fn share_std(&self) {
        // SAFETY: within the mapping, and only ever accessed atomically.
        unsafe { &(*self.shared.as_ptr()).shares_std }.store(1, Ordering::Release);
    }

    /// Returns the return addresses of a way by which loaded code asked, by its number, the innermost first.
    pub fn chain(&self, number: u64) -> Option<[u64; CHAIN]> {
        let index = usize::try_from(number.checked_sub(1)?).ok().filter(|index| *index < CHAINS)?;
        // SAFETY: within the mapping; the library wrote the row before it showed its number, and never writes it again.
        Some(unsafe { (&raw const (*self.shared.as_ptr()).chains[index]).read_volatile() })
    }

    /// Stores the variable that the library will put back. The program has not started yet.
    pub fn set_original(&self, variable: &[u8]) {
        let length = variable.len().min(ORIGINAL_ROOM - 1);
        // SAFETY: within the mapping; the library reads it only after the exec that has not happened yet.
        unsafe {
            let to = (&raw mut (*self.shared.as_ptr()).original).cast::<u8>();
            ptr::copy_nonoverlapping(variable.as_ptr(), to, length);
            to.add(length).write(0);
        }
    }

    /// Returns whether the library has started, so that whatever is loaded from now on was loaded by the program.
    pub fn is_ready(&self) -> bool {
        // SAFETY: within the mapping, and only ever accessed atomically.
        unsafe { &(*self.shared.as_ptr()).ready }.load(Ordering::Acquire) == 1
    }

    /// Returns the names that were reported, or `None` if some are missing. Call it when the program has ended.
    pub fn names(&self) -> Option<Vec<OsString>> {
        // SAFETY: within the mapping, and only ever accessed atomically.
        let (overflow, used) = unsafe { (&(*self.shared.as_ptr()).overflow, &(*self.shared.as_ptr()).used) };
        if overflow.load(Ordering::Acquire) != 0 {
            return None;
        }
        let used = (used.load(Ordering::Acquire) as usize).min(NAMES_ROOM);
        let mut copy = vec![0; used];
        // SAFETY: `used` bytes lie within the mapping. A fork that lives on may write at the same time; a torn name
        // only names a variable that nobody asked for.
        unsafe {
            ptr::copy_nonoverlapping((&raw const (*self.shared.as_ptr()).names).cast::<u8>(), copy.as_mut_ptr(), used);
        }
        parse(&copy)
    }
}

impl Region {
    /// Returns how often more than once a name that is recorded was asked for by code that was there at start-up. Call it when
    /// the program has ended.
    pub fn repeats(&self, name: &[u8]) -> u32 {
        let value = hash(name);
        let slots = (0..PROBES).map(|probe| (value.wrapping_add(probe) % SLOTS as u64) as usize);
        let is_it = |slot: &usize| {
            // SAFETY: within the mapping; a slot is written once, before the program has ended.
            unsafe { (&raw const (*self.shared.as_ptr()).slots[*slot]).read_volatile() == value }
        };
        // SAFETY: within the mapping, and only ever accessed atomically.
        slots
            .into_iter()
            .find(is_it)
            .map_or(0, |slot| unsafe { &(*self.shared.as_ptr()).repeats[slot] }.load(Ordering::Acquire))
    }
}

/// What the library knows a name by: FNV-1a, and never 0.
fn hash(name: &[u8]) -> u64 {
    let step = |value: u64, byte: &u8| (value ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
    name.iter().fold(0xcbf2_9ce4_8422_2325, step).max(1)
}

impl Drop for Region {
    fn drop(&mut self) {
        // SAFETY: the mapping was created with this length and no reference into it is left.
        let _ = unsafe { munmap(self.shared.as_ptr().cast(), size_of::<Layout>()) };
    }
}

/// Reads `(length, bytes, padding to 4)` records. A length of zero was reserved by a thread that died.
fn parse(mut records: &[u8]) -> Option<Vec<OsString>> {
    let mut names = Vec::new();
    while !records.is_empty() {
        let length = u32::from_ne_bytes(*records.first_chunk()?) as usize;
        if length == 0 {
            return None;
        }
        names.push(OsString::from_vec(records.get(4..4 + length)?.to_vec()));
        records = records.get((4 + length).next_multiple_of(4)..)?;
    }
    Some(names)
}

fn create_file() -> io::Result<OwnedFd> {
    let name = c"environment";
    // Newer kernels want to be told that nobody will execute it; mapping it executable is another matter.
    match rustix::fs::memfd_create(name, MemfdFlags::CLOEXEC | MemfdFlags::NOEXEC_SEAL) {
        Err(rustix::io::Errno::INVAL) => Ok(rustix::fs::memfd_create(name, MemfdFlags::CLOEXEC)?),
        result => Ok(result?),
    }
}

/// Does what the dynamic loader will do: it would print an error where this fails.
fn try_as_loader(file: &OwnedFd) -> io::Result<()> {
    use std::os::fd::AsRawFd;
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    let opened = rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    let access = ProtFlags::READ | ProtFlags::EXEC;
    // SAFETY: a new mapping at an address of the kernel's choice, unmapped before anything could refer to it.
    unsafe {
        let at = mmap(ptr::null_mut(), IMAGE.len(), access, MapFlags::PRIVATE, opened, 0)?;
        munmap(at, IMAGE.len())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_up_to_the_last_one() {
        let records = [&3_u32.to_ne_bytes()[..], b"ABC\0", &4_u32.to_ne_bytes(), b"PATH"].concat();
        assert_eq!(parse(&records), Some(vec!["ABC".into(), "PATH".into()]));
        assert_eq!(parse(&[]), Some(Vec::new()));
    }

    #[test]
    fn an_unfinished_record_is_not_a_short_list() {
        let reserved = [&0_u32.to_ne_bytes()[..], b"ABC\0"].concat();
        assert_eq!(parse(&reserved), None);
        assert_eq!(parse(&9_u32.to_ne_bytes()), None);
    }

    #[test]
    fn the_library_leaves_room_for_its_memory() {
        assert!((IMAGE.len() as u64) < OFFSET);
    }
}
