//! `THYMOS_SUMMARY=1`: one line at the end of a plain `cargo build`.

use std::time::{Duration, Instant};

use crate::support::{Checkout, Run, World, package};

fn checkout(world: &World) -> Checkout<'_> {
    let files = package("app")
        .file("src/lib.rs", "pub fn text() -> &'static str { \"built\" }")
        .file("src/main.rs", "fn main() { println!(\"{}\", app::text()) }");
    world.checkout("here", &files)
}

fn lines(run: &Run) -> Vec<&str> {
    run.stderr.lines().filter(|line| line.starts_with("thymos:")).collect()
}

/// The process that waits holds the pipe until it has written, so the end of the stream is the end of the line.
#[test]
#[cfg(target_os = "linux")]
fn a_build_says_one_line_when_it_is_asked_to() {
    let world = World::cached();
    let here = checkout(&world);
    let cold = here.cargo("build").env("THYMOS_SUMMARY", "1").ok();
    assert_eq!(lines(&cold), ["thymos: 0 of 2 units from the cache (0.0 %), 2 compiled (never seen)"], "{cold:#?}");
    here.clean();
    let warm = here.cargo("build").env("THYMOS_SUMMARY", "1").ok();
    assert_eq!(lines(&warm).len(), 1, "{warm:#?}");
    assert!(lines(&warm)[0].starts_with("thymos: 2 of 2 units from the cache (100 %), "), "{warm:#?}");
    assert!(lines(&warm)[0].ends_with(" saved"), "{warm:#?}");
    let fresh = here.cargo("build").env("THYMOS_SUMMARY", "1").ok();
    assert_eq!(fresh.stderr, "", "nothing was compiled");
    let store = world.at("store/v1/tmp");
    let patience = Instant::now() + Duration::from_secs(60);
    while store.files_below(".").iter().any(|path| path.contains("summary-")) {
        assert!(Instant::now() < patience, "the mark is taken away");
        std::thread::yield_now();
    }
}

#[test]
fn without_being_asked_nothing_is_said() {
    let world = World::cached();
    let here = checkout(&world);
    for value in [None, Some(""), Some("0")] {
        here.clean();
        let cargo = here.cargo("build");
        let run = value.iter().fold(cargo, |cargo, value| cargo.env("THYMOS_SUMMARY", value)).ok();
        assert_eq!(run.stderr, "", "{value:?}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_failed_build_gets_its_line_and_its_status_stays() {
    let world = World::cached();
    let here = checkout(&world);
    here.write("src/main.rs", "fn main() { nonsense }");
    let run = here.cargo("build").env("THYMOS_SUMMARY", "1").fails();
    assert_eq!(lines(&run), ["thymos: 0 of 1 unit from the cache (0.0 %), 1 compiled (never seen)"], "{run:#?}");
    assert_eq!(run.status.code(), Some(101));
}

#[test]
fn thymos_build_says_it_once_whether_it_is_asked_to_or_not() {
    let world = World::cached();
    let here = checkout(&world);
    let mut command = here.command(env!("CARGO_BIN_EXE_thymos").as_ref());
    let run = Run::of(command.args(["build", "--offline"]).env("THYMOS_SUMMARY", "1")).ok();
    assert_eq!(lines(&run).len(), 1, "{run:#?}");
}
