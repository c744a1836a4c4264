//! Which room imports which.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::house::{ENGINE, LIBRARY, Room};
use crate::source::{self, Source};

/// What a module's name stands for where it is re-exported, by the full path of that name.
type Exports = HashMap<Vec<String>, Vec<String>>;

fn exports(sources: &[Source]) -> Exports {
    let mut exports = Exports::new();
    for source in sources {
        let own = || std::iter::once("crate".to_owned()).chain(source.module.iter().cloned());
        for (name, path) in &source.exports {
            let target = if path[0] == "crate" { path.clone() } else { own().chain(path.iter().cloned()).collect() };
            exports.insert(own().chain([name.clone()]).collect(), target);
        }
    }
    exports
}

/// Returns the rooms that a path leads through: the one that it names, and those that re-exports lead on to.
fn rooms(path: &[String], exports: &Exports, rooms_known: &[Room]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut path = path.to_vec();
    for _ in 0..8 {
        if let Some(room) = path.get(1).filter(|name| rooms_known.iter().any(|room| room.name == **name)) {
            found.insert(room.clone());
        }
        let known = (2..=path.len()).rev().find_map(|end| Some((end, exports.get(&path[..end])?)));
        match known {
            Some((end, target)) if *target != path[..end] => {
                path = target.iter().chain(&path[end..]).cloned().collect();
            }
            _ => break,
        }
    }
    found
}

/// Returns every arrow with the files that draw it.
fn arrows(package: &str, house: &[Room]) -> BTreeMap<(String, String), BTreeSet<String>> {
    let sources = source::read(package);
    let exports = exports(&sources);
    let mut arrows = BTreeMap::<_, BTreeSet<String>>::new();
    // The crate's own root belongs to no room: it only says which rooms there are.
    for source in sources.iter().filter(|source| !source.module.is_empty()) {
        for path in source.paths.iter().filter(|path| path[0] == "crate") {
            for room in rooms(path, &exports, house).into_iter().filter(|room| *room != source.module[0]) {
                let arrow = (source.module[0].clone(), room);
                arrows.entry(arrow).or_default().insert(source.path.display().to_string());
            }
        }
    }
    arrows
}

fn check(package: &str, house: &[Room]) {
    let arrows = arrows(package, house);
    let mut wrong = Vec::new();
    for ((from, to), files) in &arrows {
        let room = house.iter().find(|room| room.name == from).unwrap_or_else(|| panic!("{from} is no room"));
        if !room.may_use.contains(&to.as_str()) {
            wrong.push(format!("{from} imports {to}, in {files:?}"));
        }
    }
    for room in house {
        for to in room.may_use {
            let arrow = (room.name.to_owned(), (*to).to_owned());
            if !arrows.contains_key(&arrow) {
                wrong.push(format!("{} may import {to} and does not: take the arrow out", room.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{package}: {} rooms, {} arrows", house.len(), arrows.len());
}

#[test]
fn a_room_of_the_engine_imports_only_what_the_plan_allows() {
    check("thymos-core", ENGINE);
}

#[test]
fn a_room_of_the_library_imports_only_what_the_plan_allows() {
    check(".", LIBRARY);
}

#[test]
fn no_arrows_make_a_circle() {
    for house in [ENGINE, LIBRARY] {
        let mut open: Vec<&Room> = house.iter().collect();
        while !open.is_empty() {
            let before = open.len();
            let names: Vec<&str> = open.iter().map(|room| room.name).collect();
            open.retain(|room| room.may_use.iter().any(|to| names.contains(to)));
            assert!(open.len() < before, "a circle among {names:?}");
        }
    }
}

#[test]
fn what_is_told_of_builds_never_imports_the_engine() {
    let history = ENGINE.iter().find(|room| room.name == "history").expect("the room is there");
    let record = ENGINE.iter().find(|room| room.name == "record").expect("the room is there");
    assert!(history.may_use.iter().all(|room| ["system", "settings", "outcome"].contains(room)));
    assert!(!record.may_use.contains(&"hit"), "what records a result never restores one");
}
