//! What a library that was loaded while the compiler ran, a proc macro, is able to ask without a call that could be watched.
//! Its symbols tell: the linker drops functions that nobody calls, so those of the standard library are there when they are
//! used.
//!
//! The invariant: a library that imports `environ`, or whose tables cannot be understood, may read the whole environment.
//! A library that was stripped of its local symbols tells nothing about the rest, and counts as not asking: nearly all
//! macros do not, and a release profile strips them all. What such a macro made of a path is still searched for.

use std::path::{Path, PathBuf};

use memchr::memmem;

use crate::compile::observe::elf;
use crate::compile::observe::report::WholeEnv;

/// `std::env::args` and `args_os`, as both manglings spell them.
const ARGUMENTS: [&[u8]; 2] = [b"3std3env4args", b"3std3env7args_os"];
/// `proc_macro::Span::local_file` and `file`.
const SPANS: [&[u8]; 2] = [b"4Span10local_file", b"4Span4file"];

/// What the loaded libraries are able to ask.
#[derive(Debug, Default)]
pub struct Asks {
    /// The environment as a whole.
    pub whole: WholeEnv,
    /// The compiler's arguments.
    pub arguments: Vec<PathBuf>,
    /// Where sources lie.
    pub spans: Vec<PathBuf>,
}

/// Looks at each library, or file that shows the environment, once.
pub fn of(suspects: Vec<PathBuf>) -> Asks {
    let (mut asks, mut readers) = (Asks::default(), Vec::new());
    for path in suspects {
        if is_environ(&path) {
            readers.push(path);
            continue;
        }
        let names = elf::symbol_names(&path).unwrap_or_default();
        let has = |wanted: &[&[u8]]| wanted.iter().any(|name| memmem::find(&names, name).is_some());
        if has(&ARGUMENTS) {
            asks.arguments.push(path.clone());
        }
        if has(&SPANS) && memmem::find(&names, b"10proc_macro").is_some() {
            asks.spans.push(path.clone());
        }
        if elf::imports_environ(&path) {
            readers.push(path);
        }
    }
    if !readers.is_empty() {
        asks.whole = WholeEnv::MaybeReadBy(readers);
    }
    asks
}

/// Returns whether this is the kernel's file of some process's environment.
pub fn is_environ(path: &Path) -> bool {
    path.starts_with("/proc") && path.ends_with("environ")
}
