//! What an action read before, and what came of it.
//!
//! Grammar of an action's file (`actions/ab/<key>`, see [`crate::system::codec`] for the parts):
//! ```text
//! file   = body check[16]                    check = first half of BLAKE3(body)
//! body   = bytes("thymos manifest 5\n") list(entry)          newest entry first
//! entry  = list(input) list(output) option(dep-info) stdout stderr number(compile µs) number(stored ms)
//! input  = kind[1] fields…                   see `Input`
//! output = bytes(name) digest number(size) number(mode) list(site)
//! site   = number(offset) root[1] number(class) end[1]
//! ```
//! A reader that meets another version, or a check that does not hold, has no manifest.
//!
//! Invariant: an entry is used only when *every* input of it holds, and inputs are (path, digest) pairs: content that moved
//! to another path is another input.

use crate::action::placeholder::{End, Site};
use crate::action::roots::Root;
use crate::action::scope::Scope;
use crate::system::codec::{Reader, Writer, sealed, unsealed};
use crate::system::digest::Digest;
use crate::system::machine::Fact;
use crate::system::metadata::{Aspect, Named};

const MAGIC: &[u8] = b"thymos manifest 5\n";
/// Input sets that one action remembers; branch switching wants a few, and each costs a look-up time.
pub(crate) const ENTRIES: usize = 16;

/// One thing that the result depends on. Paths are rooted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Input {
    /// A file with this content.
    File(Vec<u8>, Digest),
    /// No file or directory of that name.
    Absent(Vec<u8>),
    /// A directory with these names in it.
    Listing(Vec<u8>, Digest),
    /// A directory, whatever is in it.
    Directory(Vec<u8>),
    /// A symbolic link that says this, which is not rooted; where it says nothing, what is there is no link.
    Link(Vec<u8>, Vec<u8>),
    /// What a search of `PATH` finds by this name, one after the other up to the program; or nothing.
    Program(Vec<u8>, Option<Vec<u8>>),
    /// A variable with this value, or unset.
    Variable(Vec<u8>, Option<Digest>),
    /// No variable of this scope is set but these.
    NoOtherVariables(Scope, Vec<Vec<u8>>),
    /// A root that lies exactly here: the result holds its path.
    RootPath(Root, Digest),
    /// A root whose placeholder is so long: the result holds it.
    Placeholder(Root, u16),
    /// Options that shape diagnostics: the result shows some.
    Display(Digest),
    /// An aspect of what a path stands for besides its content.
    Metadata(Vec<u8>, Named, Aspect, Digest),
    /// A fact about the machine or the process.
    Machine(Fact, Digest),
}

/// One output file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The file's name in the output directory.
    pub name: Vec<u8>,
    /// Its content.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// Its permission bits.
    pub mode: u32,
    /// Where the paths of this place are put in when it is laid out.
    pub sites: Vec<Site>,
}

/// One input set and its result.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// What the compile read.
    pub inputs: Vec<Input>,
    /// What it wrote, but for the dep-info.
    pub outputs: Vec<Output>,
    /// The dep-info, rooted.
    pub dep_info: Option<Vec<u8>>,
    /// Standard output, rooted.
    pub stdout: Vec<u8>,
    /// Standard error, rooted.
    pub stderr: Vec<u8>,
    /// How long the compiler took, in microseconds.
    pub compile_us: u64,
    /// When it was stored, in milliseconds since the epoch.
    pub stored_ms: u64,
}

/// Every remembered input set of one action, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// The entries.
    pub entries: Vec<Entry>,
}

impl Manifest {
    /// Adds an entry in front; one with the same inputs is replaced, and the oldest beyond [`ENTRIES`] are forgotten.
    pub(crate) fn add(&mut self, entry: Entry) {
        self.entries.retain(|old| old.inputs != entry.inputs);
        self.entries.insert(0, entry);
        self.entries.truncate(ENTRIES);
    }

    /// Takes over the entries of another manifest of the same action. Of two with the same inputs the one that was stored later
    /// stays; the oldest beyond [`ENTRIES`] are forgotten.
    pub(crate) fn merge(&mut self, other: Self) {
        self.entries.extend(other.entries);
        self.entries.sort_by_key(|entry| std::cmp::Reverse(entry.stored_ms));
        let mut kept: Vec<Entry> = Vec::new();
        for entry in self.entries.drain(..) {
            if kept.len() < ENTRIES && kept.iter().all(|newer| newer.inputs != entry.inputs) {
                kept.push(entry);
            }
        }
        self.entries = kept;
    }

    /// Returns the file's bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        sealed(MAGIC, |writer| writer.list(&self.entries, write_entry))
    }

    /// Reads the file's bytes.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        unsealed(MAGIC, bytes, |reader| Some(Self { entries: reader.list(read_entry)? }))
    }
}

