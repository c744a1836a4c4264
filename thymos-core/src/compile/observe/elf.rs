//! The little of ELF that observing needs: what an executable is for, whether a library refers to `environ`, and what its
//! symbols are called.
//!
//! The invariant: any bytes whatever give an answer, without a panic and without reading more than the tables in
//! question. Where the bytes cannot be understood the answer is the careful one.
//!
//! Format: System V ABI, "Object Files"; 64-bit little-endian, which is what the supported machines use.
//!
//! The crate `object` (0.39, `read_core` and `elf` alone) was measured in its place: it adds 1.6 s of processor time to an install.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

/// The word size and byte order of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 64-bit, little-endian.
    Native,
    /// Anything else.
    Other,
}

/// What the beginning of an executable says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Word size and byte order. The other fields are only meaningful for [`Kind::Native`].
    pub kind: Kind,
    /// `e_machine`.
    pub machine: u16,
    /// The dynamic loader that it asks for; none if it is statically linked.
    pub interpreter: Option<Vec<u8>>,
}

/// Larger tables than this are not those of a library somebody compiled.
const LARGEST_TABLE: u64 = 64 << 20;
const PROGRAM_HEADER: usize = 56;
const SECTION_HEADER: usize = 64;
const SYMBOL: usize = 24;
const DYNAMIC_ENTRY: usize = 16;
const PT_LOAD: u32 = 1;
const PT_INTERP: u32 = 3;
const STT_FUNC: u8 = 2;
const SHF_ALLOC: u64 = 0x2;
const SHF_STRINGS: u64 = 0x20;
const SHF_COMPRESSED: u64 = 0x800;
const SHT_SYMTAB: u32 = 2;
const SHT_DYNAMIC: u32 = 6;
const SHT_DYNSYM: u32 = 11;
const DT_NEEDED: u64 = 1;

impl Header {
    /// Parses the first bytes of a file; `None` if it is no ELF object. An interpreter whose name lies beyond the given
    /// bytes counts as none.
    pub fn parse(head: &[u8]) -> Option<Self> {
        if !head.starts_with(b"\x7fELF") {
            return None;
        }
        if head.get(4..6) != Some(&[2, 1]) {
            return Some(Self { kind: Kind::Other, machine: 0, interpreter: None });
        }
        let machine = u16_at(head, 18)?;
        Some(Self { kind: Kind::Native, machine, interpreter: interpreter(head) })
    }
}

/// Returns whether the library at `path` may walk the environment: whether it imports `environ`, or Rust's standard
/// library, which does so for it. A file that cannot be read or understood may.
pub fn imports_environ(path: &Path) -> bool {
    let Ok(mut file) = File::open(path) else { return true };
    search(&mut |offset, length| read_at(&mut file, offset, length).ok()).unwrap_or(true)
}

/// Returns the names of a library's symbols, local ones included, one after the other with zeros between them. A library
/// that was stripped of them, and a file that is none, has none to tell.
pub fn symbol_names(path: &Path) -> Option<Vec<u8>> {
    let mut file = File::open(path).ok()?;
    let source = &mut |offset, length| read_at(&mut file, offset, length).ok();
    let sections = sections(source)?;
    let all = || sections.as_chunks::<SECTION_HEADER>().0.iter();
    let table = all().find(|section| u32_at(*section, 4) == Some(SHT_SYMTAB))?;
    contents(all().nth(u32_at(table, 40)? as usize)?, source)
}

/// The functions of an object, for finding the one at a place in its file.
#[derive(Debug)]
pub struct Symbols {
    /// Segments that are loaded: offset, size in the file, and address.
    loaded: Vec<(u64, u64, u64)>,
    /// Address, size, and where the name begins.
    functions: Vec<(u64, u64, usize)>,
    names: Vec<u8>,
}

