//! Runs of build scripts: restored where everything that they read is the same, and run where it is not.
//!
//! Each test builds small packages whose script does one thing. What a run was is told by the events, and what it made by the
//! program that includes it.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../support/mod.rs"]
mod support;

mod inputs;
mod launcher;
mod moves;
mod real;
mod refused;
mod restored;
mod watch;
