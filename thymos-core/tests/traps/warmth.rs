//! Keys that never hit: what must not matter does not.

use crate::support::{Checkout, Files, Mode, Spy, World, package, real_rustc, workspace};

/// A workspace of three crates and a build script, in which nothing depends on its path.
fn three_crates() -> Files {
    workspace(&["app", "part", "leaf"])
        .append("app/Cargo.toml", "[dependencies]\npart = { path = \"../part\" }")
        .append("part/Cargo.toml", "[dependencies]\nleaf = { path = \"../leaf\" }")
        .file("app/src/main.rs", "fn main() { println!(\"{}\", part::text()) }")
        .file("part/src/lib.rs", "include!(concat!(env!(\"OUT_DIR\"), \"/made.rs\")); pub fn text() -> String { format!(\"{MADE} {}\", leaf::text()) }")
        .file("part/build.rs", "fn main() { std::fs::write(std::env::var(\"OUT_DIR\").unwrap() + \"/made.rs\", \"const MADE: u8 = 2;\").unwrap() }")
        .file("leaf/src/lib.rs", "pub fn text() -> &'static str { \"leaf\" }")
}

#[test]
fn a_build_elsewhere_starts_no_compiler() {
    let world = World::cached();
    let spy = Spy::install(&world);
    world.checkout("here", &three_crates()).builds("2 leaf");
    assert_eq!(spy.take(), ["app", "build_script_build", "leaf", "part"]);
    world.checkout("there/and/deeper", &three_crates()).builds("2 leaf");
    assert_eq!(spy.take(), [""; 0], "{}", world.events_text());
}

/// Builds once, and then again with each of these variables: every compile must be a hit.
fn is_warm_with(variables: &[(&str, &str)]) {
    let world = World::cached();
    let here = world.checkout("here", &three_crates());
    here.builds("2 leaf");
    let cold = world.stats();
    for (name, value) in variables {
        here.clean();
        world.assert_warm(&cold, || {
            here.cargo("build").env(name, value).ok();
        });
    }
}

/// Builds in one checkout and then in another: every compile must be a hit.
fn is_warm_at(world: &World, place: &str) {
    world.checkout("here", &three_crates()).builds("2 leaf");
    let cold = world.stats();
    let there = world.checkout(place, &three_crates());
    world.assert_warm(&cold, || there.builds("2 leaf"));
}

#[test]
fn variables_that_cannot_matter_do_not() {
    is_warm_with(&[
        ("CARGO_TERM_COLOR", "always"),
        ("CARGO_TERM_PROGRESS_WHEN", "never"),
        ("CARGO_BUILD_JOBS", "1"),
        ("CARGO_NET_RETRY", "5"),
        ("CARGO_TARGET_DIR", "elsewhere"),
        ("CARGO_LOG", "off"),
        ("RUST_BACKTRACE", "1"),
        ("COLUMNS", "40"),
        ("TERM", "dumb"),
        ("LANG", "de_DE.UTF-8"),
        ("SSH_CONNECTION", "1.2.3.4 5 6.7.8.9 22"),
        ("UNRELATED", "value"),
    ]);
}

#[test]
fn absolute_paths_in_arguments_do_not_keep_checkouts_apart() {
    let world = World::cached();
    let linker = world.at("tools").executable("driver", "#!/bin/sh\nexec cc \"$@\"\n");
    let build = |here: &Checkout<'_>| {
        let root = here.root().display();
        let flags = format!("--remap-path-prefix={root}=/src -Lnative={root}/native -Clinker={linker}");
        here.write("native/keep", "");
        here.cargo("build").env("RUSTFLAGS", flags).ok();
    };
    let here = world.checkout("here", &three_crates());
    build(&here);
    let cold = world.stats();
    let there = world.checkout("there/and/deeper", &three_crates());
    world.assert_warm(&cold, || build(&there));
}

