//! A plan as cargo directives, as `.cargo/config.toml`, and as an explanation.
//!
//! Invariant: pure. A renderer decides nothing; what it shows stands in the plan.

pub(crate) mod cargo_config;
pub(crate) mod emit;
pub(crate) mod explain;
