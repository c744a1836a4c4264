//! The oracle over real projects: packages of the crate registry, pinned, and what plain cargo makes of them.
//!
//! The best known and the smallest with a proc macro, C and assembly stand for all; `THYMOS_TEST_REAL=all` takes the whole list, and `THYMOS_TEST_REAL=bat,just` those.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../support/mod.rs"]
mod support;

mod accounted;
mod oracle;
mod projects;
mod remapped;
mod witness;

use std::panic::{AssertUnwindSafe, catch_unwind};

use projects::{PROJECTS, Project};

#[test]
fn real_projects_are_what_plain_cargo_makes_of_them() {
    each(oracle::judge, &["ripgrep", "b3sum"]);
}

#[test]
#[cfg(target_os = "linux")]
fn everything_that_a_compile_of_a_real_project_looked_at_is_accounted_for() {
    each(accounted::check, &["b3sum"]);
}

/// Takes each project that was chosen; without a choice, these.
fn each(check: impl Fn(&Project), always: &[&str]) {
    let chosen = std::env::var("THYMOS_TEST_REAL").unwrap_or_default();
    let is_chosen = |name: &str| match chosen.as_str() {
        "" => always.contains(&name),
        "all" => true,
        list => list.split(',').any(|item| item == name),
    };
    // One that differs says nothing about the others, and the list is long.
    let differs = |project: &&Project| catch_unwind(AssertUnwindSafe(|| check(project))).is_err();
    let differing = PROJECTS.iter().filter(|project| is_chosen(project.name())).filter(differs);
    let names: Vec<_> = differing.map(Project::name).collect();
    assert!(names.is_empty(), "{names:?} are not as they should be; see above");
}
