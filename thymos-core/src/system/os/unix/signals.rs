//! A process that waits for another one in the foreground and outlives it.
//!
//! The terminal sends its signals to both, and the child is the one that they are for. A signal that somebody sends to this
//! process alone is passed on. One that waits in its parent's place starts the child with the signals that the parent chose.
//! Invariant: the handlers touch nothing but two atomics and call nothing but `kill`.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

static CHILD: AtomicI32 = AtomicI32::new(0);
static SEEN: AtomicI32 = AtomicI32::new(0);
static UNCLAIMED: AtomicBool = AtomicBool::new(false);

/// The signals that end a program from outside.
const ENDING: [libc::c_int; 4] = [libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGHUP];

/// Lets the signals that end a program end only the child that [`pass_to`] names. A child starts with the signals as they
/// were; a signal that is ignored stays ignored.
pub(crate) fn catch_term_signals() {
    for signal in ENDING {
        // SAFETY: an all-zero sigaction is a valid value of the plain C struct, and the calls only read and write it.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            libc::sigaction(signal, std::ptr::null(), &raw mut action);
            if action.sa_sigaction == libc::SIG_IGN {
                continue;
            }
            action.sa_sigaction = on_signal as *const () as usize;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART;
            libc::sigaction(signal, &raw const action, std::ptr::null_mut());
        }
    }
}

extern "C" fn on_signal(signal: libc::c_int, info: *mut libc::siginfo_t, _context: *mut libc::c_void) {
    SEEN.store(signal, Ordering::Relaxed);
    let child = CHILD.load(Ordering::Relaxed);
    // SAFETY: the system gives a handler with SA_SIGINFO a valid siginfo, and kill may be called from a handler.
    unsafe {
        // A code above zero is the kernel's: the terminal's signal, which the child got as well.
        if child > 0 && (*info).si_code <= 0 {
            libc::kill(child, signal);
        }
    }
}

/// Lets this process learn how its children end. Whoever ignores SIGCHLD has every program that it starts ignore it too, and then
/// the system forgets a child that ended before anybody asked (wait(2), `ECHILD`).
pub(crate) fn reset_sigchld() {
    // SAFETY: an all-zero sigaction is a valid value of the plain C struct, and the calls only read and write it.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(libc::SIGCHLD, std::ptr::null(), &raw mut action);
        if action.sa_sigaction == libc::SIG_IGN {
            libc::signal(libc::SIGCHLD, libc::SIG_DFL);
            UNCLAIMED.store(true, Ordering::Relaxed);
        }
    }
}

/// Lets a program start with the signals that this process started with.
pub(crate) fn restore_sigchld(command: &mut Command) {
    if UNCLAIMED.load(Ordering::Relaxed) {
        // SAFETY: the closure makes one system call, which is all that a fork may do.
        unsafe { command.pre_exec(ignore_children) };
    }
}

fn ignore_children() -> io::Result<()> {
    // SAFETY: the call takes plain integers.
    let before = unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
    if before == libc::SIG_ERR { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Names the child that gets the signals sent to this process; 0 for none.
pub(crate) fn pass_to(child: u32) {
    CHILD.store(i32::try_from(child).unwrap_or(0), Ordering::Relaxed);
}

/// Returns the last signal that would have ended this process.
pub(crate) fn seen() -> Option<i32> {
    Some(SEEN.load(Ordering::Relaxed)).filter(|signal| *signal != 0)
}

/// Ends this process by a signal.
pub(crate) fn end_by(signal: i32) -> ! {
    // SAFETY: both calls take plain integers; the default action of the signal ends this process.
    unsafe {
        libc::signal(signal, libc::SIG_DFL);
        libc::raise(signal);
    }
    std::process::exit(128 + signal)
}

/// Stops this process as Ctrl-Z does, until somebody lets it go on.
pub(crate) fn stop() {
    // SAFETY: the call takes a plain integer.
    unsafe {
        libc::raise(libc::SIGTSTP);
    }
}
