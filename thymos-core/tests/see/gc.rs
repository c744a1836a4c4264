//! `thymos gc` and `thymos clear`.

use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::log::at_width;
use crate::snapshot::{assert_fits, assert_snapshot};
use crate::support::{Files, Spy, World, workspace};

fn app() -> Files {
    workspace(&["app", "leaf"])
        .append("app/Cargo.toml", "[dependencies]\nleaf = { path = \"../leaf\" }")
        .file("app/src/main.rs", "fn main() { println!(\"{}\", leaf::text()) }")
        .file("app/build.rs", "fn main() {}")
        .file("leaf/src/lib.rs", "pub fn text() -> &'static str { \"leaf\" }")
}

fn json(world: &World, arguments: &str) -> Value {
    serde_json::from_str(&at_width(world, arguments, 80).ok().stdout).expect("it is JSON")
}

/// Puts actions with an artifact each into the store, the first of them unused for as many days.
fn fill(world: &World, days: &[u64]) {
    let store = world.at("store/v1");
    for (n, days) in days.iter().enumerate() {
        let path = format!("actions/0{n}/{}", format!("0{n}").repeat(32));
        store.write(&path, vec![0; 1_000_000]);
        store.set_modified(&path, SystemTime::now() - Duration::from_secs(days * 86_400 + 60));
    }
}

#[test]
fn a_dry_run_says_what_a_real_one_does_and_removes_nothing() {
    let world = World::cached();
    world.env("THYMOS_CACHE_SIZE", "10G");
    fill(&world, &[0, 3, 20, 40]);
    let dry = json(&world, "gc --older-than 14d --dry-run --json");
    assert_eq!(world.stats().store.entries, 4, "nothing was removed: {dry:#}");
    let real = json(&world, "gc --older-than 14d --json");
    assert_eq!((&real["schema"], &real["removed"], &real["kept"]), (&1.into(), &2.into(), &2.into()));
    for figure in ["removed", "kept", "freed_bytes", "bytes", "limit_bytes"] {
        assert_eq!(dry[figure], real[figure], "{figure}");
    }
    assert_eq!(world.stats().store.entries, 2);
    let real = json(&world, "gc --max-size 1500k --json");
    assert_eq!((&real["removed"], &real["kept"]), (&1.into(), &1.into()), "{real:#}");
}

#[test]
fn what_a_collection_says_fits_any_width() {
    let world = World::cached();
    world.env("THYMOS_CACHE_SIZE", "10G");
    fill(&world, &[0, 3, 20, 40]);
    for width in [60, 80, 120] {
        let text = at_width(&world, "gc --older-than 14d --dry-run", width).ok().stdout;
        assert_fits(&text, width);
        assert_snapshot(&format!("gc-{width}"), &text);
    }
    for (arguments, told) in
        [("gc --max-size huge", "a size such as 10G"), ("gc --older-than 3", "a time span such as")]
    {
        let run = at_width(&world, arguments, 80);
        assert!(run.status.code() == Some(2) && run.stderr.contains(told), "{run:#?}");
    }
    assert_eq!(world.stats().store.entries, 4);
}

#[test]
fn events_of_long_ago_are_collected_and_those_of_today_never() {
    let world = World::cached();
    let events = world.at("store/v1/events");
    let today = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("the clock is set").as_secs() / 86_400;
    for day in [today, today - 29, today - 40, 1] {
        events.write(&format!("{day}.jsonl"), "{}\n");
    }
    events.write("counted-from", "7");
    world.thymos("gc").ok();
    let mut left = events.files_below(".");
    left.iter_mut().for_each(|path| *path = path.trim_start_matches("./").to_owned());
    let mut expected = vec![format!("{}.jsonl", today - 29), format!("{today}.jsonl"), "counted-from".to_owned()];
    expected.sort();
    assert_eq!(left, expected);
}

#[test]
fn one_crate_is_cleared_with_its_build_script_and_the_others_stay() {
    let world = World::cached();
    let spy = Spy::install(&world);
    let here = world.checkout("here", &app());
    here.builds_anew("leaf");
    spy.take();
    let cleared = json(&world, "clear --crate app --yes --json");
    assert_eq!((&cleared["schema"], &cleared["removed"]), (&1.into(), &2.into()), "{cleared:#}");
    here.builds_anew("leaf");
    assert_eq!(spy.take(), ["app", "build_script_build"]);
    let nothing = at_width(&world, "clear --crate nonesuch --yes", 80).ok().stdout;
    assert_eq!(nothing, "nothing of nonesuch is in the cache\n");
    here.builds_anew("leaf");
    assert_eq!(spy.take(), [""; 0]);
}

#[test]
fn everything_is_cleared_only_when_somebody_says_so() {
    let world = World::cached();
    let spy = Spy::install(&world);
    let here = world.checkout("here", &app());
    here.builds_anew("leaf");
    let refused = at_width(&world, "clear", 80);
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(refused.stderr, "thymos: nothing was removed: not a terminal; pass --yes\n");
    assert_eq!(world.stats().store.entries, 3);

    let done = at_width(&world, "clear --yes", 80).ok().stdout;
    assert!(done.starts_with("removed 3 entries and freed "), "{done}");
    let store = world.stats().store;
    assert_eq!((store.entries, store.bytes), (0, 0));
    here.assert_fresh("build");
    spy.take();
    here.builds_anew("leaf");
    assert_eq!(spy.take(), ["app", "build_script_build", "leaf"]);
    here.builds_anew("leaf");
    assert_eq!(spy.take(), [""; 0]);
}

#[test]
fn a_build_goes_on_while_the_cache_is_cleared() {
    let world = World::cached();
    let here = world.checkout("here", &app());
    for _ in 0..3 {
        here.clean();
        let mut cargo = here.cargo("build").start();
        while cargo.0.try_wait().expect("a child can be asked").is_none() {
            world.thymos("clear --yes").ok();
        }
        cargo.finish().ok();
        assert_eq!(here.program("app").ok().stdout, "leaf\n");
    }
    world.zero();
    here.builds_anew("leaf");
    here.builds_anew("leaf");
    world.stats().assert_nothing_degraded();
}
