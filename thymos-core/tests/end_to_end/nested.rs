//! Tests that call cargo themselves, by the library that most of them use.

use crate::support::{World, package};

/// trybuild, which compares what the compiler says about wrong programs: it makes a project of its own in the target directory.
#[test]
fn trybuild_sees_what_it_sees_without_a_cache() {
    let files = package("app")
        .append("Cargo.toml", "[dev-dependencies]\ntrybuild = \"1\"")
        .file("src/lib.rs", "pub fn takes(_: u8) {}")
        .file("tests/ui.rs", "#[test] fn ui() { let t = trybuild::TestCases::new(); t.compile_fail(\"tests/ui/wrong.rs\"); t.pass(\"tests/ui/right.rs\"); }")
        .file("tests/ui/right.rs", "fn main() { app::takes(1) }")
        .file("tests/ui/wrong.rs", "fn main() { app::takes(\"text\") }");
    let world = World::cached();
    let here = world.checkout("here", &files);
    here.cargo("fetch").with_registry().ok();
    world.share_registry();
    // Plain cargo writes what the compiler says; the tests then compare with it.
    here.cargo("test --test ui").env("RUSTC_WRAPPER", "").env("TRYBUILD", "overwrite").ok();
    assert!(here.read("tests/ui/wrong.stderr").contains("mismatched types"));
    for _ in ["cold", "warm"] {
        here.clean();
        world.zero();
        let run = here.cargo("test --test ui").ok();
        assert!(run.stdout.contains("1 passed"), "{run:#?}");
        world.stats().assert_nothing_degraded();
    }
    let stats = world.stats();
    assert!(stats.hits > 0, "what it compiles comes from the cache: {stats:#?}\n{}", world.events_text());
}
