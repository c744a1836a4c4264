//! Reading and writing of Thymos's own binary records.
//!
//! Invariant: reading never panics and never allocates more than the record's own length, whatever the bytes are.
//!
//! Numbers are little endian; `bytes` are a u32 length and that many bytes; a list is a u32 count and its items. A sealed record
//! opens with the kind and version that it is of, as `bytes`, and ends with the first half of the BLAKE3 of all before.

use crate::system::digest::Digest;

/// Builds a sealed record of the kind and version that `magic` names.
pub(crate) fn sealed(magic: &[u8], write: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.bytes(magic);
    write(&mut writer);
    seal(writer.finish())
}

/// Takes a sealed record apart. One of another kind or version, one whose check does not hold, and one of which something is left
/// over are `None`.
pub(crate) fn unsealed<'a, T>(
    magic: &[u8],
    bytes: &'a [u8],
    read: impl FnOnce(&mut Reader<'a>) -> Option<T>,
) -> Option<T> {
    let mut reader = Reader::new(unseal(bytes)?);
    if reader.bytes()? != magic {
        return None;
    }
    let record = read(&mut reader)?;
    reader.is_done().then_some(record)
}

/// Appends the check that [`unseal`] verifies.
#[must_use]
pub fn seal(mut body: Vec<u8>) -> Vec<u8> {
    let check = Digest::of(&body);
    body.extend_from_slice(&check.0[..16]);
    body
}

/// Returns the body of a sealed record, if its check holds.
#[must_use]
pub fn unseal(bytes: &[u8]) -> Option<&[u8]> {
    let (body, check) = bytes.split_last_chunk::<16>()?;
    (Digest::of(body).0[..16] == *check).then_some(body)
}

/// Builds a record.
#[derive(Debug, Default)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    /// Adds one byte.
    pub(crate) fn byte(&mut self, value: u8) {
        self.0.push(value);
    }

    /// Adds a number.
    pub(crate) fn number(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    /// Adds bytes with their length.
    ///
    /// # Panics
    /// For more than 4 GiB, which no record holds.
    pub(crate) fn bytes(&mut self, value: &[u8]) {
        let length = u32::try_from(value.len()).expect("a record's field is below 4 GiB");
        self.0.extend_from_slice(&length.to_le_bytes());
        self.0.extend_from_slice(value);
    }

    /// Adds a digest.
    pub(crate) fn digest(&mut self, value: &Digest) {
        self.0.extend_from_slice(&value.0);
    }

    /// Adds a list.
    ///
    /// # Panics
    /// For more than 2³² items, which no record holds.
    pub(crate) fn list<T>(&mut self, items: &[T], mut write: impl FnMut(&mut Self, &T)) {
        let count = u32::try_from(items.len()).expect("a record's list is below 2^32 items");
        self.0.extend_from_slice(&count.to_le_bytes());
        items.iter().for_each(|item| write(self, item));
    }

    /// Returns the record.
    pub(crate) fn finish(self) -> Vec<u8> {
        self.0
    }
}

/// Takes a record apart; `None` means that the bytes are no such record.
#[derive(Debug)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Starts reading.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(length)?;
        self.0 = tail;
        Some(head)
    }

    /// Reads one byte.
    pub(crate) fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    /// Reads a number.
    pub(crate) fn number(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }

    fn length(&mut self) -> Option<usize> {
        usize::try_from(u32::from_le_bytes(self.take(4)?.try_into().ok()?)).ok()
    }

    /// Reads bytes.
    pub(crate) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.length()?;
        self.take(length)
    }

    /// Reads UTF-8 text.
    pub(crate) fn text(&mut self) -> Option<String> {
        String::from_utf8(self.bytes()?.to_vec()).ok()
    }

    /// Reads a digest.
    pub(crate) fn digest(&mut self) -> Option<Digest> {
        Some(Digest(self.take(32)?.try_into().ok()?))
    }

    /// Reads a list whose items are at least one byte each.
    pub(crate) fn list<T>(&mut self, mut read: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.length()?;
        if count > self.0.len() {
            return None;
        }
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(read(self)?);
        }
        Some(items)
    }

    /// Returns whether everything was read.
    pub(crate) fn is_done(&self) -> bool {
        self.0.is_empty()
    }
}
