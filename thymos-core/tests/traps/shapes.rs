//! Shapes of stories that many traps have, so that a trap is a row: its name, what guards it, and what is told in that shape.
//!
//! ```ignore
//! traps! {
//!     a_template_that_appears_is_an_input: guarded_by("input-observed,input-absence"),
//!         built_after(printing_what_a_macro_makes(READS), &[Write("app/page.html", "now it is here")]);
//! }
//! ```

use std::path::Path;

use crate::support::{Cargo, Checkout, Files, Run};
use crate::trap::Stage;

/// Turns each row into a test: `name: trap, story;`, with attributes before the name.
macro_rules! traps {
    ($($(#[$attribute:meta])* $name:ident: $trap:expr, $story:expr;)+) => {
        $(
            $(#[$attribute])*
            #[test]
            fn $name() {
                $trap.tell($story);
            }
        )+
    };
}
pub(crate) use traps;

/// What somebody does to a checkout between two builds.
pub enum Change<'a> {
    Write(&'a str, &'a str),
    /// In a file, one text by another.
    Edit(&'a str, &'a str, &'a str),
    Remove(&'a str),
    /// From, to.
    Rename(&'a str, &'a str),
    /// What the link says, and its place, where a link may be already.
    #[cfg(unix)]
    Link(&'a str, &'a str),
    /// Several, between the same builds.
    All(&'a [Change<'a>]),
}

impl Change<'_> {
    pub fn make(&self, here: &Checkout<'_>) {
        match self {
            Change::Write(path, text) => drop(here.write(path, text)),
            Change::Edit(path, old, new) => drop(here.edit(path, old, new)),
            Change::Remove(path) => drop(here.remove(path)),
            Change::Rename(old, new) => drop(here.rename(old, new)),
            #[cfg(unix)]
            Change::Link(says, place) => link(here, says, place),
            Change::All(changes) => changes.iter().for_each(|change| change.make(here)),
        }
    }
}

/// Lays a symbolic link, where another may be.
#[cfg(unix)]
pub fn link(here: &Checkout<'_>, says: impl AsRef<Path>, place: &str) {
    let place = here.path(place);
    let _ = std::fs::remove_file(&place);
    std::os::unix::fs::symlink(says, place).unwrap();
}

/// Builds, and builds anew after each change.
pub fn built_after<'a>(files: Files, changes: &'a [Change<'a>]) -> impl Fn(&mut Stage<'_>) + 'a {
    move |stage| {
        let here = stage.checkout("here", &files);
        stage.sees_app(&here);
        for change in changes {
            change.make(&here);
            stage.sees_app_anew(&here);
        }
    }
}

/// Builds in two checkouts, the second at a longer path.
pub fn built_at_two_places(files: Files) -> impl Fn(&mut Stage<'_>) {
    move |stage| {
        stage.sees_app(&stage.checkout("here", &files));
        stage.sees_app(&stage.checkout("there/and/deeper", &files));
    }
}

/// Builds anew for each of these, which says how cargo is called, and runs the program.
pub fn built_with<T>(
    files: Files,
    each: impl IntoIterator<Item = T> + Clone,
    call: impl Fn(&Checkout<'_>, Cargo, &T) -> Cargo,
) -> impl Fn(&mut Stage<'_>) {
    built_and_seen(files, each, call, |stage, here, run| {
        stage.sees(run);
        stage.sees(here.program("app"));
    })
}

/// Builds anew for each of these, which says how cargo is called, and sees what `see` shows of each build.
pub fn built_and_seen<T>(
    files: Files,
    each: impl IntoIterator<Item = T> + Clone,
    call: impl Fn(&Checkout<'_>, Cargo, &T) -> Cargo,
    see: impl Fn(&mut Stage<'_>, &Checkout<'_>, Run),
) -> impl Fn(&mut Stage<'_>) {
    move |stage| {
        let here = stage.checkout("here", &files);
        for value in each.clone() {
            here.clean();
            let run = call(&here, here.cargo("build"), &value).run();
            see(stage, &here, run);
        }
    }
}

/// Builds anew with each value of a variable, or without it.
pub fn built_with_values<'a>(
    files: Files,
    name: &'a str,
    values: &'a [Option<&'a str>],
) -> impl Fn(&mut Stage<'_>) + 'a {
    built_with(files, values, move |_, cargo, value| match value {
        Some(value) => cargo.env(name, value),
        None => cargo,
    })
}
