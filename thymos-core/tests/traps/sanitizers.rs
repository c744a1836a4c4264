//! Sanitizers: a flag that decides what a program is, and a runtime library that is a part of it.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::support::{Cargo, Checkout, Files, host, package, real_rustc, workspace};
use crate::trap::{Stage, guarded_by};

/// Where the toolchain keeps its standard library and the runtimes of sanitizers.
fn libraries() -> PathBuf {
    let target = ["--print", "target-libdir"];
    let output = std::process::Command::new(real_rustc()).args(target).output().unwrap();
    PathBuf::from(String::from_utf8(output.stdout).unwrap().trim_end())
}

/// The runtime of the address sanitizer, which not every toolchain ships.
fn runtime() -> Option<PathBuf> {
    let mut entries = fs::read_dir(libraries()).unwrap().filter_map(|entry| Some(entry.ok()?.path()));
    let found = entries.find(|path| path.to_str().is_some_and(|path| path.ends_with("_rt.asan.a")));
    if found.is_none() {
        eprintln!("skipped: this toolchain ships no runtime of the address sanitizer");
    }
    found
}

/// Builds for a named target, as sanitizers want it: build scripts and macros are then left alone.
fn build(here: &Checkout<'_>, flags: &str) -> Cargo {
    here.cargo("build --target").arg(host()).env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", flags)
}

/// Runs the program and records how it ended, and the first line of a sanitizer's report without the process's number.
fn sees_end(stage: &mut Stage<'_>, here: &Checkout<'_>) {
    let run = here.run(&format!("target/{}/debug/app", host()));
    let report = run.stderr.lines().find_map(|line| line.split("ERROR: ").nth(1)?.split(" on ").next());
    stage.notes("ran", format!("{} {} {report:?}", run.status, run.stdout));
}

/// A program that reads behind the end of an array which a library hands out.
fn reading_too_far() -> Files {
    workspace(&["app", "far"])
        .append("app/Cargo.toml", "[dependencies]\nfar = { path = \"../far\" }")
        .file("far/src/lib.rs", "#[inline(never)] pub fn read(list: &[u8], at: usize) -> u8 { unsafe { *list.as_ptr().add(at) } }")
        .file("app/src/main.rs", "fn main() { let list = vec![1; 3]; println!(\"{}\", far::read(&list, std::env::args().count() + 2) < 255) }")
}

#[test]
fn a_program_is_sanitized_exactly_where_the_flag_says_so() {
    if runtime().is_none() {
        return;
    }
    guarded_by("key-arguments").that_says("extern location for far does not exist").tell(|stage| {
        let here = stage.checkout("here", &reading_too_far());
        for flags in ["", "-Zsanitizer=address", "-Zsanitizer=leak", "", "-Zsanitizer=address"] {
            here.clean();
            stage.sees(build(&here, flags).run());
            sees_end(stage, &here);
        }
    });
}

/// Lays a sysroot of links to the toolchain's libraries, in which the runtime is a file of its own.
fn sysroot(here: &Checkout<'_>, runtime: &Path) -> PathBuf {
    let to = here.path("sysroot/lib/rustlib").join(host()).join("lib");
    fs::create_dir_all(&to).unwrap();
    for entry in fs::read_dir(libraries()).unwrap() {
        let path = entry.unwrap().path();
        let place = to.join(path.file_name().unwrap());
        if path == runtime { fs::copy(&path, place).map(drop) } else { symlink(&path, place) }.unwrap();
    }
    to.join(runtime.file_name().unwrap())
}

#[test]
fn a_sanitizers_runtime_that_changes_behind_its_path_is_linked_anew() {
    let Some(runtime) = runtime() else { return };
    guarded_by("key-compiler").tell(|stage| {
        let here = stage.checkout("here", &package("app").file("src/main.rs", "fn main() { println!(\"app\") }"));
        let own = sysroot(&here, &runtime);
        let flags = format!("-Zsanitizer=address --sysroot={}", here.path("sysroot").display());
        for says in ["", "first ", "second "] {
            if !says.is_empty() {
                let source = format!("#include <stdio.h>\n__attribute__((constructor)) static void say(void) {{ fputs(\"{says}\", stdout); }}\n");
                here.write("says.c", source);
                for (tool, words) in [("cc", "-c says.c -o says.o"), ("ar", "r")] {
                    let mut command = here.command(tool.as_ref());
                    command.args(words.split(' '));
                    if tool == "ar" {
                        command.arg(&own).arg("says.o");
                    }
                    assert!(command.output().expect("the C tools are installed").status.success(), "{tool} {words}");
                }
            }
            here.clean();
            stage.sees(build(&here, &flags).run());
            sees_end(stage, &here);
        }
    });
}
