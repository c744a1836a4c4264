//! Runs one compile and reports what it looked at: every file it and its children opened, listed, asked about or
//! started, every name that was not there, and every environment variable the compiler asked for.
//!
//! The invariant: watching changes nothing. The program gets the argv, environment, working directory, descriptors and
//! signal dispositions that a plain [`Command`] would give it, writes the same bytes, and ends with the same status.
//! Whatever escaped the watch is named in [`Observed::complete`]; a record is never silently short.
//!
//! On Linux a seccomp filter hands the interesting system calls to a thread of this process before they take effect
//! (`linux`); the environment is read by a small preloaded library, because `getenv` makes no system call. Elsewhere the
//! program simply runs (`elsewhere`).
//!
//! What this deliberately does not do: decide which accesses are inputs, read or hash any file it reports, resolve
//! symbolic links, forward signals, or retry. Blind by design: the clock as the kernel's page of code tells it to programs
//! that the compile starts, the processor's own instructions, and what arrives over inherited descriptors.

#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "only where a compile is watched is it read"))]
pub(crate) mod elf;

#[cfg_attr(
    not(all(target_os = "linux", target_pointer_width = "64", any(target_arch = "x86_64", target_arch = "aarch64"))),
    path = "elsewhere.rs"
)]
#[cfg_attr(
    all(target_os = "linux", target_pointer_width = "64", any(target_arch = "x86_64", target_arch = "aarch64")),
    path = "linux/mod.rs"
)]
mod platform;
mod report;

pub use platform::Running;
pub use report::{
    Access, AccessKind, Asked, Aspect, EnvReads, FileStat, Incomplete, Metadata, Named, Observed, Outlived, Program,
    Question, Rename, Seen, Tells, Told, WholeEnv,
};

use std::io;
use std::process::Command;

/// How a compile may be watched on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ability {
    /// Files and the environment.
    Full,
    /// Files only; says why the environment cannot be watched.
    FilesOnly(&'static str),
    /// Nothing; says why.
    None(&'static str),
}

/// Whether the environment is watched too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Environment {
    /// Reads of environment variables are recorded where [`ability`] allows it.
    #[default]
    Watched,
    /// Nothing is preloaded.
    Ignored,
}

/// Which look-ups of symbolic links are watched.
///
/// Resolving a path asks about every directory in it, so this is more than half of what a compile asks. It tells where a
/// link led that was followed by hand; opening a file through a link is recorded in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Links {
    /// Each is an [`AccessKind::ReadLink`].
    #[default]
    Watched,
    /// Those that the program itself makes by resolving a path (realpath(3)) are not recorded; those of code that it loads,
    /// and of programs that it starts, are. Sound only where what the program does with a resolved path is known.
    ///
    /// Where the environment is not watched, each is recorded.
    ExceptOwn,
}

/// What becomes of a program that wants to be asked about system calls itself, which the kernel allows to one at a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Listeners {
    /// It is told that somebody else is.
    #[default]
    Refused,
    /// The whole run is ended, so that the caller can start it again unwatched; [`Incomplete::WantsListener`] says so.
    EndTheRun,
}

/// Whether a run is watched at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Watch {
    /// It is, where that can be.
    #[default]
    Everything,
    /// It is not.
    Nothing,
}

/// What to watch.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Whether the environment is watched.
    pub environment: Environment,
    /// Whether look-ups of symbolic links are watched.
    pub links: Links,
    /// What becomes of a program that wants to watch as well.
    pub listeners: Listeners,
    /// Whether anything is watched.
    pub watch: Watch,
}

/// Returns how a compile may be watched here. Decided once per process, with a few system calls and no child.
///
/// The kernel may still refuse when the time comes (a second listener, a policy that looks at the program); [`run`]
/// then runs the program unwatched and says so.
pub fn ability() -> Ability {
    platform::ability()
}

/// Starts the command under observation.
///
/// It fails exactly where [`Command::spawn`] fails. Where watching turns out to be impossible the program runs once,
/// unwatched, and [`Observed::complete`] says why.
///
/// On Linux the program is killed when the *thread* that called this function ends, as well as when the process does:
/// call it on a thread that lives until [`Running::wait`] returns. `wait` may be called on any thread.
///
/// Signals are not forwarded: one that ends this process (SIGINT or SIGTERM sent to it alone, or SIGKILL) ends the
/// program with it. A grandchild that is left over then finds that opening files fails, and ends by itself.
///
/// The program runs with `no_new_privs`: a set-user-ID helper that it starts does not gain privileges.
///
/// ```
/// use std::process::Command;
/// use thymos_core::compile::observe;
///
/// let running = observe::run(&mut Command::new("rustc"), observe::Options::default())?;
/// let observed = running.wait()?;
/// for access in &observed.accesses {
///     println!("{:?} {}", access.kind, access.path.display());
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn run(command: &mut Command, options: Options) -> io::Result<Running> {
    platform::run(command, options)
}
