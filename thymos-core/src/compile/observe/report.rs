//! The record of one observed run, as plain data.
//!
//! The invariant: everything here can be written literally in a test. Nothing here reads the world.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Arc;

use crate::system::machine::Fact;
pub use crate::system::metadata::{Aspect, Metadata, Named};

/// What one run did.
#[derive(Debug)]
pub struct Observed {
    /// Exactly what waiting for the program would have given without observation.
    pub status: ExitStatus,
    /// Each (kind, path, program) once, in the order in which they were first seen.
    pub accesses: Vec<Access>,
    /// Renames in order: what was written under `from` is found under `to`. Both also appear as
    /// [`AccessKind::Write`]; renaming a directory moves everything below it.
    pub renames: Vec<Rename>,
    /// What the times, the mode, the owner or the size of something were told to be, each once.
    pub told: Vec<Told>,
    /// What was asked of the system besides files, each once.
    pub questions: Vec<Question>,
    /// What the compiler asked of its environment, or why that is not known.
    pub env: Result<EnvReads, Incomplete>,
    /// Whether `accesses` holds everything; otherwise the first thing that escaped.
    pub complete: Result<(), Incomplete>,
    /// Whether some process of the compile was still there when the compiler had ended. It goes on, unwatched. Linkers
    /// that free their memory in the background do this, so it is no reason by itself to distrust the record.
    pub outlived: Outlived,
}

/// A question to the system that is not about a file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Question {
    /// The system call, by its name or else by its number.
    pub call: String,
    /// What it tells.
    pub tells: Tells,
    /// Who asked: [`Program::Root`] where it is the compiler itself, [`Program::Loaded`] where it may be code that it loaded.
    pub program: Program,
}

/// What a system call tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tells {
    /// This, by value.
    Fact(Fact),
    /// Where the program runs.
    Directory,
    /// Something that no rule accounts for.
    Unaccounted,
    /// Nobody knows what: the call is newer than this program.
    Unknown,
}

/// What somebody was told of something besides its content and whether it is there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Told {
    /// Its absolute path.
    pub path: PathBuf,
    /// What of it.
    pub aspect: Aspect,
    /// Whether a link at the end of the path was followed.
    pub of: Named,
    /// What was told.
    pub metadata: Metadata,
    /// Who was told.
    pub program: Program,
}

/// Whether the compiler left processes behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outlived {
    /// Every process had ended.
    Nothing,
    /// At least one went on.
    Something,
}

/// What the compiler, and forks of it that are no separate programs, asked of the environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EnvReads {
    /// Names asked of `getenv` and `secure_getenv`, each once, in the order in which they were first asked.
    pub names: Vec<OsString>,
    /// Those of them that code asked for which was loaded while the compiler ran: a proc macro, not the compiler itself.
    pub late: Vec<OsString>,
    /// Names that the compiler itself asked for, and how often.
    pub often: Vec<(OsString, u32)>,
    /// Whether such code asked where it runs: `getcwd`, or `realpath` of any path.
    pub directory: Asked,
    /// Whether such code asked which program runs it: where `/proc/self/exe` leads.
    pub executable: Asked,
    /// Libraries of such code that can read the compiler's arguments, which are memory and no call.
    pub arguments: Vec<PathBuf>,
    /// Libraries of such code that can ask the compiler where the source of a span lies.
    pub spans: Vec<PathBuf>,
    /// Whether something may have read the environment as a whole: a library loaded while the compiler ran (a proc
    /// macro) refers to `environ`, or `/proc/self/environ` was opened.
    pub whole: WholeEnv,
}

/// Whether code that was loaded while the compiler ran asked for something, and may have made anything of the answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Asked {
    /// It did not.
    #[default]
    No,
    /// It did.
    Yes,
}

/// Whether the environment may have been read as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum WholeEnv {
    /// Nothing that ran can have done so.
    #[default]
    Unread,
    /// Each of these files could have: libraries that refer to `environ`, or the environment's file under `/proc`.
    MaybeReadBy(Vec<PathBuf>),
}

