//! Every cargo command that compiles.

use crate::support::{Files, World, package, require_tool};

/// A package with every kind of target.
fn with_every_target() -> Files {
    package("app")
        .file("src/lib.rs", "//! Adds.\n//! ```\n//! assert_eq!(app::add(1), 2);\n//! ```\n/// Adds one.\npub fn add(n: u8) -> u8 { n + 1 }\n#[test] fn adds() { assert_eq!(add(1), 2) }")
        .file("src/main.rs", "//! Prints.\nfn main() { println!(\"{}\", app::add(1)) }\n#[test] fn passes() {}")
        .file("tests/whole.rs", "#[test] fn runs() { let out = std::process::Command::new(env!(\"CARGO_BIN_EXE_app\")).output().unwrap(); assert_eq!(out.stdout, b\"2\\n\") }")
        .file("examples/small.rs", "fn main() { println!(\"small {}\", app::add(2)) }")
        .file("benches/fast.rs", "#[test] fn fast() { assert_eq!(app::add(3), 4) }")
        .file("build.rs", "fn main() { println!(\"cargo:rerun-if-changed=build.rs\") }")
}

/// Runs the command cold and warm, here and elsewhere; it must say this on its standard output.
fn says(words: &str, expected: &str) {
    let world = World::cached();
    world.cold_and_warm(&with_every_target(), |here| {
        let run = here.cargo(words).ok();
        assert!(run.stdout.contains(expected), "`cargo {words}` says {expected:?}: {run:#?}");
    });
}

#[test]
fn check_is_restored() {
    says("check", "");
}

#[test]
fn check_of_all_targets_is_restored() {
    says("check --all-targets", "");
    World::cached().same_as_cargo(&with_every_target(), |here| {
        here.cargo("check --all-targets").ok();
    });
}

#[test]
fn run_is_restored() {
    says("run", "2\n");
}

#[test]
fn an_example_is_restored() {
    says("run --example small", "small 3\n");
}

#[test]
fn benches_are_restored() {
    says("test --benches", "1 passed");
}

#[test]
fn documentation_is_written_above_restored_dependencies() {
    says("doc --document-private-items", "");
}

#[test]
fn doc_tests_run_above_a_restored_library() {
    says("test --doc", "1 passed");
}

#[test]
fn a_profile_of_its_own_is_its_own_build() {
    says("build --release", "");
}

/// Test programs hold the path of the program they test, so they are shared with no other checkout.
#[test]
fn test_harnesses_are_restored_in_their_checkout() {
    let world = World::cached();
    let here = world.checkout("here", &with_every_target());
    let run = here.cargo("test").ok();
    assert_eq!(run.stdout.matches("1 passed").count(), 4, "{run:#?}");
    let cold = world.stats();
    here.clean();
    world.assert_warm(&cold, || {
        let run = here.cargo("test").ok();
        assert_eq!(run.stdout.matches("1 passed").count(), 4, "{run:#?}");
    });
    here.assert_fresh("test --no-run");

    let there = world.checkout("there", &with_every_target());
    world.zero();
    let run = there.cargo("test").ok();
    assert_eq!(run.stdout.matches("1 passed").count(), 4, "{run:#?}");
    let stats = world.stats();
    assert_eq!(stats.misses, 1, "only the harness that names the program: {stats:#?}\n{}", world.events_text());
}

#[test]
fn clippy_is_restored_with_its_warnings() {
    if !require_tool("cargo-clippy") {
        return;
    }
    let files =
        with_every_target().file("src/lib.rs", "//! Adds.\n/// Adds.\npub fn add(n: u8) -> u8 { return n + 1; }");
    let world = World::cached();
    world.cold_and_warm(&files, |here| {
        let run = here.cargo("clippy").ok();
        assert!(run.stderr.contains("needless_return"), "{run:#?}");
    });
}

#[test]
fn a_clippy_driver_in_front_of_rustc_is_understood() {
    if !require_tool("clippy-driver") {
        return;
    }
    let files = package("app").file("src/lib.rs", "pub fn add(n: u8) -> u8 { return n + 1; }");
    let world = World::cached();
    let here = world.checkout("here", &files);
    std::fs::create_dir_all(here.path("out")).unwrap();
    for _ in 0..2 {
        let mut command = here.command(env!("CARGO_BIN_EXE_thymos").as_ref());
        command
            .args(["clippy-driver", "rustc"])
            .args("--crate-type lib --crate-name app src/lib.rs --emit=dep-info,metadata --out-dir".split(' '))
            .arg(here.path("out"));
        let run = crate::support::Run::of(&mut command).ok();
        assert!(run.stderr.contains("needless_return"), "{run:#?}");
    }
    let stats = world.stats();
    assert_eq!((stats.misses, stats.hits), (1, 1), "{stats:#?}\n{}", world.events_text());
}

#[test]
fn install_and_package_compile_through_the_cache() {
    let files = with_every_target()
        .file("Cargo.toml", "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\ndescription = \"d\"\nlicense = \"MIT\"\n[workspace]\n");
    let world = World::cached();
    let here = world.checkout("here", &files);
    for _ in 0..2 {
        here.cargo("install --path . --root installed --force").ok();
        assert_eq!(here.run("installed/bin/app").ok().stdout, "2\n");
        here.cargo("package --allow-dirty").ok();
        here.clean();
    }
    world.stats().assert_nothing_degraded();
}

#[test]
fn cargo_inside_a_test_works_with_the_wrapper_set() {
    let nested = "#[test] fn builds() { let ok = std::process::Command::new(env!(\"CARGO\")).args([\"check\", \"--offline\", \"--manifest-path\", \"inner/Cargo.toml\"])\
                  .status().unwrap().success(); assert!(ok) }";
    let files = package("app")
        .file("src/lib.rs", "")
        .file("tests/nested.rs", nested)
        .file("inner/Cargo.toml", "[package]\nname = \"inner\"\nedition = \"2024\"\n[workspace]\n")
        .file("inner/src/lib.rs", "");
    let world = World::cached();
    let here = world.checkout("here", &files);
    for _ in 0..2 {
        here.clean();
        here.cargo("test --test nested").ok();
    }
    world.stats().assert_nothing_degraded();
}
