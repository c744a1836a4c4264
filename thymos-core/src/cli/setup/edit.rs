//! The edit: the text of a configuration file and what is wanted of it, to another text.
//!
//! Whatever shape the file gives a table or a list, it keeps: headers, dotted keys, inline tables, a list as a string. Keys are
//! added at the end of their table, tables at the end of the file.
//!
//! Invariant: pure. A text that does not parse is not edited. What was done is a list of [`Change`]s, and taking those back
//! from the result gives the keys and values of the original; a result for which that does not hold is not returned.

use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike, Value, value};

use super::change::{Change, Left, Want};
use super::undo;
use crate::cli::cargo_config::flags::{self, chooses_linker};
use crate::cli::cargo_config::toml::{item_at, parse, replace};
use crate::cli::cargo_config::{lines, stem};

/// A file's text after the edit, and what became of each wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edited {
    /// The text.
    pub text: String,
    /// What was done.
    pub changes: Vec<Change>,
    /// What was not, and why.
    pub left: Vec<Left>,
}

/// Edits a text.
///
/// # Errors
/// If the text is no TOML, in one line that says where; or if an edit would have changed more than was wanted.
pub fn edit(text: &str, wants: &[Want]) -> Result<Edited, String> {
    let plain = lines::plain(text);
    let mut document = parse(&plain)?;
    let (mut changes, mut left) = (Vec::new(), Vec::new());
    for want in wants {
        match apply(&mut document, want) {
            Ok(change) => changes.extend(change),
            Err(one) => left.push(one),
        }
    }
    if changes.is_empty() {
        return Ok(Edited { text: text.to_owned(), changes, left });
    }
    let edited = lines::restore(text, &document.to_string());
    verify(&plain, &edited, &changes)?;
    Ok(Edited { text: edited, changes, left })
}

fn apply(document: &mut DocumentMut, want: &Want) -> Result<Option<Change>, Left> {
    match want {
        Want::Key { way, value, replaces } => set(document, way, (value, replaces)),
        Want::Flags { way, flags } => add_flags(document, way, flags),
        Want::Include(path) => include(document, path),
    }
}

fn set(
    document: &mut DocumentMut,
    way: &[String],
    (wanted, replaces): (&str, &[&str]),
) -> Result<Option<Change>, Left> {
    let (key, above) = way.split_last().expect("a way has an end");
    let table = table_at(document, above)?;
    let change = |before| Change::Set { way: way.to_vec(), value: wanted.to_owned(), before };
    let Some(item) = table.get_mut(key) else {
        insert(document, way, value(wanted))?;
        return Ok(Some(change(None)));
    };
    let Some(before) = item.as_str().map(str::to_owned) else { return Err(Left::at(way, "it is no string")) };
    if before == wanted {
        return Ok(None);
    }
    if !replaces.contains(&stem(&before)) {
        return Err(Left::at(way, &format!("it is {before:?} already")));
    }
    replace(item, Value::from(wanted));
    Ok(Some(change(Some(before))))
}

fn add_flags(document: &mut DocumentMut, way: &[String], wanted: &[String]) -> Result<Option<Change>, Left> {
    if let Some(why) = silenced(document, way) {
        return Err(Left::at(way, &why));
    }
    let (key, above) = way.split_last().expect("a way has an end");
    let change = |flags: Vec<String>, made| Some(Change::Added { way: way.to_vec(), flags, made });
    let table = table_at(document, above)?;
    let Some(item) = table.get_mut(key) else {
        insert(document, way, value(Array::from_iter(wanted)))?;
        return Ok(change(wanted.to_vec(), true));
    };
    let Some(known) = flags::list(item) else { return Err(Left::at(way, "it is no list of flags")) };
    let missing: Vec<String> = wanted.iter().filter(|flag| !known.contains(flag)).cloned().collect();
    if missing.is_empty() {
        return Ok(None);
    }
    if let Some(choice) = known.iter().find(|flag| chooses_linker(flag)) {
        return Err(Left::at(way, &format!("{choice:?} chooses a linker already")));
    }
    if let Some(text) = item.as_str() {
        if missing.iter().any(|flag| flag.contains(char::is_whitespace)) {
            return Err(Left::at(way, "it is a string, which cannot hold a flag with a space in it"));
        }
        let text = format!("{} {}", text.trim_end(), missing.join(" "));
        replace(item, Value::from(text.trim_start()));
    } else if let Some(array) = item.as_array_mut() {
        missing.iter().for_each(|flag| push(array, Value::from(flag)));
    }
    Ok(change(missing, false))
}

