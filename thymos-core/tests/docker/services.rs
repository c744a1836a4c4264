//! The compose file: the image, and two services on one cache.

use crate::engine::{Built, Counts, ready};
use crate::support::{Run, World, require_tool};

fn compose(app: &Built<'_>, words: &str) -> Run {
    let mut command = app.command("docker-compose");
    command.args(["-f", "docker-compose.sccache.yml"]).args(words.split_whitespace());
    Run::of(&mut command)
}

#[test]
fn services_build_the_image_and_share_one_cache() {
    if !ready() || !require_tool("docker-compose") {
        return;
    }
    let world = World::cached();
    let app = Built::new(&world, "service", "services");
    app.here.edit("service/src/main.rs", "fn main", "#[test] fn holds() {}\nfn main");
    compose(&app, "build").ok();
    assert_eq!(app.output(&["--read-only"]), "40 2\n");
    let released = compose(&app, "--profile release run --rm release").ok();
    assert_eq!(released.stdout.lines().last().map(str::trim_end), Some("40 2"), "{released:#?}");

    // Both commands end with the table, which is read from the volume.
    let in_service = |service: &str, cargo: &str| {
        let mut command = app.command("docker-compose");
        command.args(["-f", "docker-compose.sccache.yml", "--profile", "dev", "run", "--rm", service, "sh", "-c"]);
        Run::of(command.arg(format!("thymos stats --zero && {cargo} && thymos stats"))).ok()
    };
    compose(&app, "--profile dev build dev").ok();
    let first = Counts::of(&in_service("dev", "cargo build").stdout);
    assert_eq!((first.hits, first.degraded), (0, 0), "{first:?}");
    let second = Counts::of(&in_service("test", "cargo build").stdout);
    assert_eq!((second.misses, second.hits), (0, first.misses), "the other service's target directory was empty");
    let tested = in_service("test", "cargo test").stdout;
    assert!(tested.contains("1 passed"), "{tested}");
    compose(&app, "--profile dev down --volumes").ok();
}
