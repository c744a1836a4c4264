//! The system calls that are watched, as a table: which argument names a path, and what is done with it.
//!
//! The invariant: a call that is in no row reaches no file by name. `fstat` and its kin are left out on purpose (the
//! descriptor's `open` was seen), and so are changes of mode, owner and times, which are no inputs. Working directories
//! are looked up when a relative path needs one, so `chdir` needs no row.

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
    /// Asks for its metadata or existence.
    Look(Follow),
    /// Asks where a symbolic link leads.
    ReadLink,
    /// Lists the directory open at the descriptor.
    List,
    /// Executes it; `envp` is the argument with the environment.
    Exec { envp: usize, flags: Option<usize> },
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

const NOTHING: Name = Name::plain(0);

use Meaning::{Escape, Exec, Link, Look, Open, OpenHow, ReadLink, Rename, Write};

const MODERN: &[Call] = &[
    Call::new(libc::SYS_openat, Name::at(0, 1), Open { flags: 2 }),
    Call::new(libc::SYS_newfstatat, Name::at(0, 1), Look(Follow::Flags(3))),
    Call::new(libc::SYS_statx, Name::at(0, 1), Look(Follow::Flags(2))),
    Call::new(libc::SYS_readlinkat, Name::at(0, 1), ReadLink),
    Call::new(libc::SYS_getdents64, Name::descriptor(0), Meaning::List),
    Call::new(libc::SYS_faccessat, Name::at(0, 1), Look(Follow::Always)),
    Call::new(libc::SYS_faccessat2, Name::at(0, 1), Look(Follow::Flags(3))),
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
