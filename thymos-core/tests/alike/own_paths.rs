//! What programs say of their own sources: `file!()`, `Location`, panics, backtraces, and what was computed from them.

use crate::stages::{Shared, looks_alike, project};
use crate::support::{Checkout, Files, package};

fn runs(here: &Checkout<'_>, arguments: &[&str]) -> String {
    let mut program = here.command(&here.path("target/debug/app"));
    let run = crate::support::Run::of(program.args(arguments).current_dir("/").env("RUST_BACKTRACE", "1"));
    let ours = |line: &&str| {
        line.contains("panicked") || line.contains(&*here.root().display().to_string()) || line.contains(".rs:")
    };
    let is_ours = |line: &&str| ours(line) && !line.contains("/rustc/") && !line.contains("library/");
    let said: Vec<String> = run.stderr.lines().filter(is_ours).map(without_number).collect();
    format!("{}\n{}\n{}\n", run.status, run.stdout, said.join("\n"))
}

/// A panic names its thread by a number.
fn without_number(line: &str) -> String {
    match (line.find('('), line.find(") panicked")) {
        (Some(from), Some(to)) => format!("{}{}", &line[..from], &line[to + 2..]),
        _ => line.trim().to_owned(),
    }
}

#[test]
fn panics_and_backtraces_name_the_files_of_this_checkout() {
    looks_alike(&project(), Shared::Everywhere, |here| {
        here.cargo("build").ok();
        runs(here, &[]) + &runs(here, &["one"]) + &runs(here, &["one", "two"])
    });
}

#[test]
fn panics_of_optimised_programs_name_the_files_of_this_checkout() {
    looks_alike(&project(), Shared::Everywhere, |here| {
        here.cargo("build").env("CARGO_PROFILE_DEV_OPT_LEVEL", "3").env("CARGO_PROFILE_DEV_LTO", "fat").ok();
        runs(here, &["one"]) + &runs(here, &["one", "two"])
    });
}

/// A program whose generated code and whose macro ask where they lie, and compute with it while they are compiled.
fn measuring(made: &str) -> Files {
    let script = format!(
        "fn main() {{ println!(\"cargo:rerun-if-changed=build.rs\"); \
         std::fs::write(std::env::var(\"OUT_DIR\").unwrap() + \"/made.rs\", {made:?}).unwrap(); }}"
    );
    let main =
        "include!(concat!(env!(\"OUT_DIR\"), \"/made.rs\")); fn main() { println!(\"{:?} {}\", measured(), file!()) }";
    package("app").file("build.rs", script).file("src/main.rs", main)
}

const HASH: &str = "const fn hash(text: &str) -> u64 { let b = text.as_bytes(); let mut h = 7u64; let mut i = 0; \
                    while i < b.len() { h = h.wrapping_mul(31).wrapping_add(b[i] as u64); i += 1 } h }\n";

/// What is computed is right where the program says of itself what it computes from.
fn measures_itself(made: &str) {
    looks_alike(&measuring(&format!("{HASH}{made}")), Shared::Here, |here| {
        here.cargo("build").ok();
        let said = here.program("app").ok().stdout;
        let told = said.split('"').nth(1).unwrap();
        let expected = told.bytes().fold(7u64, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
        assert!(said.starts_with(&format!("({}, {expected}, ", told.len())), "{said}: {expected}");
        let made = here.files_below("target").into_iter().find(|path| path.ends_with("/out/made.rs")).unwrap();
        assert_eq!(told, here.path(&made).display().to_string(), "not even filled up");
        String::new()
    });
}

#[test]
fn what_is_computed_from_the_name_of_a_generated_file_is_right() {
    measures_itself(
        "fn measured() -> (usize, u64, &'static str) { const N: (usize, u64) = (file!().len(), hash(file!())); (N.0, N.1, file!()) }",
    );
}

#[test]
fn what_is_computed_from_a_location_in_a_generated_file_is_right() {
    measures_itself(
        "fn measured() -> (usize, u64, &'static str) { const F: &str = std::panic::Location::caller().file(); \
         const N: (usize, u64) = (F.len(), hash(F)); (N.0, N.1, F) }",
    );
}

#[test]
fn a_generic_function_of_a_member_that_asks_who_calls_it_belongs_to_its_place() {
    let part = format!(
        "{HASH}pub fn place<T>(_: T) -> (u64, &'static str) {{ const {{ let f = std::panic::Location::caller().file(); (hash(f), f) }} }}"
    );
    let main = "fn main() { println!(\"{:?}\", part::place(1)) }";
    let files = project().file("part/src/lib.rs", part).file("app/src/main.rs", main);
    looks_alike(&files, Shared::Here, |here| {
        here.cargo("build").ok();
        let said = here.program("app").ok().stdout;
        let told = said.split('"').nth(1).unwrap();
        let expected = told.bytes().fold(7u64, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
        assert_eq!(said.trim(), format!("({expected}, {told:?})"));
        told.to_owned()
    });
}
