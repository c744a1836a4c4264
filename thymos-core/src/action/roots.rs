//! Named roots, and paths expressed relative to them.
//!
//! A *rooted* text is bytes in which every path of a root is replaced by a mark: a NUL byte, which no path, argument or
//! variable can hold, and the letter of the root. `/home/u/ws/src/lib.rs` becomes `␀W/src/lib.rs`.
//!
//! Invariant: `concrete(rooted(text)) == text` for every text without a NUL byte. A text with one is left alone.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use memchr::memmem;

use crate::system::digest::Digest;
use crate::system::os;

/// A directory whose place may differ from one machine or checkout to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Root {
    /// The workspace, or the checkout that it lies in.
    Workspace,
    /// Cargo's target (or build) directory.
    Target,
    /// `CARGO_HOME`: registry sources and git checkouts.
    CargoHome,
    /// The compiler's sysroot.
    Sysroot,
}

impl Root {
    /// Every root.
    pub const ALL: [Self; 4] = [Self::Workspace, Self::Target, Self::CargoHome, Self::Sysroot];

    /// Returns the letter that stands for the root in rooted text.
    #[must_use]
    pub fn letter(self) -> u8 {
        match self {
            Self::Workspace => b'W',
            Self::Target => b'T',
            Self::CargoHome => b'C',
            Self::Sysroot => b'S',
        }
    }

    /// Returns what people call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Workspace => "checkout",
            Self::Target => "target directory",
            Self::CargoHome => "CARGO_HOME",
            Self::Sysroot => "sysroot",
        }
    }

    /// Returns the root that `letter` stands for.
    #[must_use]
    pub fn from_letter(letter: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|root| root.letter() == letter)
    }
}

/// Where the roots are for one invocation, the longest path first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roots(Vec<(Root, Vec<u8>)>);

impl Roots {
    /// Collects roots; a relative path or the file system's own root stands for nothing and is left out.
    #[must_use]
    pub fn new(roots: impl IntoIterator<Item = (Root, PathBuf)>) -> Self {
        let bytes = |(root, path): (Root, PathBuf)| {
            let mut bytes = path.as_os_str().as_encoded_bytes().to_vec();
            while bytes.len() > 1 && is_separator(bytes[bytes.len() - 1]) {
                bytes.pop();
            }
            (path.is_absolute() && path.parent().is_some()).then_some((root, bytes))
        };
        let mut list: Vec<_> = roots.into_iter().filter_map(bytes).collect();
        list.sort_by_key(|(root, path)| (std::cmp::Reverse(path.len()), *root));
        Self(list)
    }

    /// Returns the path of a root.
    #[must_use]
    pub fn path(&self, root: Root) -> Option<PathBuf> {
        self.bytes(root).map(|bytes| os::path_from_bytes(bytes.to_vec()))
    }

    /// Returns the digest of a root's path, which is what a bound result remembers.
    #[must_use]
    pub fn value(&self, root: Root) -> Digest {
        Digest::of(self.bytes(root).unwrap_or_default())
    }

    fn bytes(&self, root: Root) -> Option<&[u8]> {
        self.0.iter().find(|(name, _)| *name == root).map(|(_, path)| path.as_slice())
    }

    /// Returns every root with its path.
    #[must_use]
    pub fn all(&self) -> Vec<(Root, Vec<u8>)> {
        self.0.clone()
    }

    /// Returns the roots as they are spelled inside a JSON string.
    #[must_use]
    pub fn json(&self) -> Self {
        let escape = |path: &[u8]| {
            let quoted = serde_json::to_string(&String::from_utf8_lossy(path)).unwrap_or_default();
            quoted.as_bytes().get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_vec()
        };
        Self(self.0.iter().map(|(root, path)| (*root, escape(path))).collect())
    }

    /// Returns the roots as they are spelled in a Makefile rule, where a space is escaped.
    #[must_use]
    pub fn with_escaped_spaces(&self) -> Self {
        let escape = |path: &[u8]| {
            path.iter().flat_map(|byte| if *byte == b' ' { vec![b'\\', b' '] } else { vec![*byte] }).collect()
        };
        Self(self.0.iter().map(|(root, path)| (*root, escape(path))).collect())
    }

