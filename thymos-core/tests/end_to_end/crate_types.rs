//! Every crate type, and every file that a compile leaves beside its main output.

use crate::support::{Checkout, Files, World, library_and_program, package, workspace};

/// A workspace with one member for each crate type, and a program that uses those which Rust can use.
fn one_of_each() -> Files {
    let types = ["lib", "rlib", "dylib", "staticlib", "cdylib", "proc-macro"];
    let members: Vec<String> = types.iter().map(|kind| format!("a-{kind}")).chain(["app".to_owned()]).collect();
    let members: Vec<&str> = members.iter().map(String::as_str).collect();
    let mut files = workspace(&members)
        .append("app/Cargo.toml", "[dependencies]\na-lib = { path = \"../a-lib\" }\na-rlib = { path = \"../a-rlib\" }\na-proc-macro = { path = \"../a-proc-macro\" }")
        .file("app/src/main.rs", "fn main() { println!(\"{} {} {}\", a_lib::one(), a_rlib::one(), a_proc_macro::one!()) }");
    for kind in types {
        let manifest = format!("a-{kind}/Cargo.toml");
        let source = match kind {
            "proc-macro" => {
                "#[proc_macro] pub fn one(_: proc_macro::TokenStream) -> proc_macro::TokenStream { \"1\".parse().unwrap() }"
            }
            "lib" | "rlib" | "dylib" => "pub fn one() -> u8 { 1 }",
            _ => "#[unsafe(no_mangle)] pub extern \"C\" fn one() -> u8 { 1 }",
        };
        files = files
            .append(&manifest, &format!("[lib]\ncrate-type = [\"{kind}\"]"))
            .file(&format!("a-{kind}/src/lib.rs"), source);
    }
    files
}

fn builds_and_runs(here: &Checkout<'_>) {
    here.cargo("build --workspace").ok();
    assert_eq!(here.program("app").ok().stdout, "1 1 1\n");
}

#[test]
fn each_crate_type_is_a_hit_the_second_time() {
    let world = World::cached();
    world.cold_and_warm(&one_of_each(), |here| {
        builds_and_runs(here);
        here.assert_fresh("build --workspace");
    });
}

#[test]
fn each_crate_type_is_restored_byte_for_byte() {
    World::cached().same_as_cargo(&one_of_each(), builds_and_runs);
}

#[test]
fn release_builds_are_restored_byte_for_byte() {
    World::cached().same_as_cargo(&one_of_each(), |here| {
        here.cargo("build --workspace --release").ok();
        assert_eq!(here.run("target/release/app").ok().stdout, "1 1 1\n");
    });
}

/// One unit with several crate types, which Rust and C can use.
fn several_in_one(types: &str) -> Files {
    package("app")
        .append("Cargo.toml", &format!("[lib]\ncrate-type = [{types}]"))
        .file("src/lib.rs", "#[unsafe(no_mangle)] pub extern \"C\" fn seven() -> i32 { 7 }")
        .file("main.c", "int seven(void); int main(void) { return seven(); }")
}

#[test]
#[cfg(target_os = "linux")]
fn several_crate_types_in_one_unit_are_restored_together() {
    let for_c = several_in_one("\"rlib\", \"staticlib\", \"cdylib\"");
    let world = World::cached();
    world.cold_and_warm(&for_c, |here| {
        here.cargo("build").ok();
        for link in ["target/debug/libapp.so -Wl,-rpath,target/debug", "target/debug/libapp.a -lpthread -ldl -lm"] {
            here.c_tool("cc", &format!("main.c -o main {link}"));
            assert_eq!(here.run("main").status.code(), Some(7));
        }
    });
    for files in [for_c, several_in_one("\"rlib\", \"dylib\"")] {
        World::cached().same_as_cargo(&files, |here| {
            here.cargo("build").ok();
        });
    }
}

#[test]
#[cfg(target_os = "linux")]
fn split_debug_information_is_restored_beside_the_program() {
    for split in ["unpacked", "packed", "off"] {
        let profile = format!("[profile.dev]\nsplit-debuginfo = \"{split}\"");
        let files = package("app")
            .append("Cargo.toml", &profile)
            .file("src/lib.rs", "pub fn text() -> String { \"split\".to_owned() }")
            .file("src/main.rs", "fn main() { println!(\"{}\", app::text()) }");
        World::cached().same_as_cargo(&files, |here| {
            here.cargo("build").ok();
            assert_eq!(here.program("app").ok().stdout, "split\n");
        });
    }
}

#[test]
#[cfg(target_os = "linux")]
fn split_debug_information_comes_along_to_another_checkout() {
    let files = library_and_program("split").append("Cargo.toml", "[profile.dev]\nsplit-debuginfo = \"unpacked\"");
    let world = World::cached();
    let side = |here: &Checkout<'_>| {
        here.builds("split");
        let files = here.files_below("target/debug/deps");
        files.into_iter().filter(|path| path.ends_with(".dwo")).collect::<Vec<_>>()
    };
    let own = side(&world.checkout("here", &files));
    assert!(own.iter().any(|path| path.contains("/app-")), "{own:?}");
    world.zero();
    assert_eq!(side(&world.checkout("there/and/deeper", &files)), own);
    assert_eq!(world.stats().misses, 0, "{}", world.events_text());
}

#[test]
fn a_program_of_several_modules_units_and_features_is_restored() {
    let files = package("app")
        .append("Cargo.toml", "[features]\nloud = []\n[[bin]]\nname = \"app\"\npath = \"src/main.rs\"\n[[bin]]\nname = \"second\"\npath = \"src/second.rs\"")
        .file("src/lib.rs", "pub mod deep; pub fn text() -> &'static str { if cfg!(feature = \"loud\") { \"LOUD\" } else { deep::text() } }")
        .file("src/deep/mod.rs", "mod below; pub use below::text;")
        .file("src/deep/below.rs", "pub fn text() -> &'static str { \"quiet\" }")
        .file("src/main.rs", "fn main() { println!(\"{}\", app::text()) }")
        .file("src/second.rs", "fn main() { println!(\"second {}\", app::text()) }");
    let world = World::cached();
    world.cold_and_warm(&files, |here| {
        here.cargo("build").ok();
        assert_eq!(here.program("app").ok().stdout, "quiet\n");
        here.cargo("build --features loud").ok();
        assert_eq!(here.program("second").ok().stdout, "second LOUD\n");
    });
}

#[test]
fn a_build_script_is_compiled_once_and_run_in_each_checkout() {
    let script = "fn main() { println!(\"cargo:rustc-env=PLACE={}\", std::env::current_dir().unwrap().display()); }";
    let files = package("app").file("build.rs", script).file("src/main.rs", "fn main() { println!(env!(\"PLACE\")) }");
    let world = World::cached();
    for place in ["here", "there"] {
        let checkout = world.checkout(place, &files);
        checkout.cargo("build").ok();
        assert_eq!(checkout.program("app").ok().stdout.trim(), checkout.root().display().to_string());
    }
    let stats = world.stats();
    assert_eq!(
        (stats.hits, stats.misses),
        (1, 3),
        "the script is shared, what it says is not: {stats:#?}\n{}",
        world.events_text()
    );
}
