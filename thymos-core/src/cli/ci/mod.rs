//! `thymos ci`: a job that builds the workspace at hand with the cache, for GitHub and GitLab.
//!
//! [`github`] and [`gitlab`] turn what is known of a workspace into text and are pure; the rest reads, shows, asks and writes.
//! Invariant: a file is never overwritten without having been shown and confirmed.

mod github;
mod gitlab;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use super::cargo_config::workspace;
use super::confirm::{Answer, Consent};
use super::diff;
use crate::settings::environment::Environment;
use crate::system::error::plain;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  thymos ci github             writes .github/workflows/thymos.yml
  thymos ci gitlab --dry-run   shows what would be written
  thymos ci github --check     exits with 1 when the file is out of date")]
pub struct Args {
    /// Where the job runs
    #[arg(value_enum)]
    system: System,
    /// The file to write, if not the one that the system reads by default
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Exit with 1 if the file is not what would be written, and write nothing
    #[arg(long, conflicts_with_all = ["dry_run", "yes"])]
    check: bool,
    #[command(flatten)]
    consent: Consent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum System {
    /// GitHub Actions
    Github,
    /// GitLab CI/CD
    Gitlab,
}

/// What a job has to know of a workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Project {
    /// The branch that saves the cache.
    branch: String,
    /// ` --locked` where there is a lock file.
    locked: &'static str,
}

/// The version of this program, which the job installs.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The most that the one entry may have. GitHub keeps 10 GB for a repository, and a job should not wait for its download.
const MOST: &str = "1G";

pub fn run(args: &Args, environment: &Environment) -> Result<ExitCode, String> {
    let directory = std::env::current_dir().map_err(|_| "there is no current directory")?;
    let root = workspace::root(environment, &directory)?;
    let project = Project {
        branch: default_branch(&root),
        locked: if root.join("Cargo.lock").is_file() { " --locked" } else { "" },
    };
    let (default, text) = match args.system {
        System::Github => (".github/workflows/thymos.yml", github::workflow(&project)),
        System::Gitlab => (".gitlab-ci.yml", gitlab::pipeline(&project)),
    };
    let path = args.output.clone().unwrap_or_else(|| root.join(default));
    let shown = path.display().to_string();
    let old = match std::fs::read_to_string(&path) {
        Ok(old) => old,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(format!("failed to read `{shown}`: {}", plain(&error))),
    };
    if old == text {
        println!("{shown} is up to date.");
        return Ok(ExitCode::SUCCESS);
    }
    anstream::print!("{}", diff::unified(&shown, &old, &text));
    if args.check {
        println!("\n{shown} is out of date; `thymos ci` writes it.");
        return Ok(ExitCode::from(1));
    }
    match args.consent.ask() {
        Answer::No(code) => Ok(code),
        Answer::Yes => {
            write(&path, &text).map_err(|error| format!("failed to write `{shown}`: {}", plain(&error)))?;
            println!("Wrote {shown}.");
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// What CI systems read is for everybody who reads the workspace, so it gets the mode of any new file.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
        std::fs::create_dir_all(directory)?;
    }
    let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mode = crate::system::os::new_file_mode(0o644);
    crate::system::files::replace(&target, text.as_bytes())?;
    crate::system::os::set_mode(&target, mode)
}

/// Returns the remote's default branch as git remembers it, else the branch that is checked out, else `main`.
fn default_branch(root: &Path) -> String {
    let said = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).current_dir(root).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
        (output.status.success() && !text.is_empty()).then_some(text)
    };
    let remote = said(&["symbolic-ref", "--short", "refs/remotes/origin/HEAD"]);
    let remote = remote.and_then(|name| name.strip_prefix("origin/").map(str::to_owned));
    remote.or_else(|| said(&["symbolic-ref", "--short", "HEAD"])).unwrap_or_else(|| "main".to_owned())
}

/// Returns text as a string in YAML, which JSON's strings are.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Returns lines with `width` spaces before each that is not empty.
fn indented(text: &str, width: usize) -> String {
    let line = |line: &str| if line.is_empty() { "\n".to_owned() } else { format!("{:width$}{line}\n", "") };
    text.lines().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_differ_in_what_the_workspace_is_and_in_nothing_else() {
        let one = Project { branch: "main".to_owned(), locked: " --locked" };
        let two = Project { branch: "release/\"1\"".to_owned(), locked: "" };
        for render in [github::workflow, gitlab::pipeline] {
            let (one, two) = (render(&one), render(&two));
            assert!(one.contains("--workspace --all-targets --locked\n") && !two.contains("targets --locked"));
            assert!(one.ends_with("\n") && one.is_ascii() && !one.contains(" \n") && !one.contains('\t'));
            assert_eq!(one.lines().count(), two.lines().count());
        }
        assert!(github::workflow(&two).contains(r#"branches: ["release/\"1\""]"#));
    }
}
