//! Every byte that the compiler and its drivers print.

use crate::stages::{Shared, looks_alike, looks_alike_below, project};
use crate::support::{Checkout, Files, workspace};

/// Both streams, but for the times and the order in which Cargo tells of units.
fn said(here: &Checkout<'_>, words: &str) -> String {
    let run = here.cargo(words).run();
    let mut lines: Vec<&str> = run.stdout.lines().filter(|line| line.contains("compiler-message")).collect();
    lines.sort_unstable();
    // rustc gives the linker files whose names are made up each time.
    let told: Vec<&str> = run.stderr.lines().filter(|line| !line.contains("symbols.o")).collect();
    format!("{words}: {}\n{}\n{}\n", run.status, lines.join("\n"), told.join("\n"))
}

#[test]
fn warnings_of_members_and_of_generated_code_are_plain_cargos() {
    looks_alike(&project(), Shared::Everywhere, |here| {
        let human = said(here, "build");
        here.clean();
        human + &said(here, "build --message-format=json")
    });
}

#[test]
fn what_clippy_says_is_plain_cargos() {
    let files = project().file(
        "part/src/lib.rs",
        "pub fn twice(x: u8) -> u8 { return x * 2; }\npub fn taken<T>(none: Option<T>) -> T { none.unwrap() }\n",
    );
    looks_alike(&files, Shared::Everywhere, |here| said(here, "clippy"));
}

#[test]
fn paths_with_odd_characters_are_shown_as_they_are() {
    for name in ["with space", "ünï-código", "a=b", "it's", "100% [x] (y)"] {
        looks_alike_below(name, &project(), |here| said(here, "build"));
    }
    // No linker can write to these.
    for name in ["back\\slash", "quo\"te"] {
        let files = broken().file("app/Cargo.toml", MANIFEST).file("app/src/main.rs", "fn main() { part::two(1); }");
        looks_alike_below(name, &files, |here| said(here, "check"));
    }
}

const MANIFEST: &str = "[package]\nname = \"app\"\nedition = \"2024\"\nbuild = false\n\
                        [dependencies]\npart = { path = \"../part\" }\n";

/// A workspace that does not compile: its errors lead into a dependency, a macro of it, and generated code.
fn broken() -> Files {
    let part = "pub fn two(a: u8, b: u8) -> u8 { a + b }\npub trait Has { fn it(&self); }\npub struct Hidden { secret: u8 }\n\
                #[macro_export] macro_rules! bad { ($x:expr) => { let y: u8 = $x; } }\n\
                #[deprecated] pub fn old() {}\npub fn closure() -> impl Fn() { || () }\n";
    let made = "pub fn wrong() -> u8 { \\\"text\\\" }\\npub fn right() -> impl Fn() { || () }\\n";
    let script = format!(
        "fn main() {{ std::fs::write(std::env::var(\"OUT_DIR\").unwrap() + \"/made.rs\", \"{made}\").unwrap(); }}"
    );
    let main = "mod made { include!(concat!(env!(\"OUT_DIR\"), \"/made.rs\")); }\n\
                struct S; impl part::Has for S {}\n\
                fn main() { part::two(1); part::bad!(\"text\"); part::old(); let _: u8 = part::closure(); let _: u8 = made::right(); \
                let _ = part::Hidden { secret: 1 }; let _: u8 = || 1; }";
    workspace(&["app", "part"])
        .append("app/Cargo.toml", "[dependencies]\npart = { path = \"../part\" }")
        .file("app/build.rs", script)
        .file("app/src/main.rs", main)
        .file("part/src/lib.rs", part)
}

#[test]
fn errors_that_lead_into_dependencies_and_generated_code_are_plain_cargos() {
    looks_alike(&broken(), Shared::Here, |here| {
        let human = said(here, "check");
        human + &said(here, "check --message-format=json") + &said(here, "build")
    });
}

#[test]
fn what_the_linker_prints_is_plain_cargos() {
    let main = "unsafe extern \"C\" { fn nowhere() -> i32; } fn main() { println!(\"{}\", unsafe { nowhere() }) }";
    looks_alike(
        &project().file("part/src/lib.rs", "pub fn twice(x: u8) -> u8 { x }").file("app/src/main.rs", main),
        Shared::Here,
        |here| {
            let run = here.cargo("build").run();
            let line = |line: &&str| line.contains("undefined") || line.contains("nowhere");
            let lines: Vec<&str> = run.stderr.lines().filter(line).collect();
            assert!(!lines.is_empty(), "{run:#?}");
            // rustc names object files by chance.
            lines.iter().filter(|line| !line.contains("rcgu.o")).map(|line| format!("{line}\n")).collect()
        },
    );
}
