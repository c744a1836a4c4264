//! What stands for a root's path in artifacts, until a file belongs to one place alone.
//!
//! rustc is told to write a placeholder instead of the workspace's path and of the target directory's. So the libraries of two
//! checkouts are the same bytes. A file that no other checkout shares, a program most of all, gets the path put in where a
//! placeholder stands, without a byte more or less:
//! - in a table of strings that end at a zero, as debug information has them, a placeholder that is a whole string becomes the
//!   path, which ends early;
//! - everywhere else the rest of the path comes right behind, and somebody may know the string's length: the path is padded by
//!   `/.`, which leads to the same file.
//!
//! A placeholder is as long as its class. Paths of one class share; one longer than the longest class has no placeholder, and
//! what holds it belongs to its place.
//!
//! Invariant: pure. A placeholder is found only where it is whole, it ends in no way that another string begins or ends in, and a
//! path that some text would have to escape has none.

use memchr::memmem;

use super::roots::{Root, Roots};

/// How long placeholders are. Nearly every path fits into the first class, so nearly all checkouts share.
pub const CLASSES: [u16; 3] = [64, 128, 256];
/// The roots that placeholders stand for.
const RENAMED: [Root; 2] = [Root::Workspace, Root::Target];
/// What each begins with: a name that nobody gives to a directory at the root of a file system.
const HEAD: &[u8] = b"/thymos.5d0c9f7e.";
/// What each ends with. A linker may store a string as the end of a longer one, so this ends no other string.
const TAIL: &[u8] = b".q9";

/// Returns the placeholder of a root.
#[must_use]
pub fn name(root: Root, class: u16) -> Vec<u8> {
    let mut name = HEAD.to_vec();
    name.push(root.letter());
    name.extend_from_slice(format!("{class:03}.").as_bytes());
    name.resize(usize::from(class) - TAIL.len(), b'_');
    name.extend_from_slice(TAIL);
    name
}

/// Whether a unit's paths are replaced by placeholders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renamed {
    /// They are.
    Yes,
    /// They are not. The compiler still learns what the placeholders in its dependencies stand for.
    No,
}

/// What stands behind a placeholder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Nothing: it is a whole string of a table of strings.
    Zeros,
    /// More of a path, or something that is not known.
    Path,
    /// Something that only rustc reads, which knows what the placeholder stands for: it stays.
    Metadata,
}

/// One placeholder in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Site {
    /// Where it begins.
    pub at: u64,
    /// The root that it stands for.
    pub root: Root,
    /// How long it is.
    pub class: u16,
    /// What is behind it.
    pub end: End,
}

/// Returns every placeholder that lies whole in `bytes`, as [`End::Path`], and from where on one could begin that does not.
#[must_use]
pub fn find(bytes: &[u8]) -> (Vec<Site>, usize) {
    let mut sites = Vec::new();
    let mut open = bytes.len().saturating_sub(HEAD.len() - 1);
    for at in memmem::find_iter(bytes, HEAD) {
        if let Some((root, class)) = named(&bytes[at..]) {
            sites.push(Site { at: at as u64, root, class, end: End::Path });
        } else if bytes.len() - at < usize::from(CLASSES[CLASSES.len() - 1]) {
            open = open.min(at);
        }
    }
    (sites, open)
}

/// Reads the placeholder that `bytes` begin with.
fn named(bytes: &[u8]) -> Option<(Root, u16)> {
    let root = Root::from_letter(*bytes.get(HEAD.len())?).filter(|root| RENAMED.contains(root))?;
    let class = CLASSES.into_iter().find(|class| bytes.starts_with(&name(root, *class)))?;
    Some((root, class))
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    root: Root,
    class: u16,
    path: Vec<u8>,
}

impl Place {
    fn of(root: Root, path: Vec<u8>) -> Option<Self> {
        let text = std::str::from_utf8(&path).ok()?;
        let is_plain = text.chars().all(|letter| !letter.is_control() && !matches!(letter, '"' | '\\'));
        let class = CLASSES.into_iter().find(|class| path.len() <= usize::from(*class))?;
        is_plain.then_some(Self { root, class, path })
    }

    /// Returns the path in exactly so many bytes.
    fn filled(&self, class: u16, end: End) -> Option<Vec<u8>> {
        let rest = usize::from(class).checked_sub(self.path.len())?;
        let mut bytes = self.path.clone();
        match end {
            End::Zeros => bytes.resize(usize::from(class), 0),
            End::Path => {
                bytes.extend_from_slice(&b"/"[..rest % 2]);
                bytes.extend(b"/.".iter().cycle().take(rest - rest % 2));
            }
            End::Metadata => return None,
        }
        Some(bytes)
    }
}

/// The paths that placeholders stand for at this place, the shortest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places(Vec<Place>);

