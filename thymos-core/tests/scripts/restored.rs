//! A restored run is what the run was, and Cargo finds nothing to do after it.

use crate::support::{World, require_tool};
use crate::watch::{Watch, said, script, writes};

/// Makes a file, an executable, directories, links, and prints what Cargo takes note of.
const MAKES: &str = r##"
    use std::os::unix::fs::{PermissionsExt, symlink};
    std::fs::write(out.join("said"), "made").unwrap();
    std::fs::create_dir_all(out.join("a/b")).unwrap();
    std::fs::create_dir(out.join("empty")).unwrap();
    std::fs::write(out.join("a/b/tool"), "#!/bin/sh\n").unwrap();
    std::fs::set_permissions(out.join("a/b/tool"), std::fs::Permissions::from_mode(0o755)).unwrap();
    symlink("b/tool", out.join("a/link")).unwrap();
    std::fs::write(out.join("where"), format!("{}\n", out.display())).unwrap();
    println!("cargo:rustc-cfg=made");
    println!("cargo:rustc-env=MADE={}", out.join("where").display());
    println!("cargo:warning=made");
    eprintln!("told");
"##;

#[test]
fn a_run_is_restored_as_it_was() {
    let world = World::cached();
    let watch = Watch::new(&world);
    let main = "#[cfg(made)] fn main() { println!(\"{}\", include_str!(env!(\"MADE\"))) }";
    let here = world.checkout("here", &script(MAKES).file("src/main.rs", main));
    let see = || {
        let warned = here.cargo("build").without("--quiet").ok().stderr;
        assert!(warned.contains("app@0.1.0: made"), "{warned}");
        let mut seen: Vec<String> = here.files_below("target/debug/build");
        seen.retain(|path| path.contains("/out/") || path.ends_with("/output") || path.ends_with("/stderr"));
        let told = seen.iter().filter(|path| !path.contains("link")).map(|path| here.read(path));
        let told: Vec<String> = told.collect();
        let empty = seen[0].split("/out").next().unwrap().to_owned() + "/out/empty";
        assert!(here.path(&empty).is_dir());
        (seen, told, said(&here))
    };
    let cold = see();
    assert_eq!(watch.runs(), ["app: miss"]);
    here.clean();
    assert_eq!(see(), cold);
    assert_eq!(watch.runs(), ["app: hit"]);
    here.assert_fresh("build");
    assert_eq!(watch.runs(), [""; 0]);
}

#[test]
fn what_an_earlier_run_left_is_not_mixed_with_what_is_restored() {
    let world = World::cached();
    let watch = Watch::new(&world);
    let body = "let name = std::fs::read_to_string(\"name\").unwrap(); std::fs::write(out.join(&name), \"\").unwrap();
        println!(\"cargo:rerun-if-changed=name\"); let mut all: Vec<_> = std::fs::read_dir(&out).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
        all.sort(); std::fs::write(out.join(\"said\"), all.join(\" \")).unwrap();";
    let here = world.checkout("here", &script(body).file("name", "one"));
    assert_eq!((watch.run(&here), said(&here)), ("miss".to_owned(), "one".to_owned()));
    here.write("name", "two");
    // What is there may decide what the script does, so this is no run to be stored.
    assert!(watch.run(&here).contains("OUT_DIR of an earlier run"));
    assert_eq!(said(&here), "one said two");
    here.write("name", "one");
    assert_eq!((watch.run(&here), said(&here)), ("hit".to_owned(), "one".to_owned()));
    assert_eq!((watch.run_anew(&here), said(&here)), ("hit".to_owned(), "one".to_owned()));
}

#[test]
fn make_in_a_restored_directory_finds_nothing_to_do_until_a_header_changes() {
    if !require_tool("make") {
        return;
    }
    let world = World::cached();
    let watch = Watch::new(&world);
    let body = "let make = std::process::Command::new(\"make\").arg(\"-f\").arg(std::env::current_dir().unwrap().join(\"Makefile\")).current_dir(&out).output().unwrap();
        assert!(make.status.success(), \"{make:?}\"); println!(\"cargo:rerun-if-changed=src/x.h\");";
    let makefile = "said: made\n\tcat made > said\nmade: ../../../../../src/x.h\n\tcat ../../../../../src/x.h > made\n";
    let here = world.checkout("here", &script(body).file("Makefile", makefile).file("src/x.h", "one"));
    assert_eq!((watch.run(&here), said(&here)), ("miss".to_owned(), "one".to_owned()));
    assert_eq!((watch.run_anew(&here), said(&here)), ("hit".to_owned(), "one".to_owned()));
    let out = here.files_below("target").into_iter().find(|path| path.ends_with("out/made")).unwrap();
    let out = here.path(&out).parent().unwrap().to_owned();
    let make = here.command("make".as_ref()).arg("-f").arg(here.path("Makefile")).arg("-q").current_dir(&out).status();
    assert!(make.unwrap().success(), "make finds nothing to do");
    here.write("src/x.h", "two");
    watch.run(&here);
    assert_eq!(said(&here), "two");
}

#[test]
fn builds_at_once_in_several_places_prove_one_another() {
    let world = World::cached();
    let watch = Watch::new(&world);
    let files = writes("std::thread::sleep(std::time::Duration::from_millis(500)); \"slow\".to_owned()");
    let at_once = |places: [&str; 2]| {
        let here = places.map(|place| world.checkout(place, &files));
        let builds = here.each_ref().map(|here| here.cargo("build").start());
        for build in builds {
            build.finish().ok();
        }
        for here in &here {
            assert_eq!(said(here), "slow");
        }
        watch.runs()
    };
    assert_eq!(at_once(["one", "two"]), ["app: miss", "app: miss"]);
    assert_eq!(at_once(["three", "four"]), ["app: hit", "app: hit"]);
}

#[test]
fn a_setting_has_scripts_run_once_or_always() {
    let world = World::cached();
    let here = world.checkout("here", &writes("\"said\".to_owned()"));
    let runs = || world.events().iter().filter(|event| event["kind"] == "build-script-run").count();
    let build = |setting: &str| {
        here.write("thymos.toml", format!("build-scripts = '{setting}'\n")).clean();
        here.cargo("build").ok();
        (runs(), here.files_below("target").iter().any(|path| path.contains("script-of-")))
    };
    assert_eq!(build("always"), (0, false));
    assert_eq!(build("once"), (1, true));
    assert_eq!(build("once"), (2, true));
    here.write("thymos.toml", "build-scripts = 'always'\n").edit("build.rs", "said", "told");
    here.cargo("build").ok();
    assert_eq!(runs(), 2);
}
