//! Real crates: published packages, pinned, as checkouts of their own.

use std::fs;
use std::path::{Path, PathBuf};

use super::world::users_directory;
use super::{Checkout, World, package};

/// Lays the sources of a published package at `place`, as its author packed them, its lock file included.
///
/// `pin` is `name@version`. The package comes from the registry cache of the user who runs the tests, and from the registry when it is not there.
pub fn published<'w>(world: &'w World, pin: &str, place: &str) -> Checkout<'w> {
    let source = fetch(world, pin);
    let checkout = world.at(place);
    copy(&source, checkout.root());
    checkout
}

/// Downloads a package through cargo and returns where cargo unpacked it.
fn fetch(world: &World, pin: &str) -> PathBuf {
    let (name, version) = pin.split_once('@').expect("a pin is name@version");
    let files = package("pins").file("src/lib.rs", "").append(
        "Cargo.toml",
        &format!("[dependencies]\npinned = {{ package = \"{name}\", version = \"={version}\" }}"),
    );
    let pins = world.checkout(&format!("pins/{name}"), &files);
    pins.cargo("fetch").with_registry().ok();
    // Cargo names no package that has only programs, but it unpacks it like any other.
    let unpacked = users_directory("CARGO_HOME", ".cargo").join("registry/src");
    let registries = fs::read_dir(&unpacked).expect("cargo has unpacked something");
    let mut places = registries.filter_map(|entry| Some(entry.ok()?.path().join(format!("{name}-{version}"))));
    places.find(|place| place.exists()).unwrap_or_else(|| panic!("cargo has unpacked {pin}"))
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("the world is writable");
    for entry in fs::read_dir(from).expect("the registry is readable") {
        let entry = entry.expect("the registry is readable");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("the registry is readable").is_dir() {
            copy(&entry.path(), &target);
        } else if entry.file_name() != ".cargo-ok" {
            fs::copy(entry.path(), &target).expect("the world is writable");
        }
    }
}
