//! `cargo llvm-cov` reports the same files and figures.

use std::process::Command;

use crate::stages::{Shared, looks_alike, project};
use crate::support::skip;

/// The tools of the compiler's own LLVM, as the system has them.
fn tools() -> Option<[String; 2]> {
    let version = Command::new("rustc").arg("-vV").output().ok()?.stdout;
    let version = String::from_utf8(version).ok()?;
    let major = version.lines().find_map(|line| line.strip_prefix("LLVM version: "))?.split('.').next()?.to_owned();
    let tools = ["llvm-cov", "llvm-profdata"].map(|tool| format!("/usr/bin/{tool}-{major}"));
    tools.iter().all(|tool| std::path::Path::new(tool).is_file()).then_some(tools)
}

#[test]
fn cargo_llvm_cov_reports_the_same() {
    let is_there = Command::new("cargo-llvm-cov").args(["llvm-cov", "--version"]).output().is_ok();
    let Some([cov, profdata]) = tools().filter(|_| is_there) else {
        skip("cargo-llvm-cov, or the tools of the compiler's LLVM, are not installed");
        return;
    };
    let test = "#[test] fn twice() { assert_eq!(part::twice(2), 4); }";
    let files = project().file("part/tests/twice.rs", test);
    looks_alike(&files, Shared::Here, |here| {
        let mut said = String::new();
        for (directory, words) in
            [("", "llvm-cov --workspace"), ("part", "llvm-cov --summary-only"), ("part", "llvm-cov --json")]
        {
            let cargo = here.cargo(words).without("--quiet").current_dir(here.path(directory));
            let run = cargo.env("LLVM_COV", &cov).env("LLVM_PROFDATA", &profdata).ok();
            said += &run.stdout;
        }
        assert!(said.contains("lib.rs"), "{said}");
        let is_told = |line: &&str| !line.starts_with("running") && !line.starts_with("test result");
        said.lines().filter(is_told).map(|line| format!("{}\n", without_widths(line))).collect()
    });
}

/// Columns are as wide as the longest path.
fn without_widths(line: &str) -> String {
    line.split_whitespace()
        .map(|word| if word.chars().all(|letter| letter == '-') { "-" } else { word })
        .collect::<Vec<_>>()
        .join(" ")
}
