//! The mark that a linker leaves in what it links.
//!
//! LLD, mold and wild each write their name and version into the `.comment` section of an ELF file; GNU ld and gold write
//! nothing. The section is the only witness of who linked a file that does not need to be believed.
//!
//! Format: the System V ABI, "ELF header" and "Sections", for both classes and both byte orders. Invariant: no file, however
//! broken, makes the reader panic or read more than it was asked for.

use std::{
    fmt,
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
};

/// More than any compiler writes into `.comment`, and little enough to read.
const LONGEST: u64 = 64 * 1024;

/// A linker's name and version as it left them in a file.
///
/// ```
/// use thymos_build::Mark;
/// let mark = Mark::parse("Linker: LLD 22.1.2 (https://example.com)").expect("LLD leaves a mark");
/// assert_eq!((mark.name.as_str(), mark.version.as_str()), ("LLD", "22.1.2"));
/// assert!(Mark::parse("GCC: (Debian 12.2.0-14) 12.2.0").is_none());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Mark {
    /// `LLD`, `mold` or `Wild`.
    pub name: String,
    /// The version, `22.1.2`, or empty.
    pub version: String,
}

impl Mark {
    /// Returns the mark of the linker that made a file, or `None` if that linker leaves none.
    ///
    /// # Errors
    /// If the file cannot be read or is no ELF file.
    pub fn read(path: &Path) -> io::Result<Option<Mark>> {
        let comment = comment_section(&mut File::open(path)?)?;
        let lines = comment.split(|byte| *byte == 0).map(String::from_utf8_lossy);
        Ok(lines.filter_map(|line| Mark::parse(&line)).next())
    }

    /// Returns the mark in one string of the section, or in the first line that a linker prints for `--version`.
    pub fn parse(text: &str) -> Option<Mark> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let at = words.iter().position(|word| NAMES.iter().any(|name| word.eq_ignore_ascii_case(name)))?;
        let name = NAMES.into_iter().find(|name| words[at].eq_ignore_ascii_case(name))?;
        let version = words[at + 1..].iter().copied().find_map(version).unwrap_or_default();
        Some(Mark { name: name.to_owned(), version: version.to_owned() })
    }
}

const NAMES: [&str; 3] = ["LLD", "mold", "Wild"];

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.version)?;
        Ok(())
    }
}

/// Returns a word as a version number, without a leading `v` and what follows the digits and dots.
pub(crate) fn version(word: &str) -> Option<&str> {
    let word = word.trim_start_matches(['v', '(']);
    let end = word.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(word.len());
    let number = word[..end].trim_end_matches('.');
    (number.starts_with(|c: char| c.is_ascii_digit()) && number.contains('.')).then_some(number)
}

/// How the numbers of one file are laid out.
#[derive(Clone, Copy)]
struct Layout {
    wide: bool,
    big_endian: bool,
}

/// The fields of a section header that matter here.
struct Section {
    name: u64,
    offset: u64,
    size: u64,
}

fn comment_section(file: &mut (impl Read + Seek)) -> io::Result<Vec<u8>> {
    let head = read_at(file, 0, 64)?;
    let layout = Layout { wide: head[4] == 2, big_endian: head[5] == 2 };
    if head[..4] != *b"\x7fELF" {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "no ELF file"));
    }
    let (table, count, names) = if layout.wide {
        (layout.number(&head, 40, 8), layout.number(&head, 60, 2), layout.number(&head, 62, 2))
    } else {
        (layout.number(&head, 32, 4), layout.number(&head, 48, 2), layout.number(&head, 50, 2))
    };
    let names = section(file, layout, (table, names))?;
    let names = read_at(file, names.offset, names.size)?;
    for index in 0..count {
        let section = section(file, layout, (table, index))?;
        let name = usize::try_from(section.name).ok().and_then(|at| names.get(at..)).unwrap_or_default();
        if name.starts_with(b".comment\0") {
            return read_at(file, section.offset, section.size);
        }
    }
    Ok(Vec::new())
}

