//! Every target that the compiler knows: a plan for each, and no panic.

mod support;

use std::process::Command;

use support::{Temp, rustc};
use thymos_build::{Env, Platform, configure};

fn ask(args: &[&str]) -> String {
    let output = Command::new(rustc()).args(args).output().expect("rustc runs");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn value<'a>(cfg: &'a str, name: &str) -> &'a str {
    let mut lines = cfg.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix("=\"")?.strip_suffix('"'));
    lines.next().unwrap_or("")
}

/// The environment of a build script for a target, on a machine where nothing is installed.
fn script(temp: &Temp, target: &str, cfg: &str) -> Env {
    Env::from_pairs([("HOST", "x86_64-unknown-linux-gnu"), ("TARGET", target), ("PATH", "")])
        .with("CARGO_CFG_TARGET_OS", value(cfg, "target_os"))
        .with("CARGO_CFG_TARGET_ENV", value(cfg, "target_env"))
        .with("CARGO_CFG_TARGET_ARCH", value(cfg, "target_arch"))
        .with("OUT_DIR", temp.path())
        .with("CARGO_MANIFEST_DIR", temp.path())
}

#[test]
fn every_target_of_the_compiler_has_a_plan() {
    let temp = Temp::new("platforms");
    let list = ask(&["--print", "target-list"]);
    let mut differ = Vec::new();
    for target in list.lines() {
        let cfg = ask(&["--print", "cfg", "--target", target]);
        let mut out = Vec::new();
        let plan =
            configure().env(script(&temp, target, &cfg)).try_emit_to(&mut out).expect("nobody asked for anything");
        assert!(plan.link_args().is_empty(), "{target}");
        assert!(!plan.explain().is_empty() && !plan.cargo_config().is_empty(), "{target}");
        let told = Platform::from_cfg("x86_64-unknown-linux-gnu", target, &cfg);
        let named = Platform::from_triple("x86_64-unknown-linux-gnu", target);
        if told.c_library != named.c_library {
            differ.push(format!("{target}: {:?} is read as {:?}", told.c_library, named.c_library));
        }
    }
    assert!(list.lines().count() > 100);
    // Names alone are a fallback, and say as much as the table of rules goes by.
    assert!(differ.is_empty(), "{differ:#?}");
}