#[test]
fn a_target_directory_elsewhere_is_the_same_build() {
    is_warm_with(&[
        ("CARGO_TARGET_DIR", "../outside"),
        ("CARGO_TARGET_DIR", "inside/deep"),
        ("CARGO_BUILD_BUILD_DIR", "intermediate"),
    ]);
}

#[test]
fn a_workspace_in_a_directory_called_build_shares_with_others() {
    is_warm_at(&World::cached(), "there/build");
}

/// What Cargo calls the place of everything that is no final product, as it may come to choose it by itself.
const APART: &str = "{cargo-cache-home}/build/{workspace-path-hash}";

/// Lets cargo use its newer layout, in which each unit has a directory of its own, and put it there.
fn in_newer_layout(world: &World, place: &str) {
    world.env("CARGO_UNSTABLE_BUILD_DIR_NEW_LAYOUT", "true").env("RUSTC_BOOTSTRAP", "1");
    world.env("CARGO_BUILD_BUILD_DIR", place);
}

#[test]
fn a_build_in_cargos_newer_layout_is_the_same_in_every_checkout() {
    for place in ["target", "intermediate", APART] {
        let world = World::cached();
        in_newer_layout(&world, place);
        let here = world.checkout("here", &every_kind());
        builds_every_kind(&here);
        if place == "target" {
            let files = here.files_below("target/debug/build");
            assert!(files.iter().any(|path| path.contains("/leaf/") && path.ends_with(".rlib")), "{files:#?}");
        }
        let cold = world.stats();
        assert_eq!(cold.compiles_left_out(), 0, "{cold:#?}\n{}", world.events_text());
        cold.assert_nothing_degraded();
        here.assert_fresh("build");
        let there = world.checkout("there/and/deeper", &every_kind());
        world.assert_warm(&cold, || builds_every_kind(&there));
        there.assert_fresh("build");
    }
}

#[test]
fn a_build_in_cargos_newer_layout_is_restored_byte_for_byte() {
    let world = World::cached();
    in_newer_layout(&world, "target");
    world.same_as_cargo(&every_kind(), builds_every_kind);
}

/// A program above a library, a build script with a value, generated code and the path of a file, and a macro.
fn every_kind() -> Files {
    let script = "fn main() { println!(\"cargo:rerun-if-changed=build.rs\"); println!(\"cargo:rustc-env=SET=3\"); \
                  let out = std::env::var(\"OUT_DIR\").unwrap(); println!(\"cargo:rustc-env=TEXT={out}/text\"); \
                  std::fs::write(format!(\"{out}/text\"), \"5\").unwrap(); \
                  std::fs::write(format!(\"{out}/made.rs\"), \"pub const MADE: u8 = 2;\").unwrap() }";
    workspace(&["app", "leaf", "maker"])
        .append("app/Cargo.toml", "[dependencies]\nleaf = { path = \"../leaf\" }\nmaker = { path = \"../maker\" }")
        .append("maker/Cargo.toml", "[lib]\nproc-macro = true")
        .file("app/build.rs", script)
        .file(
            "app/src/main.rs",
            "include!(concat!(env!(\"OUT_DIR\"), \"/made.rs\")); fn main() { println!(\"{}{MADE}{}{}{}\", leaf::ONE, env!(\"SET\"), maker::four!(), include_str!(env!(\"TEXT\"))) }",
        )
        .file("leaf/src/lib.rs", "pub const ONE: u8 = 1;")
        .file("maker/src/lib.rs", "#[proc_macro] pub fn four(_: proc_macro::TokenStream) -> proc_macro::TokenStream { \"4\".parse().unwrap() }")
}

fn builds_every_kind(here: &Checkout<'_>) {
    here.builds("12345");
}

#[test]
fn incremental_directories_do_not_keep_checkouts_apart() {
    let world = World::cached();
    world.env("CARGO_INCREMENTAL", "1");
    is_warm_at(&world, "there/and/deeper");
}