impl Symbols {
    /// Reads the functions of the object at `path`; `None` where it was stripped of them or is none.
    pub fn of(path: &Path) -> Option<Self> {
        let mut file = File::open(path).ok()?;
        let source = &mut |offset, length| read_at(&mut file, offset, length).ok();
        let sections = sections(source)?;
        let all = || sections.as_chunks::<SECTION_HEADER>().0.iter();
        let table = all().find(|section| u32_at(*section, 4) == Some(SHT_SYMTAB))?;
        let names = contents(all().nth(u32_at(table, 40)? as usize)?, source)?;
        let symbols = contents(table, source)?;
        let function = |symbol: &[u8; SYMBOL]| {
            let is_function = symbol[4] & 0xf == STT_FUNC;
            let found = (u64_at(symbol, 8)?, u64_at(symbol, 16)?, u32_at(symbol, 0)? as usize);
            is_function.then_some(found)
        };
        let functions = symbols.as_chunks::<SYMBOL>().0.iter().filter_map(function).collect();
        Some(Self { loaded: loaded(source)?, functions, names })
    }

    /// Returns the name of the function that holds the byte at this offset of the file.
    pub fn function(&self, offset: u64) -> Option<Vec<u8>> {
        let (start, _, at) = self
            .loaded
            .iter()
            .find(|(start, size, _)| offset.checked_sub(*start).is_some_and(|inside| inside < *size))?;
        let address = (offset - start).checked_add(*at)?;
        let holds =
            |(from, size, _): &&(u64, u64, usize)| address.checked_sub(*from).is_some_and(|inside| inside < *size);
        let (_, _, begins) = self.functions.iter().find(holds)?;
        let rest = self.names.get(*begins..)?;
        Some(rest[..memchr::memchr(0, rest)?].to_vec())
    }
}

fn loaded(source: &mut Source<'_>) -> Option<Vec<(u64, u64, u64)>> {
    let head = source(0, 64)?;
    let count = usize::from(u16_at(&head, 56)?);
    let headers = source(u64_at(&head, 32)?, count.checked_mul(PROGRAM_HEADER)?)?;
    let load = |header: &[u8; PROGRAM_HEADER]| {
        let part = (u64_at(header, 8)?, u64_at(header, 32)?, u64_at(header, 16)?);
        (u32_at(header, 0) == Some(PT_LOAD)).then_some(part)
    };
    Some(headers.as_chunks::<PROGRAM_HEADER>().0.iter().filter_map(load).collect())
}

/// Returns whether a library uses a standard library that it does not hold itself: the compiler's own.
pub fn shares_std(path: &Path) -> bool {
    let Ok(mut file) = File::open(path) else { return false };
    let source = &mut |offset, length| read_at(&mut file, offset, length).ok();
    let needs = |source: &mut Source<'_>| {
        let sections = sections(source)?;
        let all = || sections.as_chunks::<SECTION_HEADER>().0.iter();
        let dynamic = all().find(|section| u32_at(*section, 4) == Some(SHT_DYNAMIC))?;
        let names = contents(all().nth(u32_at(dynamic, 40)? as usize)?, source)?;
        needs_std(&contents(dynamic, source)?, &names)
    };
    needs(source).unwrap_or(false)
}

/// Returns whether a section of a file is compressed, so that a search of its bytes does not find what it says.
pub fn has_compressed_section(path: &Path) -> bool {
    let Ok(mut file) = File::open(path) else { return false };
    compressed(&mut |offset, length| read_at(&mut file, offset, length).ok()).unwrap_or(false)
}

/// Returns where a file has tables of strings that end at a zero and that no running program sees: those of debug information.
pub fn string_tables(path: &Path) -> Vec<Range<u64>> {
    let Ok(mut file) = File::open(path) else { return Vec::new() };
    let sections = sections(&mut |offset, length| read_at(&mut file, offset, length).ok()).unwrap_or_default();
    let is_table = |flags: u64| flags & (SHF_STRINGS | SHF_ALLOC | SHF_COMPRESSED) == SHF_STRINGS;
    let table = |section: &[u8; SECTION_HEADER]| {
        u64_at(section, 8).filter(|flags| is_table(*flags))?;
        let start = u64_at(section, 24)?;
        Some(start..start.checked_add(u64_at(section, 32)?)?)
    };
    sections.as_chunks::<SECTION_HEADER>().0.iter().filter_map(table).collect()
}

