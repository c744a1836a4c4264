//! Which compiler it is, and the files that its codegen options name.
#![cfg(unix)]

use crate::support::{Checkout, Mode, World, package, real_rustc, require_tool};
use crate::trap::{compared_with_cargo, guarded_by};

/// Returns the triple of the machine that compiles.
pub fn host() -> String {
    let output = std::process::Command::new(real_rustc()).arg("-vV").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned()
}

/// A compiler whose behaviour is in its content and not in its version text.
fn compiler(here: &Checkout<'_>, path: &str, extra: &str) -> String {
    here.executable(path, &format!("#!/bin/sh\nexec '{}' \"$@\" {extra}\n", real_rustc().display()))
}

fn prints_its_compiler() -> crate::support::Files {
    package("app")
        .file("src/main.rs", "fn main() { println!(\"{} {}\", cfg!(first), cfg!(second)) }")
        .append("Cargo.toml", "[lints.rust]\nunexpected_cfgs = \"allow\"")
}

#[test]
fn a_toolchain_updated_behind_its_path_compiles_anew() {
    guarded_by("key-compiler").tell(|stage| {
        let here = stage.checkout("here", &prints_its_compiler());
        for extra in ["--cfg first", "--cfg second"] {
            let rustc = compiler(&here, "toolchain/bin/rustc", extra);
            here.clean();
            stage.sees(here.cargo("build").env("RUSTC", &rustc).run());
            stage.sees(here.program("app"));
        }
    });
}

#[test]
fn a_toolchain_chosen_by_rustup_is_the_one_that_answers() {
    let rustup = std::process::Command::new("rustup").arg("--version").output().is_ok();
    if !rustup && !require_tool("rustup") {
        return;
    }
    guarded_by("key-compiler,input-observed,input-env").tell(|stage| {
        let here = stage.checkout("here", &prints_its_compiler());
        for name in ["first", "second"] {
            compiler(&here, &format!("rustup/toolchains/{name}/bin/rustc"), &format!("--cfg {name}"));
            here.write(&format!("rustup/toolchains/{name}/lib/none"), "");
        }
        here.write("rustup/settings.toml", "version = \"12\"\nprofile = \"minimal\"\n");
        let build = || here.cargo("build").env("RUSTUP_HOME", here.path("rustup"));
        for toolchain in ["first", "second"] {
            here.clean();
            stage.sees(build().env("RUSTUP_TOOLCHAIN", toolchain).run());
            stage.sees(here.program("app"));
        }
        for toolchain in ["first", "second"] {
            here.write("rust-toolchain.toml", format!("[toolchain]\nchannel = \"{toolchain}\"\n")).clean();
            stage.sees(build().env_remove("RUSTUP_TOOLCHAIN").run());
            stage.sees(here.program("app"));
        }
        // What a linked directory holds is built again, and its name stays.
        compiler(&here, "rustup/toolchains/first/bin/rustc", "--cfg second");
        here.clean();
        stage.sees(build().env("RUSTUP_TOOLCHAIN", "first").run());
        stage.sees(here.program("app"));
    });
}

#[test]
fn a_target_description_is_its_content() {
    guarded_by("key-arguments,input-observed").tell(|stage| {
        let description = |os: &str| {
            format!(
                "{{\"llvm-target\": \"x86_64-unknown-none\", \"arch\": \"x86_64\", \"target-pointer-width\": 64, \"os\": \"{os}\", \"data-layout\": \
                 \"e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128\"}}"
            )
        };
        let source = "#![feature(no_core)]\n#![no_core]\n#![allow(internal_features)]\n#[cfg(target_os = \"second\")] compile_error!(\"the second\");";
        let here = stage.checkout("here", &package("app").file("src/lib.rs", source));
        for os in ["first", "second", "first"] {
            here.write("board.json", description(os));
            let rustc = here.compile("--crate-type lib src/lib.rs --target board.json -Zunstable-options --emit=dep-info,metadata");
            stage.sees(rustc.env("RUSTC_BOOTSTRAP", "1").run());
        }
    });
}