fn write_entry(writer: &mut Writer, entry: &Entry) {
    let Entry { inputs, outputs, dep_info, stdout, stderr, compile_us, stored_ms } = entry;
    writer.list(inputs, write_input);
    writer.list(outputs, |writer, Output { name, digest, size, mode, sites }| {
        writer.bytes(name);
        writer.digest(digest);
        writer.number(*size);
        writer.number(u64::from(*mode));
        writer.list(sites, write_site);
    });
    writer.byte(u8::from(dep_info.is_some()));
    for stream in dep_info.iter().chain([stdout, stderr]) {
        writer.bytes(stream);
    }
    writer.number(*compile_us);
    writer.number(*stored_ms);
}

fn read_entry(reader: &mut Reader<'_>) -> Option<Entry> {
    Some(Entry {
        inputs: reader.list(read_input)?,
        outputs: reader.list(|reader| {
            let name = reader.bytes()?.to_vec();
            // A name with a separator would be written outside the output directory.
            let plain = !name.is_empty()
                && name != b".."
                && name != b"."
                && !name.iter().any(|b| matches!(b, b'/' | b'\\' | 0));
            let output = Output {
                name,
                digest: reader.digest()?,
                size: reader.number()?,
                mode: u32::try_from(reader.number()?).ok()?,
                sites: reader.list(read_site)?,
            };
            plain.then_some(output)
        })?,
        dep_info: if reader.byte()? == 1 { Some(reader.bytes()?.to_vec()) } else { None },
        stdout: reader.bytes()?.to_vec(),
        stderr: reader.bytes()?.to_vec(),
        compile_us: reader.number()?,
        stored_ms: reader.number()?,
    })
}

fn write_site(writer: &mut Writer, Site { at, root, class, end }: &Site) {
    writer.number(*at);
    writer.byte(root.letter());
    writer.number(u64::from(*class));
    writer.byte(match end {
        End::Zeros => 0,
        End::Path => b'/',
        End::Metadata => b'm',
    });
}

fn read_site(reader: &mut Reader<'_>) -> Option<Site> {
    Some(Site {
        at: reader.number()?,
        root: Root::from_letter(reader.byte()?)?,
        class: u16::try_from(reader.number()?).ok()?,
        end: match reader.byte()? {
            0 => End::Zeros,
            b'/' => End::Path,
            b'm' => End::Metadata,
            _ => return None,
        },
    })
}

fn write_input(writer: &mut Writer, input: &Input) {
    match input {
        Input::File(path, digest) | Input::Listing(path, digest) => {
            writer.byte(if matches!(input, Input::File(..)) { b'f' } else { b'l' });
            writer.bytes(path);
            writer.digest(digest);
        }
        Input::Absent(path) | Input::Directory(path) => {
            writer.byte(if matches!(input, Input::Absent(_)) { b'a' } else { b'd' });
            writer.bytes(path);
        }
        Input::Link(path, target) => {
            writer.byte(b's');
            writer.bytes(path);
            writer.bytes(target);
        }
        Input::Variable(name, value) => {
            writer.byte(if value.is_some() { b'v' } else { b'u' });
            writer.bytes(name);
            value.iter().for_each(|value| writer.digest(value));
        }
        Input::NoOtherVariables(scope, names) => {
            writer.byte(b'o');
            writer.byte(scope.letter());
            writer.list(names, |writer, name| writer.bytes(name));
        }
        Input::Program(name, path) => {
            writer.byte(if path.is_some() { b'x' } else { b'n' });
            writer.bytes(name);
            path.iter().for_each(|path| writer.bytes(path));
        }
        Input::RootPath(root, digest) => {
            writer.byte(b'p');
            writer.byte(root.letter());
            writer.digest(digest);
        }
        Input::Placeholder(root, class) => {
            writer.byte(b'k');
            writer.byte(root.letter());
            writer.number(u64::from(*class));
        }
        Input::Display(digest) => {
            writer.byte(b'y');
            writer.digest(digest);
        }
        Input::Metadata(path, named, aspect, digest) => {
            writer.byte(b'm');
            writer.bytes(path);
            writer.byte(aspect.letter(*named));
            writer.digest(digest);
        }
        Input::Machine(fact, digest) => {
            writer.byte(b'h');
            writer.byte(fact.letter());
            writer.digest(digest);
        }
    }
}

