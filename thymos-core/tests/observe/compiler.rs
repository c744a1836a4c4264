//! The compiler, its proc macros and its linker.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use thymos_core::compile::observe::{Ability, AccessKind, Program, Seen, WholeEnv, ability};

use crate::harness::{Run, Scratch, plain, run, scratch, skip};
use crate::support::require_tool;

#[test]
fn sources_included_files_and_absent_modules_are_recorded() {
    let scratch = scratch!();
    let main = scratch.write("main.rs", "mod part; fn main() { print!(\"{}\", include_str!(\"text.txt\")); }");
    let (part, text) = (scratch.write("part.rs", ""), scratch.write("text.txt", "text"));
    let result = run(scratch.rustc(&["--emit=metadata", "main.rs"]));
    result.assert_complete();
    for path in [main, part, text] {
        assert!(result.saw_file(AccessKind::Open, &path), "{}", path.display());
    }
    assert!(result.of(scratch.path("part/mod.rs")).iter().any(|(_, seen)| *seen == Seen::Absent));
    assert!(result.kinds(scratch.path("libmain.rmeta")).contains(&AccessKind::Write));
}

#[test]
fn outputs_are_the_same_bytes_with_and_without_a_watch() {
    let scratch = scratch!();
    scratch.write("main.rs", "fn main() { println!(\"{:?}\", std::env::args().collect::<Vec<_>>()); }");
    let emit = ["--emit=link,metadata,dep-info,obj,llvm-ir", "-g", "-Ccodegen-units=4", "main.rs", "--out-dir"];
    let directory = || fs::create_dir(scratch.path("plain")).expect("a new name");
    directory();
    let output = plain(scratch.rustc(&[&emit[..], &["plain"]].concat()));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::rename(scratch.path("plain"), scratch.path("kept")).expect("it is there");
    directory();
    let result = run(scratch.rustc(&[&emit[..], &["plain"]].concat()));
    result.assert_complete();
    assert_eq!(contents(&scratch.path("plain")), contents(&scratch.path("kept")));
    assert_eq!((result.stdout, result.stderr), (output.stdout, output.stderr));
}

#[test]
fn everything_the_linker_says_it_read_is_recorded() {
    let scratch = scratch!();
    if !require_tool("cc") {
        return;
    }
    scratch.write("main.rs", "fn main() {}");
    let result = run(scratch.rustc(&["main.rs", "-Clink-arg=-Wl,--dependency-file=read.d"]));
    result.assert_complete();
    let list = fs::read_to_string(scratch.path("read.d")).expect("the linker wrote it");
    let named = list.split("\n\n").next().and_then(|rule| rule.split_once(':')).expect("a rule").1;
    let named: Vec<_> = named.split_whitespace().filter(|word| *word != "\\").collect();
    assert!(named.len() > 10, "{named:?}");
    // The linker tidies the names that it prints, so files are compared; temporary ones are gone by now.
    let file = |path: &Path| path.canonicalize().unwrap_or(path.to_path_buf());
    let by_children = result.observed.accesses.iter().filter(|access| matches!(access.program, Program::Child(_)));
    let opened: HashSet<_> =
        by_children.filter(|access| access.kind == AccessKind::Open).map(|access| file(&access.path)).collect();
    for name in named {
        assert!(opened.contains(&file(&scratch.path(name))), "{name} was read and is not in the record");
    }
}

#[test]
fn a_compile_that_fails_fails_in_the_same_way() {
    let scratch = scratch!();
    scratch.write("main.rs", "fn main() { nonsense }");
    let result = run(scratch.rustc(&["main.rs"]));
    let output = plain(scratch.rustc(&["main.rs"]));
    assert_eq!(result.observed.status, output.status);
    assert_eq!(result.stderr_text(), String::from_utf8_lossy(&output.stderr));
    assert_eq!(result.observed.complete, Ok(()));
}

#[test]
fn what_a_proc_macro_reads_is_recorded() {
    let scratch = scratch!();
    if ability() != Ability::Full {
        skip!("the environment cannot be watched here");
    }
    let data = scratch.write("data.txt", "7");
    let result = expand(
        &scratch,
        "std::env::var(\"ASKED_BY_MACRO\").ok(); std::fs::read_dir(\"listed\").ok().map(Iterator::count);
         std::fs::read_to_string(\"data.txt\").unwrap()",
    );
    result.assert_complete();
    assert!(result.saw_file(AccessKind::Open, data));
    assert_eq!(result.of(scratch.path("listed")), [(AccessKind::Open, Seen::Absent)]);
    assert!(result.env_names().contains(&"ASKED_BY_MACRO".to_owned()));
    assert_eq!(result.observed.env.as_ref().map(|env| env.whole.clone()), Ok(WholeEnv::Unread));
}

#[test]
fn a_proc_macro_that_can_walk_the_environment_is_named() {
    let scratch = scratch!();
    if ability() != Ability::Full {
        skip!("the environment cannot be watched here");
    }
    for code in [
        "std::env::vars().count().to_string()",
        "std::process::Command::new(\"/bin/true\").spawn().unwrap().wait().unwrap(); \"1\".to_owned()",
        "std::fs::read(\"/proc/self/environ\").unwrap().len().to_string()",
    ] {
        let result = expand(&scratch, code);
        result.assert_complete();
        let whole = result.observed.env.as_ref().map(|env| env.whole.clone());
        assert!(matches!(whole, Ok(WholeEnv::MaybeReadBy(_))), "{code}: {whole:?}");
    }
}

/// Compiles a use of a proc macro whose body is `code`, an expression that yields a string.
fn expand(scratch: &Scratch, code: &str) -> Run {
    let source = format!(
        "extern crate proc_macro;
         #[proc_macro] pub fn number(_: proc_macro::TokenStream) -> proc_macro::TokenStream {{
             let text: String = {{ {code} }}; text.parse().unwrap() }}"
    );
    scratch.write("helper.rs", &source);
    let built = plain(scratch.rustc(&["--crate-type=proc-macro", "--edition=2021", "helper.rs"]));
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    scratch.write("user.rs", "pub fn n() -> u64 { helper::number!() }");
    let args = ["--crate-type=lib", "--edition=2021", "--emit=metadata", "--extern=helper=libhelper.so", "user.rs"];
    run(scratch.rustc(&args))
}

fn contents(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all: Vec<_> = fs::read_dir(directory)
        .expect("a directory")
        .map(|entry| entry.expect("readable"))
        .map(|entry| (entry.file_name().into(), fs::read(entry.path()).expect("readable")))
        .collect();
    all.sort();
    assert!(all.len() >= 4, "rustc wrote {} files", all.len());
    all
}
