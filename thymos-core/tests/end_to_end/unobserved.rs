//! Where nothing can watch a compile, as on macOS, on Windows and in a locked-down container, what cannot be accounted for is
//! not cached, and the statistics say so.
#![cfg(debug_assertions)] // a release build of the binary has no switches

use crate::support::{Checkout, Files, Mode, World, package, workspace};

/// `app` prints what a macro of `maker` reads from a file that nobody declared. It knows the macro through `facade`, as users
/// of `serde` know the one of `serde_derive`.
fn printing_what_a_macro_reads() -> Files {
    workspace(&["app", "facade", "maker", "plain"])
        .append("app/Cargo.toml", "[dependencies]\nfacade = { path = \"../facade\" }\nplain = { path = \"../plain\" }")
        .append("facade/Cargo.toml", "[dependencies]\nmaker = { path = \"../maker\" }")
        .append("maker/Cargo.toml", "[lib]\nproc-macro = true")
        .file("app/src/lib.rs", "pub const TEXT: &str = facade::made!();")
        .file("app/src/main.rs", "fn main() { println!(\"{}{}\", app::TEXT, plain::END) }")
        .file("facade/src/lib.rs", "pub use maker::made;")
        .file("plain/src/lib.rs", "pub const END: char = '.';")
        .file("app/page.html", "one")
        .file(
            "maker/src/lib.rs",
            "use proc_macro::TokenStream;\n#[proc_macro] pub fn made(_: TokenStream) -> TokenStream {\n    \
             let place = std::env::var(\"CARGO_MANIFEST_DIR\").unwrap();\n    \
             format!(\"{:?}\", std::fs::read_to_string(place + \"/page.html\").unwrap()).parse().unwrap()\n}\n",
        )
}

fn says(here: &Checkout<'_>, text: &str) -> bool {
    here.clean().cargo("build").ok();
    here.program("app").ok().stdout.trim_end() == text
}

#[test]
fn what_an_unwatched_macro_reads_is_never_stale() {
    let world = World::new(Mode::Without("observe"));
    let here = world.checkout("here", &printing_what_a_macro_reads());
    assert!(says(&here, "one."));
    here.clean().cargo("build").env("SOMETHING", "else").ok();
    here.write("app/page.html", "two");
    world.zero();
    assert!(says(&here, "two."));
    let stats = world.stats();
    assert_eq!(stats.hits, 1, "`plain` loads no macro: {stats:#?}\n{}", world.events_text());
    let unseen: u64 = stats.degraded.iter().filter(|(why, _)| why.starts_with("not observed")).map(|(_, n)| n).sum();
    assert_eq!(unseen, 4, "the program, its library, the facade and the macro: {stats:#?}\n{}", world.events_text());
}

/// The negative control of the test above.
#[test]
fn without_its_guard_an_unwatched_macro_is_stale() {
    let world = World::new(Mode::Without("observe,unobserved-macros"));
    let here = world.checkout("here", &printing_what_a_macro_reads());
    assert!(says(&here, "one."));
    here.write("app/page.html", "two");
    assert!(!says(&here, "two."), "{}", world.events_text());
}

/// Builds a library by a script in the compiler's place that reads a file, and returns whether it is what the file says now.
#[cfg(unix)]
fn follows_what_a_script_reads(world: &World) -> bool {
    let files = package("app")
        .file("src/lib.rs", "#[cfg(second)] compile_error!(\"the second\");")
        .append("Cargo.toml", "[lints.rust]\nunexpected_cfgs = \"allow\"");
    let here = world.checkout("here", &files);
    let real = crate::support::real_rustc();
    let flags = here.path("flags");
    let script =
        format!("#!/bin/sh\nread -r flag < '{}'\nexec '{}' \"$@\" --cfg $flag\n", flags.display(), real.display());
    let rustc = here.executable("bin/rustc", &script);
    let mut builds = ["first", "second"].into_iter().map(|flag| {
        here.write("flags", format!("{flag}\n")).clean();
        here.cargo("build").env("RUSTC", &rustc).run().status.success()
    });
    builds.next() == Some(true) && builds.next() == Some(false)
}

