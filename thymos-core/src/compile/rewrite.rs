//! Text that is replaced in a stream as it goes by.
//!
//! Invariant: nothing is held back but what may be the beginning of something to be replaced, and never a line that has ended: what
//! is replaced holds no end of a line.

use memchr::memmem;

/// What is replaced, and by what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rewrites {
    pairs: Vec<(Vec<u8>, Vec<u8>)>,
    /// What all of them begin with.
    head: Vec<u8>,
}

impl Rewrites {
    /// Takes pairs of a text and what comes in its place.
    #[must_use]
    pub fn new(pairs: Vec<(Vec<u8>, Vec<u8>)>) -> Self {
        let mut head = pairs.first().map(|(from, _)| from.clone()).unwrap_or_default();
        for (from, _) in &pairs {
            head.truncate(head.iter().zip(from).take_while(|(one, two)| one == two).count());
        }
        if head.is_empty() { Self::default() } else { Self { pairs, head } }
    }
}

/// One stream that is rewritten.
#[derive(Debug)]
pub struct Rewriter<'a> {
    rewrites: &'a Rewrites,
    held: Vec<u8>,
}

impl<'a> Rewriter<'a> {
    /// Begins a stream.
    #[must_use]
    pub fn new(rewrites: &'a Rewrites) -> Self {
        Self { rewrites, held: Vec::new() }
    }

    /// Takes the next piece and returns what can be passed on now.
    pub fn push(&mut self, piece: &[u8]) -> Vec<u8> {
        let text = [&std::mem::take(&mut self.held), piece].concat();
        if self.rewrites.pairs.is_empty() {
            return text;
        }
        let mut passed = Vec::with_capacity(text.len());
        let mut rest = &text[..];
        while let Some(at) = memmem::find(rest, &self.rewrites.head) {
            passed.extend_from_slice(&rest[..at]);
            rest = &rest[at..];
            if let Some((from, to)) = self.rewrites.pairs.iter().find(|(from, _)| rest.starts_with(from)) {
                passed.extend_from_slice(to);
                rest = &rest[from.len()..];
            } else if self.begins_one(rest) {
                self.held = rest.to_vec();
                return passed;
            } else {
                passed.push(rest[0]);
                rest = &rest[1..];
            }
        }
        let from = rest.len().saturating_sub(self.rewrites.head.len() - 1);
        let open = (from..rest.len()).find(|at| self.begins_one(&rest[*at..])).unwrap_or(rest.len());
        passed.extend_from_slice(&rest[..open]);
        self.held = rest[open..].to_vec();
        passed
    }

    /// Returns what was held back at the end of the stream.
    #[must_use]
    pub fn end(self) -> Vec<u8> {
        self.held
    }

    fn begins_one(&self, text: &[u8]) -> bool {
        self.rewrites.pairs.iter().any(|(from, _)| from.starts_with(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_occurrence_is_replaced_however_the_stream_is_cut() {
        let pairs = [("/head.W.", "/ws"), ("/head.T.", "/ws/target")];
        let rewrites = Rewrites::new(pairs.map(|(from, to)| (from.into(), to.into())).to_vec());
        let text = b"a /head.W./src /head.X. //head.T./x /hea /head. /head.W";
        for size in 1..=text.len() {
            let mut rewriter = Rewriter::new(&rewrites);
            let mut all: Vec<u8> = text.chunks(size).flat_map(|piece| rewriter.push(piece)).collect();
            all.extend(rewriter.end());
            assert_eq!(all, b"a /ws/src /head.X. //ws/target/x /hea /head. /head.W", "pieces of {size}");
        }
    }

    #[test]
    fn a_line_that_has_ended_is_passed_on_at_once() {
        let rewrites = Rewrites::new(vec![(b"/head.W.".to_vec(), b"/ws".to_vec())]);
        let mut rewriter = Rewriter::new(&rewrites);
        assert_eq!(rewriter.push(b"{\"artifact\":\"/head\"}\n"), b"{\"artifact\":\"/head\"}\n");
        assert_eq!(rewriter.push(b"x /he"), b"x ");
        assert_eq!(rewriter.push(b"ad"), b"");
        assert_eq!(rewriter.push(b"\n"), b"/head\n");
    }

    #[test]
    fn without_anything_to_replace_all_goes_by() {
        let rewrites = Rewrites::default();
        let mut rewriter = Rewriter::new(&rewrites);
        assert_eq!(rewriter.push(b"/x"), b"/x");
        assert!(rewriter.end().is_empty());
    }
}
