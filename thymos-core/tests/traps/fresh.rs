//! Builds that would never end: cargo finds what was restored stale, and builds it again, for ever.

use std::time::{Duration, SystemTime};

use crate::support::{Checkout, Files, package, workspace};
use crate::trap::{Stage, compared_with_cargo, guarded_by};

/// A program, a library with a build script that it uses, a proc macro, and tests.
fn of_every_kind() -> Files {
    workspace(&["app", "part", "maker"])
        .append("app/Cargo.toml", "[dependencies]\npart = { path = \"../part\" }\nmaker = { path = \"../maker\" }")
        .append("maker/Cargo.toml", "[lib]\nproc-macro = true")
        .file("app/src/main.rs", "fn main() { println!(\"{} {}\", part::MADE, maker::two!()) }")
        .file("app/tests/all.rs", "#[test] fn passes() { assert_eq!(part::MADE, maker::two!()) }")
        .file("part/src/lib.rs", "include!(concat!(env!(\"OUT_DIR\"), \"/made.rs\"));")
        .file("part/build.rs", "fn main() { std::fs::write(std::env::var(\"OUT_DIR\").unwrap() + \"/made.rs\", \"pub const MADE: u8 = 2;\").unwrap() }")
        .file("maker/src/lib.rs", "#[proc_macro] pub fn two(_: proc_macro::TokenStream) -> proc_macro::TokenStream { \"2\".parse().unwrap() }")
}

fn builds_and_is_fresh(stage: &mut Stage<'_>, here: &Checkout<'_>) {
    stage.notes("test", here.cargo("test --workspace").run().status.to_string());
    stage.sees_app(here);
    stage.sees_freshness(here);
    stage.notes("plain", not_fresh(here, "build", ""));
    stage.notes("plain tests", not_fresh(here, "test --no-run --workspace", ""));
}

/// Returns what cargo would do again, with this wrapper.
fn not_fresh(here: &Checkout<'_>, words: &str, wrapper: &str) -> String {
    let run = here.cargo(words).env("RUSTC_WRAPPER", wrapper).verbose().run();
    run.stderr
        .lines()
        .filter(|line| ["Compiling", "Dirty"].iter().any(|word| line.trim_start().starts_with(word)))
        .collect()
}

#[test]
fn what_was_restored_is_fresh_and_stays_fresh_without_the_wrapper() {
    guarded_by("restore-time").tell(|stage| {
        let here = stage.checkout("here", &of_every_kind());
        builds_and_is_fresh(stage, &here);
        here.clean();
        builds_and_is_fresh(stage, &here);
    });
}

#[test]
fn restoring_in_one_checkout_leaves_another_fresh() {
    guarded_by("restore-private,restore-time").tell(|stage| {
        let here = stage.checkout("here", &of_every_kind());
        builds_and_is_fresh(stage, &here);
        let before = times(&here);
        let there = stage.checkout("there", &of_every_kind());
        builds_and_is_fresh(stage, &there);
        stage.notes("its files keep their times", (before == times(&here)).to_string());
        builds_and_is_fresh(stage, &here);
    });
}

/// Returns the modification times of what a build left in `deps`.
fn times(here: &Checkout<'_>) -> Vec<(String, SystemTime)> {
    here.files_below("target/debug/deps").into_iter().map(|path| (path.clone(), here.modified(&path))).collect()
}

#[test]
fn a_dependency_that_is_younger_than_its_restored_user_is_not() {
    guarded_by("restore-time").tell(|stage| {
        let here = stage.checkout("here", &of_every_kind());
        stage.sees_app(&here);
        here.edit("part/build.rs", "= 2;", "= 3;");
        stage.sees_app(&here);
        here.edit("part/build.rs", "= 3;", "= 2;");
        // The first build's outputs come back, above a build script that ran just now.
        stage.sees_app(&here);
        stage.sees_freshness(&here);
    });
}

#[test]
fn restored_outputs_are_no_older_than_the_build_and_not_of_the_future() {
    guarded_by("restore-time").tell(|stage| {
        let here = stage.checkout("here", &package("app").file("src/main.rs", "fn main() {}").file("src/lib.rs", ""));
        stage.sees_app(&here);
        here.clean();
        here.write("now", "");
        stage.sees_app(&here);
        let start = here.modified("now");
        here.write("now", "later");
        let end = here.modified("now");
        let outputs = times(&here).into_iter().filter(|(path, _)| !path.ends_with(".d"));
        let wrong: Vec<_> = outputs.filter(|(_, time)| *time < start || *time > end).map(|(path, _)| path).collect();
        stage.notes("outside of the build", wrong.join(" "));
    });
}

#[test]
fn a_source_touched_and_unchanged_ends_in_a_fresh_build() {
    compared_with_cargo().tell(|stage| {
        let here = stage.checkout("here", &of_every_kind());
        stage.sees_app(&here);
        here.set_modified("part/src/lib.rs", SystemTime::now());
        stage.sees_app(&here);
        stage.sees_freshness(&here);
        here.set_modified("part/src/lib.rs", SystemTime::now() - Duration::from_secs(60));
        stage.sees_freshness(&here);
    });
}
