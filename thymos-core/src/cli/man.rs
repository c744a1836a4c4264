//! `thymos man`: the manual, from the definitions that parse the command line.

use std::io::Write;
use std::process::ExitCode;

use clap_mangen::Man;

use crate::system::error::plain;

const EXAMPLES: &str = "\
Examples:
  thymos man | man -l -
  thymos man setup | man -l -
  thymos man > ~/.local/share/man/man1/thymos.1";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The command whose page is printed; without one, the page of the whole program
    command: Option<String>,
}

pub fn run(args: &Args) -> Result<ExitCode, String> {
    let mut program = super::definition();
    // This gives each command the name that its page has: thymos-setup.
    program.build();
    let page = match &args.command {
        None => program,
        Some(name) => match program.find_subcommand(name) {
            Some(command) => command.clone(),
            None => return Err(format!("there is no command {name}; thymos --help lists them")),
        },
    };
    let text = render(page).map_err(|error| format!("failed to write the manual: {}", plain(&error)))?;
    // A reader that has seen enough is no failure.
    let _ = std::io::stdout().write_all(text.as_bytes());
    Ok(ExitCode::SUCCESS)
}

fn render(page: clap::Command) -> std::io::Result<String> {
    let notes = page.get_after_help().map(ToString::to_string).unwrap_or_default();
    let commands = page.get_subcommands().next().is_some();
    let man = Man::new(page);
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    if commands {
        man.render_subcommands_section(&mut text)?;
    }
    let text = String::from_utf8_lossy(&text).into_owned() + &verbatim(&notes);
    Ok(text.chars().map(character).collect())
}

/// Returns a section whose lines stay as they are: examples and tables.
fn verbatim(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    // A dot or a quote at the beginning of a line would be a request; the empty character before it is none.
    let escaped = text.replace('\\', "\\e").replace('-', "\\-");
    let lines = escaped.lines().map(|line| if line.is_empty() { String::from("\n") } else { format!("\\&{line}\n") });
    format!(".SH NOTES AND EXAMPLES\n.nf\n{}.fi\n", lines.collect::<String>())
}

/// Returns a character in a form that every renderer reads, whatever the locale.
fn character(letter: char) -> String {
    if letter.is_ascii() { letter.to_string() } else { format!("\\[u{:04X}]", u32::from(letter)) }
}
