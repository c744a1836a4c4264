//! Tests that compare what the compiler and programs say with files: trybuild and insta.

use crate::stages::{Shared, looks_alike_in, project};
use crate::support::{Checkout, Mode, World};

/// Tests with the user's downloaded crates; `target` is kept below the checkout, where its second build starts anew.
fn tests(here: &Checkout<'_>, words: &str) -> String {
    let run = here.cargo(words).with_registry().env("INSTA_UPDATE", "no").env("CI", "1").ok();
    run.stdout
        .lines()
        .filter(|line| line.starts_with("test ") && !line.contains("finished in"))
        .map(|line| format!("{line}\n"))
        .collect()
}

#[test]
fn trybuild_sees_what_it_sees_with_plain_cargo() {
    // The first error lies in generated code, the second leads into it.
    let made = "pub fn two(a: u8, b: u8) -> u8 { a + b }\n#[macro_export] macro_rules! bad { () => { let x: u8 = \\\"s\\\"; } }\n";
    let script = format!(
        "fn main() {{ println!(\"cargo:rerun-if-changed=build.rs\"); \
         std::fs::write(std::env::var(\"OUT_DIR\").unwrap() + \"/made.rs\", \"{made}\").unwrap(); }}"
    );
    let files = crate::support::package("app")
        .append("Cargo.toml", "[dev-dependencies]\ntrybuild = \"=1.0.122\"")
        .file("build.rs", script)
        .file("src/lib.rs", "include!(concat!(env!(\"OUT_DIR\"), \"/made.rs\"));")
        .file("tests/ui.rs", "#[test] fn ui() { trybuild::TestCases::new().compile_fail(\"tests/ui/*.rs\"); }")
        .file("tests/ui/two.rs", "fn main() { app::two(1); app::bad!(); }");
    looks_alike_in(World::new(Mode::Plain), ["here", "another/and/deeper/place"], Shared::Here, |here| {
        files.write_to(here.root());
        let is_first = here.world().mode() == Mode::Plain;
        let snapshot = here.world().root().join("two.stderr");
        if is_first {
            here.cargo("test").with_registry().env("TRYBUILD", "overwrite").ok();
            std::fs::copy(here.path("tests/ui/two.stderr"), &snapshot).unwrap();
        }
        std::fs::copy(&snapshot, here.path("tests/ui/two.stderr")).unwrap();
        tests(here, "test") + &std::fs::read_to_string(&snapshot).unwrap()
    });
}

#[test]
fn insta_finds_its_snapshots() {
    let files = project()
        .append("part/Cargo.toml", "[dev-dependencies]\ninsta = { version = \"=1.49.0\", default-features = false }")
        .file(
            "part/tests/said.rs",
            "#[test] fn said() { insta::assert_snapshot!(\"said\", part::twice(2).to_string()); }",
        );
    const SNAPSHOT: &str = "part/tests/snapshots/said__said.snap";
    looks_alike_in(World::new(Mode::Plain), ["here", "another/and/deeper/place"], Shared::Here, |here| {
        files.write_to(here.root());
        let snapshot = here.world().root().join("said.snap");
        if here.world().mode() == Mode::Plain {
            here.cargo("test -p part").with_registry().env("INSTA_UPDATE", "always").ok();
            std::fs::copy(here.path(SNAPSHOT), &snapshot).unwrap();
        }
        here.write(SNAPSHOT, std::fs::read(&snapshot).unwrap());
        let told = tests(here, "test -p part");
        let new = here.files_below("part/tests").into_iter().filter(|path| path.ends_with(".snap.new")).count();
        format!("{told}{new} new\n")
    });
}
