//! What is particular to x86-64: its number in seccomp data, its 32-bit relatives, and the calls that newer
//! architectures never got.

use super::calls::{Call, Follow, Meaning, Name};
use Meaning::{Look, Open, ReadLink, Rename, Write};

/// `AUDIT_ARCH_X86_64`.
pub const NATIVE: u32 = 0xC000_003E;

/// `e_machine` of an executable for this architecture.
pub const MACHINE: u16 = 62;

/// Call numbers from here on are x32, which shares `NATIVE`.
pub const FIRST_FOREIGN: u32 = 0x4000_0000;

/// `open` and `openat` of 32-bit programs: no such program gets far without one.
pub const FOREIGN_OPENS: [u32; 2] = [5, 295];

/// Calls that only old architectures have.
pub const LEGACY: &[Call] = &[
    Call::new(libc::SYS_open, Name::plain(0), Open { flags: 1 }),
    Call::new(libc::SYS_creat, Name::plain(0), Write),
    Call::new(libc::SYS_stat, Name::plain(0), Look(Follow::Always)),
    Call::new(libc::SYS_lstat, Name::plain(0), Look(Follow::Never)),
    Call::new(libc::SYS_access, Name::plain(0), Look(Follow::Always)),
    Call::new(libc::SYS_readlink, Name::plain(0), ReadLink),
    Call::new(libc::SYS_getdents, Name::descriptor(0), Meaning::List),
    Call::new(libc::SYS_rename, Name::plain(0), Rename { to: Name::plain(1) }),
    Call::new(libc::SYS_link, Name::plain(0), Meaning::Link { to: Name::plain(1) }),
    Call::new(libc::SYS_symlink, Name::plain(1), Write),
    Call::new(libc::SYS_unlink, Name::plain(0), Write),
    Call::new(libc::SYS_rmdir, Name::plain(0), Write),
    Call::new(libc::SYS_mkdir, Name::plain(0), Write),
    Call::new(libc::SYS_mknod, Name::plain(0), Write),
];
