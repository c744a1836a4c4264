//! Turns one waiting system call into the paths that it touches.
//!
//! The invariant: a call that will fail before it reaches any file (a bad pointer, an empty or over-long path) touches
//! nothing. The state of the paths is not looked at here.

use libc::seccomp_data;

use super::calls::{Call, Follow, Meaning, Name};
use super::tracee::Tracee;
use crate::compile::observe::report::{AccessKind, Aspect, Incomplete};

/// A path that a call is about to key.
#[derive(Debug)]
pub struct PendingAccess {
    /// The absolute path.
    pub path: Vec<u8>,
    /// What is done with it.
    pub kind: AccessKind,
    /// Whether a link at its end is followed.
    pub follow: Follow,
    /// Whether finding nothing there says anything.
    pub absence: Absence,
}

/// Something that a call is about to tell besides content and existence.
#[derive(Debug)]
pub struct PendingTold {
    /// The absolute path.
    pub path: Vec<u8>,
    /// What is told of it.
    pub aspect: Aspect,
    /// Whether a link at its end is followed.
    pub follow: Follow,
    /// Whether the call names a descriptor and no path.
    pub is_open: bool,
}

/// Everything that a call is about to touch or tell.
#[derive(Debug, Default)]
pub struct Pending {
    /// What it touches.
    pub accesses: Vec<PendingAccess>,
    /// What it tells.
    pub told: Option<PendingTold>,
}

/// Whether an absent file is worth recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence {
    /// The program learns that there is none.
    Tells,
    /// The call creates it, so nothing old was read.
    SaysNothing,
}

/// The longest path the kernel takes, with its terminating zero.
const PATH_MAX: usize = libc::PATH_MAX as usize;

/// Appends what `call` touches and tells to `pending`.
pub fn decode(call: &Call, data: &seccomp_data, tracee: Tracee, pending: &mut Pending) -> Result<(), Incomplete> {
    let caller = Caller { data, tracee };
    pending.told = caller.told(call)?;
    let out = &mut pending.accesses;
    let mut push = |name: Name, kind, follow| -> Result<(), Incomplete> {
        if let Some(path) = caller.path(name)? {
            out.push(PendingAccess { path, kind, follow, absence: Absence::Tells });
        }
        Ok(())
    };
    match &call.meaning {
        Meaning::Open { flags } => caller.open(call.name, data.args[*flags], out),
        Meaning::OpenHow { how } => caller.open_how(call.name, data.args[*how], out),
        Meaning::Write => push(call.name, AccessKind::Write, Follow::Never),
        Meaning::Rename { to } => {
            push(call.name, AccessKind::Write, Follow::Never)?;
            push(*to, AccessKind::Write, Follow::Never)
        }
        Meaning::Link { to } => {
            push(call.name, AccessKind::Open, Follow::Never)?;
            push(*to, AccessKind::Write, Follow::Never)
        }
        Meaning::Status => Ok(()),
        Meaning::Change => caller.change(call.name, out),
        Meaning::Times if data.args[call.name.path] == 0 => caller.change(call.name, out),
        Meaning::Times => push(call.name, AccessKind::Write, Follow::Never),
        Meaning::Enter => push(call.name, AccessKind::Stat, Follow::Always),
        Meaning::EnterOpen => caller.enter_open(call.name, out),
        Meaning::Look(follow) | Meaning::Access { follow, .. } => {
            let follow = caller.follow(*follow);
            let kind = if follow == Follow::Never { AccessKind::StatName } else { AccessKind::Stat };
            push(call.name, kind, follow)
        }
        Meaning::ReadLink => push(call.name, AccessKind::ReadLink, Follow::Never),
        Meaning::List => caller.list(call.name, out),
        Meaning::Exec { flags, .. } => caller.exec(call.name, *flags, out),
        Meaning::FileSystem => push(call.name, AccessKind::Stat, Follow::Always),
        Meaning::Connect => caller.connect(call.name.path, out),
        Meaning::Escape(reason) => Err(reason.clone()),
    }
}

#[derive(Clone, Copy)]
struct Caller<'a> {
    data: &'a seccomp_data,
    tracee: Tracee,
}

