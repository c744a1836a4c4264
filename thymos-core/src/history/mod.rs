//! What is told of builds: out of events, never out of the engine.

pub mod amount;
pub mod builds;
pub mod exit_summary;
pub mod report;
pub mod stats;
pub mod summary;
pub mod watch;
pub mod why;
