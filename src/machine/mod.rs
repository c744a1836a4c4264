//! The machine as it is: environment, platform, toolchain, tools, compile caches.
//!
//! Invariant: this room looks and decides nothing. Only [`env`] reads the environment, and only [`run`] starts programs.

pub(crate) mod compiler;
pub mod env;
pub(crate) mod linker;
pub(crate) mod mark;
pub(crate) mod memo;
pub(crate) mod package;
pub(crate) mod platform;
pub(crate) mod run;
pub(crate) mod scratch;
pub(crate) mod system;
pub(crate) mod toolchain;
pub(crate) mod tools;
pub(crate) mod wrapper;