impl Caller<'_> {
    fn path(self, name: Name) -> Result<Option<Vec<u8>>, Incomplete> {
        let Some(path) = self.tracee.read_string(self.data.args[name.path], PATH_MAX)? else { return Ok(None) };
        if path.is_empty() || path[0] == b'/' {
            return Ok((!path.is_empty()).then_some(path));
        }
        let Some(directory) = self.tracee.directory(self.directory_of(name))? else { return Ok(None) };
        Ok(Some(join(directory, &path)))
    }

    /// Returns what a call tells besides existence and type.
    fn told(self, call: &Call) -> Result<Option<PendingTold>, Incomplete> {
        let (aspect, follow) = match call.meaning {
            Meaning::Look(follow) => (Aspect::Everything, self.follow(follow)),
            Meaning::Access { mode, follow } if self.data.args[mode] != 0 => (Aspect::Permissions, self.follow(follow)),
            Meaning::Exec { .. } => (Aspect::Permissions, Follow::Always),
            Meaning::Status => {
                let path = self.tracee.open_file(self.data.args[call.name.path] as i32)?;
                let told =
                    |path| PendingTold { path, aspect: Aspect::Everything, follow: Follow::Always, is_open: true };
                return Ok(path.map(told));
            }
            _ => return Ok(None),
        };
        if let Some(path) = self.path(call.name)? {
            return Ok(Some(PendingTold { path, aspect, follow, is_open: false }));
        }
        let fd = self.directory_of(call.name);
        let path = if fd == libc::AT_FDCWD { self.tracee.directory(fd)? } else { self.tracee.open_file(fd)? };
        Ok(path.map(|path| PendingTold { path, aspect, follow, is_open: true }))
    }

    /// What is open at a descriptor is changed under the name that it has.
    fn change(self, name: Name, out: &mut Vec<PendingAccess>) -> Result<(), Incomplete> {
        if let Some(path) = self.tracee.open_file(self.directory_of(name))? {
            out.push(PendingAccess { path, kind: AccessKind::Write, follow: Follow::Never, absence: Absence::Tells });
        }
        Ok(())
    }

    fn enter_open(self, name: Name, out: &mut Vec<PendingAccess>) -> Result<(), Incomplete> {
        if let Some(path) = self.tracee.open_file(self.directory_of(name))? {
            out.push(PendingAccess { path, kind: AccessKind::Stat, follow: Follow::Always, absence: Absence::Tells });
        }
        Ok(())
    }

    fn directory_of(self, name: Name) -> i32 {
        name.dir.map_or(libc::AT_FDCWD, |dir| self.data.args[dir] as i32)
    }

    fn follow(self, follow: Follow) -> Follow {
        match follow {
            Follow::Flags(at) if self.data.args[at] as i32 & libc::AT_SYMLINK_NOFOLLOW != 0 => Follow::Never,
            Follow::Flags(_) => Follow::Always,
            fixed => fixed,
        }
    }

    fn open(self, name: Name, flags: u64, out: &mut Vec<PendingAccess>) -> Result<(), Incomplete> {
        let Some(path) = self.path(name)? else { return Ok(()) };
        let flags = flags as i32;
        let follow = if flags & libc::O_NOFOLLOW != 0 { Follow::Never } else { Follow::Always };
        for (kind, absence) in open_kinds(flags).into_iter().flatten() {
            out.push(PendingAccess { path: path.clone(), kind, follow, absence });
        }
        if follow == Follow::Never {
            out.push(PendingAccess { path, kind: AccessKind::StatName, follow, absence: Absence::SaysNothing });
        }
        Ok(())
    }

    fn open_how(self, name: Name, how: u64, out: &mut Vec<PendingAccess>) -> Result<(), Incomplete> {
        let mut words = [0; 24];
        if self.tracee.read(how, &mut words)?.is_none() {
            return Ok(());
        }
        let word = |at: usize| u64::from_le_bytes(std::array::from_fn(|i| words[8 * at + i]));
        if word(2) & libc::RESOLVE_IN_ROOT != 0 {
            return Err(Incomplete::PathsMoved);
        }
        self.open(name, word(0), out)
    }

    fn list(self, name: Name, out: &mut Vec<PendingAccess>) -> Result<(), Incomplete> {
        if let Some(path) = self.tracee.directory(self.directory_of(name))? {
            out.push(PendingAccess { path, kind: AccessKind::List, follow: Follow::Always, absence: Absence::Tells });
        }
        Ok(())
    }

    fn exec(self, name: Name, flags: Option<usize>, out: &mut Vec<PendingAccess>) -> Result<(), Incomplete> {
        let by_descriptor = flags.is_some_and(|at| self.data.args[at] as i32 & libc::AT_EMPTY_PATH != 0);
        let mut path = self.path(name)?;
        if path.is_none() && by_descriptor {
            path = self.tracee.directory(self.directory_of(name))?;
        }
        if let Some(path) = path {
            out.push(PendingAccess { path, kind: AccessKind::Exec, follow: Follow::Always, absence: Absence::Tells });
        }
        Ok(())
    }

    /// A socket that is not there is a look-up like any other; anything else may tell the program something.
    fn connect(self, address: usize, out: &mut Vec<PendingAccess>) -> Result<(), Incomplete> {
        let mut name = [0; size_of::<libc::sockaddr_un>()];
        let length = (self.data.args[address + 1] as usize).min(name.len());
        let name = &mut name[..length];
        if length < 2 || self.tracee.read(self.data.args[address], name)?.is_none() {
            return Ok(());
        }
        let unix = u16::from_le_bytes([name[0], name[1]]) == libc::AF_UNIX as u16;
        let path = name[2..].split(|&byte| byte == 0).next().unwrap_or_default();
        if !unix
            || path.first() != Some(&b'/')
            || self.tracee.look(path, Follow::Always) != crate::compile::observe::Seen::Absent
        {
            return Err(Incomplete::Connected);
        }
        let path = path.to_vec();
        out.push(PendingAccess { path, kind: AccessKind::Stat, follow: Follow::Always, absence: Absence::Tells });
        Ok(())
    }
}

