//! What a hit does and does not do.

use crate::support::{Spy, World, library_and_program, require_tool};

#[test]
fn the_second_build_is_all_hits_here_and_elsewhere() {
    let world = World::cached();
    let spy = Spy::install(&world);
    let cold = world.cold_and_warm(&library_and_program("built"), |here| {
        here.builds("built");
        here.assert_fresh("build");
    });
    assert_eq!(cold.misses, 2);
    assert_eq!(spy.take(), ["app", "app"], "two compiles in three builds");
}

#[test]
fn a_target_directory_filled_from_the_cache_works_without_it() {
    let world = World::cached();
    let here = world.checkout("here", &library_and_program("built"));
    here.builds("built");
    here.clean();
    here.builds("built");
    std::fs::remove_dir_all(world.store()).unwrap();
    here.cargo("build").env("RUSTC_WRAPPER", "").ok();
    here.edit("src/main.rs", "app::text()", "app::text() + \"!\"");
    here.cargo("build").env("RUSTC_WRAPPER", "").ok();
    assert_eq!(here.program("app").ok().stdout, "built!\n");
}

#[test]
#[cfg(target_os = "linux")]
fn a_hit_starts_no_process() {
    if !require_tool("strace") {
        return;
    }
    let world = World::cached();
    let here = world.checkout("here", &library_and_program("built"));
    let words = "--crate-name app --crate-type lib src/lib.rs --emit dep-info,metadata,link -C metadata=x --out-dir";
    std::fs::create_dir_all(here.path("out")).unwrap();
    here.rustc(words).arg(here.path("out")).ok();
    here.remove("out/libapp.rlib");
    let mut command = here.command("strace".as_ref());
    command.args(["-f", "-o", "trace", "-e", "trace=process,fsync,fdatasync,connect"]);
    command.args([env!("CARGO_BIN_EXE_thymos"), "rustc"]).args(words.split(' ')).arg(here.path("out"));
    crate::support::Run::of(&mut command).ok();
    assert!(here.path("out/libapp.rlib").exists());
    let stats = world.stats();
    assert_eq!((stats.hits, stats.misses), (1, 1), "{stats:#?}\n{}", world.events_text());

    let trace = here.read("trace");
    let forbidden = ["fork(", "vfork(", "clone(", "clone3(", "fsync(", "fdatasync(", "connect("];
    let found: Vec<&str> = trace.lines().filter(|line| forbidden.iter().any(|call| line.contains(call))).collect();
    assert!(found.is_empty(), "a hit is one process, without a thread, a flush or a connection:\n{trace}");
    assert_eq!(trace.matches("execve(").count(), 1, "{trace}");
}

#[test]
fn both_streams_of_a_hit_are_those_of_the_compile() {
    let world = World::cached();
    let here = world.checkout(
        "here",
        &library_and_program("built").file("src/lib.rs", "pub fn text() -> String { let unused = 1; String::new() }"),
    );
    let compile = || {
        here.compile("--crate-type lib src/lib.rs --error-format=json --json=artifacts,diagnostic-rendered-ansi").ok()
    };
    let cold = compile();
    assert!(cold.stderr.contains("unused"));
    assert_eq!(compile(), cold);
    assert_eq!(world.stats().hits, 1, "{}", world.events_text());
}

#[test]
fn the_statistics_add_up() {
    let world = World::cached();
    let here = world.checkout("here", &library_and_program("built"));
    here.builds("built");
    here.clean();
    here.builds("built");
    let stats = world.stats();
    let bypassed: u64 = stats.bypassed.values().sum();
    let degraded: u64 = stats.degraded.values().sum();
    assert_eq!(stats.invocations, stats.hits + stats.misses + bypassed + degraded, "{stats:#?}");
    assert_eq!((stats.hits, stats.misses), (2, 2));
    assert_eq!(stats.hit_rate.map(|rate| (rate * 100.0).round()), Some(50.0));
    assert_eq!(stats.store.path, world.store());
    assert!(stats.store.entries >= 2 && stats.store.bytes > 0, "{stats:#?}");
    assert_eq!(stats.store.limit_bytes, 10_000_000_000);

    let table = world.thymos("stats").ok().stdout;
    assert!(table.contains("50"), "people see the rate too:\n{table}");
    world.zero();
    let zeroed = world.stats();
    assert_eq!((zeroed.invocations, zeroed.hits, zeroed.misses), (0, 0, 0));
    assert_eq!(zeroed.store.entries, stats.store.entries, "counters go, the cache stays");
}

#[test]
fn every_event_says_what_happened_to_which_crate() {
    let world = World::cached();
    let here = world.checkout("here", &library_and_program("built"));
    here.builds("built");
    here.clean();
    here.builds("built");
    let of = |outcome: &str| world.events().into_iter().filter(|event| event["outcome"] == outcome).collect::<Vec<_>>();
    for event in of("hit").iter().chain(&of("miss")) {
        assert_eq!(event["crate"], "app", "{event}");
        assert!(event["kind"].to_string().contains("lib") || event["kind"].to_string().contains("bin"), "{event}");
    }
    assert!(
        of("miss").iter().all(|event| event["reason"].as_str().is_some_and(|reason| !reason.is_empty())),
        "{}",
        world.events_text()
    );
}