    /// Returns `path` with the longest root that it lies in replaced by its mark.
    #[must_use]
    pub fn rooted_path(&self, path: &Path) -> Vec<u8> {
        self.rooted_prefix(path.as_os_str().as_encoded_bytes())
    }

    /// Returns `bytes`, which hold one path, with the root that it starts with replaced by its mark.
    #[must_use]
    pub fn rooted_prefix(&self, bytes: &[u8]) -> Vec<u8> {
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
    #[must_use]
    pub fn rooted_pair(&self, pair: &[u8]) -> Vec<u8> {
        let Some(at) = memchr::memrchr(b'=', pair) else { return self.rooted_prefix(pair) };
        [&self.rooted_prefix(&pair[..at]), &b"="[..], &self.rooted_prefix(&pair[at + 1..])].concat()
    }

    /// Returns `text` with every occurrence of a root replaced by its mark, but where it may be part of a longer name.
    #[must_use]
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
    #[must_use]
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
    #[must_use]
    pub fn concrete_path(&self, rooted: &[u8]) -> Option<PathBuf> {
        self.concrete(rooted).map(os::path_from_bytes)
    }

    /// Returns a reader that hands on what it reads from `reader` and looks for the literal paths of roots in it.
    pub fn watch<R: Read>(&self, reader: R) -> Watch<'_, R> {
        let sought = self.0.iter().map(|(root, path)| (*root, memmem::Finder::new(path))).collect();
        let seam = self.0.first().map_or(0, |(_, longest)| longest.len().saturating_sub(1));
        Watch { reader, sought, found: Vec::new(), seam, tail: Vec::new() }
    }

    /// Returns the roots whose literal path occurs in `bytes`.
    ///
    /// A path that merely starts like a root's counts too: an artifact is then bound although it need not be.
    #[must_use]
    pub fn found_in(&self, bytes: &[u8]) -> Vec<Root> {
        let found = self.0.iter().filter(|(_, path)| memmem::find(bytes, path).is_some());
        found.map(|(root, _)| *root).collect()
    }
}

/// A reader that finds the roots whose literal paths go by, as [`Roots::found_in`] does.
pub struct Watch<'a, R> {
    reader: R,
    sought: Vec<(Root, memmem::Finder<'a>)>,
    found: Vec<Root>,
    /// A path may begin in one piece and end in the next: so many bytes of the one belong before the other.
    seam: usize,
    tail: Vec<u8>,
}

impl<R> Watch<'_, R> {
    /// Returns the roots found so far.
    #[must_use]
    pub fn found(self) -> Vec<Root> {
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

/// Replaces `path` by its mark wherever it certainly stands as a whole path and not as part of a longer name: what a copy of a
/// directory is called may go on with anything (`ws@2`, `ws (copy)`). Left as it is, a path binds the text to its place.
fn mark(text: &[u8], path: &[u8], letter: u8) -> Vec<u8> {
    let finder = memmem::Finder::new(path);
    let mut marked = Vec::with_capacity(text.len());
    let mut from = 0;
    while let Some(at) = finder.find(&text[from..]).map(|at| at + from) {
        let end = at + path.len();
        let whole = at.checked_sub(1).is_none_or(|before| precedes_path(text[before]))
            && text.get(end).is_none_or(|next| is_separator(*next) || matches!(next, b'"' | b'\n'));
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
#[must_use]
pub fn readable(rooted: &[u8]) -> String {
    let rooted = rooted.strip_prefix(b"\0W/").unwrap_or(rooted);
    let text = String::from_utf8_lossy(rooted);
    [("\0W", "."), ("\0T", "target"), ("\0C", "$CARGO_HOME"), ("\0S", "<sysroot>")]
        .iter()
        .fold(text.into_owned(), |text, (mark, name)| text.replace(mark, name))
}

fn is_separator(byte: u8) -> bool {
    byte == b'/' || (cfg!(windows) && byte == b'\\')
}

fn precedes_path(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'`' | b'=' | b',' | b':' | b';' | b'(' | b'[' | b'<')
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn roots() -> Roots {
        Roots::new([
            (Root::Workspace, "/home/u/ws".into()),
            (Root::Target, "/home/u/ws/target/".into()),
            (Root::CargoHome, "/home/u/.cargo".into()),
            (Root::Sysroot, "/".into()),
        ])
    }

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