/// Says what an open with these flags does. It reads, or writes, or both; both is a read only of what is already there.
fn open_kinds(flags: i32) -> [Option<(AccessKind, Absence)>; 2] {
    let has = |flag: i32| flags & flag == flag;
    if has(libc::O_PATH) || has(libc::O_TMPFILE) {
        return [Some((AccessKind::Stat, Absence::Tells)), None];
    }
    let access = flags & libc::O_ACCMODE;
    let writes = access != libc::O_RDONLY || has(libc::O_CREAT) || has(libc::O_TRUNC);
    let reads = access != libc::O_WRONLY && !has(libc::O_TRUNC) && !has(libc::O_CREAT | libc::O_EXCL);
    let absence = if writes { Absence::SaysNothing } else { Absence::Tells };
    [reads.then_some((AccessKind::Open, absence)), writes.then_some((AccessKind::Write, Absence::Tells))]
}

fn join(mut directory: Vec<u8>, path: &[u8]) -> Vec<u8> {
    if directory.last() != Some(&b'/') {
        directory.push(b'/');
    }
    directory.extend_from_slice(path);
    directory
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_say_whether_an_open_reads_or_writes() {
        let kinds = |flags| open_kinds(flags).into_iter().flatten().map(|(kind, _)| kind).collect::<Vec<_>>();
        use AccessKind::{Open, Stat, Write};
        assert_eq!(kinds(libc::O_RDONLY | libc::O_CLOEXEC), [Open]);
        assert_eq!(kinds(libc::O_RDONLY | libc::O_DIRECTORY), [Open]);
        assert_eq!(kinds(libc::O_WRONLY | libc::O_CREAT | libc::O_TRUNC), [Write]);
        assert_eq!(kinds(libc::O_WRONLY | libc::O_APPEND), [Write]);
        assert_eq!(kinds(libc::O_RDWR), [Open, Write]);
        assert_eq!(kinds(libc::O_RDWR | libc::O_CREAT), [Open, Write]);
        assert_eq!(kinds(libc::O_RDWR | libc::O_CREAT | libc::O_EXCL), [Write]);
        assert_eq!(kinds(libc::O_RDWR | libc::O_TRUNC), [Write]);
        assert_eq!(kinds(libc::O_PATH | libc::O_DIRECTORY), [Stat]);
        assert_eq!(kinds(libc::O_RDWR | libc::O_TMPFILE), [Stat]);
    }

    #[test]
    fn a_relative_path_is_joined_as_it_is_spelled() {
        assert_eq!(join(b"/".to_vec(), b"a"), b"/a");
        assert_eq!(join(b"/a".to_vec(), b"./../b"), b"/a/./../b");
    }
}
