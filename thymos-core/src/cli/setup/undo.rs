//! Changes taken back from a text that somebody may have edited since.
//!
//! Invariant: pure. Only what still says what we wrote is removed; a value that somebody changed is theirs now.

use toml_edit::{DocumentMut, Item, TableLike, Value};

use super::change::{Change, Left, shown};
use crate::cli::cargo_config::toml::{parse, replace};
use crate::cli::cargo_config::{flags, lines};

/// Returns a configuration file's text without these changes, and what could not be taken back.
///
/// # Errors
/// If the text is no TOML, in one line.
pub fn remove(text: &str, changes: &[Change]) -> Result<(String, Vec<Left>), String> {
    let mut document = parse(&lines::plain(text))?;
    let mut left = Vec::new();
    let mut touched = false;
    for change in changes.iter().rev() {
        match take_back(&mut document, change) {
            Some(why) => left.push(Left { key: change.key(), why: why.to_owned() }),
            None => touched = true,
        }
    }
    let text = if touched { lines::restore(text, &document.to_string()) } else { text.to_owned() };
    Ok((text, left))
}

/// Returns the text of a file that is no configuration of Cargo's without these changes, and what could not be taken back.
pub fn remove_lines(text: &str, changes: &[Change]) -> (String, Vec<Left>) {
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    let mut left = Vec::new();
    for change in changes {
        let (ours, before) = match change {
            Change::Ignored(line) => (line, None),
            Change::Line { before, after } => (after, Some(before)),
            _ => continue,
        };
        let Some(line) = lines.iter_mut().find(|line| line.trim_end_matches(['\r', '\n']) == ours) else {
            left.push(Left { key: change.key(), why: "it has changed since".to_owned() });
            continue;
        };
        *line = before.map(|before| line.replacen(ours.as_str(), before, 1)).unwrap_or_default();
    }
    (lines.concat(), left)
}

fn take_back(document: &mut DocumentMut, change: &Change) -> Option<&'static str> {
    match change {
        Change::Set { way, value, before } => within(document, way, &mut |table, key| {
            let item = table.get_mut(key).filter(|item| item.as_str() == Some(value));
            let Some(item) = item else { return Some("it has another value now") };
            match before {
                Some(before) => replace(item, Value::from(before)),
                None => drop(table.remove(key)),
            }
            None
        }),
        Change::Added { way, flags, made } => within(document, way, &mut |table, key| {
            let failed = take_flags(table, key, flags);
            if *made && table.get(key).and_then(flags::list).is_some_and(|flags| flags.is_empty()) {
                table.remove(key);
            }
            failed
        }),
        Change::Included(path) => {
            let Some(item) = document.get_mut("include") else { return Some("it is gone already") };
            let found = take_include(item, path);
            if item.as_array().is_some_and(toml_edit::Array::is_empty)
                || item.as_array_of_tables().is_some_and(toml_edit::ArrayOfTables::is_empty)
            {
                document.remove("include");
            }
            (!found).then_some("it is gone already")
        }
        Change::Ignored(_) | Change::Line { .. } => None,
    }
}

/// Runs `act` on the table that holds the way's last key, and removes the tables that are empty afterwards.
fn within(
    document: &mut DocumentMut,
    way: &[String],
    act: &mut dyn FnMut(&mut dyn TableLike, &str) -> Option<&'static str>,
) -> Option<&'static str> {
    fn descend(
        table: &mut dyn TableLike,
        way: &[String],
        act: &mut dyn FnMut(&mut dyn TableLike, &str) -> Option<&'static str>,
    ) -> Option<&'static str> {
        let (key, below) = way.split_first().expect("a way has an end");
        if below.is_empty() {
            return act(table, key);
        }
        let Some(inner) = table.get_mut(key).and_then(Item::as_table_like_mut) else {
            return Some("it is gone already");
        };
        let failed = descend(inner, below, act);
        if failed.is_none() && inner.is_empty() && table.get(key).is_some_and(|item| !has_comment(item)) {
            table.remove(key);
        }
        failed
    }
    if shown(way).is_empty() { None } else { descend(document.as_table_mut(), way, act) }
}

fn has_comment(item: &Item) -> bool {
    let prefix = item.as_table().and_then(|table| table.decor().prefix()?.as_str());
    prefix.is_some_and(|prefix| prefix.contains('#'))
}

fn take_flags(table: &mut dyn TableLike, key: &str, flags: &[String]) -> Option<&'static str> {
    let Some(item) = table.get_mut(key) else { return Some("it is gone already") };
    let mut missing = flags.len();
    if let Some(array) = item.as_array_mut() {
        for flag in flags {
            if let Some(at) =
                array.iter().enumerate().filter(|(_, it)| it.as_str() == Some(flag)).map(|(at, _)| at).last()
            {
                array.remove(at);
                missing -= 1;
            }
        }
    } else if let Some(text) = item.as_str() {
        let (text, taken) = take_words(text, flags);
        missing -= taken;
        replace(item, Value::from(text));
    }
    (missing > 0).then_some("some of its flags are gone already")
}

/// Returns a text without these words, and how many of them it held.
fn take_words(text: &str, flags: &[String]) -> (String, usize) {
    if let Some(text) = text.strip_suffix(&flags.join(" ")) {
        return (text.strip_suffix(' ').unwrap_or(text).to_owned(), flags.len());
    }
    let mut words: Vec<&str> = text.split_whitespace().collect();
    let before = words.len();
    for flag in flags {
        if let Some(at) = words.iter().rposition(|word| word == flag) {
            words.remove(at);
        }
    }
    let taken = before - words.len();
    (if taken == 0 { text.to_owned() } else { words.join(" ") }, taken)
}

fn take_include(item: &mut Item, path: &str) -> bool {
    if let Some(tables) = item.as_array_of_tables_mut() {
        let at = tables.iter().position(|table| table.get("path").and_then(Item::as_str) == Some(path));
        at.map(|at| tables.remove(at)).is_some()
    } else if let Some(array) = item.as_array_mut() {
        let is_ours = |value: &Value| value.as_inline_table().and_then(|it| it.get("path")?.as_str()) == Some(path);
        let at = array.iter().position(is_ours);
        at.map(|at| array.remove(at)).is_some()
    } else {
        false
    }
}
