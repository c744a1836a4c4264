//! One cache for several users, homes and Cargo homes.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{
    Checkout, Files, Run, Spy, Stats, World, package, real_rustc, require_root, require_tool, users_directory,
};

/// A workspace with two crates from the registry: one with a build script, one with a proc macro behind it.
fn with_registry_crates() -> Files {
    package("app")
        .append("Cargo.toml", "[dependencies]\nanyhow = \"=1.0.98\"\nitoa = \"=1.0.15\"\nthiserror = \"=2.0.12\"")
        .file(
            "src/main.rs",
            "#[derive(Debug, thiserror::Error)]\n#[error(\"built {0}\")]\nstruct E(String);\n\
             fn main() { println!(\"{}\", anyhow::Error::new(E(itoa::Buffer::new().format(7).to_owned()))) }",
        )
}

/// Lays out a home for Cargo that holds the crates which `here` is locked to, copied from the user's own.
fn cargo_home(here: &Checkout<'_>, place: &str) -> PathBuf {
    let home = here.world().root().join(place);
    let from = users_directory("CARGO_HOME", ".cargo").join("registry");
    let copy = |from: &Path, to: &Path| {
        std::fs::create_dir_all(to).unwrap();
        assert!(Command::new("cp").arg("-R").arg(from).arg(to).status().unwrap().success(), "copy {from:?}");
    };
    copy(&from.join("index"), &home.join("registry"));
    let lock = here.read("Cargo.lock");
    let values = |key: &str| {
        let prefix = format!("{key} = \"");
        lock.lines()
            .filter_map(|line| Some(line.strip_prefix(&prefix)?.trim_end_matches('"').to_owned()))
            .collect::<Vec<_>>()
    };
    for (name, version) in values("name").iter().zip(values("version")).filter(|(name, _)| *name != "app") {
        for registry in std::fs::read_dir(from.join("cache")).unwrap().flatten() {
            let file = registry.path().join(format!("{name}-{version}.crate"));
            if file.exists() {
                copy(&file, &home.join("registry/cache").join(registry.file_name()));
            }
        }
    }
    home
}

#[test]
fn registry_crates_hit_under_another_cargo_home() {
    let world = World::cached();
    world.env("THYMOS_REMAP", "all");
    let here = world.checkout("here", &with_registry_crates());
    here.cargo("fetch").with_registry().ok();
    let spy = Spy::install(&world);
    let mut cold = None;
    for home in ["one/cargo", "another/deeper/cargo home"] {
        let home = cargo_home(&here, home);
        here.clean();
        world.zero();
        here.cargo("build").env("CARGO_HOME", &home).env("HOME", home.parent().unwrap()).ok();
        assert_eq!(here.program("app").ok().stdout, "built 7\n");
        match &cold {
            None => {
                assert!(spy.take().contains(&"anyhow".to_owned()));
                cold = Some(world.stats());
            }
            Some(cold) => {
                assert_eq!(spy.take(), [""; 0], "{}", world.events_text());
                let warm: Stats = world.stats();
                assert_eq!((warm.hits, warm.misses), (cold.hits + cold.misses, 0));
            }
        }
    }
    // Without it they are bound to the home that they were compiled in.
    here.clean();
    let home = world.root().join("one/cargo");
    here.cargo("build").env("CARGO_HOME", &home).env("THYMOS_REMAP", "workspace").ok();
    here.clean();
    spy.take();
    let home = world.root().join("another/deeper/cargo home");
    here.cargo("build").env("CARGO_HOME", &home).env("THYMOS_REMAP", "workspace").ok();
    assert!(spy.take().contains(&"anyhow".to_owned()));
}

/// Two users without names, in one group.
const USERS: [u32; 2] = [54_321, 54_322];
const GROUP: u32 = 54_300;

/// Runs a command of this checkout as a user. `umask` is what their shell has.
///
/// The toolchain may lie in a home that others cannot enter, so it is mounted where they can.
fn as_user(here: &Checkout<'_>, user: u32, umask: &str, words: &[&str]) -> Run {
    let (home, toolchain) = (here.path("home"), here.world().root().join("toolchain"));
    for directory in [&home.join("cargo"), &toolchain] {
        std::fs::create_dir_all(directory).unwrap();
    }
    let owner = format!("{user}:{user}");
    assert!(Command::new("chown").arg("-R").arg(&owner).arg(here.root()).status().unwrap().success());
    let script = format!(
        "mount --bind '{}' '{}' && umask {umask} && exec setpriv --reuid={user} --regid={user} --groups={GROUP} \"$0\" \"$@\"",
        real_rustc().ancestors().nth(2).unwrap().display(),
        toolchain.display()
    );
    let mut command = here.command("unshare".as_ref());
    command.args(["--mount", "sh", "-c", &script]).args(words);
    command.env("HOME", &home).env("CARGO_HOME", home.join("cargo")).env("RUSTC", toolchain.join("bin/rustc"));
    command.env("RUSTC_WRAPPER", here.world().root().join("thymos")).env("PATH", "/usr/local/bin:/usr/bin:/bin");
    Run::of(&mut command)
}

