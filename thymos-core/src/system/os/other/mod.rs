//! Windows and other systems without the Unix interfaces; type-checked in CI, not in daily use yet.

mod files;
mod lock;
mod machine;
mod process;
pub mod signals;
mod time;

pub use files::*;
pub use lock::*;
pub(crate) use machine::*;
pub(crate) use process::*;
pub(crate) use time::*;
