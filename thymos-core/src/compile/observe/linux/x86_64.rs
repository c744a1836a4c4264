//! What is particular to x86-64: its number in seccomp data, its 32-bit relatives, and the calls that newer
//! architectures never got.

use super::calls::{Call, Follow, Meaning, Name};
use super::harmless::Harmless;
use super::questions::{By, Question};
use crate::compile::observe::report::Tells;
use crate::system::machine::Fact;
use Meaning::{Access, Look, Open, ReadLink, Rename, Write};

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
    Call::new(libc::SYS_access, Name::plain(0), Access { mode: 1, follow: Follow::Always }),
    Call::new(libc::SYS_chmod, Name::plain(0), Write),
    Call::new(libc::SYS_chown, Name::plain(0), Write),
    Call::new(libc::SYS_lchown, Name::plain(0), Write),
    Call::new(libc::SYS_utime, Name::plain(0), Write),
    Call::new(libc::SYS_utimes, Name::plain(0), Write),
    Call::new(libc::SYS_futimesat, Name::at(0, 1), Meaning::Times),
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

/// Harmless calls that only old architectures have; the reasons are those of their successors.
pub const HARMLESS: &[Harmless] = &[Harmless {
    reason: "is the older form of a call that is harmless, or sets a register of the thread",
    calls: &[
        libc::SYS_poll,
        libc::SYS_select,
        libc::SYS_pipe,
        libc::SYS_dup2,
        libc::SYS_eventfd,
        libc::SYS_signalfd,
        libc::SYS_epoll_create,
        libc::SYS_epoll_wait,
        libc::SYS_fork,
        libc::SYS_vfork,
        libc::SYS_pause,
        libc::SYS_alarm,
        libc::SYS_getpgrp,
        libc::SYS_setrlimit,
        libc::SYS_arch_prctl,
        libc::SYS_sync_file_range,
    ],
}];

/// Calls that tell something and that only old architectures have.
pub const QUESTIONS: &[Question] = &[
    Question { nr: libc::SYS_getrlimit, name: "getrlimit", tells: Tells::Fact(Fact::Limits), by: By::Note },
    Question { nr: libc::SYS_time, name: "time", tells: Tells::Unaccounted, by: By::Note },
    Question { nr: libc::SYS_sysfs, name: "sysfs", tells: Tells::Unaccounted, by: By::Sight },
    Question { nr: libc::SYS_ustat, name: "ustat", tells: Tells::Unaccounted, by: By::Sight },
    Question { nr: libc::SYS_uselib, name: "uselib", tells: Tells::Unaccounted, by: By::Sight },
    Question { nr: libc::SYS__sysctl, name: "_sysctl", tells: Tells::Unaccounted, by: By::Sight },
    Question { nr: libc::SYS_iopl, name: "iopl", tells: Tells::Unaccounted, by: By::Sight },
    Question { nr: libc::SYS_ioperm, name: "ioperm", tells: Tells::Unaccounted, by: By::Sight },
    Question { nr: libc::SYS_modify_ldt, name: "modify_ldt", tells: Tells::Unaccounted, by: By::Sight },
    Question { nr: libc::SYS_get_thread_area, name: "get_thread_area", tells: Tells::Unaccounted, by: By::Sight },
    Question { nr: libc::SYS_set_thread_area, name: "set_thread_area", tells: Tells::Unaccounted, by: By::Sight },
    Question { nr: libc::SYS_inotify_init, name: "inotify_init", tells: Tells::Unaccounted, by: By::Sight },
    Question { nr: libc::SYS_getpmsg, name: "getpmsg", tells: Tells::Unaccounted, by: By::Sight },
    Question { nr: libc::SYS_putpmsg, name: "putpmsg", tells: Tells::Unaccounted, by: By::Sight },
    Question { nr: libc::SYS_epoll_ctl_old, name: "epoll_ctl_old", tells: Tells::Unaccounted, by: By::Sight },
    Question { nr: libc::SYS_epoll_wait_old, name: "epoll_wait_old", tells: Tells::Unaccounted, by: By::Sight },
    Question { nr: libc::SYS_afs_syscall, name: "afs_syscall", tells: Tells::Unaccounted, by: By::Sight },
    Question { nr: libc::SYS_tuxcall, name: "tuxcall", tells: Tells::Unaccounted, by: By::Sight },
    Question { nr: libc::SYS_security, name: "security", tells: Tells::Unaccounted, by: By::Sight },
    Question { nr: libc::SYS_vserver, name: "vserver", tells: Tells::Unaccounted, by: By::Sight },
    Question { nr: libc::SYS_kexec_file_load, name: "kexec_file_load", tells: Tells::Unaccounted, by: By::Sight },
];
