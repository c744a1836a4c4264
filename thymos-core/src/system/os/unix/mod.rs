//! Linux, macOS and the other Unix systems.

#[cfg(not(target_os = "linux"))]
mod elsewhere;
mod files;
#[cfg(target_os = "linux")]
mod linux;
mod lock;
mod machine;
mod process;
mod processor;
pub mod signals;
mod time;

#[cfg(not(target_os = "linux"))]
pub(crate) use elsewhere::*;
pub use files::*;
#[cfg(target_os = "linux")]
pub(crate) use linux::*;
pub use lock::*;
pub(crate) use machine::*;
pub(crate) use process::*;
pub(crate) use processor::processor;
pub(crate) use time::*;
