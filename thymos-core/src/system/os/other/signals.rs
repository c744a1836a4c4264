//! There are no signals to pass on: the console tells every process of its own accord.

/// Does nothing.
pub(crate) fn catch_term_signals() {}

/// Does nothing: every child can be waited for.
pub(crate) fn reset_sigchld() {}

/// Does nothing.
pub(crate) fn restore_sigchld(_command: &mut std::process::Command) {}

/// Does nothing.
pub(crate) fn pass_to(_child: u32) {}

/// Returns nothing.
pub(crate) fn seen() -> Option<i32> {
    None
}

/// Ends this process with an exit code that tells of the signal.
pub(crate) fn end_by(signal: i32) -> ! {
    std::process::exit(128 + signal)
}

/// Does nothing: a console stops no program.
pub(crate) fn stop() {}
