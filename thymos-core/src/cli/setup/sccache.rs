//! The text of a Dockerfile, a compose file or a CI job that uses sccache, turned into one that uses Thymos.
//!
//! Invariant: pure, line by line, and timid. A line is changed only where every word of the change is understood; a line that
//! still speaks of sccache afterwards is named with what a person has to do about it.

use super::change::{Change, Left};
use crate::cli::cargo_config::stem;

/// Variables with the same meaning.
const VARIABLES: [(&str, &str); 2] = [("SCCACHE_DIR", "THYMOS_DIR"), ("SCCACHE_CACHE_SIZE", "THYMOS_CACHE_SIZE")];
/// Commands with the same meaning. Longer ones stand first.
const COMMANDS: [(&str, &str); 4] = [
    ("sccache --show-stats", "thymos stats"),
    ("sccache --zero-stats", "thymos stats --zero"),
    ("sccache -s", "thymos stats"),
    ("sccache -z", "thymos stats --zero"),
];
/// What names a wrapper.
const WRAPPERS: [&str; 3] = ["CARGO_BUILD_RUSTC_WRAPPER", "RUSTC_WRAPPER", "rustc-wrapper"];
/// What remains, by a word of the line, and what to do about it.
const REMAINS: [(&str, &str); 8] = [
    ("sccache-action", "this step installs sccache; install thymos in its place"),
    ("install", "this installs sccache; install thymos in its place"),
    ("--start-server", "there is no server to start; remove this"),
    ("--stop-server", "there is no server to stop; remove this"),
    ("SCCACHE_GHA", "GitHub's cache is not a second level yet; keep the directory THYMOS_DIR with actions/cache"),
    ("SCCACHE_", "this setting has no counterpart; remove it"),
    ("mount", "the path is only a name, and works as it is"),
    ("", "this is not understood; look at it"),
];

/// A text after the conversion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Converted {
    /// The text.
    pub text: String,
    /// The lines that changed.
    pub changes: Vec<Change>,
    /// The lines that still speak of sccache.
    pub left: Vec<Left>,
}

/// Converts a text. Comments stay.
pub fn convert(name: &str, text: &str) -> Converted {
    let mut converted = Converted { text: String::new(), changes: Vec::new(), left: Vec::new() };
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let (before, ending) = line.split_at(line.trim_end_matches(['\r', '\n']).len());
        let after = if before.trim_start().starts_with('#') { before.to_owned() } else { converted_line(before) };
        if after != before {
            converted.changes.push(Change::Line { before: before.to_owned(), after: after.clone() });
        }
        if let Some(why) = remains(&after) {
            converted.left.push(Left { key: format!("{name}:{}: {}", number + 1, after.trim()), why: why.to_owned() });
        }
        converted.text.push_str(&after);
        converted.text.push_str(ending);
    }
    converted
}

fn converted_line(line: &str) -> String {
    let mut line = line.to_owned();
    for (old, new) in VARIABLES.into_iter().chain(COMMANDS) {
        line = replace_words(&line, old, new);
    }
    WRAPPERS.into_iter().fold(line, |line, name| convert_wrapper(&line, name))
}

/// Replaces the program that stands behind the name of a wrapper, if it is sccache.
fn convert_wrapper(line: &str, name: &str) -> String {
    let Some(at) = find_word(line, name) else { return line.to_owned() };
    let (head, rest) = line.split_at(at + name.len());
    let value = rest.trim_start_matches(['"', '\'', ' ', '\t', '=', ':']);
    let between = &rest[..rest.len() - value.len()];
    let end = value.find(|c: char| c.is_whitespace() || "\"',;}".contains(c)).unwrap_or(value.len());
    let (program, tail) = value.split_at(end);
    // Without a sign of assignment, or with a space on one side of it, `ENV RUSTC_WRAPPER sccache` is what is left.
    let assigned = between.contains(['=', ':', ' ']);
    if !assigned || stem(program) != "sccache" { line.to_owned() } else { format!("{head}{between}thymos{tail}") }
}

fn remains(line: &str) -> Option<&'static str> {
    let comment = line.trim_start().starts_with('#');
    if comment || !line.to_ascii_lowercase().contains("sccache") {
        return None;
    }
    REMAINS.iter().find(|(word, _)| line.contains(word)).map(|(_, why)| *why)
}

fn replace_words(line: &str, old: &str, new: &str) -> String {
    match find_word(line, old) {
        Some(at) => format!("{}{new}{}", &line[..at], replace_words(&line[at + old.len()..], old, new)),
        None => line.to_owned(),
    }
}

/// Returns where a text stands that is not part of a longer word.
fn find_word(line: &str, word: &str) -> Option<usize> {
    let part = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    let found = line.match_indices(word).map(|(at, _)| at);
    found.into_iter().find(|at| !part(line[..*at].chars().next_back()) && !part(line[at + word.len()..].chars().next()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: &str) {
        assert_eq!(convert("f", line).text, expected);
    }

    #[test]
    fn what_is_understood_is_converted() {
        check("ENV RUSTC_WRAPPER=sccache\r\n", "ENV RUSTC_WRAPPER=thymos\r\n");
        check(
            "ENV RUSTC_WRAPPER /usr/local/bin/sccache SCCACHE_DIR=/cache",
            "ENV RUSTC_WRAPPER thymos THYMOS_DIR=/cache",
        );
        check("      RUSTC_WRAPPER: \"sccache\" # x\n", "      RUSTC_WRAPPER: \"thymos\" # x\n");
        check(
            "  - SCCACHE_CACHE_SIZE=2G\n  - RUSTC_WRAPPER=sccache\n",
            "  - THYMOS_CACHE_SIZE=2G\n  - RUSTC_WRAPPER=thymos\n",
        );
        check("env: { CARGO_BUILD_RUSTC_WRAPPER: 'sccache' }", "env: { CARGO_BUILD_RUSTC_WRAPPER: 'thymos' }");
        check("rustc-wrapper = \"sccache\"", "rustc-wrapper = \"thymos\"");
        check("run: sccache --show-stats && sccache -z", "run: thymos stats && thymos stats --zero");
        check("$SCCACHE_DIR ${SCCACHE_DIR}/x SCCACHE_DIR", "$THYMOS_DIR ${THYMOS_DIR}/x THYMOS_DIR");
    }

    #[test]
    fn what_is_not_understood_is_left_and_named() {
        let cases = [
            ("- uses: mozilla-actions/sccache-action@v0.0.9", "install thymos"),
            ("RUN cargo install sccache --locked", "install thymos"),
            ("sccache --start-server", "no server"),
            ("SCCACHE_GHA_ENABLED: true", "actions/cache"),
            ("SCCACHE_BUCKET: mine", "no counterpart"),
            ("RUN --mount=type=cache,target=/sccache make", "only a name"),
            ("my-sccache --show-stats", "not understood"),
            ("RUSTC_WRAPPER=sccache-wrapper.sh", "not understood"),
        ];
        for (line, why) in cases {
            let converted = convert("f", line);
            assert_eq!((converted.text.as_str(), converted.changes.len()), (line, 0));
            assert!(converted.left[0].why.contains(why), "{line}: {:?}", converted.left);
            assert!(converted.left[0].key.starts_with("f:1: "));
        }
        assert_eq!(convert("f", "# RUSTC_WRAPPER=sccache\nplain\n").changes, []);
        assert_eq!(convert("f", "# RUSTC_WRAPPER=sccache\nplain\n").left, []);
    }
}
