//! Observation of real programs: shells, small C programs, rustc and its linker.
#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]

#[path = "observe/compiler.rs"]
mod compiler;
#[path = "observe/environment.rs"]
mod environment;
#[path = "observe/escapes.rs"]
mod escapes;
#[path = "observe/files.rs"]
mod files;
#[path = "observe/harness.rs"]
mod harness;
#[path = "observe/links.rs"]
mod links;
#[path = "observe/processes.rs"]
mod processes;
#[path = "observe/signals.rs"]
mod signals;
