//! The rare line that a user must see, once per build.
//!
//! Cargo stores what a wrapper prints and replays it on every later build, so a notice goes to Cargo's own standard error
//! where the system lets us reach it. Invariant: a notice is never part of a compile's streams under Cargo.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use crate::digest::Digest;
use crate::os;

/// Prints `message`, unless the same process has started a wrapper that printed it already.
///
/// `directory` holds a mark for each notice given; without one nothing is printed under Cargo.
pub fn give(directory: Option<&Path>, message: &str) {
    let line = format!("thymos: {message}\n");
    if let Some(mut cargo) = os::cargo_stderr() {
        let name = format!("notice-{}-{}", os::parent(), &Digest::of(message.as_bytes()).hex()[..8]);
        let mark =
            |dir: &Path| os::private(OpenOptions::new().write(true).create_new(true)).open(dir.join(name)).is_ok();
        if directory.is_some_and(mark) {
            let _ = cargo.write_all(line.as_bytes());
        }
    } else {
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
}