/// Returns where the section of this name lies.
pub fn section(path: &Path, wanted: &[u8]) -> Option<Range<u64>> {
    let mut file = File::open(path).ok()?;
    let source: &mut Source<'_> = &mut |offset, length| read_at(&mut file, offset, length).ok();
    let sections = sections(source)?;
    let all = || sections.as_chunks::<SECTION_HEADER>().0.iter();
    let names = contents(all().nth(usize::from(u16_at(&source(0, 64)?, 62)?))?, source)?;
    let found = all().find(|section| u32_at(*section, 0).and_then(|at| name(&names, at.into())) == Some(wanted))?;
    let start = u64_at(found, 24)?;
    Some(start..start.checked_add(u64_at(found, 32)?)?)
}

/// Sections are marked; those of the older form, which GNU tools still write when they are asked to, are named so.
fn compressed(source: &mut Source<'_>) -> Option<bool> {
    let sections = sections(source)?;
    let all = || sections.as_chunks::<SECTION_HEADER>().0.iter();
    if all().any(|section| u64_at(section, 8).is_some_and(|flags| flags & SHF_COMPRESSED != 0)) {
        return Some(true);
    }
    let names = all().nth(usize::from(u16_at(&source(0, 64)?, 62)?))?;
    Some(memchr::memmem::find(&contents(names, source)?, b".zdebug_").is_some())
}

type Source<'a> = dyn FnMut(u64, usize) -> Option<Vec<u8>> + 'a;

fn sections(source: &mut Source<'_>) -> Option<Vec<u8>> {
    let head = source(0, 64)?;
    if !head.starts_with(b"\x7fELF\x02\x01") {
        return None;
    }
    let count = usize::from(u16_at(&head, 60)?);
    source(u64_at(&head, 40)?, count.checked_mul(SECTION_HEADER)?)
}

fn search(source: &mut Source<'_>) -> Option<bool> {
    let sections = sections(source)?;
    let mut understood = false;
    for section in sections.as_chunks::<SECTION_HEADER>().0 {
        let kind = u32_at(section, 4)?;
        if kind != SHT_DYNSYM && kind != SHT_DYNAMIC {
            continue;
        }
        let names = sections.as_chunks::<SECTION_HEADER>().0.get(u32_at(section, 40)? as usize)?;
        let (table, names) = (contents(section, source)?, contents(names, source)?);
        let found = if kind == SHT_DYNSYM { imports(&table, &names) } else { needs_std(&table, &names) };
        if found? {
            return Some(true);
        }
        understood |= kind == SHT_DYNSYM;
    }
    understood.then_some(false)
}

/// The names that C libraries give the environment, and functions that hand it to another program unasked.
const ENVIRONMENT: [&[u8]; 9] =
    [b"environ", b"__environ", b"_environ", b"system", b"popen", b"execl", b"execlp", b"execv", b"execvp"];

/// Looks for an undefined symbol under one of these names.
fn imports(symbols: &[u8], names: &[u8]) -> Option<bool> {
    for symbol in symbols.as_chunks::<SYMBOL>().0 {
        let undefined = u16_at(symbol, 6)? == 0;
        if undefined && ENVIRONMENT.contains(&name(names, u32_at(symbol, 0)?.into())?) {
            return Some(true);
        }
    }
    Some(false)
}

/// Looks for a dependency on Rust's shared standard library.
fn needs_std(entries: &[u8], names: &[u8]) -> Option<bool> {
    for entry in entries.as_chunks::<DYNAMIC_ENTRY>().0 {
        if u64_at(entry, 0)? == DT_NEEDED && name(names, u64_at(entry, 8)?)?.starts_with(b"libstd-") {
            return Some(true);
        }
    }
    Some(false)
}

fn contents(section: &[u8], source: &mut Source<'_>) -> Option<Vec<u8>> {
    let length = u64_at(section, 32).filter(|&length| length <= LARGEST_TABLE)?;
    source(u64_at(section, 24)?, length as usize)
}

