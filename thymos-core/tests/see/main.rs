//! What people see: statistics, reasons and reports, as they read them and as scripts do.
//!
//! Tables are compared with files in `tests/see/snapshots`; `THYMOS_TEST_WRITE_SNAPSHOTS=1` writes them anew.

#[path = "../support/mod.rs"]
mod support;

mod causes;
mod gc;
mod log;
mod snapshot;
mod stats;
mod summary;
mod why;
