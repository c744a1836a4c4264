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
