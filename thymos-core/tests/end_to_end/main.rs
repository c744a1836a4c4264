//! End-to-end tests: real cargo and rustc, cold and warm, here and in another checkout, compared with plain cargo.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../support/mod.rs"]
mod support;

mod cargo_commands;
mod chaos;
mod crate_types;
mod disks;
mod failures;
mod hits;
mod incremental;
mod nested;
mod pack;
mod power;
mod races;
mod scale;
#[cfg(target_os = "linux")]
mod shared;
mod store;
mod unobserved;
mod verify_hits;
mod verify_store;
