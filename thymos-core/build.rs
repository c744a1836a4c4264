//! Links this package with the plan that it renders for others, and tells the program about it: `thymos --version
//! --verbose` prints `THYMOS_BUILD_PLAN`.

fn main() {
    thymos_build::configure().summary_env("THYMOS_BUILD_PLAN").emit();
}
