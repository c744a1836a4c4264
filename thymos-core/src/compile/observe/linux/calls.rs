//! The system calls that are watched, as a table: which argument names a path, and what is done with it.
//!
//! The invariant: a call that is in no row reaches no file by name, and tells or changes nothing of one but its content.
//! What else a program may ask stands in `questions`, and what tells nothing in `harmless`.

use libc::c_long;

use super::arch;
use crate::compile::observe::report::Incomplete;

/// One watched call.
#[derive(Clone, Debug)]
pub struct Call {
    /// Its number on this architecture.
    pub nr: c_long,
    /// The arguments that name what it touches.
    pub name: Name,
    /// What it does.
    pub meaning: Meaning,
}

/// The positions of the arguments that name a path.
#[derive(Clone, Copy, Debug)]
pub struct Name {
    /// The directory descriptor, where there is one.
    pub dir: Option<usize>,
    /// The path. For [`Meaning::List`] and [`Meaning::Escape`] there is none.
    pub path: usize,
}

/// What a call does with the path.
#[derive(Clone, Debug)]
pub enum Meaning {
    /// Opens it, with flags in this argument.
    Open { flags: usize },
    /// Opens it, with a `struct open_how` behind this argument.
    OpenHow { how: usize },
    /// Creates, changes or removes it.
    Write,
    /// Moves it.
    Rename { to: Name },
    /// Gives it a second name.
    Link { to: Name },
    /// Asks for its existence, type, times, mode, owner and size.
    Look(Follow),
    /// Asks whether it is there and may be used, as the mode in this argument says.
    Access { mode: usize, follow: Follow },
    /// Asks for the metadata of an open descriptor.
    Status,
    /// Changes what is open at a descriptor besides its content.
    Change,
    /// Enters the directory.
    Enter,
    /// Enters the directory that is open at the descriptor.
    EnterOpen,
    /// Gives a file times, where the path may be left out.
    Times,
    /// Asks where a symbolic link leads.
    ReadLink,
    /// Lists the directory open at the descriptor.
    List,
    /// Executes it; `envp` is the argument with the environment.
    Exec { envp: usize, flags: Option<usize> },
    /// Asks what kind of file system it lies on; where it is not there, that is told.
    FileSystem,
    /// Connects a socket to the address here, of the length in the argument after it.
    Connect,
    /// Does something that cannot be followed.
    Escape(Incomplete),
}

/// Whether a symbolic link at the end of the path is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follow {
    /// It is.
    Always,
    /// The link itself is meant.
    Never,
    /// It is, unless `AT_SYMLINK_NOFOLLOW` stands in this argument.
    Flags(usize),
}

impl Call {
    pub const fn new(nr: c_long, name: Name, meaning: Meaning) -> Self {
        Self { nr, name, meaning }
    }
}

impl Name {
    /// A path relative to the working directory.
    pub const fn plain(path: usize) -> Self {
        Self { dir: None, path }
    }

    /// A path relative to a directory descriptor.
    pub const fn at(dir: usize, path: usize) -> Self {
        Self { dir: Some(dir), path }
    }

    /// An open descriptor and no path.
    pub const fn descriptor(fd: usize) -> Self {
        Self { dir: Some(fd), path: fd }
    }
}

/// Calls whose flags argument, here second, may say `AT_EMPTY_PATH`: then they ask about a descriptor.
pub const MAY_NAME_NOTHING: [(c_long, usize); 2] = [(libc::SYS_newfstatat, 3), (libc::SYS_statx, 2)];

/// Calls with which the preloaded library shows who asks, in the last argument, which the kernel does not look at.
pub const SHOW_WHO_ASKS: [c_long; 4] = [libc::SYS_openat, libc::SYS_newfstatat, libc::SYS_statx, libc::SYS_fstat];

const NOTHING: Name = Name::plain(0);

/// A newer kernel's `fchmodat` with flags; the same number everywhere.
const SYS_FCHMODAT2: c_long = 452;
use Meaning::{
    Access, Change, Enter, EnterOpen, Escape, Exec, Link, Look, Open, OpenHow, ReadLink, Rename, Status, Times, Write,
};

