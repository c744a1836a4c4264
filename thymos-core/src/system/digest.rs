//! Content digests and length-framed hashing.
//!
//! Invariant: two different sequences of fields never feed the hash the same bytes, because every field is preceded by
//! its length. The algorithm is BLAKE3 (<https://github.com/BLAKE3-team/BLAKE3-specs>) with its 256-bit output.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The BLAKE3 digest of some bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Returns the digest of `bytes`.
    ///
    /// ```
    /// use thymos_core::system::digest::Digest;
    /// assert_eq!(Digest::of(b"").hex()[..8], *"af1349b9");
    /// ```
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// Returns the digest of a file's content, read in pieces of 256 KiB so that memory stays small.
    ///
    /// # Errors
    /// Whatever opening or reading the file gives.
    pub fn of_file(path: &Path) -> io::Result<Self> {
        Self::of_reader(&mut File::open(path)?)
    }

    /// Returns the digest of everything that `reader` still holds.
    pub(crate) fn of_reader(reader: &mut impl Read) -> io::Result<Self> {
        let mut hasher = blake3::Hasher::new();
        let mut buffer = vec![0u8; 256 * 1024];
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => return Ok(Self(*hasher.finalize().as_bytes())),
                Ok(n) => hasher.update(&buffer[..n]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
        }
    }

    /// Returns the digest as 64 lower-case hexadecimal digits.
    pub fn hex(&self) -> String {
        blake3::Hash::from_bytes(self.0).to_hex().to_string()
    }

    /// Parses 64 hexadecimal digits.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        blake3::Hash::from_hex(text).ok().map(|hash| Self(*hash.as_bytes()))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hex()[..16])
    }
}

/// Hashes a sequence of named, length-framed fields.
pub(crate) struct FieldHasher(blake3::Hasher);

impl FieldHasher {
    /// Starts a hash in its own `domain`, so that equal fields of different kinds of records differ.
    pub(crate) fn new(domain: &str) -> Self {
        let mut hasher = Self(blake3::Hasher::new());
        hasher.bytes(domain.as_bytes());
        hasher
    }

    /// Adds one field.
    pub(crate) fn bytes(&mut self, field: &[u8]) {
        self.0.update(&(field.len() as u64).to_le_bytes());
        self.0.update(field);
    }

    /// Adds a digest as a field.
    pub(crate) fn digest(&mut self, digest: &Digest) {
        self.bytes(&digest.0);
    }

    /// Adds the number of items that follow, which frames a list.
    pub(crate) fn count(&mut self, count: usize) {
        self.0.update(&(count as u64).to_le_bytes());
    }

    /// Returns the digest of all fields.
    pub(crate) fn finish(self) -> Digest {
        Digest(*self.0.finalize().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn framing_keeps_neighbouring_fields_apart() {
        let of = |fields: &[&str]| {
            let mut hasher = FieldHasher::new("test");
            fields.iter().for_each(|field| hasher.bytes(field.as_bytes()));
            hasher.finish()
        };
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_ne!(of(&["", "a"]), of(&["a", ""]));
        assert_eq!(of(&["a", "b"]), of(&["a", "b"]));
    }

    #[test]
    fn hex_round_trips_and_refuses_garbage() {
        let digest = Digest::of(b"thymos");
        assert_eq!(Digest::from_hex(&digest.hex()), Some(digest));
        assert_eq!(Digest::from_hex("banana"), None);
    }
}
