//! The trap suite: ways in which compile caches have served wrong artifacts, broken builds or looped for ever.
//!
//! `TABLE.md` lists them, each with the tests that cover it; `table.rs` keeps the list and the tests together.
//! How a trap is written: see `trap.rs`. What follows is by kind of input, and then by kind of damage.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod shapes;
#[path = "../support/mod.rs"]
mod support;
mod trap;

mod arguments;
mod asked;
mod damage;
mod editor;
mod environment;
mod fresh;
mod interruption;
mod lost_hits;
mod metadata;
mod native;
mod places;
mod places_shared;
mod probes;
mod proc_macros;
mod reads;
mod sanitizers;
mod sharing;
mod sources;
mod streams;
mod table;
mod toolchain;
mod tools;
mod unobserved_inputs;
mod warmth;
