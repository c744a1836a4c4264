//! The workspace around a directory, in Cargo's words.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::settings::environment::Environment;
use crate::system::error::plain;

/// Returns a command that runs Cargo.
pub fn cargo(environment: &Environment) -> Command {
    Command::new(environment.filled("CARGO").unwrap_or("cargo".as_ref()))
}

/// Returns the root of the workspace around a directory.
///
/// # Errors
/// If there is none, in Cargo's words.
pub fn root(environment: &Environment, directory: &Path) -> Result<PathBuf, String> {
    let mut cargo = cargo(environment);
    cargo.current_dir(directory).args(["locate-project", "--workspace", "--message-format=plain"]);
    let output = cargo.output().map_err(|error| format!("failed to run cargo: {}", plain(&error)))?;
    let manifest = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim_end());
    if let Some(root) = manifest.parent().filter(|_| output.status.success()) {
        return Ok(root.to_owned());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    let first = complaint.lines().next().unwrap_or_default().trim_start_matches("error: ");
    Err(format!("there is no workspace here: {first}"))
}
