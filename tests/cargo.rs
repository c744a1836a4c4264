//! Packages that use this library, built by the real Cargo.

#![cfg(target_os = "linux")]

mod support;

use support::{Package, linked_by, need};

const EMIT: &str = "thymos_build::configure().emit();";

#[test]
fn three_lines_of_build_script_are_enough() {
    let package = Package::new("three-lines", EMIT).bin();
    let said = package.build();
    assert!(!said.contains("warning"), "{said}");
    assert!(package.build().contains("Finished"), "a second build works too");
    let again = package.cargo(&["build", "-v"]);
    let said = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(said.contains("Fresh three-lines"), "the script must not run in every build: {said}");
}

#[test]
fn a_persons_choice_links_the_program() {
    if !need(&["mold", "ld.bfd"]) {
        return;
    }
    for (linker, mark) in [("mold", "mold"), ("system", "")] {
        let package = Package::new(&format!("choice-{linker}"), EMIT).bin().var("THYMOS_LINKER", linker);
        package.build();
        assert_eq!(linked_by(&package.program()), mark, "{linker}");
    }
}

#[test]
fn a_slow_default_is_replaced_by_something_faster() {
    if !need(&["cc", "ld.bfd", "mold"]) {
        return;
    }
    // A configured linker is a choice that we leave alone, so the slow default comes from a C compiler that knows no LLD.
    let slow = "fast=; for arg; do shift; case $arg in -fuse-ld=lld) continue;; -fuse-ld=mold) fast=1;; esac; \
                set -- \"$@\" \"$arg\"; done; [ $fast ] || sleep 0.3; exec /usr/bin/cc \"$@\"";
    let package = Package::new("slow-default", EMIT).bin();
    let cc = package.temp.script("bin/cc", slow);
    let path = format!("{}:{}", cc.parent().expect("bin").display(), std::env::var("PATH").expect("a PATH"));
    let package = package.var("PATH", &path);
    package.build();
    assert_eq!(linked_by(&package.program()), "mold");
}

#[test]
fn flags_of_the_persons_are_left_alone() {
    if !need(&["ld.bfd"]) {
        return;
    }
    let package = Package::new(
        "stands-back",
        "let plan = thymos_build::configure().try_emit().unwrap(); println!(\"cargo:warning={}\", plan.summary());",
    );
    let package = package.bin().var("RUSTFLAGS", "-Clink-arg=-fuse-ld=bfd");
    let said = package.build();
    assert!(said.contains("chosen by the person's own flags"), "{said}");
    assert_eq!(linked_by(&package.program()), "");
}

#[test]
fn a_missing_linker_is_a_warning_with_a_command_and_the_build_goes_on() {
    let package = Package::new("missing", EMIT).bin().var("THYMOS_LINKER", "/nowhere/ld.fast");
    let said = package.build();
    assert!(said.contains("cannot link with /nowhere/ld.fast, so the default linker is used"), "{said}");
    let package = Package::new("missing-wild", EMIT).bin().var("THYMOS_LINKER", "wild");
    if !support::installed("wild") {
        let said = package.build();
        assert!(said.contains("cargo install --locked wild-linker"), "{said}");
    }
}

#[test]
fn a_package_without_binaries_builds_in_every_scope() {
    for scope in ["Package", "Bins", "Tests", "Examples", "Benches", "Cdylib"] {
        let build = format!("thymos_build::configure().linker(\"system\").scope(thymos_build::Scope::{scope}).emit();");
        let package = Package::new(&format!("no-bins-{}", scope.to_lowercase()), &build);
        let said = package.file("src/lib.rs", "").build();
        assert!(!said.contains("warning"), "{scope}: {said}");
    }
}

#[test]
fn the_summary_reaches_the_program() {
    let package = Package::new("summary", "thymos_build::configure().summary_env(\"PLAN\").emit();").bin();
    package.build();
    let said = std::process::Command::new(package.program()).output().expect("it runs").stdout;
    let said = String::from_utf8(said).expect("text");
    assert!(said.contains("rustc 1.") && !said.contains('/'), "{said}");
}

#[test]
fn a_home_that_cannot_be_written_does_not_fail_the_build() {
    let cargo_home =
        std::env::var("CARGO_HOME").or_else(|_| std::env::var("HOME").map(|home| format!("{home}/.cargo")));
    let rustup_home =
        std::env::var("RUSTUP_HOME").or_else(|_| std::env::var("HOME").map(|home| format!("{home}/.rustup")));
    let (Ok(cargo_home), Ok(rustup_home)) = (cargo_home, rustup_home) else { return };
    let package = Package::new("read-only-home", EMIT).bin().var("THYMOS_DIR", "").var("XDG_CACHE_HOME", "");
    let package = package.var("HOME", "/proc").var("CARGO_HOME", &cargo_home).var("RUSTUP_HOME", &rustup_home);
    package.build();
}
