//! The question before anything is written.

use std::process::ExitCode;

pub use crate::cli::confirm::Answer;
use crate::cli::confirm::{self, Question};

/// Asks on a terminal. Without one, `--yes` must have been given: exit status 2 says that nothing was done.
pub fn ask(dry_run: bool, yes: bool) -> Answer {
    if dry_run {
        return Answer::No(ExitCode::SUCCESS);
    }
    if yes {
        return Answer::Yes;
    }
    confirm::ask(&Question { ask: "Write this?", undone: "nothing was written" })
}
