//! What a unit was compiled as lately, so that the cause of a miss can be told.
//!
//! Grammar of a unit's file (`units/ab/<unit>`, see [`crate::system::codec`] for the parts):
//! ```text
//! file     = body check[16]                    check = first half of BLAKE3(body)
//! body     = bytes("thymos unit 2\n") list(asked)            newest first
//! asked    = digest(key) number(asked ms) list(place) list(dependency) package digest(compiler) list(option) list(file)
//!            list(extern) list(variable) list(flags) bytes(directory) has[1] digest? bytes(remap)
//! package  = bytes(name) bytes(version) bytes(profile) bytes(target) bytes(driver)
//! place    = root[1] bytes(path)               where the root was
//! dependency = root[1] bytes(by)              what brought its path into the result
//! option   = bytes(name) bytes(value)          rooted; a long value is its beginning and its digest
//! extern   = bytes(name) bytes(stem) digest
//! file, variable, flags = bytes(name) digest   flags: variables that Cargo reads flags from
//! ```
//! Where a reader meets another version, or a check that does not hold, there is no record; one of another version is replaced by
//! the next compile of the unit. Version 1 had no `package`.
//!
//! Invariant: a record explains a miss and never selects a result; a build is the same without it.
//! Values of variables are digests.

use crate::action::roots::Root;
use crate::action::{Action, ActionKey, ExternInput};
use crate::system::codec::{Reader, Writer, sealed, unseal, unsealed};
use crate::system::digest::{Digest, FieldHasher};

const MAGIC: &[u8] = b"thymos unit 2\n";
/// How records of every version begin.
const ANY: &[u8] = b"thymos unit ";
/// Actions that a unit remembers: the profiles, targets, versions and toolchains that somebody goes back and forth between.
const ASKED: usize = 12;
/// Longer values are cut, such as lists of `--check-cfg`.
const LONG: usize = 200;

/// One action in a form that can be compared with another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Its key.
    pub key: ActionKey,
    /// When it was stored, in milliseconds since the epoch.
    pub at_ms: u64,
    /// Where the roots were.
    pub places: Vec<(Root, Vec<u8>)>,
    /// Which of them have their path in the result, and what brought it in.
    pub path_dependencies: Vec<(Root, String)>,
    /// What Cargo compiles, and how.
    pub package: Package,
    /// The compiler.
    pub compiler: Digest,
    /// Options and values, rooted.
    pub options: Vec<(String, Vec<u8>)>,
    /// Options whose value is read as a file.
    pub files: Vec<(String, Digest)>,
    /// Externs: alias, stem of the file's name, content.
    pub externs: Vec<(String, String, Digest)>,
    /// Variables that the key holds.
    pub variables: Vec<(String, Digest)>,
    /// Variables that Cargo takes flags from.
    pub flags: Vec<(String, Digest)>,
    /// The working directory, rooted.
    pub directory: Vec<u8>,
    /// The host's processor, where it matters.
    pub processor: Option<Digest>,
    /// What is remapped.
    pub remap: String,
}

/// What Cargo compiles, and how; empty where Cargo does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Package {
    /// The package's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Cargo's profile: `dev`, `release`.
    pub profile: String,
    /// What it is compiled for; empty for the host.
    pub target: String,
    /// The driver before the compiler; empty for none.
    pub driver: String,
}

/// What is known about an action besides itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Circumstances {
    /// When, in milliseconds since the epoch.
    pub at_ms: u64,
    /// Where the roots are.
    pub places: Vec<(Root, Vec<u8>)>,
    /// Which of them have their path in the result, and what brought it in.
    pub path_dependencies: Vec<(Root, String)>,
    /// What Cargo compiles, and how.
    pub package: Package,
    /// Variables that Cargo takes flags from.
    pub flags: Vec<(String, Digest)>,
}

