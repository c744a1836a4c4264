//! Observation on Linux, by seccomp user notification.
//!
//! A filter in the child makes the kernel put the child's interesting system calls on hold and describe them to a
//! thread of this process, which looks at the path, records it and lets the call go on. Nobody is traced: signals,
//! stops, debuggers and `ptrace` inside the compile work as ever, and a process that outlives the compiler can be handed
//! to somebody else (`orphan_responder`).
//!
//! ```text
//! caller's thread     fork ─────────────────── spawned ──────────── wait ── wake ── join
//! child                └─ handshake ─ filter ─ exec ─ open … open ─ exit
//! watching thread          └───────── answer ── answer ── answer …           └─ what was seen
//! ```
//!
//! The invariant: the compiler runs exactly once, watched or not. Every refusal comes before the exec.

mod ability;
#[cfg_attr(target_arch = "x86_64", path = "x86_64.rs")]
#[cfg_attr(target_arch = "aarch64", path = "aarch64.rs")]
mod arch;
mod asks;
mod calls;
mod decode;
mod exec;
mod filter;
mod handshake;
mod harmless;
mod listener;
mod memory;
mod modules;
mod orphan_responder;
mod preload;
mod programs;
mod questions;
mod record;
mod region;
mod running;
mod supervisor;
mod tracee;

pub use ability::ability;
pub use running::{Running, run};
