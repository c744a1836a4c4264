//! What is asked of every project.
//!
//! Plain cargo builds it at two places. Then the same places are built through the cache, the first with an empty store and
//! the second with a warm one, and what comes out is compared. A difference between the two plain builds is no fault of a
//! cache, so only what plain cargo makes alike at both places is compared between places; what it makes at one place is
//! compared there, unless a second plain build at that place differs from the first. In the end every hit is compiled again
//! (`THYMOS_VERIFY`).
//!
//! Where programs show the remapping, `remapped.rs` says what they are compared with.

use std::collections::BTreeMap;

use thymos_core::outcome::cause::Cause;
use thymos_core::outcome::event::{self, Event};
use thymos_core::outcome::{Bypass, Outcome, OutcomeKind};

use crate::projects::{Project, Tests};
use crate::remapped;
use crate::support::{Cargo, Checkout, Mode, Run, Stats, World};

/// Ways in which a compile of these projects is not cached, and why that is right.
const EXPECTED: [(Bypass, &str); 3] = [
    (Bypass::FailedProbe, "a build script asks whether the compiler can do something, and it cannot"),
    (Bypass::NoDepInfo, "autocfg asks the same, and no dependency of it is of interest"),
    (Bypass::OutputName, "rustix's build script asks the same, and wants no output"),
];

pub const HERE: &str = "here";
pub const THERE: &str = "there/and/deeper";

/// Builds the project plainly and through the cache, and compares.
pub fn judge(project: &Project) {
    let name = project.name();
    let mut world = World::new(Mode::Plain);
    // As its author ships it, but for what only takes time: how much is optimised says nothing about a cache.
    world.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0").env("CARGO_PROFILE_RELEASE_DEBUG", "0");
    let first = project.lay(&world, HERE);
    first.cargo("fetch").with_registry().ok();
    world.share_registry();
    // The second place gets the same versions where the project has no lock file of its own.
    let lock = first.bytes("Cargo.lock");
    project.lay(&world, THERE).write("Cargo.lock", lock);
    let plain = [HERE, THERE].map(|place| build(project, &world.at(place)));
    let results = results(project, &world.at(HERE));
    for place in [HERE, THERE] {
        world.at(place).remove("target");
    }
    let wanted = match project.remapped {
        Some(why) => remapped::wanted(project, &world, &plain, why),
        None => plain.clone(),
    };
    let alike: Vec<_> =
        project.programs.iter().filter(|program| wanted[0].get(*program) == wanted[1].get(*program)).collect();
    eprintln!("{name}: plain cargo makes {alike:?} of {:?} alike at both places", project.programs);

    world.set_mode(Mode::Cached);
    world.zero();
    let cold = built_and_fresh(project, &mut world, HERE, &wanted[0]);
    assert_accounted(&cold, &world);
    world.zero();
    let warm = built_and_fresh(project, &mut world, THERE, &wanted[1]);
    assert_accounted(&warm, &world);
    assert_only_bound(project, &world);
    assert_confirmed(project, &world);

    tests_say_the_same(project, &world, results.as_ref());
    if project.remapped.is_some() {
        remapped::assert_plain_without(project, &world, &plain);
    }
    eprintln!("{name}: {} compiles, {} of them again elsewhere", cold.hits + cold.misses, warm.hits);
}

/// Digests of the release programs.
pub type Programs = BTreeMap<&'static str, u64>;

/// Builds the release programs.
pub fn build(project: &Project, here: &Checkout<'_>) -> Programs {
    build_with(project, here, |cargo| cargo)
}

/// Builds the release programs with what is added to the call of cargo.
pub fn build_with(project: &Project, here: &Checkout<'_>, add: impl Fn(Cargo) -> Cargo) -> Programs {
    add(here.cargo("build --release --locked")).ok();
    let digest = |program: &&'static str| {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        here.bytes(&format!("target/release/{program}")).hash(&mut hasher);
        (*program, hasher.finish())
    };
    project.programs.iter().map(digest).collect()
}

fn built_and_fresh(project: &Project, world: &mut World, place: &str, wanted: &Programs) -> Stats {
    let name = project.name();
    let programs = build(project, &world.at(place));
    let stats = world.stats();
    world.at(place).assert_fresh("build --release --locked");
    if programs != *wanted {
        let again = build_plainly(project, world, place);
        assert_ne!(&again, wanted, "{name} at {place}: the programs are those of plain cargo, byte for byte");
        eprintln!("{name} at {place}: two plain builds differ too, so bytes say nothing");
        assert_eq!(build(project, &world.at(place)), programs, "{name} at {place}: what is stored is what comes back");
    }
    stats
}

/// Builds without the cache what was built with it, and leaves an empty target directory.
fn build_plainly(project: &Project, world: &mut World, place: &str) -> Programs {
    world.at(place).remove("target");
    world.set_mode(Mode::Plain);
    let programs = match project.remapped {
        Some(_) => remapped::build(project, world, place),
        None => build(project, &world.at(place)),
    };
    world.at(place).remove("target");
    world.set_mode(Mode::Cached);
    programs
}

