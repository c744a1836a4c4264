//! Where the roots' literal paths occur.
//!
//! Invariant: an occurrence is found wherever it lies in the bytes. What only begins like a root's path counts too: an artifact
//! is then bound to a place although it need not be.

use std::io::{self, Read};

use memchr::memmem;

use super::{Root, Roots};

impl Roots {
    /// Returns a reader that hands on what it reads from `reader` and looks for the literal paths of roots in it.
    pub(crate) fn watch<R: Read>(&self, reader: R) -> Watch<'_, R> {
        let sought = self.0.iter().map(|(root, path)| (*root, memmem::Finder::new(path))).collect();
        let seam = self.0.first().map_or(0, |(_, longest)| longest.len().saturating_sub(1));
        Watch { reader, sought, found: Vec::new(), seam, tail: Vec::new() }
    }

    /// Returns the roots whose literal path occurs in `bytes`.
    ///
    /// A path that merely starts like a root's counts too: an artifact is then bound although it need not be.
    pub(crate) fn found_in(&self, bytes: &[u8]) -> Vec<Root> {
        let found = self.0.iter().filter(|(_, path)| memmem::find(bytes, path).is_some());
        found.map(|(root, _)| *root).collect()
    }
}

/// A reader that finds the roots whose literal paths go by, as [`Roots::found_in`] does.
pub(crate) struct Watch<'a, R> {
    reader: R,
    sought: Vec<(Root, memmem::Finder<'a>)>,
    found: Vec<Root>,
    /// A path may begin in one piece and end in the next: so many bytes of the one belong before the other.
    seam: usize,
    tail: Vec<u8>,
}

impl<R> Watch<'_, R> {
    /// Returns the roots found so far.
    pub(crate) fn found(self) -> Vec<Root> {
        self.found
    }

    fn look(&mut self, bytes: &[u8]) {
        let Self { sought, found, .. } = self;
        sought.retain(|(root, finder)| {
            let is_here = finder.find(bytes).is_some();
            found.extend(is_here.then_some(*root));
            !is_here
        });
    }
}

impl<R: Read> Read for Watch<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.reader.read(buffer)?;
        let piece = &buffer[..length];
        let mut across = std::mem::take(&mut self.tail);
        across.extend_from_slice(&piece[..self.seam.min(length)]);
        self.look(&across);
        self.look(piece);
        // Of a short piece all is in `across` already, behind what came before it.
        let end = if length < self.seam { &across } else { piece };
        self.tail = end[end.len().saturating_sub(self.seam)..].to_vec();
        Ok(length)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::super::tests::roots;
    use super::*;

    #[test]
    fn a_literal_path_is_found_for_each_root_that_it_holds() {
        assert_eq!(roots().found_in(b"..\0/home/u/ws/target/debug/x"), [Root::Target, Root::Workspace]);
        assert!(roots().found_in(b"/home/v/ws").is_empty());
    }

    #[test]
    fn a_path_is_found_in_pieces_wherever_they_are_cut() {
        let text = b"x/home/u/.cargo/registry/home/u/ws/target/y/home/u/w";
        for piece in 1..=text.len() {
            let roots = roots();
            let mut watch = roots.watch(Pieces(text, piece));
            let mut read = Vec::new();
            watch.read_to_end(&mut read).expect("memory can be read");
            assert_eq!(read, text);
            let mut found = watch.found();
            found.sort();
            assert_eq!(found, [Root::Workspace, Root::Target, Root::CargoHome], "pieces of {piece} bytes");
        }
        let roots = roots();
        let mut none = roots.watch(Pieces(b"/home/u/w/home/u/.carg", 3));
        io::copy(&mut none, &mut io::sink()).expect("memory can be read");
        assert!(none.found().is_empty());
    }

    /// Reads a text so many bytes at a time.
    struct Pieces<'a>(&'a [u8], usize);

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = self.1.min(buffer.len()).min(self.0.len());
            buffer[..length].copy_from_slice(&self.0[..length]);
            self.0 = &self.0[length..];
            Ok(length)
        }
    }
}
