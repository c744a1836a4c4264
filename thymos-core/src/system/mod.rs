//! The system and the bytes below everything else: files, processes, digests, formats.

pub mod codec;
pub mod digest;
pub mod error;
pub mod files;
pub mod guard;
pub mod json;
pub mod linker_shim;
pub mod os;
pub mod stamp;
pub mod step;