#[test]
fn a_leaf_that_reads_its_path_compiles_alone() {
    let world = World::cached();
    let spy = Spy::install(&world);
    let source = "pub fn text() -> &'static str { include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/text.txt\")) }";
    let files = three_crates().file("leaf/src/lib.rs", source).file("leaf/text.txt", "leaf");
    world.checkout("here", &files).builds("2 leaf");
    spy.take();
    world.checkout("there/and/deeper", &files).builds("2 leaf");
    let mut compiled = spy.take();
    compiled.retain(|name| name != "leaf");
    assert_eq!(compiled, [""; 0], "what uses the leaf reads the same bytes as before:\n{}", world.events_text());
}

#[test]
fn a_comment_in_a_leaf_compiles_the_leaf_alone() {
    let world = World::cached();
    let spy = Spy::install(&world);
    let here = world.checkout("here", &three_crates());
    here.builds("2 leaf");
    spy.take();
    // The comment stands behind all code on the last line, so no position in the library changes.
    here.edit("leaf/src/lib.rs", "\"leaf\" }", "\"leaf\" } // and a comment").clean();
    here.builds("2 leaf");
    let compiled = spy.take();
    assert!(
        compiled.contains(&"leaf".to_owned()) && !compiled.contains(&"build_script_build".to_owned()),
        "{compiled:?}"
    );
}

#[test]
fn a_flag_nobody_has_classified_is_named_by_the_statistics() {
    let world = World::cached();
    let here = world.checkout("here", &package("app").file("src/lib.rs", ""));
    let rustc = here.compile("--crate-type lib src/lib.rs -Zno-such-flag-of-any-compiler");
    rustc.env("RUSTC_BOOTSTRAP", "1").fails();
    let stats = world.stats();
    assert_eq!((stats.hits, stats.misses), (0, 0), "{stats:#?}");
    let said = format!("{:?} {}", stats.bypassed, world.thymos("stats").ok().stdout);
    assert!(said.contains("no-such-flag-of-any-compiler"), "the statistics name the option: {said}");
}

#[test]
fn switching_between_two_branches_hits_both_ways() {
    let world = World::cached();
    let here = world.checkout("here", &three_crates());
    let branches = ["\"main\"", "\"topic\"", "\"third\""];
    let switch = |branch: &str| {
        here.write("leaf/src/lib.rs", format!("pub fn text() -> &'static str {{ {branch} }}")).clean();
        here.cargo("build").ok();
        assert_eq!(here.program("app").ok().stdout, format!("2 {}\n", branch.trim_matches('"')));
    };
    branches.iter().for_each(|branch| switch(branch));
    world.zero();
    for branch in branches.iter().chain(&branches) {
        switch(branch);
    }
    let stats = world.stats();
    assert_eq!(stats.misses, 0, "{stats:#?}\n{}", world.events_text());
    stats.assert_nothing_degraded();
}

#[test]
fn a_macro_that_was_built_twice_does_not_bind_its_users_to_both() {
    let world = World::cached();
    let files = workspace(&["app", "facade", "maker", "other"])
        .append("app/Cargo.toml", "[dependencies]\nfacade = { path = \"../facade\" }")
        .append("facade/Cargo.toml", "[dependencies]\nmaker = { path = \"../maker\" }")
        .append("other/Cargo.toml", "[dependencies]\nmaker = { path = \"../maker\", features = [\"more\"] }")
        .append("maker/Cargo.toml", "[lib]\nproc-macro = true\n[features]\nmore = []")
        .file("maker/src/lib.rs", "#[proc_macro] pub fn made(_: proc_macro::TokenStream) -> proc_macro::TokenStream { \"7\".parse().unwrap() }")
        .file("facade/src/lib.rs", "pub use maker::made;")
        .file("other/src/lib.rs", "pub const OTHER: u8 = maker::made!();")
        .file("app/src/main.rs", "fn main() { println!(\"{}\", facade::made!()) }");
    let here = world.checkout("here", &files);
    // The second build finds the macro of the first beside its own.
    here.cargo("build -p app").ok();
    here.cargo("build --workspace").ok();
    here.clean();
    world.zero();
    here.cargo("build --workspace").ok();
    assert_eq!(here.program("app").ok().stdout, "7\n");
    let stats = world.stats();
    assert_eq!(stats.misses, 0, "{stats:#?}\n{}", world.events_text());
}

