//! Real projects from the crate registry, pinned: cold, warm, and in another checkout.
//!
//! `THYMOS_TEST_REAL=all` builds the long list; without it the first one stands for all.

use crate::support::{Checkout, World, published};

/// A published program: what to ask it, and a word of the answer.
struct Project {
    pin: &'static str,
    program: &'static str,
    ask: &'static [&'static str],
    answer: &'static str,
}

const FIRST: Project =
    Project { pin: "ripgrep@15.2.0", program: "rg", ask: &["--count", "fn", "crates/core/main.rs"], answer: "" };

/// With build scripts, proc macros, generated code and C parts.
const OTHERS: [Project; 6] = [
    Project { pin: "hyperfine@1.19.0", program: "hyperfine", ask: &["--version"], answer: "hyperfine" },
    Project { pin: "fd-find@10.2.0", program: "fd", ask: &["--version"], answer: "fd" },
    Project { pin: "just@1.40.0", program: "just", ask: &["--version"], answer: "just" },
    Project { pin: "sd@1.0.0", program: "sd", ask: &["--version"], answer: "sd" },
    Project { pin: "tokei@12.1.2", program: "tokei", ask: &["--version"], answer: "tokei" },
    Project { pin: "zoxide@0.9.7", program: "zoxide", ask: &["--version"], answer: "zoxide" },
];

fn builds_and_answers(project: &Project, here: &Checkout<'_>) {
    here.cargo("build --locked").ok();
    let mut command = here.command(&here.path(&format!("target/debug/{}", project.program)));
    let run = crate::support::Run::of(command.args(project.ask)).ok();
    assert!(run.stdout.contains(project.answer), "{run:#?}");
}

fn is_cached_whole(project: &Project) {
    let world = World::cached();
    let here = published(&world, project.pin, "here");
    here.cargo("fetch --locked").with_registry().ok();
    world.share_registry();

    world.zero();
    builds_and_answers(project, &here);
    let cold = world.stats();
    assert_eq!(cold.compiles_left_out(), 0, "every compile went through the cache: {cold:#?}");
    cold.assert_nothing_degraded();

    here.remove("target");
    world.assert_warm(&cold, || builds_and_answers(project, &here));
    here.assert_fresh("build --locked");

    let there = published(&world, project.pin, "there/and/deeper");
    world.assert_warm(&cold, || builds_and_answers(project, &there));
    there.assert_fresh("build --locked");
}

#[test]
fn ripgrep_is_a_hit_for_every_compile_in_both_checkouts() {
    is_cached_whole(&FIRST);
}

#[test]
fn other_programs_are_hits_for_every_compile_in_both_checkouts() {
    if std::env::var_os("THYMOS_TEST_REAL").is_none_or(|list| list != "all") {
        eprintln!("skipped: THYMOS_TEST_REAL=all builds the long list");
        return;
    }
    OTHERS.iter().for_each(is_cached_whole);
}