/// What was compiled again at the second place are the units that belong to one place, by name, and nothing else.
fn assert_only_bound(project: &Project, world: &World) {
    let misses: Vec<Event> = counted(world).filter(|event| event.outcome.kind() == OutcomeKind::Miss).collect();
    let mut missed: Vec<&str> =
        misses.iter().map(|event| event::name(&event.krate, &event.kind, &event.package)).collect();
    let mut bound: Vec<&str> = project.bound.iter().map(|(name, _)| *name).collect();
    missed.sort_unstable();
    bound.sort_unstable();
    let causes: Vec<_> = misses.iter().map(|event| (&event.krate, &event.kind, event.outcome.cause())).collect();
    assert_eq!(missed, bound, "{}: every other compile is a hit: {causes:#?}", project.name());
}

/// Every hit is compiled again, and the compiler makes what the store holds.
fn assert_confirmed(project: &Project, world: &World) {
    let name = project.name();
    let there = world.at(THERE);
    let restored = build(project, &there);
    there.remove("target");
    world.zero();
    let confirmed = build_with(project, &there, |cargo| cargo.env("THYMOS_VERIFY", "1"));
    let stats = world.stats();
    assert_accounted(&stats, world);
    assert_eq!(stats.misses, 0, "{name}: every compile is a hit: {stats:#?}\n{}", left_out_events(world));
    assert!(stats.hits > 0 && stats.verified == stats.hits, "{name}: every hit is confirmed: {stats:#?}");
    let doubts: Vec<_> = counted(world).filter_map(|event| event.trouble).collect();
    assert!(doubts.is_empty(), "{name}: {doubts:#?}");
    assert_eq!(confirmed, restored, "{name}: a hit that is confirmed is laid out like any other");
    eprintln!("{name}: {} hits were compiled again and found right", stats.verified);
}

/// Returns the events since the counters were last set to zero.
fn counted(world: &World) -> impl Iterator<Item = Event> {
    thymos_core::history::stats::counted(&world.store()).events.into_iter()
}

fn results(project: &Project, here: &Checkout<'_>) -> Option<Vec<String>> {
    match project.tests {
        Tests::Compared(words) => Some(said(
            &here.cargo("test --release --locked --no-fail-fast").without("--quiet").arg_list(words).run(),
            here,
        )),
        Tests::Left(why) => {
            eprintln!("{}: its tests are left out: {why}", project.name());
            None
        }
    }
}

/// Returns what the tests said, without times and places; tests run side by side, so the order says nothing.
fn said(run: &Run, here: &Checkout<'_>) -> Vec<String> {
    let place = here.root().display().to_string();
    let tells = |line: &&str| line.starts_with("test ") || line.starts_with("running ");
    let mut lines: Vec<String> = run
        .stdout
        .lines()
        .filter(tells)
        .map(|line| line.split("; finished in").next().unwrap_or(line).replace(&place, "."))
        .collect();
    lines.sort();
    lines.push(run.status.to_string());
    assert!(lines.len() > 1, "there are tests: {run:#?}");
    lines
}

/// The tests run from what the cache holds, at both places and twice at the second.
fn tests_say_the_same(project: &Project, world: &World, plain: Option<&Vec<String>>) {
    let Some(plain) = plain else { return };
    for place in [HERE, THERE] {
        let here = world.at(place);
        let now = results(project, &here).unwrap();
        assert_eq!(&now, plain, "{} at {place}: the tests say what they say without a cache", project.name());
        here.remove("target");
    }
    world.zero();
    let again = results(project, &world.at(THERE)).unwrap();
    assert_eq!(&again, plain, "{}: the tests of restored programs", project.name());
    let stats = world.stats();
    assert_accounted(&stats, world);
    assert_eq!(stats.misses, 0, "{}: every harness is a hit: {stats:#?}\n{}", project.name(), left_out_events(world));
    if let Tests::Compared(words) = project.tests {
        world.at(THERE).assert_fresh(&format!("test --release --no-run --locked {words}"));
    }
}

/// Every compile was a hit or a miss, but for those with a known reason.
fn assert_accounted(stats: &Stats, world: &World) {
    let expected = |reason: &&String| EXPECTED.iter().any(|(expected, _)| *expected == Bypass::parse(reason));
    let left_out = stats.bypassed.keys().filter(|reason| !expected(reason)).chain(stats.degraded.keys()).count();
    assert_eq!(left_out, 0, "no compile is left out: {stats:#?}\n{}", left_out_events(world));
}

fn left_out_events(world: &World) -> String {
    let left_out =
        counted(world).filter(|event| !event.outcome.is_hit() && event.outcome != Outcome::Miss(Cause::NeverSeen));
    left_out.map(|event| format!("{event:?}")).collect::<Vec<_>>().join("\n")
}
