//! rustc's dep-info: which files and variables a unit's source named.
//!
//! The format is a Makefile rule per output, `target: file file`, in which only a space of a file is escaped (`\ `) and none of
//! the target, then one empty rule per file, then comments `# env-dep:NAME=VALUE` (or `# env-dep:NAME` for an unset variable) with `\n`, `\r` and `\\`
//! escaped: `rustc_interface::passes::write_out_deps`.
//!
//! Invariant: `concrete(rooted(text))` gives the text back, so a restored dep-info is the one that rustc would have written
//! here.

use std::path::PathBuf;

use memchr::memmem;

use crate::action::roots::Roots;
use crate::system::os;

/// What a dep-info says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DepInfo {
    /// The sources, as spelled: relative ones are relative to the compiler's working directory.
    pub sources: Vec<PathBuf>,
    /// Variables and their values; `None` is unset.
    pub variables: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

const ENV: &[u8] = b"# env-dep:";

/// Reads a dep-info.
#[must_use]
pub fn parse(text: &[u8]) -> DepInfo {
    let mut info = DepInfo::default();
    for line in text.split(|byte| *byte == b'\n') {
        if let Some(variable) = line.strip_prefix(ENV) {
            let equals = memchr::memchr(b'=', variable);
            let name = &variable[..equals.unwrap_or(variable.len())];
            info.variables.push((unescape(name), equals.map(|at| unescape(&variable[at + 1..]))));
        } else if !line.starts_with(b"#")
            && let Some(source) = line.strip_suffix(b":")
        {
            info.sources.push(os::path_from_bytes(unescape_space(source)));
        }
    }
    info
}

/// Replaces roots by their marks.
#[must_use]
pub fn rooted(text: &[u8], roots: &Roots) -> Vec<u8> {
    let spaced = roots.with_escaped_spaces();
    let change = |line: &[u8]| {
        let (plain, escaped) = parts(line);
        Some([roots.rooted_text(plain), spaced.rooted_text(escaped)].concat())
    };
    by_line(text, change).unwrap_or_default()
}

/// Replaces marks by the roots of this machine.
#[must_use]
pub fn concrete(text: &[u8], roots: &Roots) -> Option<Vec<u8>> {
    let spaced = roots.with_escaped_spaces();
    by_line(text, |line| {
        let (plain, escaped) = parts(line);
        Some([roots.concrete(plain)?, spaced.concrete(escaped)?].concat())
    })
}

/// Splits a line into what has no escapes, a variable or the target of a rule, and the files behind it.
fn parts(line: &[u8]) -> (&[u8], &[u8]) {
    if line.starts_with(ENV) {
        return (line, b"");
    }
    line.split_at(memmem::find(line, b": ").unwrap_or(0))
}

fn by_line(text: &[u8], change: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Option<Vec<u8>> {
    let mut changed = Vec::with_capacity(text.len() + 256);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        changed.extend(change(line)?);
    }
    Some(changed)
}

fn unescape_space(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text.iter().copied().peekable();
    while let Some(byte) = rest.next() {
        if !(byte == b'\\' && rest.peek() == Some(&b' ')) {
            plain.push(byte);
        }
    }
    plain
}

fn unescape(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text.iter().copied();
    while let Some(byte) = rest.next() {
        plain.push(match byte {
            b'\\' => match rest.next() {
                Some(b'n') => b'\n',
                Some(b'r') => b'\r',
                Some(other) => other,
                None => b'\\',
            },
            other => other,
        });
    }
    plain
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::action::roots::Root;

    const TEXT: &[u8] =
        b"/t/debug/deps/a.d: src/lib.rs /my\\ ws/src/b\\ c.rs\n\n/t/debug/deps/liba.rlib: src/lib.rs\n\n\
        src/lib.rs:\n/my\\ ws/src/b\\ c.rs:\n\n# env-dep:CARGO_PKG_NAME=a\n# env-dep:UNSET\n# env-dep:LINES=a\\nb\\\\\n\
        # env-dep:OUT_DIR=/my ws/out\n";

    #[test]
    fn sources_and_variables_are_read() {
        let info = parse(TEXT);
        assert_eq!(info.sources, [PathBuf::from("src/lib.rs"), "/my ws/src/b c.rs".into()]);
        assert_eq!(info.variables[0], (b"CARGO_PKG_NAME".to_vec(), Some(b"a".to_vec())));
        assert_eq!(info.variables[1], (b"UNSET".to_vec(), None));
        assert_eq!(info.variables[2], (b"LINES".to_vec(), Some(b"a\nb\\".to_vec())));
    }

    #[test]
    fn it_is_rewritten_for_another_checkout() {
        let here = Roots::new([(Root::Workspace, "/my ws".into()), (Root::Target, "/t".into())]);
        let there = Roots::new([(Root::Workspace, "/w".into()), (Root::Target, "/w/target".into())]);
        let spaced = Roots::new([(Root::Workspace, "/my ws".into()), (Root::Target, "/my ws/target".into())]);
        let text = b"/my ws/target/a.d: /my\\ ws/a.rs /my\\ ws/b.rs\n\n/my\\ ws/a.rs:\n";
        assert_eq!(rooted(text, &spaced), b"\0T/a.d: \0W/a.rs \0W/b.rs\n\n\0W/a.rs:\n");
        assert_eq!(concrete(&rooted(text, &spaced), &spaced).as_deref(), Some(&text[..]));
        let stored = rooted(TEXT, &here);
        assert_eq!(concrete(&stored, &here).as_deref(), Some(TEXT));
        let info = parse(&concrete(&stored, &there).unwrap_or_default());
        assert_eq!(info.sources[1], PathBuf::from("/w/src/b c.rs"));
        assert_eq!(info.variables[3].1.as_deref(), Some(&b"/w/out"[..]));
    }
}