impl Places {
    /// Returns the places of those roots that can have a placeholder.
    #[must_use]
    pub fn new(roots: &Roots) -> Self {
        let renamed = roots.all().into_iter().filter(|(root, _)| RENAMED.contains(root));
        let mut places: Vec<Place> = renamed.filter_map(|(root, path)| Place::of(root, path)).collect();
        places.sort_by_key(|place| place.path.len());
        Self(places)
    }

    /// Returns whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns how long the placeholder of a root is here.
    #[must_use]
    pub fn class(&self, root: Root) -> Option<u16> {
        self.0.iter().find(|place| place.root == root).map(|place| place.class)
    }

    /// Returns each path with its placeholder.
    pub fn names(&self) -> impl Iterator<Item = (&[u8], Vec<u8>)> {
        self.0.iter().map(|place| (place.path.as_slice(), name(place.root, place.class)))
    }

    /// Returns every placeholder that may stand in a text, with the path to be read instead.
    #[must_use]
    pub fn readings(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let all = |place: &Place| CLASSES.map(|class| (name(place.root, class), place.path.clone()));
        self.0.iter().flat_map(all).collect()
    }

    /// Returns what is to be written where. A placeholder of a root that is not here, or whose path is too long, stays.
    #[must_use]
    pub fn patches(&self, sites: &[Site]) -> Vec<(u64, Vec<u8>)> {
        let patch = |site: &Site| {
            let place = self.0.iter().find(|place| place.root == site.root)?;
            Some((site.at, place.filled(site.class, site.end)?))
        };
        sites.iter().filter_map(patch).collect()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn places() -> Places {
        Places::new(&Roots::new([
            (Root::Workspace, "/ws".into()),
            (Root::Target, "/ws/target".into()),
            (Root::CargoHome, "/home/u/.cargo".into()),
        ]))
    }

    #[test]
    fn a_placeholder_is_as_long_as_its_class_and_is_found_where_it_is_whole() {
        for class in CLASSES {
            for root in RENAMED {
                let name = name(root, class);
                assert_eq!(name.len(), usize::from(class));
                let text = [b"x", &name[..], b"/src ", &name[..name.len() - 1]].concat();
                let (sites, open) = find(&text);
                assert_eq!(sites, [Site { at: 1, root, class, end: End::Path }]);
                assert_eq!(open, text.len() - name.len() + 1, "the second may go on");
            }
        }
        assert_eq!(find(b"nothing here"), (vec![], 0));
        assert_eq!(find(&[0; 1000]), (vec![], 1000 - HEAD.len() + 1));
    }

    #[test]
    fn a_path_fills_its_place_to_the_byte() {
        for class in CLASSES {
            for length in 1..=usize::from(class) {
                let path: Vec<u8> = std::iter::once(b'/').chain(std::iter::repeat_n(b'a', length - 1)).collect();
                let place = Place { root: Root::Workspace, class, path: path.clone() };
                let padded = place.filled(class, End::Path).unwrap_or_default();
                assert_eq!(padded.len(), usize::from(class));
                let lean: Vec<&[u8]> = padded.split(|byte| *byte == b'/').filter(|part| *part != b".").collect();
                assert!(lean.iter().all(|part| part.is_empty() || **part == path[1..]), "{padded:?}");
                let ended = place.filled(class, End::Zeros).unwrap_or_default();
                assert_eq!((ended.len(), &ended[..length]), (usize::from(class), &path[..]));
            }
        }
        assert_eq!(Place { root: Root::Target, class: 256, path: vec![b'a'; 65] }.filled(64, End::Path), None);
    }

    #[test]
    fn patches_name_the_root_that_each_placeholder_stands_for() {
        let site = |at, root, end| Site { at, root, class: 64, end };
        let sites = [site(7, Root::Target, End::Zeros), site(90, Root::Workspace, End::Path)];
        let patches = places().patches(&sites);
        assert_eq!((patches[0].0, &patches[0].1[..12]), (7, &b"/ws/target\0\0"[..]));
        assert_eq!((patches[1].0, &patches[1].1[..8]), (90, &b"/ws//./."[..]));
    }

    #[test]
    fn a_path_that_a_message_would_escape_or_that_is_too_long_has_no_placeholder() {
        let class = |path: &str| Places::new(&Roots::new([(Root::Workspace, path.into())])).class(Root::Workspace);
        assert_eq!(class("/my ws/ü"), Some(64));
        assert_eq!(class(&format!("/{}", "a".repeat(63))), Some(64));
        assert_eq!(class(&format!("/{}", "a".repeat(64))), Some(128));
        assert_eq!(class(&format!("/{}", "a".repeat(256))), None);
        for path in ["/a\"b", "/a\\b", "/a\nb", "/a\u{7f}b"] {
            assert_eq!(class(path), None, "{path:?}");
        }
        assert_eq!(places().class(Root::CargoHome), None);
    }
}
