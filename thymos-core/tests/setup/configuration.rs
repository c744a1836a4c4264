//! The user's own configuration, edited and restored.

use std::fs;

use crate::support::{Checkout, Run, World, package, require_tool};

const LINKER_CHOSEN: (&str, &str) = ("CARGO_BUILD_RUSTFLAGS", "-Clink-arg=-fuse-ld=bfd");

/// A world in which the linker is chosen already, so that nothing needs to be measured, with this text for a configuration.
fn configured(text: &str) -> World {
    let world = World::cached();
    world.env(LINKER_CHOSEN.0, LINKER_CHOSEN.1);
    home(&world).write("config.toml", text);
    world
}

fn home(world: &World) -> Checkout<'_> {
    world.at("cargo-home")
}

fn refused(run: &Run, why: &str) {
    assert_eq!(run.status.code(), Some(2), "{run:#?}");
    assert!(run.stderr.contains(why), "{run:#?}");
}

const SHAPES: [&str; 17] = [
    "",
    "# only a comment",
    "\n\n",
    "[build]\njobs = 4\n",
    "[build]\r\njobs = 4\r\n\r\n[env]\r\nA = '1'\r\n",
    "\u{feff}[build]\r\njobs = 4",
    "build.jobs = 4",
    "build = { jobs = 4 }\n",
    "build = { }",
    "\"build\".'jobs' = 4\n# end",
    "[build.warnings]\nx = 1\n",
    "[target.'cfg(unix)'] # unix\nrustflags = \"-C target-cpu=native\"\n\n\n",
    "[target.x86_64-unknown-linux-gnu]\nrustflags = [\n\t\"-O\", # why\n]\n[build]\n\tjobs=4\n\n# end\n",
    "[unknown]\nkey = [1, { a = 'b' }]\n[[unknown.tables]]\nx = 1\r\n[alias]\nb = \"build\"\n",
    "include = ['a.toml']\n[env]\nA = { value = '1', force = true }\n",
    "[build]\nrustc-wrapper = '/gone/thymos' # old\n",
    "[env]\nTEXT = \"\"\"\r\na\r\n\"\"\"\n",
];

#[test]
fn every_shape_is_edited_once_and_restored_byte_for_byte() {
    let world = configured("");
    for shape in SHAPES {
        let home = home(&world);
        home.write("config.toml", shape);
        let run = world.thymos("setup --yes").ok();
        let edited = home.read("config.toml");
        assert!(edited.contains("rustc-wrapper = \"/"), "{shape:?}: {edited} {run:#?}");
        let again = world.thymos("setup --yes").ok();
        assert!(again.stdout.contains("Nothing to change"), "{shape:?}: {again:#?}");
        assert_eq!(home.read("config.toml"), edited);
        world.thymos("setup --undo").ok();
        assert_eq!(home.read("config.toml"), shape);
    }
}

#[test]
fn a_file_that_was_made_is_removed_with_its_directory() {
    let world = World::cached();
    world.env(LINKER_CHOSEN.0, LINKER_CHOSEN.1);
    world.thymos("setup --yes --global").ok();
    assert!(world.root().join("cargo-home/config.toml").is_file());
    world.thymos("setup --undo").ok();
    assert!(!world.root().join("cargo-home").exists());
    let run = world.thymos("setup --undo").ok();
    assert!(run.stdout.contains("Nothing to undo"), "{run:#?}");
}

#[test]
fn what_was_edited_since_keeps_its_edits() {
    let world = configured("[build]\njobs = 4\n");
    let home = home(&world);
    world.thymos("setup --yes").ok();
    home.edit("config.toml", "jobs = 4", "jobs = 8 # more");
    world.thymos("setup --undo").ok();
    assert_eq!(home.read("config.toml"), "[build]\njobs = 8 # more\n");
}

#[test]
fn a_second_setup_after_an_edit_still_comes_back_to_what_people_wrote() {
    let world = configured("[build]\njobs = 4\n");
    let home = home(&world);
    world.thymos("setup --yes").ok();
    let wrapper = home.read("config.toml").lines().last().expect("a line").to_owned();
    home.edit("config.toml", &wrapper, "rustc-wrapper = \"/moved/thymos\"");
    world.thymos("setup --yes").ok();
    world.thymos("setup --undo").ok();
    assert_eq!(home.read("config.toml"), "[build]\njobs = 4\nrustc-wrapper = \"/moved/thymos\"\n");
}

