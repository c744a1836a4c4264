//! Links this package with the plan that it renders for others.

fn main() {
    thymos_build::configure().emit();
}