#[test]
fn a_profile_is_its_content() {
    // Nobody has classified the unstable flag that names the file, so nothing is cached here yet.
    compared_with_cargo().without_hits().tell(|stage| {
        let here = stage.checkout("here", &package("app").file("src/lib.rs", "pub fn f(n: u32) -> u32 { n / 3 }"));
        for profile in ["f:100:10\n 1: 10\n", "this is no profile\n", "f:100:10\n 1: 10\n"] {
            here.write("app.prof", profile);
            let rustc = here.compile("--crate-type lib src/lib.rs -O -g -Zprofile-sample-use=app.prof");
            stage.sees(rustc.env("RUSTC_BOOTSTRAP", "1").run());
        }
    });
}

#[test]
fn a_profile_that_a_run_left_is_its_content() {
    if !require_tool("llvm-profdata") {
        return;
    }
    guarded_by("key-arguments,input-observed,input-sources").tell(|stage| {
        let here = stage.checkout("here", &package("app").file("src/lib.rs", "pub fn f(n: u32) -> u32 { n / 3 }"));
        here.write("counts.txt", ":ir\nf\n1\n1\n7\n");
        let merged =
            here.command("llvm-profdata".as_ref()).args(["merge", "counts.txt", "-o", "whole.profdata"]).status();
        assert!(merged.unwrap().success());
        for profile in [here.bytes("whole.profdata"), b"this is no profile".to_vec(), here.bytes("whole.profdata")] {
            here.write("app.profdata", profile);
            stage.sees(here.compile("--crate-type lib src/lib.rs -O -Cprofile-use=app.profdata").run());
        }
    });
}

#[test]
fn a_list_of_what_a_sanitizer_leaves_out_is_its_content() {
    // Nobody has classified the unstable flag that names the file, so nothing is cached here yet.
    compared_with_cargo().without_hits().tell(|stage| {
        let here = stage.checkout("here", &package("app").file("src/lib.rs", "pub fn f(n: &u32) -> u32 { *n / 3 }"));
        for list in ["fun:f=uninstrumented\n", "[unfinished\n", "fun:f=uninstrumented\n"] {
            here.write("list.txt", list);
            let rustc = here.compile("--crate-type lib src/lib.rs -Zsanitizer=dataflow -Cunsafe-allow-abi-mismatch=sanitizer -Zsanitizer-dataflow-abilist=list.txt");
            stage.sees(rustc.env("RUSTC_BOOTSTRAP", "1").run());
        }
    });
}

#[test]
fn a_codegen_backend_that_cannot_be_loaded_fails_as_it_does_without_a_cache() {
    compared_with_cargo().tell(|stage| {
        let here = stage
            .checkout("here", &package("app").file("src/lib.rs", "pub fn f() {}").file("backend.so", "no library"));
        let compile = || here.compile("--crate-type lib src/lib.rs").env("RUSTC_BOOTSTRAP", "1");
        stage.sees(compile().ok());
        stage.sees(compile().ok());
        stage.notes("with it", compile().arg("-Zcodegen-backend=./backend.so").run().status.to_string());
        stage.notes("again", compile().arg("-Zcodegen-backend=./backend.so").run().status.to_string());
    });
}

#[test]
fn an_argument_file_is_its_content() {
    guarded_by("key-arguments,input-observed").tell(|stage| {
        let here = stage.checkout("here", &prints_its_compiler());
        for flag in ["first", "second", "first"] {
            here.write("arguments.txt", format!("--cfg\n{flag}\n-A\nunexpected-cfgs\n"));
            stage.sees(here.compile("--crate-type bin src/main.rs @arguments.txt").run());
            stage.sees(here.run("target/debug/deps/app"));
        }
    });
}

#[test]
fn what_was_compiled_for_one_processor_is_not_served_to_another() {
    // Plain cargo cannot be moved to another machine, so this trap has no oracle, only a control.
    let hits_of_another = |mode: Mode| {
        let world = World::new(mode);
        let here = world.checkout("here", &package("app").file("src/main.rs", "fn main() {}"));
        let build = |processor: &str| {
            here.clean();
            world.zero();
            let cargo = here.cargo("build").env("RUSTFLAGS", "-Ctarget-cpu=native");
            cargo.env("THYMOS_TEST_PROCESSOR", processor).ok();
            world.stats().hits
        };
        assert_eq!((build("one"), build("one")), (0, 1), "the same processor is a hit:\n{}", world.events_text());
        build("another")
    };
    if cfg!(debug_assertions) {
        assert_eq!(hits_of_another(Mode::Cached), 0);
        assert_eq!(hits_of_another(Mode::Without("key-processor")), 1, "the control");
    }
}
