//! What stands where this program was built without Zstandard: packs are refused.

use std::io::{self, Read, Write};

/// Never made.
pub struct Compressor<W: Write>(W);

impl<W: Write> Compressor<W> {
    /// Refuses.
    pub fn new(_inner: W) -> io::Result<Self> {
        Err(missing())
    }

    /// Returns nothing: nothing was written.
    pub fn bytes(&self) -> u64 {
        0
    }

    /// Refuses.
    pub fn finish(self) -> io::Result<u64> {
        Err(missing())
    }
}

impl<W: Write> Write for Compressor<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Refuses.
pub fn decompressor<R: Read>(_inner: R) -> io::Result<impl Read> {
    Err::<R, _>(missing())
}

fn missing() -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, "this thymos was built without its feature `zstd`")
}
