//! Observation of real programs: shells, small C programs, rustc and its linker.
#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]

#[path = "../support/mod.rs"]
mod support;

mod harness;

mod compiler;
mod environment;
mod escapes;
mod files;
mod links;
mod processes;
mod signals;
