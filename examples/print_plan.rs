//! Prints what Thymos would do on this machine, and why.
//!
//! ```text
//! cargo run --example print_plan
//! THYMOS_LINKER=mold cargo run --example print_plan
//! TARGET=aarch64-unknown-linux-gnu cargo run --example print_plan
//! ```

fn main() {
    let started = std::time::Instant::now();
    let plan = thymos_build::configure().detect();
    print!("{plan}");
    println!("summary    {}", plan.summary());
    println!("took       {} ms", started.elapsed().as_millis());
}