fn section(file: &mut (impl Read + Seek), layout: Layout, (table, index): (u64, u64)) -> io::Result<Section> {
    let size = if layout.wide { 64 } else { 40 };
    let head = read_at(file, table.saturating_add(index * size), size)?;
    let name = layout.number(&head, 0, 4);
    Ok(if layout.wide {
        Section { name, offset: layout.number(&head, 24, 8), size: layout.number(&head, 32, 8) }
    } else {
        Section { name, offset: layout.number(&head, 16, 4), size: layout.number(&head, 20, 4) }
    })
}

fn read_at(file: &mut (impl Read + Seek), offset: u64, size: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(size.min(LONGEST)).unwrap_or_default()];
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

impl Layout {
    fn number(self, bytes: &[u8], at: usize, width: usize) -> u64 {
        let field = bytes[at..at + width].iter();
        let fold = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
        if self.big_endian { field.fold(0, fold) } else { field.rev().fold(0, fold) }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// Returns the smallest ELF file that has a `.comment`.
    fn elf(layout: Layout, comment: &[u8]) -> Vec<u8> {
        let put = |bytes: &mut Vec<u8>, at: usize, width: usize, value: u64| {
            let raw = if layout.big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
            let field = if layout.big_endian { &raw[8 - width..] } else { &raw[..width] };
            bytes[at..at + width].copy_from_slice(field);
        };
        let (size, word) = if layout.wide { (64, 8) } else { (40, 4) };
        let strings = b"\0.comment\0";
        let mut bytes = vec![0; 64 + 2 * size];
        bytes[..4].copy_from_slice(b"\x7fELF");
        bytes[4] = if layout.wide { 2 } else { 1 };
        bytes[5] = if layout.big_endian { 2 } else { 1 };
        put(&mut bytes, if layout.wide { 40 } else { 32 }, word, 64);
        put(&mut bytes, if layout.wide { 60 } else { 48 }, 2, 2);
        let data = bytes.len() as u64;
        let fields = [(0, 0, data, strings.len() as u64), (1, 1, data + strings.len() as u64, comment.len() as u64)];
        for (index, name, offset, length) in fields {
            let at = 64 + index * size;
            put(&mut bytes, at, 4, name);
            put(&mut bytes, at + if layout.wide { 24 } else { 16 }, word, offset);
            put(&mut bytes, at + if layout.wide { 32 } else { 20 }, word, length);
        }
        bytes.extend_from_slice(strings);
        bytes.extend_from_slice(comment);
        bytes
    }

    fn layouts() -> impl Iterator<Item = Layout> {
        [(true, false), (true, true), (false, false), (false, true)]
            .into_iter()
            .map(|(wide, big_endian)| Layout { wide, big_endian })
    }

    #[test]
    fn a_comment_is_found_in_every_class_and_byte_order() {
        for layout in layouts() {
            let bytes = elf(layout, b"Linker: LLD 22.1.2\0GCC: 12\0");
            let comment = comment_section(&mut Cursor::new(bytes)).expect("a well-formed file");
            assert!(comment.starts_with(b"Linker: LLD 22.1.2\0"));
        }
    }

    #[test]
    fn a_broken_file_is_an_error_and_no_panic() {
        for layout in layouts() {
            let whole = elf(layout, b"Linker: LLD 22.1.2\0");
            for cut in 0..whole.len() {
                let _ = comment_section(&mut Cursor::new(&whole[..cut]));
            }
            for at in 0..whole.len() {
                let mut flipped = whole.clone();
                flipped[at] ^= 0xff;
                let _ = comment_section(&mut Cursor::new(flipped));
            }
        }
        assert!(comment_section(&mut Cursor::new(vec![b'x'; 100])).is_err());
    }

    #[test]
    fn marks_and_versions_of_real_linkers() {
        let cases = [
            ("Linker: LLD 22.1.2 (/checkout/src/llvm-project/llvm 1cb4e3)", "LLD 22.1.2"),
            ("Debian LLD 14.0.6 (compatible with GNU linkers)", "LLD 14.0.6"),
            ("mold 1.10.1 (compatible with GNU ld)", "mold 1.10.1"),
            ("Linker: Wild version 0.6.0", "Wild 0.6.0"),
        ];
        for (text, expected) in cases {
            assert_eq!(Mark::parse(text).map(|mark| mark.to_string()).as_deref(), Some(expected));
        }
        assert_eq!(Mark::parse("rustc version 1.95.0 (59807616e 2026-04-14)"), None);
    }
}
