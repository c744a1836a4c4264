//! Real compilers with real linkers: the program's own mark shows the linker that was promised.

#![cfg(target_os = "linux")]

mod support;

use std::process::Command;

use support::{Temp, linked_by, need, person, rustc};
use thymos_build::{Because, Decision, Linker, Plan, Why, configure};

/// Links a program the way Cargo would with this plan, and returns who linked it.
fn link(temp: &Temp, driver: &str, plan: &Plan) -> String {
    let source = temp.write("main.rs", "fn main() {}\n");
    let output = temp.path().join("program");
    let mut command = Command::new(rustc());
    command.arg(source).arg("-o").arg(&output).arg(format!("-Clinker={driver}"));
    command.args(plan.link_args().iter().map(|arg| format!("-Clink-arg={arg}")));
    let said = command.output().expect("rustc runs");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    linked_by(&output)
}

fn check(driver: &str, linker: &str, mark: &str) {
    let temp = Temp::new(&format!("linkers-{driver}-{linker}"));
    let env = person(temp.path()).with("RUSTC_LINKER", driver).with("THYMOS_LINKER", linker);
    let plan = configure().env(env).detect();
    let asked = Linker::from(linker);
    assert!(plan.linker().is_some_and(|linker| linker.is_a(&asked)), "{plan}");
    assert!(!matches!(plan.decision, Decision::Default(Why::Unusable { .. })), "{plan}");
    assert_eq!(link(&temp, driver, &plan), mark, "{plan}");
}

#[test]
fn gcc_links_with_what_was_promised() {
    if need(&["gcc", "ld.bfd", "ld.lld", "mold"]) {
        for (linker, mark) in [("rust-lld", "LLD"), ("lld", "LLD"), ("mold", "mold"), ("system", "")] {
            check("gcc", linker, mark);
        }
    }
}

#[test]
fn clang_links_with_what_was_promised() {
    if need(&["clang", "ld.bfd", "ld.lld", "mold"]) {
        for (linker, mark) in [("rust-lld", "LLD"), ("lld", "LLD"), ("mold", "mold"), ("system", "")] {
            check("clang", linker, mark);
        }
    }
}

#[test]
fn the_default_driver_links_with_what_was_promised() {
    if need(&["cc", "ld.bfd", "ld.lld", "mold"]) {
        for (linker, mark) in [("lld", "LLD"), ("mold", "mold"), ("system", "")] {
            check("cc", linker, mark);
        }
    }
}

#[test]
fn a_linker_is_found_by_its_path() {
    if !need(&["gcc", "clang", "mold", "ld.mold", "ld.bfd"]) {
        return;
    }
    let cases = [("clang", "mold", "mold"), ("gcc", "mold", "mold"), ("gcc", "ld.mold", "mold"), ("gcc", "ld.bfd", "")];
    for (driver, name, mark) in cases {
        let temp = Temp::new(&format!("linkers-path-{driver}-{name}"));
        let env = person(temp.path()).with("RUSTC_LINKER", driver).with("THYMOS_LINKER", format!("/usr/bin/{name}"));
        let plan = configure().env(env).try_emit_to(&mut Vec::new()).expect("it works");
        assert!(
            matches!(&plan.decision, Decision::Use { linker: Linker::Path(_), because: Because::Asked, .. }),
            "{plan}"
        );
        assert_eq!(link(&temp, driver, &plan), mark, "{driver} {name}");
    }
}

#[test]
fn the_plan_knows_the_linker_that_the_toolchain_uses_by_itself() {
    if !need(&["cc"]) {
        return;
    }
    let temp = Temp::new("linkers-default");
    let plan = configure().env(person(temp.path())).detect();
    let promised = plan.default.as_ref().and_then(|default| default.probe.linked()).expect("the machine links");
    let mark = promised.mark.as_ref().map(|mark| mark.name.clone()).unwrap_or_default();
    let plan_without_flags = configure().env(person(temp.path()).with("DOCS_RS", "1")).detect();
    assert!(plan_without_flags.link_args().is_empty());
    assert_eq!(link(&temp, "cc", &plan_without_flags), mark, "{plan}");
}

#[test]
fn every_linker_of_this_machine_is_explained() {
    let temp = Temp::new("linkers-explained");
    let plan = configure().env(person(temp.path())).detect();
    for linker in Linker::KNOWN {
        assert!(plan.candidates.iter().any(|(candidate, _)| candidate.linker == linker), "{plan}");
        assert!(plan.explain().contains(&format!("  {linker}")), "{plan}");
    }
}

#[test]
fn the_second_plan_is_read_and_not_measured() {
    if !need(&["cc"]) {
        return;
    }
    let temp = Temp::new("linkers-memo");
    let first = configure().env(person(temp.path())).detect();
    let second = configure().env(person(temp.path())).detect();
    // Times that were measured twice would differ in their nanoseconds.
    assert_eq!(first.default, second.default);
    assert_eq!(first.candidates, second.candidates);
    let probed = temp.path().join("probes");
    let kept = std::fs::read_dir(&probed).expect("something was kept").count();
    assert!(kept >= 2, "the toolchain and at least one survey: {kept}");
}
