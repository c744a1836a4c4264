//! A store, or the part of it that a build used, as one file.
//!
//! Format: Zstandard, so that `zstd -d` opens it. A skippable frame names the format; one frame holds the body.
//! ```text
//! pack    = 0x184D2A50 u32(length) "thymos pack 1\n" frame(body)
//! body    = item* end
//! item    = kind[1] digest[32] number(length) byte[length]     digest = BLAKE3 of the bytes that follow
//!   'b'     the content of a blob, before the first action that names it
//!   'a'     bytes(key) number(last use, ms since the epoch) bytes(manifest)       see `codec` and `manifest`
//! end     = 'e' digest[32] number(items)                       digest = BLAKE3 of all heads before it
//! ```
//! Numbers are little endian. A reader that meets another version reads nothing. Actions are written from the last used one
//! on, so that what a limit cuts off was not used for longest.
//!
//! Invariant: whatever the bytes are, nothing is taken in whose digest does not hold, names never leave the store, and memory
//! stays below 2 to the power of [`WINDOW_LOG`] plus [`LARGEST_ACTION`]. What a pack says is believed as the store itself is: whoever writes it
//! decides what a build puts out, so a pack is taken from where one would take a compiler.

mod read;
mod write;

#[cfg_attr(not(feature = "zstd"), path = "no_stream.rs")]
mod stream;
#[cfg(all(test, feature = "zstd"))]
mod tests;

use crate::system::digest::Digest;

pub use read::{Refused, Unpacked, unpack};
pub(crate) use write::{Packed, Selection, pack};

const NAME: &[u8] = b"thymos pack 1\n";
const SKIPPABLE: u32 = 0x184D_2A50;
/// The logarithm of the bytes that the compressor looks back and the reader keeps. An `.rlib` holds what its `.rmeta` holds: 32 MiB
/// find nearly all of that again.
const WINDOW_LOG: u32 = 25;
/// The largest action that is read, in bytes.
pub(crate) const LARGEST_ACTION: u64 = 64 << 20;
/// How many input sets of an action are packed, the newest. Each commit adds one to the actions of a workspace's own crates, and
/// what comes back after a revert is rarely older than this.
pub(crate) const SETS: usize = 4;
const PIECE: usize = 256 * 1024;

/// What stands before the bytes of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Head {
    kind: u8,
    digest: Digest,
    length: u64,
}

const HEAD: usize = 41;

impl Head {
    fn bytes(&self) -> [u8; HEAD] {
        let mut bytes = [self.kind; HEAD];
        bytes[1..33].copy_from_slice(&self.digest.0);
        bytes[33..].copy_from_slice(&self.length.to_le_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8; HEAD]) -> Self {
        let (digest, length) = (bytes[1..33].try_into(), bytes[33..].try_into());
        let holds = "the array has these parts";
        Self { kind: bytes[0], digest: Digest(digest.expect(holds)), length: u64::from_le_bytes(length.expect(holds)) }
    }
}

/// Returns what every pack begins with.
fn opening() -> Vec<u8> {
    let length = u32::try_from(NAME.len()).expect("the name is short");
    [&SKIPPABLE.to_le_bytes()[..], &length.to_le_bytes(), NAME].concat()
}
