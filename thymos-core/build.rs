//! Links this package with the plan that it renders for others, tells the program about it (`thymos --version --verbose`
//! prints `THYMOS_BUILD_PLAN`), and compiles what runs in compilers and before build scripts.

#[path = "build/freestanding.rs"]
mod freestanding;

fn main() {
    freestanding::compile();
    thymos_build::configure().summary_env("THYMOS_BUILD_PLAN").emit();
}
