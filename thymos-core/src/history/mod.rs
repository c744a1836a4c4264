//! What is told of builds. Invariant: everything comes from events, nothing from the engine.

pub(crate) mod amount;
pub(crate) mod builds;
pub(crate) mod exit_summary;
pub(crate) mod report;
pub mod stats;
pub(crate) mod summary;
pub(crate) mod watch;
pub(crate) mod why;
