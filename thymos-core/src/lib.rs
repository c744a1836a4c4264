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

pub mod action;
pub mod amount;
pub mod bonds;
pub mod build;
pub mod cause;
pub mod cli;
pub mod codec;
pub mod compile;
pub mod compiler;
pub mod depinfo;
pub mod difference;
pub mod digest;
pub mod environment;
pub mod event;
pub mod explain;
pub mod farewell;
pub mod foreign;
pub mod guard;
pub mod hit;
pub mod inputs;
pub mod invocation;
pub mod locator;
pub mod macros;
pub mod manifest;
pub mod memo;
pub mod notice;
pub mod observe;
pub mod os;
pub mod outcome;
pub mod pack;
pub mod record;
pub mod report;
pub mod request;
pub mod roots;
pub mod sccache;
pub mod settings;
pub mod shim;
pub mod stamp;
pub mod stats;
pub mod step;
pub mod store;
pub mod summary;
pub mod unit;
pub mod variables;
pub mod verify;
pub mod watch;
pub mod why;
pub mod wrapper;
