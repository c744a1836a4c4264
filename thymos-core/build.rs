//! Links this package with the plan that it renders for others, tells the program about it (`thymos --version --verbose`
//! prints `THYMOS_BUILD_PLAN`), and compiles the library that watches the environment of a compile.

#[path = "build/interpose.rs"]
mod interpose;

fn main() {
    interpose::compile();
    thymos_build::configure().summary_env("THYMOS_BUILD_PLAN").emit();
}
