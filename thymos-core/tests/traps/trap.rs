//! The trap harness. A trap is a story: a few files, builds, changes, and what somebody who watches would see.
//!
//! The story is told with plain cargo, which says what is right; through the cache, from empty; with the same store and the
//! checkouts at other paths; once more where it was told first, which must find something in the store; and, as the negative
//! control, with the guards that the trap is about switched off.
//! What is seen must be the same each time, but for the control, in which it must differ. A story that ends well with and
//! without its guards is no trap, and fails.
//!
//! A control must go wrong in the way that the trap is about. Where the guards decide whether a stored result may answer, it has
//! to see, as the first thing that is other than it should be, what an earlier build rightly showed: a stale result, and a hit
//! that brought it. A control that fails before anything is wrong to see has failed for a reason of its own, and so does the trap.

use std::any::Any;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::support::{Checkout, Files, Mode, Run, World, require_tool};

/// A trap for the check that these guards (comma-separated) stand for.
pub fn guarded_by(guards: &'static str) -> Trap {
    Trap { guards: Some(guards), hits: Some(true), damage: None, tools: &[], there: || true }
}

/// A trap whose check cannot be switched off one by one: the oracle alone decides.
pub fn compared_with_cargo() -> Trap {
    Trap { guards: None, hits: Some(true), damage: None, tools: &[], there: || true }
}

pub struct Trap {
    guards: Option<&'static str>,
    hits: Option<bool>,
    damage: Option<&'static str>,
    tools: &'static [&'static str],
    there: fn() -> bool,
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

    /// Says what is seen, or what ends the story, where the guards are off and it is not a stale result itself but what comes of
    /// one.
    pub fn that_says(self, damage: &'static str) -> Trap {
        Trap { damage: Some(damage), ..self }
    }

    /// Says which programs the story needs.
    pub fn with_tools(self, tools: &'static [&'static str]) -> Trap {
        Trap { tools, ..self }
    }

    /// Asks whether the story can be told here; whoever is asked says why not.
    pub fn where_there(self, there: fn() -> bool) -> Trap {
        Trap { there, ..self }
    }

    pub fn tell(self, story: impl Fn(&mut Stage<'_>)) {
        if !self.tools.iter().all(|tool| require_tool(tool)) || !(self.there)() {
            return;
        }
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
            let control = tell_to_its_end(&world, "one", &story);
            self.assert_red(guards, &right_here, &control, &world);
        }
    }

    /// The control went wrong as it should, and not in another way.
    fn assert_red(&self, guards: &str, right: &[Sight], control: &Told, world: &World) {
        let at = right.iter().zip(&control.seen).position(|(right, seen)| right != seen);
        let stale = !answers_from_store(guards) || world.stats().hits > 0;
        let says_so = |text: &str| self.damage.is_some_and(|words| text.contains(words)) && stale;
        let Some(at) = at else {
            if control.end.as_deref().is_some_and(says_so) {
                return;
            }
            let why = match &control.end {
                Some(panic) => format!("the control fails for a reason of its own: {panic}"),
                None => format!("the same is seen without {guards}, so this is no trap"),
            };
            panic!("{why}\n{}\n=== events\n{}", summary(&control.seen), world.events_text());
        };
        let wrong = &control.seen[at];
        let expected = match self.damage {
            Some(_) => says_so(&wrong.1),
            None if !answers_from_store(guards) => true,
            None => right[..at].contains(wrong) && stale,
        };
        assert!(
            expected,
            "without {guards}, sight {at} is wrong in another way than this trap is about\n=== right, {}\n{}\n=== control, {}\n{}\n=== events\n{}",
            right[at].0,
            short(&right[at].1),
            wrong.0,
            short(&wrong.1),
            world.events_text()
        );
    }
}

/// Returns whether what is wrong without these guards is a stored result that should not have answered.
fn answers_from_store(guards: &str) -> bool {
    guards.split(',').any(|guard| ["key-", "input-", "bind-"].iter().any(|kind| guard.starts_with(kind)))
}

/// Something that was seen: what it was, and what it showed.
type Sight = (String, String);

/// What was seen until the story ended, and what ended it before its end.
struct Told {
    seen: Vec<Sight>,
    end: Option<String>,
}

/// What the story of a trap acts on, and what it saw so far.
pub struct Stage<'w> {
    world: &'w World,
    place: &'w str,
    seen: Vec<Sight>,
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

fn tell_at(world: &World, place: &str, story: &impl Fn(&mut Stage<'_>)) -> Vec<Sight> {
    let Told { seen, end } = tell_to_its_end(world, place, story);
    if let Some(panic) = end {
        panic!("the story fails in {:?}: {panic}\n=== events\n{}", world.mode(), world.events_text());
    }
    assert!(!seen.is_empty(), "a story lets somebody see something");
    world.at("").remove(place.split('/').next().expect("a place has a name"));
    seen
}

fn tell_to_its_end(world: &World, place: &str, story: &impl Fn(&mut Stage<'_>)) -> Told {
    // Small programs, compiled as cargo would by default but for debug information, which only makes them slow to link.
    world.env("CARGO_PROFILE_DEV_DEBUG", "0");
    let mut stage = Stage { world, place, seen: Vec::new() };
    let end = catch_unwind(AssertUnwindSafe(|| story(&mut stage))).err();
    let text = |panic: Box<dyn Any + Send>| {
        let text = panic.downcast_ref::<String>().cloned();
        text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
    };
    Told { seen: stage.seen, end: end.map(text) }
}

fn assert_same(right: &[Sight], seen: &[Sight], world: &World, when: &str) {
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

fn summary(seen: &[Sight]) -> String {
    seen.iter().map(|(what, text)| format!("=== {what}\n{}\n", short(text))).collect()
}

/// An edit that a cache without its guards does not see, told by somebody who may spoil the control.
#[cfg(debug_assertions)]
fn edit_in_which(control: impl Fn(&Stage<'_>, &Checkout<'_>)) {
    guarded_by("input-sources").tell(|stage| {
        let here = stage.checkout("here", &crate::support::package("app").file("src/main.rs", "fn main() {}"));
        stage.sees_app(&here);
        if matches!(stage.world().mode(), Mode::Without(_)) {
            control(stage, &here);
        }
        here.write("src/main.rs", "fn main() { println!(\"edited\") }");
        stage.sees_app_anew(&here);
    });
}

#[test]
#[cfg(debug_assertions)]
#[should_panic(expected = "the control fails for a reason of its own: the disk is full")]
fn a_control_that_cannot_be_set_up_proves_nothing() {
    edit_in_which(|_, _| panic!("the disk is full"));
}

#[test]
#[cfg(debug_assertions)]
#[should_panic(expected = "is wrong in another way than this trap is about")]
fn a_control_whose_build_fails_proves_nothing() {
    edit_in_which(|_, here| {
        here.write("Cargo.toml", "[package]");
    });
}

#[test]
#[cfg(debug_assertions)]
#[should_panic(expected = "the same is seen without")]
fn a_control_that_is_right_proves_nothing() {
    edit_in_which(|stage, here| {
        // Another store knows no stale result.
        std::fs::remove_dir_all(stage.world().store()).unwrap();
        here.clean();
    });
}
