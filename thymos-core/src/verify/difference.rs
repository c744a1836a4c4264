//! What a fresh compile and a stored result differ in.
//!
//! Invariant: pure, and every part of a result that a hit lays out or prints is compared. Times are no part of a result, and of the
//! permission bits only whether it can be executed is laid out.

use std::fmt;

use crate::action::manifest::{Entry, Output};

/// The first part of a result that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// The compiler fails where the store holds a success.
    Status,
    /// The content of an output.
    Content(String),
    /// Whether an output can be executed.
    Mode(String),
    /// An output that only the store has.
    Stale(String),
    /// An output that only the compiler makes.
    New(String),
    /// The dep-info.
    DepInfo,
    /// What the compiler prints.
    Stream(&'static str),
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status => f.write_str("the compiler fails now"),
            Self::Content(name) => f.write_str(name),
            Self::Mode(name) => write!(f, "the permissions of {name}"),
            Self::Stale(name) => write!(f, "{name}, which the compiler does not make,"),
            Self::New(name) => write!(f, "{name}, which the cache does not have,"),
            Self::DepInfo => f.write_str("the dep-info"),
            Self::Stream(name) => f.write_str(name),
        }
    }
}

/// Returns the first part in which a stored result differs from a fresh one.
pub fn difference(stored: &Entry, fresh: &Entry) -> Option<Part> {
    let Entry { inputs: _, outputs, dep_info, stdout, stderr, compile_us: _, stored_ms: _ } = stored;
    let name = |output: &Output| String::from_utf8_lossy(&output.name).into_owned();
    for old in outputs {
        match fresh.outputs.iter().find(|new| new.name == old.name) {
            None => return Some(Part::Stale(name(old))),
            Some(new) if (new.digest, new.size) != (old.digest, old.size) => return Some(Part::Content(name(old))),
            Some(new) if is_program(new) != is_program(old) => return Some(Part::Mode(name(old))),
            Some(_) => {}
        }
    }
    if let Some(new) = fresh.outputs.iter().find(|new| !outputs.iter().any(|old| old.name == new.name)) {
        return Some(Part::New(name(new)));
    }
    [
        (*dep_info != fresh.dep_info, Part::DepInfo),
        (*stdout != fresh.stdout, Part::Stream("standard output")),
        (*stderr != fresh.stderr, Part::Stream("the diagnostics")),
    ]
    .into_iter()
    .find_map(|(differs, part)| differs.then_some(part))
}

fn is_program(output: &Output) -> bool {
    output.mode & 0o111 != 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::manifest::Input;
    use crate::system::digest::Digest;

    fn output(name: &str, content: &str, mode: u32) -> Output {
        Output {
            name: name.into(),
            digest: Digest::of(content.as_bytes()),
            size: content.len() as u64,
            mode,
            sites: vec![],
        }
    }

    fn entry() -> Entry {
        Entry {
            outputs: vec![output("liba.rlib", "library", 0o644), output("a", "program", 0o755)],
            dep_info: Some(b"a: b".to_vec()),
            stderr: b"warning".to_vec(),
            ..Entry::default()
        }
    }

    #[test]
    fn each_part_that_is_laid_out_is_compared_and_times_are_not() {
        let check = |expected: Option<Part>, change: &dyn Fn(&mut Entry)| {
            let mut fresh = entry();
            change(&mut fresh);
            assert_eq!(difference(&entry(), &fresh), expected);
        };
        check(None, &|fresh| (fresh.compile_us, fresh.stored_ms) = (7, 8));
        check(None, &|fresh| fresh.inputs.push(Input::Absent(b"x".to_vec())));
        check(None, &|fresh| fresh.outputs.reverse());
        check(None, &|fresh| fresh.outputs[1].mode = 0o700);
        check(Some(Part::Content("a".into())), &|fresh| fresh.outputs[1] = output("a", "progrbm", 0o755));
        check(Some(Part::Mode("a".into())), &|fresh| fresh.outputs[1].mode = 0o644);
        check(Some(Part::Stale("a".into())), &|fresh| drop(fresh.outputs.pop()));
        check(Some(Part::New("a.dwp".into())), &|fresh| fresh.outputs.push(output("a.dwp", "", 0o644)));
        check(Some(Part::DepInfo), &|fresh| fresh.dep_info = None);
        check(Some(Part::Stream("standard output")), &|fresh| fresh.stdout.push(b'x'));
        check(Some(Part::Stream("the diagnostics")), &|fresh| fresh.stderr.clear());
    }
}
