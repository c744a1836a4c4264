//! The oracle over real projects: packages of the crate registry, pinned, and what plain cargo makes of them.
//!
//! Two of them stand for all; `THYMOS_TEST_REAL=all` takes the whole list, and `THYMOS_TEST_REAL=bat,just` those.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../support/mod.rs"]
mod support;

mod oracle;
mod projects;

use std::panic::{AssertUnwindSafe, catch_unwind};

use projects::{PROJECTS, Project};

#[test]
fn real_projects_are_what_plain_cargo_makes_of_them() {
    let chosen = std::env::var("THYMOS_TEST_REAL").unwrap_or_default();
    let is_chosen = |name: &str| match chosen.as_str() {
        "" => projects::ALWAYS.contains(&name),
        "all" => true,
        list => list.split(',').any(|item| item == name),
    };
    // One that differs says nothing about the others, and the list is long.
    let judge = |project: &Project| catch_unwind(AssertUnwindSafe(|| oracle::judge(project))).is_err();
    let differing: Vec<_> =
        PROJECTS.iter().filter(|project| is_chosen(project.name())).filter(|project| judge(project)).collect();
    let names: Vec<_> = differing.iter().map(|project| project.name()).collect();
    assert!(names.is_empty(), "{names:?} are not what plain cargo makes of them; see above");
}
