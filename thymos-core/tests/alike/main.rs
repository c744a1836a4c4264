//! With the cache on, nothing looks different: messages, debuggers, coverage, and what programs say of their own sources.
//!
//! Each test does the same four times: with plain cargo, with the cache for the first time, from the cache, and from the cache at
//! another place, when the first is gone. What a user sees is the same each time, but for where the checkout lies.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../support/mod.rs"]
mod support;

mod coverage;
mod debuggers;
mod editors;
mod links;
mod messages;
mod own_paths;
mod snapshots;
mod stages;
