//! Several processes and one store.
#![cfg(unix)]

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process::Child;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use thymos_core::action::ActionKey;
use thymos_core::store::Store;
use thymos_core::system::digest::Digest;
use thymos_core::system::os::Wait;

use crate::support::{Checkout, Compiler, Files, Run, Spy, Started, World, package, workspace};

/// Six crates in a row, each above the last.
fn six_crates() -> Files {
    let names = ["app", "c1", "c2", "c3", "c4", "c5"];
    let mut files = workspace(&names).file("c5/src/lib.rs", "pub fn depth() -> u8 { 5 }");
    for pair in names.windows(2) {
        let [user, used] = pair else { continue };
        files = files
            .append(&format!("{user}/Cargo.toml"), &format!("[dependencies]\n{used} = {{ path = \"../{used}\" }}"));
        if *user != "app" {
            files = files.file(&format!("{user}/src/lib.rs"), format!("pub fn depth() -> u8 {{ {used}::depth() }}"));
        }
    }
    files.file("app/src/main.rs", "fn main() { println!(\"{}\", c1::depth()) }")
}

fn says_five(here: &Checkout<'_>) {
    assert_eq!(here.program("app").ok().stdout, "5\n");
}

/// Builds in all places at once.
fn all_build(places: &[Checkout<'_>]) {
    let running: Vec<Started> = places.iter().map(|place| place.cargo("build").start()).collect();
    // All have ended before the first that failed is reported: none must go on in a directory that is gone.
    let runs: Vec<Run> = running.into_iter().map(Started::finish).collect();
    runs.into_iter().for_each(|run| drop(run.ok()));
    places.iter().for_each(says_five);
}

/// Runs `body` while the store is collected again and again down to a size, at least once.
fn while_collected(world: &World, size: &str, body: impl FnOnce()) {
    // The world's commands are prepared here, because a world belongs to one thread.
    let mut collect = world.at("").command(env!("CARGO_BIN_EXE_thymos").as_ref());
    collect.arg("gc").env("THYMOS_CACHE_SIZE", size);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let collector = scope.spawn(|| {
            let mut rounds = 0;
            while !done.load(Ordering::Relaxed) {
                assert!(collect.output().unwrap().status.success(), "thymos gc succeeds");
                rounds += 1;
            }
            rounds
        });
        let ended = catch_unwind(AssertUnwindSafe(body));
        done.store(true, Ordering::Relaxed);
        assert!(collector.join().unwrap() > 0);
        ended.unwrap_or_else(|panic| resume_unwind(panic));
    });
}

/// Lays out eight checkouts of which each `of`-th is the same.
fn eight_places(world: &World, of: usize) -> Vec<Checkout<'_>> {
    let place = |n: usize| {
        let place = world.checkout(&format!("place-{n}"), &six_crates());
        place.edit("c5/src/lib.rs", "5 }", &format!("5 /* {} */ }}", n % of));
        place
    };
    (0..8).map(place).collect()
}

#[test]
fn two_builds_at_once_compile_each_crate_once() {
    for _ in 0..3 {
        let world = World::cached();
        let spy = Spy::install(&world);
        let places = ["one", "two", "three"].map(|place| world.checkout(place, &six_crates()));
        all_build(&places);
        assert_eq!(spy.take(), ["app", "c1", "c2", "c3", "c4", "c5"], "{}", world.events_text());
        places.iter().for_each(|place| place.assert_fresh("build"));
    }
}

/// A compile of `app` without cargo, as one of several that ask for the same.
fn compile(here: &Checkout<'_>, rustc: &Compiler) -> Child {
    std::fs::create_dir_all(here.path("out")).unwrap();
    let mut command = here.command(env!("CARGO_BIN_EXE_thymos").as_ref());
    command.arg(rustc.program());
    command
        .args("--crate-type lib --crate-name app src/lib.rs --emit=dep-info,link --out-dir".split(' '))
        .arg(here.path("out"));
    command.spawn().unwrap()
}

