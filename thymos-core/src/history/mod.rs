//! What is told of builds. Invariant: everything comes from events, nothing from the engine.

pub mod amount;
pub mod builds;
pub mod exit_summary;
pub mod report;
pub mod stats;
pub mod summary;
pub mod watch;
pub mod why;
