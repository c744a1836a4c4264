//! The question before something is done that cannot be undone at once.
//!
//! Invariant: without a terminal nothing is assumed; `--yes` must have been given.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

/// What a person said, or what their arguments say.
pub enum Answer {
    /// Go on.
    Yes,
    /// Do nothing, and exit with this.
    No(ExitCode),
}

/// The words around a question.
pub struct Question<'a> {
    /// The question itself: `Write this?`
    pub ask: &'a str,
    /// What to say if the answer is no, or without a terminal: `nothing was written`.
    pub undone: &'a str,
}

/// The arguments of a command that shows files before it writes them.
#[derive(Debug, clap::Args)]
pub struct Consent {
    /// Show what would be written, and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

impl Consent {
    /// Returns what the arguments say, or asks.
    pub fn ask(&self) -> Answer {
        match self {
            Self { dry_run: true, .. } => Answer::No(ExitCode::SUCCESS),
            Self { yes: true, .. } => Answer::Yes,
            Self { .. } => ask(&Question { ask: "Write this?", undone: "nothing was written" }),
        }
    }
}

/// Asks on a terminal. Without one, exit status 2 says that nothing was done.
pub fn ask(question: &Question<'_>) -> Answer {
    let Question { ask, undone } = question;
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        eprintln!("thymos: {undone}: not a terminal; pass --yes");
        return Answer::No(ExitCode::from(2));
    }
    print!("{ask} [y/N] ");
    let _ = std::io::stdout().flush();
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer);
    if read.is_ok() && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") {
        return Answer::Yes;
    }
    let (first, rest) = undone.split_at(1);
    println!("{}{rest}.", first.to_uppercase());
    Answer::No(ExitCode::SUCCESS)
}