/// A compiler whose first run waits until it is let go; any other one does not. It tells when that one has started.
fn first_waits(here: &Checkout<'_>) -> (Compiler, mpsc::Sender<()>, mpsc::Receiver<()>) {
    let (go, gone) = mpsc::channel::<()>();
    let (sender, started) = mpsc::channel();
    let mut first_waits = Some(gone);
    let rustc = Compiler::reporting(&here.path("compiler/rustc"), move |_, _| {
        if let Some(gone) = first_waits.take() {
            sender.send(()).unwrap();
            let _ = gone.recv();
        }
        String::new()
    });
    (rustc, go, started)
}

/// Returns when somebody waits for a lock in this store, as the kernel tells (proc_locks(5)). It names the file, and not who waits:
/// these locks belong to open files.
#[cfg(target_os = "linux")]
fn until_somebody_waits(world: &World) {
    use std::os::unix::fs::MetadataExt;
    let file = format!(":{} ", std::fs::metadata(world.store().join("v1/lock")).unwrap().ino());
    let patience = Instant::now() + Duration::from_secs(60);
    let is_waiting = || {
        let locks = std::fs::read_to_string("/proc/locks").unwrap();
        locks.lines().any(|line| line.contains("->") && line.contains(&file))
    };
    while !is_waiting() {
        assert!(Instant::now() < patience, "it waits for the lock");
        std::thread::yield_now();
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_build_whose_twin_is_killed_goes_on() {
    let world = World::cached();
    let here = world.checkout("here", &package("app").file("src/lib.rs", "pub fn f() {}"));
    let (rustc, go, started) = first_waits(&here);
    let mut first = compile(&here, &rustc);
    started.recv_timeout(Duration::from_secs(60)).expect("the first compile starts");
    let mut second = compile(&here, &rustc);
    until_somebody_waits(&world);
    first.kill().unwrap();
    first.wait().unwrap();
    drop(go);
    assert!(second.wait().unwrap().success());
    assert!(here.path("out/libapp.rlib").exists());
}

#[test]
#[cfg(target_os = "linux")]
fn a_lock_file_that_is_removed_under_a_waiter_costs_only_a_compile() {
    let world = World::cached();
    let here = world.checkout("here", &package("app").file("src/lib.rs", "pub fn f() {}"));
    let rustc = Compiler::reporting(&here.path("compiler/rustc"), |_, _| String::new());
    assert!(compile(&here, &rustc).wait().unwrap().success());
    let store = world.at("store");
    let action = store.files_below("v1/actions").swap_remove(0);
    let key = action.rsplit('/').next().and_then(Digest::from_hex).unwrap();
    store.remove(&action);
    // This process stands for one that compiles.
    let lock = Store::open(store.root()).unwrap().lock(&ActionKey(key), Wait::Yes).unwrap();
    let mut waiter = compile(&here, &rustc);
    until_somebody_waits(&world);
    store.remove("v1/lock");
    // Nobody holds the new file's lock.
    assert!(compile(&here, &rustc).wait().unwrap().success());
    drop(lock);
    assert!(waiter.wait().unwrap().success());
    assert!(here.path("out/libapp.rlib").exists());
    let stats = world.stats();
    assert_eq!((stats.misses, stats.hits), (2, 1), "{}", world.events_text());
    world.thymos("verify store").ok();
}

#[test]
fn builds_go_on_while_everything_is_collected() {
    let world = World::cached();
    let places = ["one", "two"].map(|place| world.checkout(place, &six_crates()));
    while_collected(&world, "1", || {
        for _ in 0..4 {
            for place in &places {
                place.clean();
            }
            all_build(&places);
        }
    });
    places.iter().for_each(|place| place.assert_fresh("build"));
}

#[test]
fn eight_builds_of_one_checkout_each_are_right_with_one_store() {
    let world = World::cached();
    let places = eight_places(&world, 3);
    all_build(&places);
    places.iter().for_each(|place| place.assert_fresh("build"));
    world.stats().assert_nothing_degraded();
}

#[test]
fn eight_builds_of_the_same_and_of_other_crates_go_on_while_a_small_store_is_collected() {
    let world = World::cached();
    let places = eight_places(&world, 4);
    // Room for some of it, so that every collection takes something and leaves something.
    while_collected(&world, "8M", || {
        for _ in 0..2 {
            for place in &places {
                place.clean();
            }
            all_build(&places);
        }
    });
    places.iter().for_each(|place| place.assert_fresh("build"));
    world.thymos("verify store").ok();
}
