//! A directory with everything in it, as one blob.
//!
//! Grammar (see [`crate::system::codec`] for the parts):
//! ```text
//! tree  = bytes("thymos tree 1\n") list(node)              a directory before what is in it, names in order
//! node  = 'd' bytes(path) number(mode)                     a directory
//!       | 'f' bytes(path) number(mode) bytes(content)      a file
//!       | 't' bytes(path) number(mode) bytes(content)      a text that holds paths of roots, rooted
//!       | 'h' bytes(path) bytes(path)                      another name of a file that came before
//!       | 'l' bytes(path) bytes(target)                    a symbolic link, its target rooted
//! ```
//! There is no check at the end: a blob is believed by its digest. A reader that meets another version has no tree.
//!
//! Invariant: what is unpacked is what was packed, at this place, and no name leads out of the directory.

use std::collections::HashMap;
use std::fs::{self, File, FileTimes, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

use crate::action::roots::Roots;
use crate::system::codec::{Reader, Writer};
use crate::system::os;

const MAGIC: &[u8] = b"thymos tree 1\n";
/// More than this is held by nobody's memory.
const LARGEST: u64 = 1 << 30;

/// What a directory held.
#[derive(Debug)]
pub struct Packed {
    /// The tree's bytes.
    pub bytes: Vec<u8>,
    /// Where symbolic links lie in it: a path that begins in it may end elsewhere.
    pub links: Vec<PathBuf>,
}

/// Packs a directory.
///
/// # Errors
/// [`io::ErrorKind::Unsupported`], with the path, for what is no file, directory or link, and for too much; whatever reading gives.
pub fn pack(directory: &Path, roots: &Roots) -> io::Result<Packed> {
    let mut packer = Packer { directory, roots, names: HashMap::new(), size: 0, nodes: Vec::new(), links: Vec::new() };
    packer.directory(Path::new(""))?;
    let mut writer = Writer::default();
    writer.bytes(MAGIC);
    writer.list(&packer.nodes, write);
    Ok(Packed { bytes: writer.finish(), links: packer.links })
}

enum Node {
    Directory(Vec<u8>, u64),
    File(Vec<u8>, u64, Vec<u8>),
    Text(Vec<u8>, u64, Vec<u8>),
    SameAs(Vec<u8>, Vec<u8>),
    Link(Vec<u8>, Vec<u8>),
}

fn write(writer: &mut Writer, node: &Node) {
    let (kind, path) = match node {
        Node::Directory(path, _) => (b'd', path),
        Node::File(path, ..) => (b'f', path),
        Node::Text(path, ..) => (b't', path),
        Node::SameAs(path, _) => (b'h', path),
        Node::Link(path, _) => (b'l', path),
    };
    writer.byte(kind);
    writer.bytes(path);
    match node {
        Node::Directory(_, mode) => writer.number(*mode),
        Node::File(_, mode, content) | Node::Text(_, mode, content) => {
            writer.number(*mode);
            writer.bytes(content);
        }
        Node::SameAs(_, other) | Node::Link(_, other) => writer.bytes(other),
    }
}

struct Packer<'a> {
    directory: &'a Path,
    roots: &'a Roots,
    /// The first name of each file that has several.
    names: HashMap<(u64, u64), Vec<u8>>,
    size: u64,
    nodes: Vec<Node>,
    links: Vec<PathBuf>,
}

