//! Text relative to the roots.
//!
//! A *rooted* text is bytes in which every path of a root is replaced by a mark: a NUL byte, which no path, argument or
//! variable can hold, and the letter of the root. `/home/u/ws/src/lib.rs` becomes `␀W/src/lib.rs`.
//!
//! Invariant: `concrete(rooted(text)) == text` for every text without a NUL byte. A text with one is left alone.

use std::path::{Path, PathBuf};

use memchr::memmem;

use super::{Root, Roots, is_separator};
use crate::system::os;

impl Roots {
    /// Returns `path` with the longest root that it lies in replaced by its mark.
    pub(crate) fn rooted_path(&self, path: &Path) -> Vec<u8> {
        self.rooted_prefix(path.as_os_str().as_encoded_bytes())
    }

    /// Returns `bytes`, which hold one path, with the root that it starts with replaced by its mark.
    pub(crate) fn rooted_prefix(&self, bytes: &[u8]) -> Vec<u8> {
        for (root, prefix) in &self.0 {
            if let Some(rest) = bytes.strip_prefix(prefix.as_slice())
                && rest.first().is_none_or(|next| is_separator(*next))
            {
                return [&[0, root.letter()], rest].concat();
            }
        }
        bytes.to_vec()
    }

    /// Returns `FROM=TO` with the root that each of them starts with replaced by its mark.
    pub(crate) fn rooted_pair(&self, pair: &[u8]) -> Vec<u8> {
        let Some(at) = memchr::memrchr(b'=', pair) else { return self.rooted_prefix(pair) };
        [&self.rooted_prefix(&pair[..at]), &b"="[..], &self.rooted_prefix(&pair[at + 1..])].concat()
    }

    /// Returns `text` with every occurrence of a root replaced by its mark, but where it may be part of a longer name.
    pub fn rooted_text(&self, text: &[u8]) -> Vec<u8> {
        if memchr::memchr(0, text).is_some() {
            return text.to_vec();
        }
        let mut rooted = text.to_vec();
        for (root, path) in &self.0 {
            rooted = mark(&rooted, path, root.letter());
        }
        rooted
    }

    /// Returns `rooted` with every mark replaced by the path of its root here.
    ///
    /// Nothing comes back when a mark stands for a root that this invocation does not have.
    pub fn concrete(&self, rooted: &[u8]) -> Option<Vec<u8>> {
        let mut text = Vec::with_capacity(rooted.len() + 64);
        let mut rest = rooted;
        while let Some(at) = memchr::memchr(0, rest) {
            text.extend_from_slice(&rest[..at]);
            let root = Root::from_letter(*rest.get(at + 1)?)?;
            text.extend_from_slice(self.bytes(root)?);
            rest = &rest[at + 2..];
        }
        text.extend_from_slice(rest);
        Some(text)
    }

    /// Returns `rooted` as a path on this machine.
    pub(crate) fn concrete_path(&self, rooted: &[u8]) -> Option<PathBuf> {
        self.concrete(rooted).map(os::path_from_bytes)
    }
}

/// Replaces `path` by its mark wherever it certainly stands as a whole path and not as part of a longer name: what a copy of a
/// directory is called may go on with anything (`ws@2`, `ws (copy)`). Left as it is, a path binds the text to its place.
fn mark(text: &[u8], path: &[u8], letter: u8) -> Vec<u8> {
    let finder = memmem::Finder::new(path);
    let mut marked = Vec::with_capacity(text.len());
    let mut from = 0;
    while let Some(at) = finder.find(&text[from..]).map(|at| at + from) {
        let end = at + path.len();
        let before = &text[..at];
        let begins = before.last().is_none_or(|before| precedes_path(*before)) || ends_in_colour(before);
        let whole = begins && text.get(end).is_none_or(|next| is_separator(*next) || matches!(next, b'"' | b'\n'));
        marked.extend_from_slice(&text[from..at]);
        if whole {
            marked.extend_from_slice(&[0, letter]);
        } else {
            marked.extend_from_slice(path);
        }
        from = end;
    }
    marked.extend_from_slice(&text[from..]);
    marked
}

/// Returns rooted text as people read it: `src/lib.rs`, `target/debug/build`, `$CARGO_HOME/registry`.
pub(crate) fn readable(rooted: &[u8]) -> String {
    let rooted = rooted.strip_prefix(b"\0W/").unwrap_or(rooted);
    let text = String::from_utf8_lossy(rooted);
    [("\0W", "."), ("\0T", "target"), ("\0C", "$CARGO_HOME"), ("\0S", "<sysroot>")]
        .iter()
        .fold(text.into_owned(), |text, (mark, name)| text.replace(mark, name))
}