#[test]
#[cfg(unix)]
fn what_an_unwatched_script_in_the_compilers_place_reads_is_never_stale() {
    let world = World::new(Mode::Without("observe"));
    assert!(follows_what_a_script_reads(&world), "{}", world.events_text());
}

/// The negative control of the test above.
#[test]
#[cfg(unix)]
fn without_its_guard_an_unwatched_script_in_the_compilers_place_is_stale() {
    let world = World::new(Mode::Without("observe,input-scripts"));
    assert!(!follows_what_a_script_reads(&world), "{}", world.events_text());
}

#[test]
fn a_module_that_comes_to_exist_twice_is_refused_whatever_its_name() {
    for module in ["part", "build"] {
        let world = World::new(Mode::Without("observe"));
        let files = package("app").file("src/lib.rs", format!("mod {module};"));
        let here = world.checkout("here", &files.file(&format!("src/{module}.rs"), ""));
        here.cargo("build").ok();
        here.clean();
        here.write(&format!("src/{module}/mod.rs"), "");
        let run = here.cargo("build").run();
        assert!(run.stderr.contains("E0761"), "{module}: {run:#?}\n{}", world.events_text());
    }
}

/// Compiles a crate that finds another one in a search directory, before and after a second library of its name appears there, and
/// returns whether the compiler refuses to choose.
fn refuses_to_choose(world: &World, kind: &str) -> bool {
    let here = world.checkout("here", &package("app").file("src/lib.rs", "extern crate part;").file("part.rs", ""));
    let part = |suffix: &str| {
        let words =
            format!("--crate-name part --crate-type lib part.rs --emit=link --out-dir libs -C extra-filename={suffix}");
        here.rustc(&format!("{words} -C metadata={suffix}")).ok();
    };
    let app = || here.compile(&format!("--crate-type lib --edition 2021 src/lib.rs -L {kind}=libs")).run();
    part("-1");
    assert!(app().status.success());
    assert!(app().status.success());
    part("-2");
    here.clean();
    !app().status.success()
}

#[test]
fn a_library_that_appears_in_a_search_directory_is_an_input() {
    for kind in ["crate", "all"] {
        let world = World::new(Mode::Without("observe"));
        assert!(refuses_to_choose(&world, kind), "{kind}: {}", world.events_text());
    }
}

/// The negative control of the test above.
#[test]
fn without_its_guard_a_library_that_appears_is_not_seen() {
    let world = World::new(Mode::Without("observe,unobserved-search"));
    assert!(!refuses_to_choose(&world, "crate"), "{}", world.events_text());
}

/// Compiles with attributes that LLVM reads from a file, and returns whether the result follows the file.
fn follows_what_an_argument_names(world: &World) -> bool {
    let source = "#[unsafe(no_mangle)] #[inline(never)] pub fn part(x: u32) -> u32 { x * 3 }";
    let here = world.checkout("here", &package("app").file("src/lib.rs", source));
    let results = ["part,cold\n", "part,minsize\n"].map(|attributes| {
        here.write("attributes.csv", attributes);
        // What is younger than the compile is not stored; the second time it is.
        for _ in 0..2 {
            here.clean();
            let words = "--crate-type lib --edition 2024 src/lib.rs --emit=dep-info,llvm-ir -O";
            here.compile(&format!("{words} -Cllvm-args=-forceattrs-csv-path=attributes.csv")).ok();
        }
        here.read("target/debug/deps/app.ll")
    });
    results[0] != results[1]
}

#[test]
fn a_file_that_an_argument_names_is_an_input() {
    let world = World::new(Mode::Without("observe"));
    assert!(follows_what_an_argument_names(&world), "{}", world.events_text());
}

/// The negative control of the test above.
#[test]
fn without_its_guard_a_file_that_an_argument_names_is_not_seen() {
    let world = World::new(Mode::Without("observe,unobserved-search"));
    assert!(!follows_what_an_argument_names(&world), "{}", world.events_text());
}
