//! Keeps `TABLE.md` and the tests together: every line has a test, every test that a line names exists, and every test of
//! this suite stands in a line.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const TABLE: &str = include_str!("TABLE.md");

/// A line of the table: how a cache went wrong, and the tests that show it does not happen here.
struct Line {
    text: String,
    tests: Vec<String>,
}

fn lines() -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for row in TABLE.lines() {
        if let Some(text) = row.strip_prefix("- ") {
            lines.push(Line { text: text.to_owned(), tests: Vec::new() });
        } else if let Some(names) = row.strip_prefix("  - ") {
            let tests = names.split('`').skip(1).step_by(2).map(str::to_owned);
            lines.last_mut().expect("a test follows its line").tests.extend(tests);
        }
    }
    lines
}

/// Returns the file that holds the tests of a module such as `traps::sources`.
fn file_of(module: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(module.replace("::", "/")).with_extension("rs")
}

/// Returns the names of the functions that follow a `#[test]` in a file, and of the rows of its tables.
fn tests_in(file: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("read `{}`: {error}", file.display()));
    // A test that a test writes into a file of its own stands in the middle of a line.
    let after_attributes = text.split("\n#[test]\n").skip(1);
    let functions = after_attributes.filter_map(|rest| rest.split("fn ").nth(1)?.split('(').next());
    let tables = text.split("\ntraps! {\n").skip(1).filter_map(|rest| rest.split("\n}\n").next());
    let rows = tables.flat_map(str::lines).filter_map(|line| line.strip_prefix("    ")?.split_once(':'));
    let is_name = |name: &&str| name.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric());
    functions.chain(rows.map(|(name, _)| name).filter(is_name)).map(str::to_owned).collect()
}

#[test]
fn every_line_has_a_test_and_every_named_test_exists() {
    let lines = lines();
    assert_eq!(lines.len(), 57, "the lines of the table");
    for line in &lines {
        assert!(!line.tests.is_empty(), "no test covers: {}", line.text);
        for test in &line.tests {
            let (module, name) = test.rsplit_once("::").unwrap_or_else(|| panic!("`{test}` names no module"));
            assert!(
                tests_in(&file_of(module)).contains(name),
                "`{test}` does not exist; it is named by: {}",
                line.text
            );
        }
    }
}

#[test]
fn every_trap_stands_in_the_table() {
    let named: BTreeSet<String> = lines().into_iter().flat_map(|line| line.tests).collect();
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/traps");
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let module = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.extension().is_none_or(|ending| ending != "rs")
            || ["shapes", "table", "trap"].contains(&module.as_str())
        {
            continue;
        }
        for test in tests_in(&path) {
            assert!(
                named.contains(&format!("traps::{module}::{test}")),
                "`{module}::{test}` stands in no line of TABLE.md"
            );
        }
    }
}