#[test]
fn a_new_member_and_a_bumped_lock_file_leave_the_others_warm() {
    let world = World::cached();
    let spy = Spy::install(&world);
    let here = world.checkout("here", &three_crates());
    here.builds("2 leaf");
    spy.take();
    let grown = three_crates()
        .file("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"app\", \"part\", \"leaf\", \"other\"]\n")
        .file("other/Cargo.toml", "[package]\nname = \"other\"\nversion = \"0.2.0\"\nedition = \"2024\"\n[features]\ndefault = [\"more\"]\nmore = []\n")
        .file("other/src/lib.rs", "");
    let here = world.checkout("here", &grown);
    here.clean();
    here.cargo("build --workspace").ok();
    assert_eq!(spy.take(), ["other"]);
}

#[test]
fn another_version_and_another_feature_below_one_member_leave_the_others_warm() {
    let world = World::cached();
    let spy = Spy::install(&world);
    let other = |features: &str| {
        format!(
            "[package]\nname = \"other\"\nedition = \"2024\"\n[dependencies]\nvendored = {{ version = \"1\", features = [{features}] }}\n"
        )
    };
    let vendored = |version: &str| {
        format!("[package]\nname = \"vendored\"\nversion = \"{version}\"\nedition = \"2024\"\n[features]\nmore = []\n")
    };
    let files = three_crates()
        .file("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"app\", \"part\", \"leaf\", \"other\"]\n")
        .file(
            ".cargo/config.toml",
            "[source.crates-io]\nreplace-with = \"here\"\n[source.here]\ndirectory = \"vendor\"\n",
        )
        .file("other/Cargo.toml", other(""))
        .file("other/src/lib.rs", "")
        .file("vendor/vendored/Cargo.toml", vendored("1.0.0"))
        .file("vendor/vendored/.cargo-checksum.json", "{\"files\":{}}")
        .file("vendor/vendored/src/lib.rs", "");
    let here = world.checkout("here", &files);
    let compiled = || {
        here.clean();
        here.cargo("build --workspace").ok();
        spy.take()
    };
    assert_eq!(compiled(), ["app", "build_script_build", "leaf", "other", "part", "vendored"]);
    here.write("vendor/vendored/Cargo.toml", vendored("1.0.1"));
    assert!(here.read("Cargo.lock").contains("1.0.0"));
    here.cargo("update").ok();
    assert!(here.read("Cargo.lock").contains("1.0.1"));
    assert_eq!(compiled(), ["other", "vendored"]);
    here.write("other/Cargo.toml", other("\"more\""));
    assert_eq!(compiled(), ["other", "vendored"]);
}

#[test]
fn another_spelling_of_the_same_compiler_is_the_same_compiler() {
    is_warm_with(&[("RUSTC", &real_rustc().display().to_string())]);
}

#[test]
fn the_host_cpu_under_the_name_of_native_is_remembered() {
    let world = World::cached();
    let here = world.checkout(
        "here",
        &package("app").file("src/main.rs", "fn main() { println!(\"{}\", cfg!(target_feature = \"avx2\")) }"),
    );
    let build = || here.cargo("build").env("RUSTFLAGS", "-Ctarget-cpu=native").ok();
    build();
    let cold = world.stats();
    let first = here.program("app").ok().stdout;
    here.clean();
    world.assert_warm(&cold, || {
        build();
    });
    assert_eq!(here.program("app").ok().stdout, first);
}

#[test]
fn mode_off_calls_the_compiler_and_counts_nothing_as_a_hit() {
    let world = World::new(Mode::Cached);
    let here = world.checkout("here", &three_crates());
    here.builds("2 leaf");
    here.clean();
    world.env("THYMOS_MODE", "off");
    world.zero();
    here.builds("2 leaf");
    let stats = world.stats();
    assert_eq!((stats.hits, stats.misses), (0, 0), "{stats:#?}");
}
