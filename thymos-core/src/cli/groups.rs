//! The commands, grouped by what a user wants.
//!
//! Invariant: every command stands in exactly one group; [`is_command`] and the help are both made from this table.

use super::cargo;

/// A heading of the help, and the commands below it in the order in which a new user meets them.
const GROUPS: [(&str, &[&str]); 5] = [
    ("Set up:", &["demo", "plan", "setup", "doctor"]),
    ("See what the cache does:", &["stats", "why", "report", "watch", "bench"]),
    ("Look after the cache:", &["gc", "clear", "verify"]),
    ("Containers, CI, other machines:", &["docker", "ci", "pack", "unpack"]),
    ("This program:", &["completions", "man", "help"]),
];
/// What the help shows for the commands of Cargo's, which differ only in their names.
const CARGO: (&str, &str) = (
    "build check test run clippy doc install fix nextest",
    "Runs that cargo command with the cache on; no set-up is needed",
);

/// Returns whether the first argument is a command of ours and not a compiler.
pub fn is_command(first: &str) -> bool {
    let ours = GROUPS.iter().any(|(_, names)| names.contains(&first));
    ours || first.is_empty() || first.starts_with('-') || cargo::is_command(first)
}

/// Returns the template of the help for this program.
pub fn template(program: &clap::Command) -> String {
    let mut text = String::from("{about}\n\n{usage-heading} {usage}\n");
    let width = GROUPS.iter().flat_map(|(_, names)| names.iter()).map(|name| name.len()).max().unwrap_or(0);
    text.push_str(&format!("\nBuild:\n  {}\n  {:width$}  {}\n", CARGO.0, "", CARGO.1));
    for (heading, names) in GROUPS {
        let rows: Vec<String> =
            names.iter().filter_map(|name| Some(format!("  {name:width$}  {}\n", about(program, name)?))).collect();
        if !rows.is_empty() {
            text.push_str(&format!("\n{heading}\n{}", rows.concat()));
        }
    }
    // What follows begins with an empty line of its own.
    text.truncate(text.trim_end().len());
    text.push_str("{after-help}");
    text
}

fn about(program: &clap::Command, name: &str) -> Option<String> {
    if name == "help" {
        return Some("Explains a command: thymos help setup".to_owned());
    }
    Some(program.find_subcommand(name)?.get_about()?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_stands_in_one_group() {
        for command in crate::cli::definition().get_subcommands() {
            let name = command.get_name();
            let groups = GROUPS.iter().filter(|(_, names)| names.contains(&name)).count();
            assert_eq!(groups + usize::from(cargo::is_command(name)), 1, "{name}");
            assert!(is_command(name), "{name}");
        }
        for compiler in ["rustc", "/usr/bin/rustc", "clippy-driver", "cc", "sccache"] {
            assert!(!is_command(compiler), "{compiler}");
        }
    }
}
