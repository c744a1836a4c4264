//! Files that are linked: no placeholder is left in what leaves the target directory's libraries.

use crate::stages::{Shared, looks_alike, project};
use crate::support::{Checkout, Mode, World, package};

const NAME: &[u8] = b"/thymos.5d0c9f7e.";

/// Returns the files in which a placeholder is left, but for those that only the compiler reads.
fn left(here: &Checkout<'_>) -> Vec<String> {
    let kept = |path: &String| path.ends_with(".rlib") || path.ends_with(".rmeta") || path.contains("/incremental/");
    let holds = |path: &String| memchr::memmem::find(&here.bytes(path), NAME).is_some();
    here.files_below("target").into_iter().filter(|path| !kept(path) && holds(path)).collect()
}

#[test]
fn a_static_library_and_a_shared_one_that_c_links_name_this_checkout() {
    let source = "#[unsafe(no_mangle)] pub extern \"C\" fn seven() -> i32 { 7 }";
    let files = package("app")
        .append("Cargo.toml", "[lib]\ncrate-type = [\"staticlib\", \"cdylib\", \"rlib\"]")
        .file("src/lib.rs", source)
        .file("main.c", "int seven(void); int main(void) { return seven(); }");
    looks_alike(&files, Shared::Everywhere, |here| {
        here.cargo("build").ok();
        assert_eq!(left(here), [""; 0]);
        for link in ["target/debug/libapp.so -Wl,-rpath,target/debug", "target/debug/libapp.a -lpthread -ldl -lm"] {
            let cc = here.command("cc".as_ref()).args(["main.c", "-o", "main"]).args(link.split(' ')).status();
            assert!(cc.unwrap().success(), "C links {link}");
            assert_eq!(here.run("main").status.code(), Some(7));
        }
        assert!(memchr::memmem::find(&here.bytes("main"), here.root().as_os_str().as_encoded_bytes()).is_some());
        assert_eq!(left(here), [""; 0]);
        String::new()
    });
}

#[test]
fn a_shared_library_of_rust_is_used_by_others_and_names_this_checkout() {
    let files = project().append("part/Cargo.toml", "[lib]\ncrate-type = [\"dylib\"]");
    looks_alike(&files, Shared::Here, |here| {
        here.cargo("build").env("RUSTFLAGS", "-Cprefer-dynamic").ok();
        let library = here.files_below("target").into_iter().find(|path| path.ends_with("deps/libpart.so")).unwrap();
        // rustc reads its own placeholders in the metadata; a debugger finds none in the rest.
        assert!(memchr::memmem::find(&here.bytes(&library), here.root().as_os_str().as_encoded_bytes()).is_some());
        here.cargo("check").run().stderr
    });
}

#[test]
fn a_program_that_is_not_cached_but_links_what_is_names_this_checkout() {
    looks_alike(&project(), Shared::Here, |here| {
        here.cargo("build -p part").ok();
        // Nothing is kept of a compile with this option.
        let run = here.cargo("rustc -p app -- -Csave-temps=no").run();
        assert_eq!(left(here), [""; 0]);
        run.stderr
    });
}

#[test]
fn a_target_directory_that_is_used_without_the_cache_builds_and_runs() {
    let mut world = World::new(Mode::Cached);
    world.checkout("here", &project()).cargo("build").ok();
    world.set_mode(Mode::Plain);
    let here = world.at("here");
    here.assert_fresh("build");
    here.edit("app/src/main.rs", "fn main() {", "fn main() { // edited");
    here.cargo("build").ok();
    assert_eq!(here.program("app").ok().stdout, "4 2\napp/src/main.rs\n");
}

#[test]
fn a_path_that_is_too_long_for_a_placeholder_is_left_as_it_is() {
    let deep = format!("here/{}", "long-name/".repeat(28));
    crate::stages::looks_alike_below(&deep, &project(), |here| {
        here.cargo("build").ok();
        assert_eq!(left(here), [""; 0]);
        here.program("app").ok().stdout
    });
}

#[test]
fn checkouts_whose_placeholders_have_other_lengths_get_results_of_their_own() {
    crate::stages::looks_alike_in(
        World::new(Mode::Plain),
        ["short", &format!("long/{}", "name/".repeat(12))],
        Shared::Here,
        |here| {
            project().write_to(here.root());
            here.cargo("build").ok();
            assert_eq!(left(here), [""; 0]);
            here.program("app").ok().stdout
        },
    );
}