fn read_input(reader: &mut Reader<'_>) -> Option<Input> {
    let kind = reader.byte()?;
    let path = |reader: &mut Reader<'_>| reader.bytes().map(<[u8]>::to_vec);
    Some(match kind {
        b'f' => Input::File(path(reader)?, reader.digest()?),
        b'l' => Input::Listing(path(reader)?, reader.digest()?),
        b'a' => Input::Absent(path(reader)?),
        b'd' => Input::Directory(path(reader)?),
        b's' => Input::Link(path(reader)?, path(reader)?),
        b'v' => Input::Variable(path(reader)?, Some(reader.digest()?)),
        b'u' => Input::Variable(path(reader)?, None),
        b'o' => Input::NoOtherVariables(Scope::from_letter(reader.byte()?)?, reader.list(path)?),
        b'x' => Input::Program(path(reader)?, Some(path(reader)?)),
        b'n' => Input::Program(path(reader)?, None),
        b'p' => Input::RootPath(Root::from_letter(reader.byte()?)?, reader.digest()?),
        b'k' => Input::Placeholder(Root::from_letter(reader.byte()?)?, u16::try_from(reader.number()?).ok()?),
        b'y' => Input::Display(reader.digest()?),
        b'm' => {
            let path = path(reader)?;
            let (aspect, named) = Aspect::from_letter(reader.byte()?)?;
            Input::Metadata(path, named, aspect, reader.digest()?)
        }
        b'h' => Input::Machine(Fact::from_letter(reader.byte()?)?, reader.digest()?),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::codec::seal;

    fn manifest() -> Manifest {
        let digest = Digest::of(b"x");
        let inputs = vec![
            Input::File(b"\0W/src/lib.rs".to_vec(), digest),
            Input::Absent(b"\0W/src/lib/mod.rs".to_vec()),
            Input::Listing(b"\0W/templates".to_vec(), digest),
            Input::Directory(b"/usr/lib".to_vec()),
            Input::Link(b"/usr/bin/cc".to_vec(), b"gcc".to_vec()),
            Input::Program(b"cc".to_vec(), Some(b"/usr/bin/cc".to_vec())),
            Input::Program(b"gnm".to_vec(), None),
            Input::Variable(b"SET".to_vec(), Some(digest)),
            Input::Variable(b"UNSET".to_vec(), None),
            Input::NoOtherVariables(Scope::Shell, vec![b"SET".to_vec()]),
            Input::RootPath(Root::CargoHome, digest),
            Input::Placeholder(Root::Workspace, 64),
            Input::Display(digest),
            Input::Metadata(b"\0W/x".to_vec(), Named::Itself, Aspect::Permissions, digest),
            Input::Machine(Fact::Processors, digest),
        ];
        let site = |at, end| Site { at, root: Root::Target, class: 128, end };
        let sites = vec![site(9, End::Zeros), site(1 << 40, End::Path)];
        let outputs = vec![Output { name: b"liba.rlib".to_vec(), digest, size: 1 << 40, mode: 0o644, sites }];
        let entry = Entry {
            inputs,
            outputs,
            dep_info: Some(b"a: b\n".to_vec()),
            stdout: vec![],
            stderr: b"warning".to_vec(),
            compile_us: 7,
            stored_ms: 8,
        };
        Manifest { entries: vec![entry, Entry::default()] }
    }

    #[test]
    fn what_is_written_is_read_back() {
        assert_eq!(Manifest::decode(&manifest().encode()), Some(manifest()));
    }

    #[test]
    fn the_format_is_pinned() {
        assert_eq!(
            &Digest::of(&manifest().encode()).hex()[..16],
            "78f79c1db6acbea3",
            "a change of format needs a new version"
        );
    }

    #[test]
    fn no_truncation_and_no_flipped_byte_is_believed_or_panics() {
        let bytes = manifest().encode();
        for length in 0..bytes.len() {
            assert_eq!(Manifest::decode(&bytes[..length]), None, "{length}");
        }
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x41;
            assert_eq!(Manifest::decode(&damaged), None, "{at}");
            // Behind the check the reader itself must hold out.
            let _ = Manifest::decode(&seal(damaged[..bytes.len() - 16].to_vec()));
        }
    }

    #[test]
    fn an_output_never_leaves_its_directory() {
        for name in ["../x", "/etc/passwd", "..", ".", "", "a\\b"] {
            let mut manifest = manifest();
            manifest.entries[0].outputs[0].name = name.as_bytes().to_vec();
            assert_eq!(Manifest::decode(&manifest.encode()), None, "{name}");
        }
    }

    #[test]
    fn merging_keeps_the_newest_sets_of_both_once() {
        let entry =
            |input: u8, stored_ms| Entry { inputs: vec![Input::Absent(vec![input])], stored_ms, ..Entry::default() };
        let mut ours = Manifest { entries: vec![entry(1, 30), entry(2, 10)] };
        ours.merge(Manifest { entries: vec![entry(3, 40), entry(2, 20), entry(1, 5)] });
        assert_eq!(ours.entries, [entry(3, 40), entry(1, 30), entry(2, 20)]);
        ours.merge(Manifest { entries: (10..40).map(|n| entry(n, 1)).collect() });
        assert_eq!((ours.entries.len(), &ours.entries[0]), (ENTRIES, &entry(3, 40)));
        let same = ours.clone();
        ours.merge(same.clone());
        assert_eq!(ours, same);
    }

    #[test]
    fn the_newest_set_comes_first_and_the_oldest_is_forgotten() {
        let mut manifest = Manifest::default();
        for n in 0..=ENTRIES {
            let inputs = vec![Input::Absent(vec![n as u8])];
            manifest.add(Entry { inputs, ..Entry::default() });
        }
        assert_eq!(manifest.entries.len(), ENTRIES);
        assert_eq!(manifest.entries[0].inputs, [Input::Absent(vec![ENTRIES as u8])]);
        let again = manifest.entries[5].clone();
        manifest.add(again.clone());
        assert_eq!(manifest.entries[0], again);
        assert_eq!(manifest.entries.len(), ENTRIES);
    }
}
