//! What the kernel and the dynamic loader read in order to execute a file: the interpreters named inside it.
//!
//! The invariant: these reads make no system call that names them, so they are derived from the file's own first bytes.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;

use super::arch;
use crate::compile::observe::elf::{self, Kind};

/// How deep the kernel follows scripts that are run by scripts.
const DEEPEST: usize = 5;

/// Long enough for the program headers, and for the kernel's 256 bytes of a `#!` line.
const HEAD: usize = 4096;

/// The interpreters of one file.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Their paths, in the order in which they are read.
    pub paths: Vec<Vec<u8>>,
    /// Whether the program at the end is of another architecture or word size.
    pub is_foreign: bool,
    /// Whether it names a dynamic loader, and no script stands before it.
    pub is_dynamic_binary: bool,
}

/// Interpreters by file.
#[derive(Debug, Default)]
pub struct Interpreters {
    known: HashMap<Vec<u8>, Found>,
}

impl Interpreters {
    /// Returns the interpreters of the file at an absolute path.
    pub fn of(&mut self, path: &[u8]) -> &Found {
        if !self.known.contains_key(path) {
            self.known.insert(path.to_vec(), find(path));
        }
        &self.known[path]
    }
}

/// Reads the interpreters of the file at an absolute path.
pub fn find(path: &[u8]) -> Found {
    let mut found = Found::default();
    let mut path = path.to_vec();
    for _ in 0..DEEPEST {
        let Some(head) = read_head(&path) else { break };
        if let Some(next) = script_interpreter(&head) {
            found.paths.push(next.to_vec());
            path = next.to_vec();
            continue;
        }
        if let Some(header) = elf::Header::parse(&head) {
            found.is_foreign = header.kind != Kind::Native || header.machine != arch::MACHINE;
            found.is_dynamic_binary = found.paths.is_empty() && !found.is_foreign && header.interpreter.is_some();
            found.paths.extend(header.interpreter);
        }
        break;
    }
    found
}

fn read_head(path: &[u8]) -> Option<Vec<u8>> {
    // A FIFO or a device would block or be changed by being read.
    let path = OsStr::from_bytes(path);
    if !std::fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let mut head = Vec::with_capacity(HEAD);
    File::open(path).ok()?.take(HEAD as u64).read_to_end(&mut head).ok()?;
    Some(head)
}

fn script_interpreter(head: &[u8]) -> Option<&[u8]> {
    let line = head.strip_prefix(b"#!")?.split(|&byte| byte == b'\n').next()?;
    line.split(|byte| matches!(byte, b' ' | b'\t')).find(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_names_its_interpreter_first() {
        assert_eq!(script_interpreter(b"#! /usr/bin/env  bash\necho"), Some(&b"/usr/bin/env"[..]));
        assert_eq!(script_interpreter(b"#!/bin/sh"), Some(&b"/bin/sh"[..]));
        assert_eq!(script_interpreter(b"#!\n/bin/sh"), None);
        assert_eq!(script_interpreter(b"\x7fELF"), None);
    }

    #[test]
    fn the_running_test_has_a_loader_that_exists() {
        let me = std::env::current_exe().expect("a test runs from a file");
        let found = find(me.as_os_str().as_bytes());
        assert!(!found.is_foreign);
        for path in &found.paths {
            assert!(std::path::Path::new(OsStr::from_bytes(path)).exists());
        }
    }
}
