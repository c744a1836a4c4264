//! The trap harness. A trap is a story: a few files, builds, changes, and what somebody who watches would see.
//!
//! The story is told with plain cargo, which says what is right; through the cache, from empty; with the same store and the
//! checkouts at other paths; once more where it was told first, which must find something in the store; and, as the negative
//! control, with the guards that the trap is about switched off.
//! What is seen must be the same each time, but for the control, in which it must differ. A story that ends well with and
//! without its guards is no trap, and fails.

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::support::{Checkout, Files, Mode, Run, World};

/// A trap for the check that these guards (comma-separated) stand for.
pub fn guarded_by(guards: &'static str) -> Trap {
    Trap { guards: Some(guards), hits: Some(true) }
}

/// A trap whose check cannot be switched off one by one: the oracle alone decides.
pub fn compared_with_cargo() -> Trap {
    Trap { guards: None, hits: Some(true) }
}

pub struct Trap {
    guards: Option<&'static str>,
    hits: Option<bool>,
}

impl Trap {
    /// Says that nothing in this story may come from the cache.
    pub fn without_hits(self) -> Trap {
        Trap { hits: Some(false), ..self }
    }

    /// Says that it is all the same whether anything in this story comes from the cache.
    pub fn with_or_without_hits(self) -> Trap {
        Trap { hits: None, ..self }
    }

    pub fn tell(self, story: impl Fn(&mut Stage<'_>)) {
        let mut world = World::new(Mode::Plain);
        let right_here = tell_at(&world, "one", &story);
        let right_there = tell_at(&world, "another/place", &story);

        world.set_mode(Mode::Cached);
        assert_same(&right_here, &tell_at(&world, "one", &story), &world, "with an empty store");
        assert_same(&right_there, &tell_at(&world, "another/place", &story), &world, "with a warm store, elsewhere");
        world.zero();
        assert_same(&right_here, &tell_at(&world, "one", &story), &world, "with a warm store");
        let hit = world.stats().hits > 0;
        assert_eq!(self.hits.unwrap_or(hit), hit, "a warm store answers, unless it must not:\n{}", world.events_text());

        // Release builds of the binary have no switches.
        if let Some(guards) = self.guards.filter(|_| cfg!(debug_assertions)) {
            let world = world.again(Mode::Without(guards));
            let control = catch_unwind(AssertUnwindSafe(|| tell_at(&world, "one", &story)));
            let Ok(control) = control else { return };
            assert!(
                right_here != control,
                "the same is seen without {guards}, so this is no trap\n{}\n=== events\n{}",
                summary(&right_here),
                world.events_text()
            );
        }
    }
}

/// What the story of a trap acts on, and what it saw so far.
pub struct Stage<'w> {
    world: &'w World,
    place: &'w str,
    seen: Vec<(String, String)>,
}

impl<'w> Stage<'w> {
    pub fn world(&self) -> &'w World {
        self.world
    }

    /// Lays a project at `name`, below the place where this telling of the story happens.
    pub fn checkout(&self, name: &str, files: &Files) -> Checkout<'w> {
        self.world.checkout(&format!("{}/{name}", self.place), files)
    }

    /// Records a process: its exit status and both streams.
    pub fn sees(&mut self, run: Run) -> Run {
        let mut text = String::new();
        write!(text, "{}\n--- stdout\n{}\n--- stderr\n{}", run.status, run.stdout, run.stderr).expect("text grows");
        self.notes("run", text);
        run
    }

    /// Builds, then runs the program `app`, and records both.
    pub fn sees_app(&mut self, here: &Checkout<'_>) {
        self.sees(here.cargo("build").run());
        if here.path("target/debug/app").exists() {
            self.sees(here.program("app"));
        }
    }

    /// The same after a change, in an empty target directory: what cargo's own fingerprints would do is not the question.
    pub fn sees_app_anew(&mut self, here: &Checkout<'_>) {
        here.clean();
        self.sees_app(here);
    }

    /// Records which units cargo finds not fresh.
    pub fn sees_freshness(&mut self, here: &Checkout<'_>) {
        let run = here.cargo("build").verbose().run();
        let units = run
            .stderr
            .lines()
            .map(str::trim_start)
            .filter(|line| line.starts_with("Compiling") || line.starts_with("Dirty"));
        self.notes("not fresh", units.collect::<Vec<_>>().join("\n"));
    }

    /// Records which bytes a file holds.
    pub fn sees_bytes(&mut self, here: &Checkout<'_>, path: &str) {
        if !here.path(path).exists() {
            return self.notes(path, "no such file");
        }
        let bytes = here.bytes(path);
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        self.notes(path, format!("{} bytes, digest {:x}", bytes.len(), hasher.finish()));
    }

    pub fn notes(&mut self, what: &str, text: impl Into<String>) {
        self.seen.push((what.to_owned(), text.into()));
    }
}

fn tell_at(world: &World, place: &str, story: &impl Fn(&mut Stage<'_>)) -> Vec<(String, String)> {
    // Small programs, compiled as cargo would by default but for debug information, which only makes them slow to link.
    world.env("CARGO_PROFILE_DEV_DEBUG", "0");
    let mut stage = Stage { world, place, seen: Vec::new() };
    story(&mut stage);
    let seen = stage.seen;
    assert!(!seen.is_empty(), "a story lets somebody see something");
    world.at("").remove(place.split('/').next().expect("a place has a name"));
    seen
}

fn assert_same(right: &[(String, String)], seen: &[(String, String)], world: &World, when: &str) {
    for (index, (right, seen)) in right.iter().zip(seen).enumerate() {
        assert!(
            right == seen,
            "{when}, sight {index} is not what plain cargo shows\n=== plain cargo, {}\n{}\n=== thymos, {}\n{}\n=== events\n{}",
            right.0,
            short(&right.1),
            seen.0,
            short(&seen.1),
            world.events_text()
        );
    }
    assert_eq!(right.len(), seen.len(), "{when}, as much is to be seen as with plain cargo");
}

/// Returns the beginning of a long text.
fn short(text: &str) -> String {
    text.chars().take(1500).collect()
}

fn summary(seen: &[(String, String)]) -> String {
    seen.iter().map(|(what, text)| format!("=== {what}\n{}\n", short(text))).collect()
}