impl Asked {
    /// Returns the comparable form of an action.
    pub(crate) fn of(action: &Action, around: Circumstances) -> Self {
        let Circumstances { at_ms, places, path_dependencies, package, flags } = around;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let option = |(name, value): &(String, Vec<u8>)| (name.clone(), shortened(value));
        let external =
            |ExternInput { name, path, digest }: &ExternInput| (name.clone(), stem(path).to_owned(), *digest);
        Self {
            key: action.key(),
            at_ms,
            places,
            path_dependencies,
            package,
            compiler: action.compiler,
            options: action.arguments.iter().map(option).collect(),
            files: action.files.clone(),
            externs: action.externs.iter().map(external).collect(),
            variables: action.environment.iter().map(|(name, value)| (text(name), Digest::of(value))).collect(),
            flags,
            directory: action.directory.clone(),
            processor: action.processor,
            remap: action.remap.name().to_owned(),
        }
    }
}

fn shortened(value: &[u8]) -> Vec<u8> {
    if value.len() <= LONG {
        return value.to_vec();
    }
    let start = String::from_utf8_lossy(&value[..LONG / 4]).into_owned();
    format!("{start}… ({})", &Digest::of(value).hex()[..16]).into_bytes()
}

/// Returns a file's name without `lib` in front and its extension: what names the unit that made it.
pub(crate) fn stem(path: &[u8]) -> &str {
    let name = path.rsplit(|byte| matches!(byte, b'/' | b'\\')).next().unwrap_or_default();
    let name = std::str::from_utf8(name).unwrap_or_default();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    stem.strip_prefix("lib").unwrap_or(stem)
}

/// Returns a unit's name from what Cargo calls its outputs: `serde` for `serde-8f2a41c09be3d711`.
pub(crate) fn crate_of(stem: &str) -> &str {
    let hash = |tail: &str| tail.len() >= 8 && tail.bytes().all(|byte| byte.is_ascii_hexdigit());
    stem.rsplit_once('-').filter(|(_, tail)| hash(tail)).map_or(stem, |(name, _)| name)
}

/// Returns the part of a version that Cargo never has twice in a build: `1` of `1.0.219`, `0.8` of `0.8.5`.
pub(crate) fn compatible(version: &str) -> &str {
    let numbers = version.split(['-', '+']).next().unwrap_or_default();
    let zeros: usize = numbers.split('.').take_while(|number| *number == "0").map(|number| number.len() + 1).sum();
    let rest = numbers.get(zeros..).unwrap_or_default();
    &numbers[..numbers.len() - rest.len() + rest.find('.').unwrap_or(rest.len())]
}

/// What identifies a unit, whatever it is compiled with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Identity<'a> {
    /// The package's name.
    pub package: &'a str,
    /// What its versions have in common, where the package may be in a build in several: see [`compatible`].
    pub versions: &'a str,
    /// The crate's name.
    pub krate: &'a str,
    /// The crate's kind.
    pub kind: &'a str,
    /// The source, relative to the package where it lies in it, and else rooted.
    pub source: &'a [u8],
}

impl Identity<'_> {
    /// Returns the name of the unit's file.
    pub(crate) fn digest(&self) -> Digest {
        let Self { package, versions, krate, kind, source } = self;
        let mut hasher = FieldHasher::new("unit 2");
        [package, versions, krate, kind].iter().for_each(|field| hasher.bytes(field.as_bytes()));
        hasher.bytes(source);
        hasher.finish()
    }
}

/// The actions of one unit, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The actions.
    pub asked: Vec<Asked>,
}

impl Record {
    /// Adds an action in front. The same action at the same place is replaced, and the oldest are forgotten.
    pub(crate) fn add(&mut self, asked: Asked) {
        self.asked.retain(|old| (old.key, &old.places) != (asked.key, &asked.places));
        self.asked.insert(0, asked);
        self.asked.truncate(ASKED);
    }

    /// Returns the file's bytes.
    pub(crate) fn encode(&self) -> Vec<u8> {
        sealed(MAGIC, |writer| writer.list(&self.asked, write))
    }

