//! A compiler as a value, and the record that the store keeps of it.
//!
//! Invariant: the digest answers for every file whose content shapes what the compiler makes; each stands here with its stamp.

use std::path::{Path, PathBuf};

use crate::system::codec::{sealed, unsealed};
use crate::system::digest::Digest;
use crate::system::os;
use crate::system::stamp::Stamp;

const MAGIC: &[u8] = b"thymos compiler 1\n";

/// A compiler, known by content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compiler {
    /// Stands for the content of all its files.
    pub digest: Digest,
    /// Where its libraries are.
    pub sysroot: PathBuf,
    /// Its files, and directories whose listing matters, with their stamps.
    pub files: Vec<(PathBuf, Stamp)>,
}

impl Compiler {
    /// Returns the first of its files that is no longer the one that was read.
    pub(crate) fn changed_file(&self) -> Option<&Path> {
        let changed = |(path, stamp): &&(PathBuf, Stamp)| !Stamp::of(path).is_ok_and(|now| now == *stamp);
        self.files.iter().find(changed).map(|(path, _)| path.as_path())
    }
}

/// Returns the bytes of a compiler's record.
pub(crate) fn encode(compiler: &Compiler) -> Vec<u8> {
    let Compiler { digest, sysroot, files } = compiler;
    sealed(MAGIC, |writer| {
        writer.digest(digest);
        writer.bytes(sysroot.as_os_str().as_encoded_bytes());
        writer.list(files, |writer, (path, stamp)| {
            writer.bytes(path.as_os_str().as_encoded_bytes());
            writer.bytes(&stamp.bytes());
        });
    })
}

/// Reads the record of a compiler.
#[must_use]
pub fn decode(bytes: &[u8]) -> Option<Compiler> {
    unsealed(MAGIC, bytes, |reader| {
        let digest = reader.digest()?;
        let sysroot = os::path_from_bytes(reader.bytes()?.to_vec());
        let files = reader.list(|reader| {
            let path = os::path_from_bytes(reader.bytes()?.to_vec());
            Some((path, Stamp::from_bytes(reader.bytes()?)?))
        })?;
        Some(Compiler { digest, sysroot, files })
    })
}
