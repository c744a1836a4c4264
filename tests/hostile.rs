//! Machines that are against us: tools that fail, hang, lie or babble, no tools at all, a home that cannot be written.
//!
//! In none of them may a build fail, and in none may a flag be printed for a tool that does not do what it says.

#![cfg(target_os = "linux")]

mod support;

use std::{
    path::Path,
    time::{Duration, Instant},
};

use support::{Temp, need, person};
use thymos_build::{Caching, Candidate, Decision, Env, Linker, Plan, Probe, Why, configure};

/// An environment in which the fake tools of a directory come first.
fn with_fakes(temp: &Temp) -> Env {
    let path = std::env::var("PATH").expect("the tests have a PATH");
    person(temp.path()).with("PATH", format!("{}:{path}", temp.path().join("bin").display()))
}

fn candidate(plan: &Plan, linker: Linker) -> &Candidate {
    &plan.candidates.iter().find(|(it, _)| it.linker == linker).expect("every linker is listed").0
}

/// Asks for mold where it is a fake, and returns what came of it.
#[track_caller]
fn fake_mold(name: &str, scripts: &[(&str, &str)]) -> (Plan, String) {
    let temp = Temp::new(name);
    for (tool, body) in scripts {
        temp.script(&format!("bin/{tool}"), body);
    }
    let env = with_fakes(&temp).with("THYMOS_LINKER", "mold");
    let mut out = Vec::new();
    let error = configure().env(env.clone()).try_emit_to(&mut out).expect_err("a fake must not be used");
    let out = String::from_utf8(out).expect("directives are text");
    assert!(!out.contains("link-arg"), "{out}");
    assert!(out.contains("cargo:warning=thymos: cannot link with mold, so the default linker is used: "), "{out}");
    assert!(error.to_string().starts_with("failed to use the linker `mold`: "), "{error}");
    (configure().env(env).detect(), out)
}

fn cause(plan: &Plan) -> &str {
    match &candidate(plan, Linker::Mold).probe {
        Probe::Failed { cause } => cause,
        other => panic!("expected a failure: {other:?}"),
    }
}

const VERSION: &str = "[ \"$1\" = --version ] && { echo 'mold 1.10.1 (compatible with GNU ld)'; exit 0; }\n";

#[test]
fn a_linker_that_fails_is_rejected_with_its_words() {
    let fake = format!("{VERSION}echo 'mold: fatal: the moon is full' >&2; exit 1");
    let (plan, out) = fake_mold("hostile-fails", &[("mold", &fake), ("ld.mold", &fake)]);
    assert!(cause(&plan).contains("the moon is full"), "{plan}");
    assert!(out.contains("the moon is full"), "{out}");
}

#[test]
fn a_linker_that_babbles_is_rejected() {
    let babble = "head -c 3000000 /dev/urandom";
    let (plan, _) = fake_mold("hostile-babbles", &[("mold", babble), ("ld.mold", babble)]);
    assert!(cause(&plan).contains("its output is no text"), "{plan}");
    assert!(!plan.explain().chars().any(|c| c.is_control() && c != '\n'), "{plan}");
}

#[test]
fn a_linker_that_hangs_is_ended() {
    let started = Instant::now();
    let (plan, _) = fake_mold("hostile-hangs", &[("mold", "sleep 600"), ("ld.mold", "sleep 600")]);
    assert!(cause(&plan).contains("did not end in time"), "{plan}");
    assert!(started.elapsed() < Duration::from_secs(60));
}

#[test]
fn a_linker_that_hangs_while_it_links_is_ended() {
    let fake = format!("{VERSION}sleep 600");
    let (plan, out) = fake_mold("hostile-hangs-later", &[("mold", &fake), ("ld.mold", &fake)]);
    assert!(matches!(candidate(&plan, Linker::Mold).probe, Probe::TimedOut { .. }), "{plan}");
    assert!(out.contains("it did not end within 10 s"), "{out}");
}

#[test]
fn a_linker_that_is_another_one_is_rejected() {
    if need(&["ld.bfd"]) {
        let fake = format!("{VERSION}exec ld.bfd \"$@\"");
        let (plan, _) = fake_mold("hostile-other", &[("mold", &fake), ("ld.mold", &fake)]);
        assert!(cause(&plan).contains("linked by a linker that leaves no mark"), "{plan}");
    }
}

#[test]
fn a_linker_that_lies_about_its_version_is_rejected() {
    if need(&["mold", "ld.mold"]) {
        let fake = "[ \"$1\" = --version ] && { echo 'mold 9.9.9'; exit 0; }\nexec /usr/bin/ld.mold \"$@\"";
        let (plan, _) = fake_mold("hostile-lies", &[("mold", fake), ("ld.mold", fake)]);
        assert!(cause(&plan).contains("it says that it is 9.9.9"), "{plan}");
    }
}

#[test]
fn a_linker_whose_programs_do_not_run_is_rejected() {
    if need(&["mold"]) {
        let fake =
            format!("{VERSION}while [ $# -gt 0 ]; do [ \"$1\" = -o ] && out=$2; shift; done\ncp /bin/false \"$out\"");
        let (plan, _) = fake_mold("hostile-broken", &[("mold", &fake), ("ld.mold", &fake)]);
        assert!(cause(&plan).contains("does not run"), "{plan}");
    }
}