const MODERN: &[Call] = &[
    Call::new(libc::SYS_openat, Name::at(0, 1), Open { flags: 2 }),
    Call::new(libc::SYS_newfstatat, Name::at(0, 1), Look(Follow::Flags(3))),
    Call::new(libc::SYS_statx, Name::at(0, 1), Look(Follow::Flags(2))),
    Call::new(libc::SYS_readlinkat, Name::at(0, 1), ReadLink),
    Call::new(libc::SYS_getdents64, Name::descriptor(0), Meaning::List),
    Call::new(libc::SYS_fstat, Name::descriptor(0), Status),
    Call::new(libc::SYS_chdir, Name::plain(0), Enter),
    Call::new(libc::SYS_fchdir, Name::descriptor(0), EnterOpen),
    Call::new(libc::SYS_fchmod, Name::descriptor(0), Change),
    Call::new(libc::SYS_fchown, Name::descriptor(0), Change),
    Call::new(libc::SYS_fsetxattr, Name::descriptor(0), Change),
    Call::new(libc::SYS_fremovexattr, Name::descriptor(0), Change),
    Call::new(libc::SYS_fchmodat, Name::at(0, 1), Write),
    Call::new(SYS_FCHMODAT2, Name::at(0, 1), Write),
    Call::new(libc::SYS_fchownat, Name::at(0, 1), Write),
    Call::new(libc::SYS_setxattr, Name::plain(0), Write),
    Call::new(libc::SYS_lsetxattr, Name::plain(0), Write),
    Call::new(libc::SYS_removexattr, Name::plain(0), Write),
    Call::new(libc::SYS_lremovexattr, Name::plain(0), Write),
    Call::new(libc::SYS_utimensat, Name::at(0, 1), Times),
    Call::new(libc::SYS_faccessat, Name::at(0, 1), Access { mode: 2, follow: Follow::Always }),
    Call::new(libc::SYS_faccessat2, Name::at(0, 1), Access { mode: 2, follow: Follow::Flags(3) }),
    Call::new(libc::SYS_openat2, Name::at(0, 1), OpenHow { how: 2 }),
    Call::new(libc::SYS_execve, Name::plain(0), Exec { envp: 2, flags: None }),
    Call::new(libc::SYS_execveat, Name::at(0, 1), Exec { envp: 3, flags: Some(4) }),
    Call::new(libc::SYS_mkdirat, Name::at(0, 1), Write),
    Call::new(libc::SYS_mknodat, Name::at(0, 1), Write),
    Call::new(libc::SYS_unlinkat, Name::at(0, 1), Write),
    Call::new(libc::SYS_symlinkat, Name::at(1, 2), Write),
    Call::new(libc::SYS_truncate, Name::plain(0), Write),
    Call::new(libc::SYS_renameat, Name::at(0, 1), Rename { to: Name::at(2, 3) }),
    Call::new(libc::SYS_renameat2, Name::at(0, 1), Rename { to: Name::at(2, 3) }),
    Call::new(libc::SYS_linkat, Name::at(0, 1), Link { to: Name::at(2, 3) }),
    Call::new(libc::SYS_connect, Name::plain(1), Meaning::Connect),
    Call::new(libc::SYS_io_uring_setup, NOTHING, Escape(Incomplete::IoUring)),
    Call::new(libc::SYS_open_by_handle_at, NOTHING, Escape(Incomplete::UnnamedFile)),
    Call::new(libc::SYS_chroot, NOTHING, Escape(Incomplete::PathsMoved)),
    Call::new(libc::SYS_pivot_root, NOTHING, Escape(Incomplete::PathsMoved)),
    Call::new(libc::SYS_mount, NOTHING, Escape(Incomplete::PathsMoved)),
    Call::new(libc::SYS_umount2, NOTHING, Escape(Incomplete::PathsMoved)),
    Call::new(libc::SYS_move_mount, NOTHING, Escape(Incomplete::PathsMoved)),
    Call::new(libc::SYS_open_tree, NOTHING, Escape(Incomplete::PathsMoved)),
    Call::new(libc::SYS_setns, NOTHING, Escape(Incomplete::PathsMoved)),
    Call::new(libc::SYS_unshare, NOTHING, Escape(Incomplete::PathsMoved)),
    Call::new(libc::SYS_statfs, Name::plain(0), Meaning::FileSystem),
    Call::new(libc::SYS_fsopen, NOTHING, Escape(Incomplete::PathsMoved)),
    Call::new(libc::SYS_fsconfig, NOTHING, Escape(Incomplete::PathsMoved)),
    Call::new(libc::SYS_fsmount, NOTHING, Escape(Incomplete::PathsMoved)),
    Call::new(libc::SYS_fspick, NOTHING, Escape(Incomplete::PathsMoved)),
    Call::new(libc::SYS_mount_setattr, NOTHING, Escape(Incomplete::PathsMoved)),
    Call::new(libc::SYS_io_uring_enter, NOTHING, Escape(Incomplete::IoUring)),
    Call::new(libc::SYS_io_uring_register, NOTHING, Escape(Incomplete::IoUring)),
    Call::new(libc::SYS_seccomp, NOTHING, Escape(Incomplete::WantsListener)),
];

/// Returns every watched call.
pub fn all() -> impl Iterator<Item = &'static Call> {
    MODERN.iter().chain(arch::LEGACY)
}

/// Returns the row of a call number.
pub fn find(nr: c_long) -> Option<&'static Call> {
    all().find(|call| call.nr == nr)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_call_number_has_one_row() {
        let mut seen = HashSet::new();
        for call in all() {
            assert!(seen.insert(call.nr), "call {} stands in two rows", call.nr);
        }
    }
}