    /// Reads the file's bytes.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        unsealed(MAGIC, bytes, |reader| Some(Self { asked: reader.list(read)? }))
    }

    /// Returns whether a file is whole: a record of this version, or whatever another version wrote.
    #[must_use]
    pub fn is_sound(bytes: &[u8]) -> bool {
        let magic = unseal(bytes).and_then(|body| Reader::new(body).bytes());
        match magic {
            Some(MAGIC) => Self::decode(bytes).is_some(),
            other => other.is_some_and(|magic| magic.starts_with(ANY)),
        }
    }
}

fn write(writer: &mut Writer, asked: &Asked) {
    let Asked { key, at_ms, places, path_dependencies, package, compiler, options, .. } = asked;
    let Asked { files, externs, variables, flags, directory, processor, remap, .. } = asked;
    let Package { name, version, profile, target, driver } = package;
    writer.digest(&key.0);
    writer.number(*at_ms);
    let rooted = |root: Root, bytes: &[u8], writer: &mut Writer| {
        writer.byte(root.letter());
        writer.bytes(bytes);
    };
    writer.list(places, |writer, (root, path)| rooted(*root, path, writer));
    writer.list(path_dependencies, |writer, (root, by)| rooted(*root, by.as_bytes(), writer));
    [name, version, profile, target, driver].iter().for_each(|text| writer.bytes(text.as_bytes()));
    writer.digest(compiler);
    writer.list(options, |writer, (name, value)| {
        writer.bytes(name.as_bytes());
        writer.bytes(value);
    });
    write_named(writer, files);
    writer.list(externs, |writer, (name, stem, digest)| {
        writer.bytes(name.as_bytes());
        writer.bytes(stem.as_bytes());
        writer.digest(digest);
    });
    write_named(writer, variables);
    write_named(writer, flags);
    writer.bytes(directory);
    writer.byte(u8::from(processor.is_some()));
    processor.iter().for_each(|digest| writer.digest(digest));
    writer.bytes(remap.as_bytes());
}

fn write_named(writer: &mut Writer, list: &[(String, Digest)]) {
    writer.list(list, |writer, (name, digest)| {
        writer.bytes(name.as_bytes());
        writer.digest(digest);
    });
}

fn read(reader: &mut Reader<'_>) -> Option<Asked> {
    let root = |reader: &mut Reader<'_>| Root::from_letter(reader.byte()?);
    let bytes = |reader: &mut Reader<'_>| reader.bytes().map(<[u8]>::to_vec);
    Some(Asked {
        key: ActionKey(reader.digest()?),
        at_ms: reader.number()?,
        places: reader.list(|reader| Some((root(reader)?, bytes(reader)?)))?,
        path_dependencies: reader.list(|reader| Some((root(reader)?, reader.text()?)))?,
        package: Package {
            name: reader.text()?,
            version: reader.text()?,
            profile: reader.text()?,
            target: reader.text()?,
            driver: reader.text()?,
        },
        compiler: reader.digest()?,
        options: reader.list(|reader| Some((reader.text()?, bytes(reader)?)))?,
        files: read_named(reader)?,
        externs: reader.list(|reader| Some((reader.text()?, reader.text()?, reader.digest()?)))?,
        variables: read_named(reader)?,
        flags: read_named(reader)?,
        directory: bytes(reader)?,
        processor: if reader.byte()? == 1 { Some(reader.digest()?) } else { None },
        remap: reader.text()?,
    })
}