#[test]
fn nothing_is_written_without_being_asked_for() {
    let world = configured("[build]\n");
    refused(&world.thymos("setup"), "--yes");
    let run = world.thymos("setup --dry-run").ok();
    assert!(run.stdout.contains("+rustc-wrapper"), "{run:#?}");
    assert!(run.stdout.contains("nothing is built again"), "{run:#?}");
    assert!(!run.stdout.contains('\u{1b}'), "no colour where there is no terminal");
    assert_eq!(home(&world).read("config.toml"), "[build]\n");
}

#[test]
fn a_file_that_is_no_toml_is_refused_and_left() {
    let world = configured("[build\n");
    refused(&world.thymos("setup --yes"), "line 1");
    assert_eq!(home(&world).read("config.toml"), "[build\n");
    fs::write(home(&world).path("config.toml"), b"a = '\xff'\n").expect("the world is writable");
    refused(&world.thymos("setup --yes"), "UTF-8");
}

#[test]
fn another_wrapper_stays() {
    let world = configured("[build]\nrustc-wrapper = \"sccache\"\n");
    let run = world.thymos("setup --yes").ok();
    assert!(run.stdout.contains("Left alone: build.rustc-wrapper"), "{run:#?}");
    assert_eq!(home(&world).read("config.toml"), "[build]\nrustc-wrapper = \"sccache\"\n");
}

#[test]
fn without_the_cache_nothing_is_wanted_here() {
    let world = configured("");
    let run = world.thymos("setup --yes --no-cache").ok();
    assert!(run.stdout.contains("Nothing to change"), "{run:#?}");
}

#[test]
fn the_name_without_an_extension_wins() {
    let world = configured("[build]\njobs = 1\n");
    let home = home(&world);
    home.write("config", "[build]\njobs = 2\n");
    world.thymos("setup --yes").ok();
    assert_eq!(home.read("config.toml"), "[build]\njobs = 1\n");
    assert!(home.read("config").contains("rustc-wrapper"));
}

#[test]
#[cfg(unix)]
fn a_symbolic_link_and_a_mode_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let world = configured("");
    let home = home(&world);
    home.remove("config.toml").write("dotfiles/cargo.toml", "[build]\n");
    symlink("dotfiles/cargo.toml", home.path("config.toml")).expect("the world is writable");
    fs::set_permissions(home.path("dotfiles/cargo.toml"), fs::Permissions::from_mode(0o640)).expect("it is ours");
    world.thymos("setup --yes").ok();
    let mode = |path: &str| fs::metadata(home.path(path)).expect("it is there").permissions().mode() & 0o777;
    assert!(home.path("config.toml").is_symlink());
    assert!(home.read("dotfiles/cargo.toml").contains("rustc-wrapper"));
    assert_eq!(mode("dotfiles/cargo.toml"), 0o640);
    world.thymos("setup --undo").ok();
    assert!(home.path("config.toml").is_symlink());
    assert_eq!((home.read("config.toml").as_str(), mode("dotfiles/cargo.toml")), ("[build]\n", 0o640));
}

#[test]
fn a_linker_that_is_asked_for_links() {
    if !require_tool("mold") {
        return;
    }
    let world = World::cached();
    let app = world.checkout("app", &package("app").file("src/main.rs", "fn main() {}"));
    world.thymos("setup --yes --no-cache --linker mold").ok();
    app.cargo("build").env("RUSTC_WRAPPER", "").ok();
    let mark = thymos_build::Mark::read(&app.path("target/debug/app")).expect("an ELF file").expect("a mark");
    assert_eq!(mark.name, "mold");
    world.thymos("setup --undo").ok();
    assert!(!world.root().join("cargo-home/config.toml").exists());
}

#[test]
fn every_linker_that_works_is_timed() {
    if !require_tool("ld.bfd") {
        return;
    }
    let world = World::cached();
    let run = world.thymos("setup --dry-run --no-cache").ok();
    let timed = |name: &str| run.stdout.lines().any(|line| line.starts_with(name) && line.contains(" ms "));
    assert!(run.stdout.contains("the default\n") && !run.stdout.contains("failed"), "{run:#?}");
    assert!(timed("system"), "{run:#?}");
}

#[test]
fn a_linker_that_cannot_be_used_is_an_error_with_a_remedy() {
    let world = World::cached();
    refused(&world.thymos("setup --yes --linker /no/such/linker"), "not installed");
    assert!(!world.root().join("cargo-home/config.toml").exists());
}