/// One path, looked at in one way by one program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// Absolute: joined to the program's working directory or directory descriptor, otherwise as the program spelled it.
    pub path: PathBuf,
    /// What the program did with it.
    pub kind: AccessKind,
    /// What was there at the moment just before the system call took effect.
    pub seen: Seen,
    /// Who did it.
    pub program: Program,
}

/// What a program did with a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AccessKind {
    /// Opened for reading. An existing file opened for reading and writing, and not truncated, is both `Open` and `Write`.
    Open,
    /// Opened for writing, created, renamed, linked, truncated or removed: the compile's own product.
    Write,
    /// Its metadata or its existence was asked for.
    Stat,
    /// The same of the name itself, which also tells whether that is a symbolic link.
    StatName,
    /// A symbolic link's target was asked for.
    ReadLink,
    /// A directory's entries were read.
    List,
    /// Executed, or read by the kernel or the dynamic loader in order to execute something.
    Exec,
}

/// What was found at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Seen {
    /// Nothing by that name.
    Absent,
    /// A regular file.
    File(FileStat),
    /// A directory.
    Directory,
    /// Something else: a device, a pipe, a symbolic link that was not followed, or a path that may not be looked at.
    Other,
}

/// The identity and state of a regular file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileStat {
    /// The device that holds the file.
    pub dev: u64,
    /// Its inode number there.
    pub ino: u64,
    /// Size in bytes.
    pub size: u64,
    /// Modification time in nanoseconds since the epoch.
    pub mtime_ns: i128,
    /// Status change time in nanoseconds since the epoch.
    pub ctime_ns: i128,
    /// Type and permission bits.
    pub mode: u32,
}

/// A path that got another name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rename {
    /// The name before.
    pub from: PathBuf,
    /// The name after.
    pub to: PathBuf,
}

/// The program behind an access.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Program {
    /// The program that was run, whatever it executed in its own place, and forks of it.
    Root,
    /// The same, once it had loaded code of others: either may be meant.
    Loaded,
    /// Another program that it started, by the resolved path of its executable.
    Child(Arc<PathBuf>),
}

/// What escaped the watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incomplete {
    /// There is no watching on this platform.
    Unsupported,
    /// This machine or its policy does not allow it.
    Refused(&'static str),
    /// A program of another system-call interface ran, such as a 32-bit one.
    ForeignCalls,
    /// A program asked for io_uring, whose requests make no system calls.
    IoUring,
    /// A program's memory could not be read.
    UnreadableMemory,
    /// A program changed which file a path means: `chroot`, `mount`, a mount namespace, or an open confined to a root.
    PathsMoved,
    /// A program connected to another one, which may have told it anything.
    Connected,
    /// A program opened a file without naming it.
    UnnamedFile,
    /// A program's working directory or directory descriptor had been removed, so a relative path has no absolute form.
    LostDirectory,
    /// A program wants to watch system calls by itself, which the kernel allows to one at a time.
    WantsListener,
    /// The watching thread lost the program.
    Lost(&'static str),
    /// The environment was not watched; says why.
    EnvironmentUnseen(&'static str),
    /// More distinct variables were asked for than are recorded.
    TooManyVariables,
}

impl fmt::Display for Incomplete {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsupported => f.write_str("not supported on this platform"),
            Self::Refused(why) => write!(f, "this machine does not allow it: {why}"),
            Self::ForeignCalls => f.write_str("a program with another system-call interface ran"),
            Self::IoUring => f.write_str("a program used io_uring"),
            Self::UnreadableMemory => f.write_str("a program's memory could not be read"),
            Self::PathsMoved => f.write_str("a program changed its root or its mounts"),
            Self::Connected => f.write_str("a program connected to a socket"),
            Self::UnnamedFile => f.write_str("a program opened a file by handle"),
            Self::LostDirectory => f.write_str("a program's working directory was removed"),
            Self::WantsListener => f.write_str("a program watches system calls by itself"),
            Self::Lost(why) => write!(f, "the watch was lost: {why}"),
            Self::EnvironmentUnseen(why) => write!(f, "the environment was not watched: {why}"),
            Self::TooManyVariables => f.write_str("too many environment variables were asked for"),
        }
    }
}

impl std::error::Error for Incomplete {}