fn interpreter(head: &[u8]) -> Option<Vec<u8>> {
    let table = usize::try_from(u64_at(head, 32)?).ok()?;
    let headers = head.get(table..)?.as_chunks::<PROGRAM_HEADER>().0.iter().take(u16_at(head, 56)?.into());
    let segment = headers.into_iter().find(|header| u32_at(*header, 0) == Some(PT_INTERP))?;
    let start = usize::try_from(u64_at(segment, 8)?).ok()?;
    let bytes = head.get(start..start.checked_add(usize::try_from(u64_at(segment, 32)?).ok()?)?)?;
    Some(bytes.split(|&byte| byte == 0).next()?.to_vec())
}

fn name(names: &[u8], at: u64) -> Option<&[u8]> {
    names.get(usize::try_from(at).ok()?..)?.split(|&byte| byte == 0).next()
}

fn read_at(file: &mut File, offset: u64, length: usize) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    file.take(length as u64).read_to_end(&mut bytes)?;
    if bytes.len() == length { Ok(bytes) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at.checked_add(8)?)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// [`imports_environ`] for bytes in memory.
    fn bytes_import_environ(bytes: &[u8]) -> bool {
        search(&mut |offset, length| {
            let start = usize::try_from(offset).ok()?;
            Some(bytes.get(start..start.checked_add(length)?)?.to_vec())
        })
        .unwrap_or(true)
    }

    /// An object with one dynamic symbol of the given name.
    fn library(symbol: &[u8], section_index: u16) -> Vec<u8> {
        let mut bytes = vec![0; 64 + 3 * SECTION_HEADER + 2 * SYMBOL];
        let (symbols, names) = (64 + 3 * SECTION_HEADER, bytes.len());
        let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
        put(0, b"\x7fELF\x02\x01");
        put(40, &64_u64.to_le_bytes());
        put(60, &3_u16.to_le_bytes());
        let mut section = |index: usize, kind: u32, start: usize, length: usize| {
            let at = 64 + index * SECTION_HEADER;
            put(at + 4, &kind.to_le_bytes());
            put(at + 24, &(start as u64).to_le_bytes());
            put(at + 32, &(length as u64).to_le_bytes());
            put(at + 40, &2_u32.to_le_bytes());
        };
        section(1, SHT_DYNSYM, symbols, 2 * SYMBOL);
        section(2, 3, names, symbol.len() + 2);
        put(symbols + SYMBOL, &1_u32.to_le_bytes());
        put(symbols + SYMBOL + 6, &section_index.to_le_bytes());
        bytes.push(0);
        bytes.extend_from_slice(symbol);
        bytes.push(0);
        bytes
    }

    #[test]
    fn an_import_of_environ_under_any_of_its_names_is_found() {
        for name in ["environ", "__environ", "_environ", "system"] {
            assert!(bytes_import_environ(&library(name.as_bytes(), 0)), "{name}");
        }
        for name in ["getenv", "environs", "xenviron"] {
            assert!(!bytes_import_environ(&library(name.as_bytes(), 0)), "{name}");
        }
    }

    #[test]
    fn a_definition_of_environ_is_no_import() {
        assert!(!bytes_import_environ(&library(b"environ", 7)));
    }

    #[test]
    fn what_cannot_be_understood_may_read_the_environment() {
        assert!(bytes_import_environ(b""));
        assert!(bytes_import_environ(b"#!/bin/sh\n"));
        assert!(imports_environ(Path::new("/nonexistent/library.so")));
    }

    #[test]
    fn damaged_bytes_give_an_answer() {
        let whole = library(b"environ", 0);
        for length in 0..whole.len() {
            assert!(bytes_import_environ(&whole[..length]), "cut at {length}");
        }
        for at in 0..whole.len() {
            for value in [0x00, 0x7f, 0xff] {
                let mut damaged = whole.clone();
                damaged[at] = value;
                bytes_import_environ(&damaged);
                Header::parse(&damaged);
            }
        }
    }

    #[test]
    fn another_word_size_is_another_kind() {
        let header = Header::parse(b"\x7fELF\x01\x01").expect("the magic number is there");
        assert_eq!(header.kind, Kind::Other);
        assert_eq!(Header::parse(b"MZ"), None);
    }
}