/// Returns why flags at a target would silence others: Cargo takes `target.*` or `build`, never both.
fn silenced(document: &DocumentMut, way: &[String]) -> Option<String> {
    let [first, _, key] = way else { return None };
    let in_build = item_at(document, &["build", key])?;
    let targets = document.get("target").and_then(Item::as_table_like).filter(|_| first == "target");
    let spoken = targets.is_some_and(|targets| {
        targets.iter().any(|(_, target)| target.as_table_like().is_some_and(|it| it.contains_key(key)))
    });
    (!spoken).then(|| {
        format!(
            "Cargo would ignore build.{key} = {} then; move those flags to the target first",
            in_build.to_string().trim()
        )
    })
}

fn include(document: &mut DocumentMut, path: &str) -> Result<Option<Change>, Left> {
    let names = |item: &dyn Fn(&str) -> Option<String>| item("path").as_deref() == Some(path);
    let entry = InlineTable::from_iter([("path", Value::from(path)), ("optional", Value::from(true))]);
    let done = Ok(Some(Change::Included(path.to_owned())));
    match document.get_mut("include") {
        None => {
            document.insert("include", value(Array::from_iter([entry])));
            done
        }
        Some(Item::ArrayOfTables(tables)) => {
            if tables.iter().any(|table| names(&|key| table.get(key)?.as_str().map(str::to_owned))) {
                return Ok(None);
            }
            tables.push(entry.into_table());
            done
        }
        Some(item) => {
            let Some(array) = item.as_array_mut() else { return Err(Left::at(&["include".into()], "it is no array")) };
            let known = |it: &Value| {
                it.as_str() == Some(path) || names(&|key| it.as_inline_table()?.get(key)?.as_str().map(str::to_owned))
            };
            if array.iter().any(known) {
                return Ok(None);
            }
            push(array, Value::InlineTable(entry));
            done
        }
    }
}

/// Puts a new key at the end of its table.
fn insert(document: &mut DocumentMut, way: &[String], item: Item) -> Result<(), Left> {
    let (key, above) = way.split_last().expect("a way has an end");
    let inline = deepest(document, above).1 == Manner::Inline;
    let table = table_at(document, above)?;
    if inline {
        close_up(table);
    }
    table.insert(key, item);
    Ok(())
}

/// Takes away the space after the last value of an inline table, which would stand before the next comma.
fn close_up(table: &mut dyn TableLike) {
    let last = table.iter_mut().last();
    if let Some(value) = last.and_then(|(_, last)| last.as_value_mut().map(Value::decor_mut)) {
        value.set_suffix("");
    }
}

/// Appends to an array in the manner of its last element.
fn push(array: &mut Array, mut element: Value) {
    let last = array.iter().last().and_then(|last| last.decor().prefix()?.as_str());
    let prefix = match (last, array.len()) {
        // A comment that stands before the last element belongs to that element.
        (Some(prefix), _) if prefix.contains('\n') => prefix[prefix.rfind('\n').unwrap_or(0)..].to_owned(),
        (_, 0) => String::new(),
        _ => " ".to_owned(),
    };
    let trailing = array.iter().last().and_then(|last| last.decor().suffix()?.as_str()).unwrap_or_default().to_owned();
    if let Some(last) = array.len().checked_sub(1).and_then(|at| array.get_mut(at)).filter(|_| !trailing.contains('#'))
    {
        last.decor_mut().set_suffix("");
        element.decor_mut().set_suffix(trailing);
    }
    element.decor_mut().set_prefix(prefix);
    array.push_formatted(element);
}