impl Packer<'_> {
    fn directory(&mut self, path: &Path) -> io::Result<()> {
        let place = self.directory.join(path);
        self.nodes.push(Node::Directory(bytes(path), mode(&fs::symlink_metadata(&place)?)));
        let mut names = fs::read_dir(&place)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<_>>>()?;
        names.sort();
        names.into_iter().try_for_each(|name| self.node(&path.join(name)))
    }

    fn node(&mut self, path: &Path) -> io::Result<()> {
        let place = self.directory.join(path);
        let metadata = fs::symlink_metadata(&place)?;
        if metadata.is_dir() {
            return self.directory(path);
        }
        let node = if metadata.is_symlink() {
            let target = self.roots.rooted_path(&fs::read_link(&place)?);
            self.links.push(place);
            Node::Link(bytes(path), target)
        } else if metadata.is_file() {
            self.size += metadata.len();
            if self.size > LARGEST {
                return Err(unsupported(&place));
            }
            self.file(path, &place, &metadata)?
        } else {
            return Err(unsupported(&place));
        };
        self.nodes.push(node);
        Ok(())
    }

    fn file(&mut self, path: &Path, place: &Path, metadata: &Metadata) -> io::Result<Node> {
        if os::link_count(metadata) > 1 {
            let stamp = os::stamp(metadata);
            match self.names.get(&(stamp.device, stamp.inode)) {
                Some(first) => return Ok(Node::SameAs(bytes(path), first.clone())),
                None => self.names.insert((stamp.device, stamp.inode), bytes(path)),
            };
        }
        let content = fs::read(place)?;
        let is_text = || !content.contains(&0) && std::str::from_utf8(&content).is_ok();
        let (path, mode) = (bytes(path), mode(metadata));
        Ok(if !self.roots.found_in(&content).is_empty() && is_text() {
            Node::Text(path, mode, self.roots.rooted_text(&content))
        } else {
            Node::File(path, mode, content)
        })
    }
}

fn unsupported(path: &Path) -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, path.display().to_string())
}

fn bytes(path: &Path) -> Vec<u8> {
    path.as_os_str().as_encoded_bytes().to_vec()
}

fn mode(metadata: &Metadata) -> u64 {
    u64::from(os::mode(metadata))
}

/// Lays a tree out in `directory`, which is not there yet, with every file under one time.
///
/// # Errors
/// [`io::ErrorKind::InvalidData`] for what is no tree, [`io::ErrorKind::NotFound`] for a root that there is none of here; whatever
/// writing gives. What was laid out before stays.
pub fn unpack(tree: &[u8], directory: &Path, roots: &Roots) -> io::Result<()> {
    let now = SystemTime::now();
    let unpacker = Unpacker { directory, roots, times: FileTimes::new().set_modified(now).set_accessed(now) };
    let mut reader = Reader::new(tree);
    if reader.bytes() != Some(MAGIC) {
        return Err(damaged());
    }
    // A directory that nobody may write to is filled first.
    let (mut directories, mut failure) = (Vec::new(), None);
    let nodes = reader.list(|reader| match unpacker.node(reader, &mut directories) {
        Ok(()) => Some(()),
        Err(error) => {
            failure = Some(error);
            None
        }
    });
    if nodes.is_none() || !reader.is_done() {
        return Err(failure.unwrap_or_else(damaged));
    }
    directories.into_iter().rev().try_for_each(|(path, mode)| os::set_mode(&path, mode))
}

struct Unpacker<'a> {
    directory: &'a Path,
    roots: &'a Roots,
    times: FileTimes,
}

impl Unpacker<'_> {
    fn node(&self, reader: &mut Reader<'_>, directories: &mut Vec<(PathBuf, u32)>) -> io::Result<()> {
        let kind = reader.byte().ok_or_else(damaged)?;
        let place = self.place(reader.bytes())?;
        match kind {
            b'd' => {
                let mode = mode_of(reader)?;
                fs::create_dir(&place)?;
                directories.push((place, mode));
                Ok(())
            }
            b'f' | b't' => {
                let (mode, content) = (mode_of(reader)?, reader.bytes().ok_or_else(damaged)?);
                if kind == b'f' {
                    return self.file(&place, mode, content);
                }
                self.file(&place, mode, &self.concrete(content)?)
            }
            b'h' => fs::hard_link(self.place(reader.bytes())?, place),
            b'l' => {
                let target = self.concrete(reader.bytes().ok_or_else(damaged)?)?;
                os::alias(&os::path_from_bytes(target), &place)
            }
            _ => Err(damaged()),
        }
    }

    fn file(&self, place: &Path, mode: u32, content: &[u8]) -> io::Result<()> {
        let mut file: File = OpenOptions::new().write(true).create_new(true).open(place)?;
        file.write_all(content)?;
        if os::mode(&file.metadata()?) != mode {
            os::set_mode(place, mode)?;
        }
        file.set_times(self.times)
    }

    fn concrete(&self, rooted: &[u8]) -> io::Result<Vec<u8>> {
        self.roots.concrete(rooted).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn place(&self, name: Option<&[u8]>) -> io::Result<PathBuf> {
        let path = os::path_from_bytes(name.ok_or_else(damaged)?.to_vec());
        let is_inside = path.components().all(|part| matches!(part, Component::Normal(_)));
        if is_inside { Ok(self.directory.join(path)) } else { Err(damaged()) }
    }
}

