//! `thymos completions`: what lets a shell complete this command line, from the definitions that parse it.

use std::io::Write;
use std::process::ExitCode;

use clap_complete::Shell;

const EXAMPLES: &str = "\
Examples:
  thymos completions bash > ~/.local/share/bash-completion/completions/thymos
  thymos completions zsh > ~/.zfunc/_thymos    with ~/.zfunc in fpath
  thymos completions fish > ~/.config/fish/completions/thymos.fish";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The shell
    shell: Shell,
}

pub fn run(args: &Args) -> Result<ExitCode, String> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut super::definition(), "thymos", &mut text);
    // A reader that has seen enough is no failure.
    let _ = std::io::stdout().write_all(&text);
    Ok(ExitCode::SUCCESS)
}
