//! What this library costs the packages that use it.
//!
//! This test is alone in its binary, because it reads the CPU time of all processes that the binary has started.

#![cfg(target_os = "linux")]

mod support;

use std::{fs, process::Command};

use support::Temp;

/// Crates in the tree, this one included.
const CRATES: usize = 10;
/// Seconds of user CPU time that a build from nothing may take longer because of this library.
const SECONDS: f64 = 3.0;

#[test]
fn the_tree_is_small() {
    let tree = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--offline",
            "--locked",
            "-p",
            "thymos-build",
            "-e",
            "normal,build",
            "--prefix",
            "none",
            "--target",
            "all",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    let tree = String::from_utf8(tree.stdout).expect("names are text");
    let mut crates: Vec<&str> = tree.lines().filter_map(|line| line.split_whitespace().next()).collect();
    crates.sort_unstable();
    crates.dedup();
    assert!((2..=CRATES).contains(&crates.len()), "{crates:?}");
}

#[test]
fn a_build_from_nothing_stays_in_its_budget() {
    let without = cost("budget-without", "", "");
    let dependency = format!("thymos-build = {{ path = {:?} }}\n", env!("CARGO_MANIFEST_DIR"));
    // Other work on the machine makes every cycle longer, so the best of a few attempts counts.
    let mut best = f64::MAX;
    for _ in 0..4 {
        best = best.min(cost("budget-with", &dependency, "thymos_build::configure().emit();") - without);
        if best <= SECONDS {
            break;
        }
    }
    println!("thymos-build adds {best:.2} s of user CPU time to a build from nothing");
    assert!(best <= SECONDS, "{best:.2} s is more than {SECONDS} s");
}

/// Builds a package from nothing, and returns the seconds of user CPU time that this took.
fn cost(name: &str, dependency: &str, build: &str) -> f64 {
    let temp = Temp::new(name);
    let manifest = "[package]\nname = \"consumer\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[build-dependencies]\n";
    temp.write("Cargo.toml", &format!("{manifest}{dependency}\n[workspace]\n"));
    temp.write("build.rs", &format!("fn main() {{ {build} }}\n"));
    temp.write("src/lib.rs", "");
    fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock"), temp.path().join("Cargo.lock")).expect("a lock file");
    let before = children();
    let output = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--offline"])
        .current_dir(temp.path())
        .env("CARGO_TARGET_DIR", temp.path().join("target"))
        .env("THYMOS_DIR", temp.path().join("memo"))
        .env_remove("RUSTC_WRAPPER")
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    children() - before
}

/// Returns the user CPU time of all children that have ended, in seconds.
fn children() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("Linux has it");
    // The name of the program, in parentheses, may hold anything; the fields behind it are numbers. This is `cutime`.
    let fields = stat.rsplit_once(')').expect("the name ends").1;
    let ticks: f64 = fields.split_whitespace().nth(13).and_then(|field| field.parse().ok()).expect("a number");
    // Linux has shown 100 ticks a second to programs on every architecture since 2.6.
    ticks / 100.0
}
