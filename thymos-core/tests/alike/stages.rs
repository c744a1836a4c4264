//! The four times, and what is made comparable.

use crate::support::{Checkout, Files, Mode, Stats, World, workspace};

/// What must have come from the cache.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Shared {
    /// Everything, at the other place too.
    Everywhere,
    /// Everything, at the first place.
    Here,
    /// Something: each look edits.
    InPart,
}

/// Looks at a project four times. `look` builds and tells what can be seen.
pub fn looks_alike(files: &Files, shared: Shared, look: impl Fn(&Checkout<'_>) -> String) {
    looks_alike_in(World::new(Mode::Plain), ["here", "another/and/deeper/place"], shared, |place| {
        files.write_to(place.root());
        look(place)
    });
}

/// [`looks_alike`] in directories of a name. What is not renamed is not shared.
pub fn looks_alike_below(name: &str, files: &Files, look: impl Fn(&Checkout<'_>) -> String) {
    let places = [format!("here/{name}"), format!("another/{name}")];
    looks_alike_in(World::new(Mode::Plain), places.each_ref().map(String::as_str), Shared::Here, |place| {
        files.write_to(place.root());
        look(place)
    });
}

/// [`looks_alike`] in a world that is prepared, at two places that `look` fills.
pub fn looks_alike_in(mut world: World, places: [&str; 2], shared: Shared, look: impl Fn(&Checkout<'_>) -> String) {
    let seen = |here: &Checkout<'_>| comparable(&look(here), here);
    let wanted = seen(&world.at(places[0]));
    std::fs::remove_dir_all(world.root().join(places[0])).unwrap();
    world.set_mode(Mode::Cached);

    let here = world.at(places[0]);
    assert_same(&wanted, &seen(&here), "cold");
    let cold = world.stats();
    here.clean();
    world.zero();
    assert_same(&wanted, &seen(&here), "restored");
    if shared != Shared::InPart {
        assert_hits(&world, &cold, "restored");
    }
    std::fs::remove_dir_all(here.root()).unwrap();

    let there = world.at(places[1]);
    world.zero();
    assert_same(&wanted, &seen(&there), "elsewhere");
    if shared == Shared::Everywhere {
        assert_hits(&world, &cold, "elsewhere");
    }
}

fn assert_hits(world: &World, cold: &Stats, when: &str) {
    let warm = world.stats();
    assert!(cold.misses > 0, "the cold build went through the cache: {cold:#?}");
    assert_eq!(warm.misses, 0, "{when}: every compile is a hit: {warm:#?}\n{}", world.events_text());
    warm.assert_nothing_degraded();
}

fn assert_same(wanted: &str, seen: &str, when: &str) {
    assert!(wanted == seen, "{when}:\n--- plain cargo\n{wanted}\n--- with the cache\n{seen}");
}

/// Takes out where the checkout lies, and the `/.` that a path is filled up with.
fn comparable(text: &str, here: &Checkout<'_>) -> String {
    let mut text = text.replace(&here.root().display().to_string(), "<here>");
    while let Some(at) = text
        .find("/./")
        .or_else(|| text.find("<here>//").map(|at| at + 6))
        .or_else(|| text.find("target//").map(|at| at + 6))
    {
        let length = if text[at..].starts_with("/./") { 2 } else { 1 };
        text.replace_range(at..at + length, "");
    }
    text
}

/// A program that uses a member of its workspace and code that its build script makes. Each line that a debugger stops at ends in
/// `// stop`.
pub fn project() -> Files {
    let script = r#"fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let made = "pub fn made(x: u8) -> u8 {\n    let y = x + 1; // stop\n    y * 2\n}\n\
                pub fn fails(none: Option<u8>) -> u8 {\n    let unused = 1;\n    none.unwrap()\n}\n";
    std::fs::write(std::env::var("OUT_DIR").unwrap() + "/made.rs", made).unwrap();
}
"#;
    let main = r#"mod made {
    include!(concat!(env!("OUT_DIR"), "/made.rs"));
}
fn main() {
    let count = std::env::args().count() as u8; // stop
    println!("{} {}", made::made(count), part::twice(count));
    match count {
        2 => drop(made::fails(None)),
        3 => drop(part::taken::<u8>(None)),
        _ => println!("{}", file!()),
    }
}
"#;
    let part = "pub fn twice(x: u8) -> u8 {\n    let y = x * 2; // stop\n    y\n}\n\
                pub fn taken<T>(none: Option<T>) -> T {\n    let unused = 1;\n    none.unwrap()\n}\n";
    workspace(&["app", "part"])
        .append("app/Cargo.toml", "[dependencies]\npart = { path = \"../part\" }")
        .file("app/build.rs", script)
        .file("app/src/main.rs", main)
        .file("part/src/lib.rs", part)
}

/// Returns the absolute paths of the lines that a debugger stops at, in the order in which the program gets there.
pub fn stops(here: &Checkout<'_>) -> Vec<(String, usize)> {
    let made = here.files_below("target").into_iter().find(|path| path.ends_with("/out/made.rs")).unwrap();
    let line = |path: &str| here.read(path).lines().position(|line| line.ends_with("// stop")).unwrap() + 1;
    ["app/src/main.rs", &made, "part/src/lib.rs"]
        .map(|path| (here.path(path).display().to_string(), line(path)))
        .to_vec()
}