#[test]
fn a_linker_that_is_mended_is_probed_again() {
    if !need(&["mold", "ld.mold"]) {
        return;
    }
    let temp = Temp::new("hostile-mended");
    let fake = format!("{VERSION}exit 1");
    temp.script("bin/mold", &fake);
    temp.script("bin/ld.mold", &fake);
    let env = with_fakes(&temp).with("THYMOS_LINKER", "mold");
    assert!(configure().env(env.clone()).try_emit_to(&mut Vec::new()).is_err());
    std::fs::remove_dir_all(temp.path().join("bin")).expect("remove");
    let plan = configure().env(env).try_emit_to(&mut Vec::new()).expect("the real one works");
    assert!(matches!(plan.decision, Decision::Use { linker: Linker::Mold, .. }), "{plan}");
}

#[test]
fn wrappers_that_lie_are_not_chosen() {
    let temp = Temp::new("hostile-wrappers");
    temp.script("bin/thymos", "echo 'a theatre group'");
    temp.script("bin/kache", "exit 3");
    temp.script("bin/sccache", "echo 'sccache 0.8.1'");
    let caching: Caching = configure().env(with_fakes(&temp)).detect().caching;
    assert_eq!(caching.choice().map(|it| it.name), Some("sccache"));
    let verdict = |name: &str| caching.found.iter().find(|it| it.name == name).map(|it| it.version.is_ok());
    assert_eq!([verdict("thymos"), verdict("kache"), verdict("sccache")], [Some(false), Some(false), Some(true)]);
}

/// A build script's environment with nothing installed.
fn bare(temp: &Temp) -> Env {
    Env::from_pairs([
        ("TARGET", "x86_64-unknown-linux-gnu"),
        ("HOST", "x86_64-unknown-linux-gnu"),
        ("CARGO_CFG_TARGET_OS", "linux"),
        ("CARGO_CFG_TARGET_ENV", "gnu"),
        ("CARGO_CFG_TARGET_ARCH", "x86_64"),
        ("PATH", ""),
    ])
    .with("OUT_DIR", temp.path())
    .with("CARGO_MANIFEST_DIR", temp.path())
}

#[test]
fn nothing_installed_is_a_plan_without_flags() {
    let temp = Temp::new("hostile-nothing");
    let mut out = Vec::new();
    let plan = configure().env(bare(&temp)).try_emit_to(&mut out).expect("nobody asked for anything");
    assert!(matches!(plan.decision, Decision::Default(Why::NoToolchain { .. })), "{plan}");
    let out = String::from_utf8(out).expect("text");
    assert!(out.lines().all(|line| line.starts_with("cargo:rerun-if-env-changed=")), "{out}");
}

#[test]
fn a_compiler_without_a_linker_is_a_plan_without_flags() {
    let temp = Temp::new("hostile-no-cc");
    let plan =
        configure().env(bare(&temp).with("RUSTC", support::rustc())).try_emit_to(&mut Vec::new()).expect("no wish");
    assert!(matches!(plan.decision, Decision::Default(Why::NoLink { .. })), "{plan}");
    let explained = configure().env(bare(&temp).with("RUSTC", support::rustc())).detect();
    assert!(explained.explain().contains("mold      not installed"), "{explained}");
}

#[test]
fn a_home_that_cannot_be_written_costs_time_only() {
    if !need(&["cc"]) {
        return;
    }
    let temp = Temp::new("hostile-home");
    for home in ["/proc/nowhere", "/dev/null", ""] {
        let env = person(temp.path()).without("THYMOS_DIR").without("XDG_CACHE_HOME").with("HOME", home);
        let plan = configure().env(env).detect();
        assert!(plan.default.as_ref().is_some_and(|default| default.probe.linked().is_some()), "{home}: {plan}");
    }
}

#[test]
fn an_out_dir_that_cannot_be_written_is_a_plan_without_flags() {
    let temp = Temp::new("hostile-out-dir");
    let env = bare(&temp).with("OUT_DIR", "/proc/nowhere").with("RUSTC", support::rustc());
    let plan = configure().env(env).try_emit_to(&mut Vec::new()).expect("nobody asked for anything");
    assert!(matches!(plan.decision, Decision::Default(Why::NoLink { .. })), "{plan}");
}

#[test]
fn a_build_script_leaves_nothing_outside_and_nothing_behind() {
    if !need(&["cc"]) {
        return;
    }
    let temp = Temp::new("hostile-traces");
    let env = bare(&temp).with("RUSTC", support::rustc()).with("PATH", std::env::var("PATH").expect("a PATH"));
    configure().env(env).try_emit_to(&mut Vec::new()).expect("nobody asked for anything");
    let left: Vec<_> = temp.path().read_dir().expect("it is there").flatten().map(|entry| entry.path()).collect();
    assert!(left.is_empty(), "{left:?}");
    let is_probe = |path: &Path| path.to_string_lossy().contains(&format!("thymos-probe-{}-", std::process::id()));
    // Other tests of this process may be at work in the temporary directory, but none of them with this memo.
    assert!(!left.iter().any(|path| is_probe(path)));
}

#[test]
fn output_that_cannot_be_written_is_an_error_and_no_panic() {
    struct Closed;
    impl std::io::Write for Closed {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let temp = Temp::new("hostile-closed");
    let error = configure().env(bare(&temp)).try_emit_to(&mut Closed).expect_err("nothing could be written");
    assert!(error.to_string().starts_with("failed to write directives"), "{error}");
}