/// How a table is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    Header,
    Dotted,
    Inline,
}

/// Returns the table at a way, which is made in the manner of the table above it if it is not there.
fn table_at<'a>(document: &'a mut DocumentMut, way: &[String]) -> Result<&'a mut dyn TableLike, Left> {
    let (depth, manner) = deepest(document, way);
    let mut above = String::new();
    if depth < way.len() && manner == Manner::Header {
        // What stands below the last table would otherwise get below the new one.
        document.trailing().as_str().unwrap_or_default().clone_into(&mut above);
        document.set_trailing("");
    }
    let mut table: &mut dyn TableLike = document.as_table_mut();
    for (at, key) in way.iter().enumerate() {
        if at >= depth {
            if manner == Manner::Inline {
                close_up(table);
            }
            table.insert(key, new_table(manner, at + 1 < way.len(), &above));
        }
        let item = table.get_mut(key).expect("it was there or was just inserted");
        table = item.as_table_like_mut().ok_or_else(|| Left::at(&way[..=at], "it is no table"))?;
    }
    Ok(table)
}

/// Returns how many tables of a way exist, and how the last of them is written.
fn deepest(document: &DocumentMut, way: &[String]) -> (usize, Manner) {
    let (mut item, mut manner) = (document.as_item(), Manner::Header);
    for (depth, key) in way.iter().enumerate() {
        let Some(next) = item.as_table_like().and_then(|table| table.get(key)) else { return (depth, manner) };
        manner = match next {
            Item::Value(_) => Manner::Inline,
            _ if next.as_table().is_some_and(Table::is_dotted) => Manner::Dotted,
            _ => Manner::Header,
        };
        item = next;
    }
    (way.len(), manner)
}

fn new_table(manner: Manner, implicit: bool, above: &str) -> Item {
    if manner == Manner::Inline {
        return value(InlineTable::new());
    }
    let mut table = Table::new();
    match manner {
        Manner::Dotted => table.set_dotted(true),
        _ => {
            table.set_implicit(implicit);
            table.set_position(Some(isize::MAX));
            if !implicit && !above.is_empty() {
                table.decor_mut().set_prefix(format!("{}\n\n", above.trim_end()));
            }
        }
    }
    Item::Table(table)
}

/// Fails unless the edited text without the changes says what the text said before.
fn verify(plain: &str, edited: &str, changes: &[Change]) -> Result<(), String> {
    let without = undo::remove(edited, changes).ok().and_then(|(text, _)| said(&lines::plain(&text)).ok());
    match (without, said(plain)) {
        (Some(without), Ok(before)) if without == before => Ok(()),
        _ => Err("its shape is not understood well enough to edit it safely".to_owned()),
    }
}

/// Returns everything that a text says, one line for each value.
fn said(plain: &str) -> Result<Vec<String>, String> {
    fn gather(item: &Item, way: &str, out: &mut Vec<String>) {
        if let Some(tables) = item.as_array_of_tables() {
            tables
                .iter()
                .enumerate()
                .for_each(|(at, table)| gather(&Item::Table(table.clone()), &format!("{way}[{at}]"), out));
        } else if let Some(table) = item.as_table_like() {
            table.iter().for_each(|(key, item)| gather(item, &format!("{way}.{key:?}"), out));
        } else if let Some(array) = item.as_array() {
            array
                .iter()
                .enumerate()
                .for_each(|(at, it)| gather(&Item::Value(it.clone()), &format!("{way}[{at}]"), out));
            out.push(format!("{way}: {} elements", array.len()));
        } else {
            let text = item.as_str().map_or_else(|| item.to_string().trim().to_owned(), |text| format!("{text:?}"));
            out.push(format!("{way} = {text}"));
        }
    }
    let mut out = Vec::new();
    gather(parse(plain)?.as_item(), "", &mut out);
    out.sort();
    Ok(out)
}
