//! The engine behind `thymos`: a compile cache for Rust without a daemon.
//!
//! A compile is data on its way through these modules:
//! ```text
//! argv, env, cwd ──parse──▶ invocation ─────────────── or outcome::Bypass ──────────┐
//! invocation ──▶ request    the compiler by content, the roots, the action's key    │
//! key ──▶ manifest          what such an action read before, newest first           │
//!   every input of one set unchanged ──▶ hit ──▶ outputs, stdout, stderr            │
//!   none                             ──▶ compile (observed) ──▶ record ──▶ store    │
//! anything fails on the way          ──▶ outcome::Degraded ─────────────────────────┤
//!                                                                                   ▼
//!                                       the original argv, untouched, run once
//! ```
//! Deciding modules (`invocation`, `action`, `manifest`, `inputs`, `variables`, `roots`, `depinfo`, `locator`, `outcome`) hold
//! no I/O. Acting modules decide nothing.
//!
//! What is public serves the binary, the tests, the benches and the fuzz targets; there is no other user, and no promise.
#![allow(
    rustdoc::private_intra_doc_links,
    reason = "most of the engine is private, and its documentation speaks of all of it"
)]

pub mod action;
pub(crate) mod build_script;
pub mod cli;
pub mod compile;
pub mod history;
pub(crate) mod hit;
pub mod inputs;
pub mod invocation;
pub mod outcome;
pub(crate) mod record;
pub(crate) mod request;
pub mod settings;
pub mod store;
pub mod system;
pub(crate) mod verify;
pub mod wrapper;