/// Returns whether this test can run: only root may be somebody else.
fn can_be_another_user() -> bool {
    require_root() && require_tool("setpriv") && require_tool("unshare")
}

/// A world with a directory for a shared store, as an administrator makes one.
fn shared_world() -> World {
    let world = World::cached();
    let store = world.root().join("shared");
    let mut install = Command::new("install");
    install.args(["-d", "-m", "2770", "-g", &GROUP.to_string()]).arg(&store);
    assert!(install.status().unwrap().success());
    let open = Command::new("chmod").arg("755").arg(world.root()).status();
    assert!(open.unwrap().success());
    std::fs::copy(env!("CARGO_BIN_EXE_thymos"), world.root().join("thymos")).unwrap();
    world.env("THYMOS_DIR", &store.display().to_string()).env("THYMOS_SHARED", "group");
    world
}

fn library() -> Files {
    package("app")
        .file("src/lib.rs", "pub fn text() -> &'static str { \"built\" }")
        .file("src/main.rs", "fn main() { println!(\"{}\", app::text()) }")
}

fn cargo_build(here: &Checkout<'_>, user: u32, umask: &str) {
    let cargo = here.world().root().join("toolchain/bin/cargo").display().to_string();
    as_user(here, user, umask, &[&cargo, "build", "--quiet", "--offline"]).ok();
    assert_eq!(here.program("app").ok().stdout, "built\n");
}

fn counted(world: &World) -> (u64, u64) {
    let stats = world.stats();
    stats.assert_nothing_degraded();
    (stats.hits, stats.misses)
}

#[test]
fn two_users_of_a_group_answer_each_other() {
    if !can_be_another_user() {
        return;
    }
    let world = shared_world();
    let (one, two) = (world.checkout("one", &library()), world.checkout("two/deeper", &library()));
    // Both directions, and with the umasks that keep files to oneself.
    cargo_build(&one, USERS[0], "077");
    cargo_build(&two, USERS[1], "022");
    assert_eq!(counted(&world), (2, 2));
    two.edit("src/lib.rs", "{ ", "{ let _two = 2; ");
    one.edit("src/lib.rs", "{ ", "{ let _two = 2; ");
    cargo_build(&two, USERS[1], "077");
    cargo_build(&one, USERS[0], "027");
    assert_eq!(counted(&world), (4, 4));
    // What was restored belongs to whoever built, with the mode that their umask gives.
    for (place, user, mode) in [(&one, USERS[0], 0o640), (&two, USERS[1], 0o600)] {
        let deps = place.files_below("target/debug/deps");
        let rlib = deps.iter().find(|file| file.ends_with(".rlib")).unwrap();
        let metadata = std::fs::metadata(place.path(rlib)).unwrap();
        assert_eq!((metadata.uid(), metadata.nlink(), metadata.mode() & 0o777), (user, 2, mode), "{rlib}");
    }
    let private = |path: &Path| std::fs::metadata(path).unwrap().mode() & 0o007 != 0;
    let store = world.at("shared");
    let open: Vec<_> = store.files_below("v1").into_iter().filter(|file| private(&store.path(file))).collect();
    assert!(open.is_empty(), "others can reach {open:?}");
}

#[test]
fn either_user_collects_what_the_other_stored() {
    if !can_be_another_user() {
        return;
    }
    let world = shared_world();
    let (one, two) = (world.checkout("one", &library()), world.checkout("two", &library()));
    cargo_build(&one, USERS[0], "077");
    world.env("THYMOS_CACHE_SIZE", "1K");
    let run = as_user(&two, USERS[1], "077", &[&world.root().join("thymos").display().to_string(), "gc"]).ok();
    assert!(run.stdout.starts_with("removed 2 of 2 entries"), "{run:#?}");
    assert_eq!(world.stats().store.entries, 0);
}

#[test]
fn a_shared_store_is_not_used_unasked() {
    if !can_be_another_user() {
        return;
    }
    let world = shared_world();
    let (one, two) = (world.checkout("one", &library()), world.checkout("two", &library()));
    cargo_build(&one, USERS[0], "022");
    world.env("THYMOS_SHARED", "no");
    cargo_build(&two, USERS[1], "022");
    world.env("THYMOS_SHARED", "group");
    let stats = world.stats();
    assert_eq!((stats.hits, stats.misses), (0, 2));
    assert_eq!(stats.degraded.keys().collect::<Vec<_>>(), ["store is not private to this user"]);
}

#[test]
fn a_store_that_everybody_can_write_to_is_never_used() {
    if !can_be_another_user() {
        return;
    }
    let world = shared_world();
    let (one, two) = (world.checkout("one", &library()), world.checkout("two", &library()));
    cargo_build(&one, USERS[0], "022");
    let open = Command::new("chmod").arg("o+w").arg(world.root().join("shared/v1")).status();
    assert!(open.unwrap().success());
    cargo_build(&two, USERS[1], "022");
    let stats = world.stats();
    assert_eq!((stats.hits, stats.misses), (0, 2));
}
