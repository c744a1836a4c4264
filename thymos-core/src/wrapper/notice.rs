//! The rare line that a user must see, once per build.
//!
//! Cargo stores what a wrapper prints and replays it on every later build, so a notice goes to Cargo's own standard error
//! where the system lets us reach it. Invariant: a notice is never part of a compile's streams under Cargo.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use crate::outcome::OutcomeKind;
use crate::outcome::event::{self, Event};
use crate::settings::environment::{self, Environment};
use crate::system::digest::Digest;
use crate::system::os;

/// Prints `message`, unless the same process has started a wrapper that printed it already.
///
/// `directory` holds a mark for each notice given; without one nothing is printed under Cargo.
pub fn give(directory: Option<&Path>, message: &str) {
    let line = format!("thymos: {message}\n");
    if let Some(mut cargo) = os::cargo_stderr() {
        // Of another process under its number, as the first one of each container has, this is not the build.
        let name = format!("notice-{}-{}-{}", os::parent(), event::build(), &Digest::of(message.as_bytes()).hex()[..8]);
        let mark =
            |dir: &Path| os::private(OpenOptions::new().write(true).create_new(true)).open(dir.join(name)).is_ok();
        if directory.is_some_and(mark) {
            let _ = cargo.write_all(line.as_bytes());
        }
    } else {
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
}

/// Tells about one compile, if sccache's settings ask for that.
pub fn log(environment: &Environment, event: &Event) {
    let Some(level) = environment.sccache(environment::SCCACHE_LOG).map(|level| level.to_string_lossy()) else {
        return;
    };
    let outcome = event.outcome.kind();
    if !is_told(&level, outcome) {
        return;
    }
    let because = event.outcome.reason().iter().map(|reason| format!(": {reason}")).collect::<String>();
    let line = format!("sccache: [{}]: {}{because}, {} ms\n", event.krate, outcome, event.took_us / 1000);
    // A log that cannot be written is no reason to fail a build.
    let _ = match environment.path(environment::SCCACHE_ERROR_LOG) {
        Some(path) => OpenOptions::new().append(true).create(true).open(path).map(Some),
        None => Ok(os::cargo_stderr()),
    }
    .map(|file| match file {
        Some(mut file) => file.write_all(line.as_bytes()),
        None => std::io::stderr().write_all(line.as_bytes()),
    });
}

/// Returns whether a level tells about an outcome: `debug`, `sccache=trace`, `warn`.
fn is_told(level: &str, outcome: OutcomeKind) -> bool {
    let says =
        |words: &[&str]| level.split(['=', ',']).any(|word| words.iter().any(|it| word.eq_ignore_ascii_case(it)));
    says(&["info", "debug", "trace"]) || (outcome == OutcomeKind::Degraded && says(&["warn", "error"]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use OutcomeKind::{Degraded, Hit, Miss};

    #[test]
    fn a_level_tells_about_everything_or_about_trouble() {
        assert!(is_told("debug", Hit) && is_told("sccache=TRACE", Miss) && is_told("warn", Degraded));
        assert!(!is_told("warn", Hit) && !is_told("off", Degraded) && !is_told("", Degraded));
    }
}
