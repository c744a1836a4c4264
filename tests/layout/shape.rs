//! What is pure, how long functions are, and how many lines there are.

use std::collections::BTreeMap;

use crate::house::{BUDGET, COUNTED, LONGEST, PURE, TABLES};
use crate::source::{self, Source};

/// What reads or changes the world. `std::env::consts` and its functions on paths are constants and text.
const WORLD: &[&[&str]] = &[
    &["std", "fs"],
    &["fs"],
    &["std", "process"],
    &["process"],
    &["Command", "new"],
    &["File", "open"],
    &["File", "create"],
    &["Instant", "now"],
    &["SystemTime", "now"],
    &["std", "env", "var"],
    &["std", "env", "var_os"],
    &["std", "env", "vars"],
    &["std", "env", "current_dir"],
    &["std", "net"],
    &["std", "thread"],
    &["println"],
    &["eprintln"],
    &["print"],
    &["eprint"],
    &["libc"],
    &["rustix"],
];

fn is_macro(world: &[&str]) -> bool {
    matches!(world, ["println" | "eprintln" | "print" | "eprint"])
}

fn is_in(source: &Source, place: &str) -> bool {
    source.path.starts_with(place)
}

#[test]
fn pure_modules_hold_no_io() {
    let sources = source::read("thymos-core");
    for place in PURE {
        assert!(sources.iter().any(|source| is_in(source, place)), "{place} is not there");
    }
    for source in sources.iter().filter(|source| PURE.iter().any(|place| is_in(source, place))) {
        for path in &source.paths {
            let parts: Vec<&str> = path.iter().map(String::as_str).collect();
            // One name alone may be a variable of that name.
            let touched = WORLD.iter().find(|world| parts.starts_with(world) && (parts.len() > 1 || is_macro(world)));
            assert!(touched.is_none(), "{} names {}", source.path.display(), parts.join("::"));
        }
    }
}

#[test]
fn no_function_outgrows_a_page() {
    let mut too_long = Vec::new();
    for (package, sources) in [("thymos-core", source::read("thymos-core")), ("thymos-build", source::read("."))] {
        for source in &sources {
            for function in source.functions.iter().filter(|function| function.lines > LONGEST) {
                let name = format!("{package}/{}: {}", source.path.display(), function.name);
                if !TABLES.iter().any(|(table, _)| *table == name) {
                    too_long.push(format!("{name} has {} lines", function.lines));
                }
            }
        }
    }
    assert!(too_long.is_empty(), "{}", too_long.join("\n"));
}

#[test]
fn the_engine_and_the_library_keep_to_their_budget() {
    let mut rooms = BTreeMap::<String, (usize, usize)>::new();
    for source in source::read("thymos-core") {
        let name = source.module.first().map_or("(door)", String::as_str).to_owned();
        let room = rooms.entry(name).or_default();
        room.0 += source.lines;
        room.1 += source.functions.iter().filter(|function| function.lines > 30).count();
    }
    let library = source::read(".");
    let of_library = library.iter().map(|source| source.lines).sum::<usize>();
    let long = library.iter().flat_map(|source| &source.functions).filter(|function| function.lines > 30).count();
    println!("{:<14}{:>8}{:>22}", "room", "lines", "functions over 30");
    for (name, (lines, long)) in &rooms {
        println!("{name:<14}{lines:>8}{long:>22}");
    }
    println!("{:<14}{of_library:>8}{long:>22}", "the library");
    let counted = COUNTED.iter().map(|name| rooms.get(*name).map_or(0, |room| room.0)).sum::<usize>() + of_library;
    let budget = BUDGET.iter().map(|(lines, _)| lines).sum::<usize>();
    println!("{:<14}{counted:>8}  of {budget}", "counted");
    assert!(
        counted < budget,
        "{counted} lines of {budget}: delete some, or add a row to the budget that says what for"
    );
}
