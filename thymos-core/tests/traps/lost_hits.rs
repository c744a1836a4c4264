//! Hits that were lost for no reason.

use crate::support::{Checkout, Files, World, package, workspace};

#[test]
#[cfg(unix)]
fn a_linker_that_is_a_script_and_reads_no_variable_links_once() {
    for script in ["#!/bin/sh\nexec cc \"$@\"\n", "#!/usr/bin/env bash\nset -eu\nexec cc -Wl,--as-needed \"$@\"\n"] {
        let world = World::cached();
        let linker = world.at("tools").executable("linker", script);
        let files = package("app").file("src/main.rs", "fn main() { println!(\"runs\") }");
        let here = world.checkout("here", &files);
        let build = |name: &str, value: &str| {
            here.clean().cargo("build").env("RUSTFLAGS", format!("-Clinker={linker}")).env(name, value).ok();
        };
        build("UNRELATED", "one");
        let cold = world.stats();
        for (name, value) in [("UNRELATED", "two"), ("SSH_TTY", "/dev/pts/7")] {
            world.assert_warm(&cold, || build(name, value));
        }
        let there = world.checkout("there/and/deeper", &files);
        world.assert_warm(&cold, || {
            there.cargo("build").env("RUSTFLAGS", format!("-Clinker={linker}")).ok();
        });
        // What the shell itself reads counts.
        world.zero();
        build("BASH_ENV", "/dev/null");
        assert_eq!(world.stats().hits, 0, "{}", world.events_text());
    }
}

/// A program that uses a macro of its workspace.
fn with_a_macro() -> Files {
    workspace(&["app", "maker"])
        .append("app/Cargo.toml", "[dependencies]\nmaker = { path = \"../maker\" }")
        .append("maker/Cargo.toml", "[lib]\nproc-macro = true")
        .file("app/src/main.rs", "fn main() { println!(\"{}\", maker::made!()) }")
        .file(
            "maker/src/lib.rs",
            "use proc_macro::TokenStream;\n#[proc_macro] pub fn made(_: TokenStream) -> TokenStream { \"1\".parse().unwrap() }\n",
        )
}

/// Builds twice; the second time everything comes from the store.
fn comes_from_the_store(world: &World, files: &Files, build: impl Fn(&Checkout<'_>)) {
    let here = world.checkout("here", files);
    build(&here);
    let cold = world.stats();
    assert_eq!(cold.compiles_left_out(), 0, "{cold:#?}\n{}", world.events_text());
    here.clean();
    world.assert_warm(&cold, || build(&here));
}

#[test]
#[cfg(target_os = "linux")]
fn a_macro_that_is_instrumented_leaves_its_profile_and_nothing_else() {
    for flags in ["-Cprofile-generate", "-Cprofile-generate=profiles/deep", "-Cinstrument-coverage"] {
        // The directory that the flag names is made when the macro is loaded. Whether it was there is something that the macro
        // may have been told too, so the build that makes it stores nothing.
        let files = with_a_macro().file("profiles/deep/kept", "");
        comes_from_the_store(&World::cached(), &files, |here| {
            here.cargo("build").env("RUSTFLAGS", flags).ok();
        });
    }
}

/// A macro that asks by a shell where it is gains nothing from a script in the linker's place.
#[test]
#[cfg(target_os = "linux")]
fn a_shell_of_a_macro_is_told_its_place_beside_a_linker_that_is_a_script() {
    let world = World::cached();
    let linker = world.at("tools").executable("linker", "#!/bin/sh\nexec cc \"$@\"\n");
    let files = with_a_macro().file(
        "maker/src/lib.rs",
        "use proc_macro::TokenStream;\n#[proc_macro] pub fn made(_: TokenStream) -> TokenStream {\n\
         let out = std::process::Command::new(\"sh\").args([\"-c\", \"pwd | wc -c\"]).output().unwrap();\n\
         String::from_utf8(out.stdout).unwrap().trim().parse().unwrap() }\n",
    );
    for place in ["here", "there/and/deeper"] {
        let checkout = world.checkout(place, &files);
        checkout.cargo("build").env("RUSTFLAGS", format!("-Clinker={linker}")).ok();
        let told = std::process::Command::new(checkout.root().join("target/debug/app")).output().expect("it runs");
        let length = checkout.root().as_os_str().len() + 1;
        assert_eq!(String::from_utf8_lossy(&told.stdout).trim(), length.to_string(), "{}", world.events_text());
    }
}

#[test]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))] // where rustc links with its own lld
fn a_linker_that_generates_code_may_ask_for_the_processor() {
    comes_from_the_store(&World::cached(), &with_a_macro(), |here| {
        here.cargo("build").env("RUSTFLAGS", "-Clinker-plugin-lto").ok();
    });
}

#[test]
fn unstable_options_that_the_key_accounts_for_are_stored() {
    for flags in ["-Zshare-generics=y", "-Zchecksum-hash-algorithm=blake3", "-Zcrate-attr=feature(rustc_attrs)"] {
        let world = World::cached();
        world.env("RUSTC_BOOTSTRAP", "1");
        comes_from_the_store(&world, &with_a_macro(), |here| {
            here.cargo("build").env("RUSTFLAGS", flags).ok();
        });
    }
}