fn read_named(reader: &mut Reader<'_>) -> Option<Vec<(String, Digest)>> {
    reader.list(|reader| Some((reader.text()?, reader.digest()?)))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::system::codec::seal;

    pub(crate) fn asked() -> Asked {
        let digest = Digest::of(b"x");
        Asked {
            key: ActionKey(digest),
            at_ms: 7,
            places: vec![(Root::Workspace, b"/home/u/ws".to_vec())],
            path_dependencies: vec![(Root::Workspace, "the output contains its path".into())],
            package: Package {
                name: "itoa".into(),
                version: "1.0.14".into(),
                profile: "dev".into(),
                ..Package::default()
            },
            compiler: digest,
            options: vec![("--cfg".into(), b"feature=\"std\"".to_vec()), ("-C opt-level".into(), b"3".to_vec())],
            files: vec![("-C profile-use".into(), digest)],
            externs: vec![("serde".into(), "serde-8f2a41c09be3d711".into(), digest)],
            variables: vec![("CARGO_PKG_VERSION".into(), digest)],
            flags: vec![("RUSTFLAGS".into(), digest)],
            directory: b"\0W".to_vec(),
            processor: Some(digest),
            remap: "workspace".into(),
        }
    }

    #[test]
    fn what_is_written_is_read_back_and_pinned() {
        let record = Record { asked: vec![asked(), Asked { processor: None, ..asked() }] };
        let bytes = record.encode();
        assert_eq!(Record::decode(&bytes), Some(record));
        assert_eq!(&Digest::of(&bytes).hex()[..16], "57c814359ade0243", "a change of format needs a new version");
    }

    #[test]
    fn no_truncation_and_no_flipped_byte_is_believed_or_panics() {
        let bytes = Record { asked: vec![asked()] }.encode();
        for at in 0..bytes.len() {
            assert_eq!(Record::decode(&bytes[..at]), None, "{at}");
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x41;
            assert_eq!(Record::decode(&damaged), None, "{at}");
            // Behind the check the reader itself must hold out.
            let _ = Record::decode(&seal(damaged[..bytes.len() - 16].to_vec()));
        }
    }

    #[test]
    fn a_record_of_another_version_is_not_read_and_is_no_damage() {
        let other = sealed(b"thymos unit 1\n", |writer| writer.bytes(b"something else"));
        assert_eq!((Record::decode(&other), Record::is_sound(&other)), (None, true));
        let damaged = sealed(MAGIC, |writer| writer.bytes(b"something else"));
        assert!(!Record::is_sound(&damaged) && !Record::is_sound(&other[1..]));
        assert!(!Record::is_sound(&sealed(b"thymos compiler 1\n", |_| ())));
        assert!(Record::is_sound(&Record { asked: vec![asked()] }.encode()));
    }

    #[test]
    fn the_same_action_is_kept_once_for_each_place() {
        let mut record = Record::default();
        record.add(asked());
        record.add(Asked { at_ms: 8, ..asked() });
        let elsewhere = Asked { places: vec![(Root::Workspace, b"/other".to_vec())], ..asked() };
        record.add(elsewhere.clone());
        assert_eq!(record.asked, [elsewhere, Asked { at_ms: 8, ..asked() }]);
        for n in 0..=ASKED {
            record.add(Asked { key: ActionKey(Digest::of(&[n as u8])), ..asked() });
        }
        assert_eq!(record.asked.len(), ASKED);
    }

    #[test]
    fn an_output_names_its_unit_and_its_crate() {
        let check = |path: &str, unit: &str, name: &str| {
            assert_eq!((stem(path.as_bytes()), crate_of(stem(path.as_bytes()))), (unit, name));
        };
        check("\0T/debug/deps/libserde-8f2a41c09be3d711.rmeta", "serde-8f2a41c09be3d711", "serde");
        check("/x/libplain.rlib", "plain", "plain");
        check("my-tool", "my-tool", "my-tool");
    }

    #[test]
    fn versions_that_cargo_never_has_together_are_one() {
        for (version, part) in [
            ("1.0.219", "1"),
            ("12.3.4+build", "12"),
            ("0.8.5-rc.1", "0.8"),
            ("0.0.7", "0.0.7"),
            ("0.0.0", "0.0.0"),
            ("3", "3"),
            ("", ""),
        ] {
            assert_eq!(compatible(version), part, "{version}");
        }
    }

    #[test]
    fn a_long_value_is_cut_and_still_tells_itself_from_another() {
        let (one, two) = (shortened(&[b'a'; 5000]), shortened(&[b'a'; 5001]));
        assert!(one.len() < LONG && one != two);
    }
}
