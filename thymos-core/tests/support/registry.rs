//! Real crates: published packages, pinned, as checkouts of their own.

use std::fs;
use std::path::{Path, PathBuf};

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
    let metadata = pins.cargo("metadata --format-version 1").with_registry().ok();
    let metadata: serde_json::Value = serde_json::from_str(&metadata.stdout).expect("cargo prints JSON");
    let packages = metadata["packages"].as_array().expect("cargo lists packages");
    let found = packages.iter().find(|package| package["name"] == name).expect("the pinned package is one of them");
    let manifest = PathBuf::from(found["manifest_path"].as_str().expect("a path is text"));
    manifest.parent().expect("a manifest has a directory").to_owned()
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
