//! The question before anything is written.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

/// What a person said, or what their arguments say.
pub enum Answer {
    /// Write.
    Yes,
    /// Write nothing, and exit with this.
    No(ExitCode),
}

/// Asks on a terminal. Without one, `--yes` must have been given: exit status 2 says that nothing was done.
pub fn ask(dry_run: bool, yes: bool) -> Answer {
    if dry_run {
        return Answer::No(ExitCode::SUCCESS);
    }
    if yes {
        return Answer::Yes;
    }
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        eprintln!("thymos: nothing was written, for there is nobody to ask; --yes writes it");
        return Answer::No(ExitCode::from(2));
    }
    print!("Write this? [y/N] ");
    let _ = std::io::stdout().flush();
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer);
    if read.is_ok() && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") {
        return Answer::Yes;
    }
    println!("Nothing was written.");
    Answer::No(ExitCode::SUCCESS)
}
