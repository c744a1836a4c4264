//! The `thymos` binary.

fn main() {}
