//! The plan, explained.

use crate::support::World;

#[test]
fn a_plan_names_the_target_the_candidates_and_the_decision() {
    let world = World::cached();
    let text = world.thymos("plan").ok().stdout;
    for word in ["target ", "toolchain ", "decision "] {
        assert!(text.contains(word), "{word}: {text}");
    }
    let plan: serde_json::Value = serde_json::from_str(&world.thymos("plan --json").ok().stdout).expect("it is JSON");
    assert!(plan["platform"]["target"].is_string() && plan["candidates"].is_array(), "{plan:#}");
}

#[test]
fn a_foreign_target_is_explained_from_the_table() {
    let world = World::cached();
    let plan = world.thymos("plan --json --target x86_64-pc-windows-msvc").ok().stdout;
    let plan: serde_json::Value = serde_json::from_str(&plan).expect("it is JSON");
    assert_eq!(plan["platform"]["target"], "x86_64-pc-windows-msvc");
    let text = world.thymos("plan --target x86_64-pc-windows-msvc").ok().stdout;
    assert!(text.contains("linker = \"rust-lld\""), "{text}");
}

#[test]
fn what_is_no_target_is_refused() {
    let world = World::cached();
    let run = world.thymos("plan --target linux");
    assert_eq!(run.status.code(), Some(2));
    assert!(run.stderr.contains("no target triple"), "{}", run.stderr);
}
