//! A plan as data for other programs.

#![cfg(feature = "serde")]

mod support;

use support::{Temp, person};
use thymos_build::configure;

#[test]
fn a_plan_is_serialised_with_its_decision_and_its_candidates() {
    let temp = Temp::new("serde");
    let plan = configure().env(person(temp.path()).with("DOCS_RS", "1")).detect();
    let json = serde_json::to_value(&plan).expect("every path of this machine is text");
    assert_eq!(json["decision"]["default"], "docs-rs", "{json}");
    assert_eq!(json["platform"]["target"], plan.platform.target.as_str());
    assert_eq!(json["candidates"].as_array().map(Vec::len), Some(plan.candidates.len()));
}
