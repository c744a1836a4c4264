//! Published crates whose scripts are known for what they do.

use std::collections::BTreeMap;

use crate::support::{Checkout, World, package, require_tool};
use crate::watch::Watch;

const DEPENDENCIES: &str = r#"
[dependencies]
anyhow = "1"
generic-array = "0.14"
httparse = "1"
libc = "0.2"
libz-sys = { version = "1", features = ["static"] }
proc-macro2 = "1"
ring = "0.17"
serde_core = "1"
thiserror = "1"
zstd-sys = "2"
"#;

/// Returns what each script left in `OUT_DIR` and printed, with the place's path taken out, as far as it is text.
fn made(here: &Checkout<'_>) -> BTreeMap<String, String> {
    let root = here.root().display().to_string();
    let mut made = BTreeMap::new();
    for path in here.files_below("target/debug/build") {
        let is_result = path.contains("/out/") || path.ends_with("/output") || path.ends_with("/stderr");
        // Archives hold the numbers of inodes or times where `ar` is told to; what is in them is compared by their users.
        if is_result && !path.contains("build-script") {
            let text = String::from_utf8_lossy(&here.bytes(&path)).replace(&root, "HERE");
            made.insert(path, text);
        }
    }
    made
}

#[test]
fn published_scripts_run_once_and_are_restored_as_plain_cargo_leaves_them() {
    if !require_tool("cc") {
        return;
    }
    let mut world = World::new(crate::support::Mode::Plain);
    world.share_registry();
    let files = package("app").file("src/main.rs", "fn main() {}").append("Cargo.toml", DEPENDENCIES);
    let here = world.checkout("here", &files);
    here.cargo("build").with_registry().ok();
    let plain = made(&here);
    here.clean();
    drop(here);

    world.set_mode(crate::support::Mode::Cached);
    let watch = Watch::new(&world);
    let here = world.at("here");
    here.cargo("build").ok();
    let cold = watch.runs();
    assert!(cold.len() >= 8, "{cold:?}");
    let (stored, left): (Vec<_>, Vec<_>) = cold.iter().partition(|run| run.ends_with(": miss"));
    // A compiler that a script starts asks where it lies itself, and cc opens the job server's pipe anew: such runs are not stored.
    let known = |run: &&String| run.contains("(/proc/self/exe)") || run.contains("(/dev/fd/");
    assert!(stored.len() >= 4 && left.iter().all(known), "{cold:#?}");
    assert_eq!(made(&here), plain);
    here.clean();
    here.cargo("build").ok();
    let warm = watch.runs();
    let hits = warm.iter().filter(|run| run.ends_with(": hit")).count();
    assert_eq!((warm.len(), hits), (cold.len(), stored.len()), "{warm:#?}");
    assert_eq!(made(&here), plain);
    here.assert_fresh("build");
}
