//! What lies where in the compiler's memory, and what the functions there are called.
//!
//! The invariant: the snapshot is taken before the first library of others is mapped, so an address in none of its files
//! belongs to loaded code. What cannot be told counts as loaded code, or as a function without a name.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use memchr::memmem;

use super::region::CHAIN;
use crate::compile::observe::elf::Symbols;

/// Whose code an address belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The compiler's, or the dynamic loader's.
    Compiler,
    /// The C library's, or that of the preloaded library in its place.
    Library,
    /// Loaded while the compiler ran, or made by such code.
    Loaded,
}

/// Executable memory and the files behind it.
#[derive(Debug, Default)]
pub struct Modules {
    process: u32,
    early: Vec<(Range<u64>, Origin)>,
    symbols: HashMap<PathBuf, Option<Symbols>>,
}

impl Modules {
    /// Looks at a process that has loaded nothing yet.
    pub fn of(process: u32) -> Self {
        let early = mapped(process).into_iter().map(|mapped| (mapped.at, origin(&mapped.path))).collect();
        Self { process, early, symbols: HashMap::new() }
    }

    /// Returns whose code lies at an address.
    pub fn origin(&self, address: u64) -> Origin {
        self.early.iter().find(|(at, _)| at.contains(&address)).map_or(Origin::Loaded, |(_, origin)| *origin)
    }

    /// Returns whether these return addresses, the innermost first, are those of the standard library asking whether something
    /// is there, what kind it is, or how much room to reserve for its content.
    pub fn asks_existence(&mut self, chain: [u64; CHAIN]) -> bool {
        let mapped = mapped(self.process);
        for address in chain.into_iter().take_while(|address| *address != 0) {
            let Some(name) = self.name(&mapped, address - 1) else { return false };
            let holds = |parts: &[&str]| parts.iter().any(|part| memmem::find(&name, part.as_bytes()).is_some());
            if !holds(&["3std"]) {
                return false;
            }
            if holds(&["3std2fs", "3std4path"]) && holds(EXISTENCE) {
                return true;
            }
            if !holds(ON_THE_WAY) {
                return false;
            }
        }
        false
    }

    fn name(&mut self, mapped: &[Mapped], address: u64) -> Option<Vec<u8>> {
        let file = mapped.iter().find(|file| file.at.contains(&address))?;
        let symbols = self.symbols.entry(file.path.clone()).or_insert_with(|| Symbols::of(&file.path));
        symbols.as_ref()?.function(address - file.at.start + file.offset)
    }
}

/// Functions of the standard library that tell only whether something is there or what kind it is, and the one that reserves
/// room before a file is read, as both manglings spell them. Each calls the next of [`ON_THE_WAY`], never code of others.
const EXISTENCE: &[&str] = &[
    "4Path6exists",
    "4Path10try_exists",
    "4Path7is_file",
    "4Path6is_dir",
    "4Path10is_symlink",
    "2fs6exists",
    "24buffer_capacity_required",
    "4read5inner",
    "14read_to_string5inner",
    "4Read11read_to_end",
    "4Read14read_to_string",
    "10DirBuilder",
    "14create_dir_all",
];

const ON_THE_WAY: &[&str] = &[
    "3sys",
    "2fs8metadata",
    "2fs16symlink_metadata",
    "4Path8metadata",
    "4Path16symlink_metadata",
    "4File8metadata",
    "3ops8function6FnOnce9call_once",
];

#[derive(Debug)]
struct Mapped {
    at: Range<u64>,
    offset: u64,
    path: PathBuf,
}

/// Returns the executable mappings of a process.
fn mapped(process: u32) -> Vec<Mapped> {
    let text = std::fs::read_to_string(format!("/proc/{process}/maps")).unwrap_or_default();
    text.lines().filter_map(parse).collect()
}

/// `7f00-7f10 r-xp 00001000 fd:01 123   /lib/libc.so.6`
fn parse(line: &str) -> Option<Mapped> {
    let mut words = line.splitn(6, ' ');
    let (from, to) = words.next()?.split_once('-')?;
    let number = |text: &str| u64::from_str_radix(text, 16).ok();
    words.next().filter(|access| access.contains('x'))?;
    let offset = number(words.next()?)?;
    let path = words.nth(2)?.trim_start();
    Some(Mapped { at: number(from)?..number(to)?, offset, path: path.into() })
}

fn origin(path: &Path) -> Origin {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let is = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
    // musl's C library is its loader.
    if is(&["libc.", "libc-", "libpthread", "ld-musl", "memfd:environment"]) {
        Origin::Library
    } else {
        Origin::Compiler
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_and_data_is_none() {
        let read = parse("7f00-7f10 r-xp 00001000 fd:01 123      /lib/x86_64-linux-gnu/libc.so.6").expect("it is code");
        assert_eq!(
            (read.at, read.offset, read.path),
            (0x7f00..0x7f10, 0x1000, "/lib/x86_64-linux-gnu/libc.so.6".into())
        );
        assert!(parse("7f00-7f10 rw-p 00001000 fd:01 123      /lib/libc.so.6").is_none());
    }

    #[test]
    fn what_is_in_no_early_file_is_loaded() {
        let modules = Modules::of(std::process::id());
        assert_eq!(modules.origin(what_is_in_no_early_file_is_loaded as fn() as usize as u64), Origin::Compiler);
        assert_eq!(modules.origin(libc::getpid as unsafe extern "C" fn() -> i32 as usize as u64), Origin::Library);
        assert_eq!(modules.origin(8), Origin::Loaded);
    }
}
