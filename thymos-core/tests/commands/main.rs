//! The commands people already know: cargo's behind `thymos`, sccache's behind a link, and the help for all of them.

#[path = "../support/mod.rs"]
mod support;

#[cfg(unix)]
mod bench;
#[cfg(unix)]
mod cargo;
mod help;
#[cfg(unix)]
mod sccache;