/// Returns whether a text ends in what a terminal changes its colour by, as it is or as a JSON string has it.
fn ends_in_colour(text: &[u8]) -> bool {
    let Some(text) = text.strip_suffix(b"m") else { return false };
    let numbers = text.iter().rev().take_while(|byte| byte.is_ascii_digit() || **byte == b';').count();
    let begin = &text[..text.len() - numbers];
    begin.ends_with(b"\x1b[") || begin.ends_with(br"\u001b[")
}

fn precedes_path(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'`' | b'=' | b',' | b':' | b';' | b'(' | b'[' | b'<')
}

#[cfg(all(test, unix))]
mod tests {
    use super::super::tests::roots;
    use super::*;

    #[test]
    fn a_path_is_relative_to_the_longest_root_that_holds_it() {
        let check = |path: &str, rooted: &[u8]| {
            assert_eq!(roots().rooted_path(Path::new(path)), rooted, "{path}");
            assert_eq!(roots().concrete(rooted).as_deref(), Some(path.as_bytes()), "{path}");
        };
        check("/home/u/ws/src/lib.rs", b"\0W/src/lib.rs");
        check("/home/u/ws", b"\0W");
        check("/home/u/ws/target/debug", b"\0T/debug");
        check("/home/u/ws2/src/lib.rs", b"/home/u/ws2/src/lib.rs");
        check("/home/u/.cargo/registry/x", b"\0C/registry/x");
        check("src/lib.rs", b"src/lib.rs");
        check("/usr/lib", b"/usr/lib");
    }

    #[test]
    fn text_round_trips_and_names_that_only_start_alike_stay() {
        let check = |text: &str, rooted: &[u8]| {
            assert_eq!(roots().rooted_text(text.as_bytes()), rooted, "{text}");
            assert_eq!(roots().concrete(rooted).as_deref(), Some(text.as_bytes()), "{text}");
        };
        check("--> /home/u/ws/src/lib.rs:3:4", b"--> \0W/src/lib.rs:3:4");
        check("\"/home/u/ws\",\"/home/u/ws/target/a\"", b"\"\0W\",\"\0T/a\"");
        check("/home/u/ws2 /x/home/u/ws /home/u/ws.rs", b"/home/u/ws2 /x/home/u/ws /home/u/ws.rs");
        check("/home/u/ws@2/a /home/u/ws~ /home/u/ws (copy)/a", b"/home/u/ws@2/a /home/u/ws~ /home/u/ws (copy)/a");
        check("/home/u/ws:2 /home/u/ws,v/a /home/u/ws=x", b"/home/u/ws:2 /home/u/ws,v/a /home/u/ws=x");
        check("/snapshots/@/home/u/ws/a /old~/home/u/ws/a", b"/snapshots/@/home/u/ws/a /old~/home/u/ws/a");
        check("# env-dep:D=/home/u/ws\n", b"# env-dep:D=\0W\n");
        check("nothing here", b"nothing here");
        check("\u{1b}[1;94m/home/u/ws/a \\u001b[0m/home/u/ws/a", b"\x1b[1;94m\0W/a \\u001b[0m\0W/a");
        check("/of[0m/home/u/ws/a m/home/u/ws/a", b"/of[0m/home/u/ws/a m/home/u/ws/a");
    }

    #[test]
    fn of_a_pair_each_side_is_one_path() {
        let check = |pair: &str, rooted: &[u8]| assert_eq!(roots().rooted_pair(pair.as_bytes()), rooted, "{pair}");
        check("/home/u/ws=/src", b"\0W=/src");
        check("/home/u/ws/target=/home/u/ws", b"\0T=\0W");
        check("/home/u/ws=x=/src", b"/home/u/ws=x=/src");
        check("/home/u/ws", b"\0W");
    }

    #[test]
    fn rooted_text_is_readable() {
        let check = |rooted: &[u8], text: &str| assert_eq!(readable(rooted), text);
        check(b"\0W/src/lib.rs", "src/lib.rs");
        check(b"\0W", ".");
        check(b"native=\0T/debug", "native=target/debug");
        check(b"\0C/registry/x", "$CARGO_HOME/registry/x");
    }

    #[test]
    fn a_mark_without_its_root_is_no_path() {
        assert_eq!(roots().concrete(b"\0S/lib"), None);
        assert_eq!(roots().concrete(b"\0"), None);
    }
}
