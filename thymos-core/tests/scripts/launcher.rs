//! The launcher: whatever is missing, the script runs as Cargo started it, and Cargo never compiles it again for our sake.

use std::fs;

use crate::support::{Checkout, Mode, World, package};
use crate::watch::{Watch, said, script, writes};

fn launchers(here: &Checkout<'_>) -> usize {
    here.files_below("target").iter().filter(|path| path.contains("script-of-")).count()
}

#[test]
fn a_script_sees_its_own_name_directory_and_environment() {
    let expression = "assert_eq!(std::env::args_os().count(), 1);
        let (name, file) = (std::env::args().next().unwrap(), std::env::current_exe().unwrap());
        assert_eq!(std::path::Path::new(&name).parent(), file.parent());
        assert_eq!(std::env::current_dir().unwrap(), std::path::Path::new(env!(\"CARGO_MANIFEST_DIR\")));
        assert!(std::env::var_os(\"THYMOS_SCRIPT\").is_none());
        format!(\"{} {:?}\", std::path::Path::new(&name).file_name().unwrap().to_str().unwrap(), std::env::var_os(\"A:B\"))";
    let mut seen = Vec::new();
    for mode in [Mode::Plain, Mode::Cached] {
        let world = World::new(mode);
        Watch::new(&world);
        let here = world.checkout("here", &writes(expression));
        here.cargo("build").env("A:B", "x").ok();
        seen.push(said(&here));
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0], "build-script-build Some(\"x\")");
}

#[test]
fn plain_cargo_works_before_and_after_and_compiles_no_script_again() {
    let world = World::cached();
    let watch = Watch::new(&world);
    let here = world.checkout("here", &writes("std::fs::read_to_string(\"data\").unwrap()").file("data", "one"));
    let build = |wrapper: Option<&str>| {
        let cargo = here.cargo("build").verbose();
        let run = wrapper.map_or_else(|| here.cargo("build").verbose(), |none| cargo.env("RUSTC_WRAPPER", none)).ok();
        (run.stderr.contains("--crate-name build_script_build"), said(&here))
    };
    assert_eq!(build(None), (true, "one".to_owned()));
    assert_eq!((watch.runs().len(), launchers(&here)), (1, 1));
    here.write("data", "two");
    assert_eq!(build(Some("")), (false, "two".to_owned()));
    assert_eq!(watch.runs(), [""; 0], "without a wrapper the launcher asks nobody");
    here.write("data", "three");
    assert_eq!(build(None), (false, "three".to_owned()));
    assert_eq!(watch.runs().len(), 1);
    here.clean();
    assert_eq!(build(Some("")), (true, "three".to_owned()));
    here.write("data", "four");
    assert_eq!(build(None), (false, "four".to_owned()));
    assert_eq!(watch.runs(), [""; 0], "no launcher stands before what plain cargo compiled");
}

#[test]
fn the_script_runs_where_thymos_is_gone_or_its_store_is() {
    let world = World::cached();
    Watch::new(&world);
    let here = world.checkout("here", &writes("std::fs::read_to_string(\"data\").unwrap()").file("data", "one"));
    let own = here.path("bin/thymos");
    fs::create_dir_all(here.path("bin")).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_thymos"), &own).unwrap();
    here.cargo("build").env("RUSTC_WRAPPER", &own).ok();
    assert_eq!(launchers(&here), 1);
    here.write("data", "two");
    here.cargo("build").env("RUSTC_WRAPPER", &own).env("THYMOS_DIR", "/proc/none").ok();
    assert_eq!(said(&here), "two");
    fs::remove_file(&own).unwrap();
    here.write("data", "three");
    here.cargo("build").ok();
    assert_eq!(said(&here), "three");
}

#[test]
fn a_program_that_is_only_called_like_a_build_script_is_left_alone() {
    let world = World::cached();
    Watch::new(&world);
    let files = package("build_script_build").file("src/main.rs", "fn main() { println!(\"own\") }");
    let here = world.checkout("here", &files);
    here.cargo("build").ok();
    assert_eq!(here.program("build_script_build").ok().stdout, "own\n");
    assert_eq!(launchers(&here), 0);
}

#[test]
fn a_restored_script_has_a_launcher_too() {
    let world = World::cached();
    let watch = Watch::new(&world);
    let here = world.checkout("here", &script("std::fs::write(out.join(\"said\"), \"x\").unwrap();"));
    assert_eq!(watch.run(&here), "miss");
    assert_eq!(watch.run_anew(&here), "hit");
    assert_eq!(launchers(&here), 1);
    here.assert_fresh("build");
}

#[test]
fn cargos_newer_layout_is_known() {
    let world = World::cached();
    let watch = Watch::new(&world);
    let here = world.checkout("here", &writes("\"said\".to_owned()"));
    let build = || here.cargo("build -Zbuild-dir-new-layout").env("RUSTC_BOOTSTRAP", "1").run();
    let first = build();
    if !first.status.success() {
        eprintln!("skipped: this cargo has one layout: {}", first.stderr);
        return;
    }
    assert_eq!((watch.runs(), launchers(&here)), (vec!["app: miss".to_owned()], 1));
    here.clean();
    build().ok();
    assert_eq!((watch.runs(), said(&here)), (vec!["app: hit".to_owned()], "said".to_owned()));
    let again = here.cargo("build -Zbuild-dir-new-layout").env("RUSTC_BOOTSTRAP", "1").verbose().ok();
    assert!(!again.stderr.contains("Running"), "{}", again.stderr);
}
