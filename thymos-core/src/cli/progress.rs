//! A cargo that is watched while it builds: a moving line on a terminal, one line otherwise.
//!
//! Invariant: a signal ends cargo first and this process after it, so whoever holds a scratch directory can remove it.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::system::error::plain;
use crate::system::os::signals;

/// Cargo's words for a unit that it begins.
const BEGINS: [&str; 3] = ["Compiling ", "Checking ", "Documenting "];

/// Starts a moving line.
pub fn line(name: &str, template: &str) -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_prefix(name.to_owned());
    bar.enable_steady_tick(Duration::from_millis(120));
    if bar.is_hidden() {
        eprintln!("{name} …");
        let _ = std::io::stderr().flush();
    }
    bar
}

/// Runs cargo to its end, shows how far it is, and returns how long it took.
///
/// # Errors
/// If it cannot be started, or fails; then with what it said.
pub fn watch(command: &mut Command, name: &str) -> Result<Duration, String> {
    signals::catch_term_signals();
    let failed = |what: &'static str| move |error: std::io::Error| format!("failed to {what} cargo: {}", plain(&error));
    let bar = line(name, "{spinner} {prefix}: {pos} crates, {elapsed}  {msg}");
    let start = Instant::now();
    let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(failed("start"))?;
    signals::pass_to(child.id());
    let mut said = String::new();
    for line in child.stderr.take().map(BufReader::new).into_iter().flat_map(BufRead::lines).map_while(Result::ok) {
        if let Some(krate) = BEGINS.iter().find_map(|word| line.trim_start().strip_prefix(word)) {
            bar.inc(1);
            bar.set_message(krate.split(' ').next().unwrap_or_default().to_owned());
        }
        said.push_str(&line);
        said.push('\n');
    }
    let status = child.wait().map_err(failed("wait for"))?;
    let took = start.elapsed();
    signals::pass_to(0);
    bar.finish_and_clear();
    interrupted()?;
    if status.success() { Ok(took) } else { Err(format!("{name}: cargo failed:\n{said}")) }
}

/// Fails if a signal that would have ended this process has arrived.
///
/// # Errors
/// Then.
pub fn interrupted() -> Result<(), String> {
    if signals::seen().is_some() { Err("interrupted".to_owned()) } else { Ok(()) }
}
