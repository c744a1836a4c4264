//! Compiles the library that watches the environment.

#[path = "build/interpose.rs"]
mod interpose;

fn main() {
    interpose::compile();
}