fn mode_of(reader: &mut Reader<'_>) -> io::Result<u32> {
    reader.number().and_then(|mode| u32::try_from(mode).ok()).ok_or_else(damaged)
}

fn damaged() -> io::Error {
    io::ErrorKind::InvalidData.into()
}

#[cfg(all(test, unix))]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use crate::action::roots::Root;

    fn roots(target: &Path) -> Roots {
        Roots::new([(Root::Target, target.to_owned())])
    }

    #[test]
    fn a_directory_is_laid_out_as_it_was_with_the_paths_of_the_place() {
        let dir = tempfile::tempdir().unwrap();
        let (one, two) = (dir.path().join("one"), dir.path().join("another"));
        let out = one.join("out");
        fs::create_dir_all(out.join("empty")).unwrap();
        fs::create_dir_all(&two).unwrap();
        fs::write(out.join("x.pc"), format!("prefix={}/x\n", one.display())).unwrap();
        fs::write(out.join("binary"), [b"\0\x01", out.as_os_str().as_encoded_bytes()].concat()).unwrap();
        fs::write(out.join("tool"), "").unwrap();
        os::set_mode(&out.join("tool"), 0o755).unwrap();
        os::alias(&out.join("tool"), &out.join("link")).unwrap();
        fs::hard_link(out.join("binary"), out.join("same")).unwrap();
        os::set_mode(&out.join("empty"), 0o555).unwrap();

        let packed = pack(&out, &roots(&one)).unwrap();
        assert_eq!(packed.links, [out.join("link")]);
        let to = two.join("out");
        unpack(&packed.bytes, &to, &roots(&two)).unwrap();
        assert_eq!(fs::read_to_string(to.join("x.pc")).unwrap(), format!("prefix={}/x\n", two.display()));
        assert_eq!(fs::read(to.join("binary")).unwrap(), fs::read(out.join("binary")).unwrap());
        assert_eq!(fs::read_link(to.join("link")).unwrap(), to.join("tool"));
        let metadata = |name: &str| fs::symlink_metadata(to.join(name)).unwrap();
        assert_eq!([os::mode(&metadata("tool")), os::mode(&metadata("empty"))], [0o755, 0o555]);
        assert_eq!(os::link_count(&metadata("same")), 2);
        assert_eq!(metadata("x.pc").modified().unwrap(), metadata("tool").modified().unwrap());
        assert_eq!(pack(&to, &roots(&two)).unwrap().bytes.len(), packed.bytes.len());
    }

    #[test]
    fn no_damage_leads_out_of_the_directory_or_panics() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("out");
        fs::create_dir(&out).unwrap();
        fs::write(out.join("a"), "a").unwrap();
        let packed = pack(&out, &roots(dir.path())).unwrap().bytes;
        for length in 0..packed.len() {
            let to = dir.path().join(format!("cut{length}"));
            assert!(unpack(&packed[..length], &to, &Roots::default()).is_err(), "{length}");
        }
        for name in ["../x", "/x"] {
            let mut writer = Writer::default();
            writer.bytes(MAGIC);
            let nodes = [Node::Directory(vec![], 0o755), Node::File(name.into(), 0o644, vec![])];
            writer.list(&nodes, write);
            assert!(unpack(&writer.finish(), &dir.path().join("to"), &Roots::default()).is_err(), "{name}");
            let _ = fs::remove_dir_all(dir.path().join("to"));
        }
    }
}
