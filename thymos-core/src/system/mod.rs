//! The system and the bytes below everything else: files, processes, digests, formats.

pub mod codec;
pub mod digest;
pub(crate) mod error;
pub(crate) mod files;
pub(crate) mod guard;
pub(crate) mod json;
pub mod linker_shim;
pub mod machine;
pub mod metadata;
pub mod os;
pub mod stamp;
pub mod step;
