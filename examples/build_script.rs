//! A build script with every setting, as an example that runs anywhere: outside of Cargo it prints what it would tell it.
//!
//! ```text
//! cargo run --example build_script
//! ```
//!
//! The three lines that most packages need are `fn main() {`, `thymos_build::configure().emit();` and `}`.

use thymos_build::{Scope, configure};

fn main() {
    let outcome = configure()
        // The first of these that works comes before the fastest one. `.linker("mold")` would take no other.
        .prefer(["wild", "mold", "lld"])
        // Everything in this package that is linked; `Scope::Bins` leaves its tests alone.
        .scope(Scope::Package)
        // `env!("BUILD_SCRIPT_EXAMPLE_PLAN")` in the package tells how it was linked.
        .summary_env("BUILD_SCRIPT_EXAMPLE_PLAN")
        .cargo_metadata(true)
        .cargo_warnings(true)
        .try_emit();
    // A build script would end here. This one has told Cargo about a problem already, so it only says how things stand.
    match outcome {
        Ok(plan) => eprintln!("{}", plan.summary()),
        Err(error) => eprintln!("{error}"),
    }
}
