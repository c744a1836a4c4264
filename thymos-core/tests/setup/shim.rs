//! The linker shim: it links as promised, and never fails a link that the default would do.

use crate::support::{Checkout, World, package, require_tool};

fn project(world: &World) -> Checkout<'_> {
    world.checkout("app", &package("app").file("src/main.rs", "fn main() { println!(\"hello\"); }"))
}

fn mark(app: &Checkout<'_>) -> String {
    let mark = thymos_build::Mark::read(&app.path("target/debug/app")).expect("an ELF file");
    mark.map(|mark| mark.name).unwrap_or_default()
}

fn arguments(world: &World) -> std::path::PathBuf {
    world.root().join("cargo-home/thymos/thymos-cc.args")
}

#[test]
#[cfg(target_os = "linux")]
fn the_shim_links_under_rustflags_and_is_taken_back() {
    if !require_tool("mold") {
        return;
    }
    let world = World::cached();
    let app = project(&world);
    world.thymos("setup --yes --no-cache --linker-shim --linker mold").ok();
    app.cargo("build").env("RUSTFLAGS", "-Cdebuginfo=0").env("RUSTC_WRAPPER", "").ok();
    assert_eq!(mark(&app), "mold");
    let again = world.thymos("setup --yes --no-cache --linker-shim --linker mold").ok();
    assert!(again.stdout.contains("Nothing to change"), "{again:#?}");
    world.thymos("setup --undo").ok();
    assert!(!arguments(&world).exists(), "the shim is gone too");
    assert!(!world.root().join("cargo-home/config.toml").exists() && !world.store().join("setup").exists());
}

#[test]
#[cfg(target_os = "linux")]
fn a_linker_that_went_missing_is_done_without() {
    if !require_tool("mold") {
        return;
    }
    let world = World::cached();
    let app = project(&world);
    world.thymos("setup --yes --no-cache --linker-shim --linker mold").ok();
    std::fs::write(arguments(&world), "-fuse-ld=no-such-linker\n").expect("it is ours");
    app.cargo("build").env("RUSTC_WRAPPER", "").ok();
    assert_eq!(app.program("app").ok().stdout, "hello\n");
}

#[test]
#[cfg(target_os = "linux")]
fn a_link_that_must_fail_fails_with_the_linkers_own_words() {
    if !require_tool("mold") {
        return;
    }
    let world = World::cached();
    let app = project(&world);
    world.thymos("setup --yes --no-cache --linker-shim --linker mold").ok();
    app.write("src/main.rs", "unsafe extern \"C\" { fn nowhere(); }\nfn main() { unsafe { nowhere() } }");
    let run = app.cargo("build").env("RUSTC_WRAPPER", "").fails();
    assert!(run.stderr.contains("nowhere"), "{}", run.stderr);
}

#[test]
#[cfg(target_os = "linux")]
fn what_one_linker_linked_is_no_hit_for_another() {
    if !require_tool("mold") {
        return;
    }
    let world = World::cached();
    let app = project(&world);
    world.thymos("setup --yes --linker-shim --linker mold").ok();
    app.cargo("build").ok();
    assert_eq!(mark(&app), "mold");
    std::fs::write(arguments(&world), "-fuse-ld=bfd\n").expect("it is ours");
    app.clean().cargo("build").ok();
    assert_eq!(mark(&app), "", "GNU ld leaves no mark");
}
