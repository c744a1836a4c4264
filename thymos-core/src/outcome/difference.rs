//! Compares what is asked with what was asked before, and says what differs.
//!
//! Invariant: pure, and what a person can act on comes first: the compiler, then flags and features, variables, dependencies;
//! what Cargo derives from all of these, such as `-C metadata`, is told only when nothing else differs.

use crate::action::roots;
use crate::outcome::cause::Cause;
use crate::outcome::past_action::{Asked, crate_of};
use crate::system::digest::Digest;

/// Options that may be given many times, so that two of one name are not the old and the new value.
const MANY: &[&str] =
    &["--cfg", "--check-cfg", "-L", "-l", "-A", "-D", "-F", "-W", "--allow", "--deny", "--forbid", "--warn"];
/// Options that Cargo derives from others.
const DERIVED: &[&str] = &["-C metadata", "-C extra-filename", "--out-dir", "--check-cfg", "-L", "source"];
/// What rustc does where an option is not given.
const DEFAULTS: &[(&str, &str)] = &[("-C opt-level", "0"), ("-C debuginfo", "0"), ("-C panic", "unwind")];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Compiler,
    Asked,
    Variable,
    Dependency,
    Place,
    Derived,
}

/// Returns the first difference to the action that differs least, the newest among equals.
#[must_use]
pub fn to_nearest(known: &[Asked], now: &Asked) -> Option<Cause> {
    let all = known.iter().map(|old| all(old, now));
    let counted = |found: &Vec<(Rank, Cause)>| found.iter().filter(|(rank, _)| *rank != Rank::Derived).count();
    let nearest = all.min_by_key(counted)?;
    nearest.into_iter().next().map(|(_, cause)| cause)
}

/// Returns every difference, the ones to act on first.
fn all(old: &Asked, now: &Asked) -> Vec<(Rank, Cause)> {
    let mut found = Vec::new();
    if old.compiler != now.compiler {
        found.push((Rank::Compiler, Cause::Compiler));
    }
    if let (Some(one), Some(other)) = (old.processor, now.processor)
        && one != other
    {
        let cause = flag("-C target-cpu=native", "one processor", "another processor");
        found.push((Rank::Asked, cause));
    }
    if old.remap != now.remap {
        found.push((Rank::Asked, Cause::Variable { name: crate::settings::environment::REMAP.to_owned() }));
    }
    found.extend(options(old, now));
    found.extend(named(&old.files, &now.files).map(|name| (Rank::Asked, flag(name, "", ""))));
    found.extend(named(&old.variables, &now.variables).map(|name| {
        let derived = name == "OUT_DIR" || name == "CARGO_TARGET_TMPDIR" || name.starts_with("CARGO_BIN_EXE_");
        (if derived { Rank::Derived } else { Rank::Variable }, Cause::Variable { name: name.to_owned() })
    }));
    found.extend(dependencies(old, now).map(|cause| (Rank::Dependency, cause)));
    if old.directory != now.directory {
        let shown = |directory: &[u8]| roots::readable(directory);
        found.push((Rank::Place, flag("working directory", &shown(&old.directory), &shown(&now.directory))));
    }
    found.sort_by_key(|(rank, _)| *rank);
    found
}

fn flag(name: &str, from: &str, to: &str) -> Cause {
    Cause::Flag { name: name.to_owned(), from: from.to_owned(), to: to.to_owned() }
}

type Flag = (String, Vec<u8>);

fn options(old: &Asked, now: &Asked) -> Vec<(Rank, Cause)> {
    let missing = |all: &[Flag], without: &[Flag]| {
        let mut left: Vec<&Flag> = without.iter().collect();
        let is_missing = |option: &&Flag| match left.iter().position(|other| other == option) {
            Some(at) => {
                left.swap_remove(at);
                false
            }
            None => true,
        };
        all.iter().filter(is_missing).cloned().collect::<Vec<Flag>>()
    };
    let (added, mut removed) = (missing(&now.options, &old.options), missing(&old.options, &now.options));
    // Flags in these variables are values of variables, which are never shown.
    let borne = named(&old.flags, &now.flags).next();
    let told = |name: &str, from: Option<&[u8]>, to: Option<&[u8]>| {
        let rank = if DERIVED.contains(&name) { Rank::Derived } else { Rank::Asked };
        match borne {
            Some(variable) if rank == Rank::Asked => (rank, Cause::Variable { name: variable.to_owned() }),
            _ => (rank, flag(name, &value(name, from), &value(name, to))),
        }
    };
    let mut found = Vec::new();
    for (name, value) in &added {
        let single = !MANY.contains(&name.as_str());
        let before = removed.iter().position(|(other, _)| single && other == name).map(|at| removed.remove(at).1);
        found.push(told(name, before.as_deref(), Some(value)));
    }
    found.extend(removed.iter().map(|(name, value)| told(name, Some(value), None)));
    found
}

fn value(name: &str, value: Option<&[u8]>) -> String {
    match value {
        None => DEFAULTS.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| *value).to_owned(),
        Some(b"") => "on".to_owned(),
        Some(value) => roots::readable(value),
    }
}

/// Returns the names that have another digest, or are on one side only.
fn named<'a>(old: &'a [(String, Digest)], now: &'a [(String, Digest)]) -> impl Iterator<Item = &'a str> {
    let changed = now.iter().filter(|pair| !old.contains(pair));
    let gone = old.iter().filter(|(name, _)| !now.iter().any(|(other, _)| other == name));
    changed.chain(gone).map(|(name, _)| name.as_str())
}

fn dependencies<'a>(old: &'a Asked, now: &'a Asked) -> impl Iterator<Item = Cause> + 'a {
    let before = |alias: &str| old.externs.iter().find(|(other, ..)| other == alias);
    let changed = now.externs.iter().filter_map(move |(alias, unit, digest)| match before(alias) {
        None => Some(flag("--extern", "", alias)),
        Some((_, old_unit, old_digest)) => (digest != old_digest || unit != old_unit)
            .then(|| Cause::Dependency { krate: crate_of(unit).to_owned(), unit: unit.clone() }),
    });
    let kept = |alias: &String| now.externs.iter().any(|(other, ..)| other == alias);
    let gone = old.externs.iter().filter(move |(alias, ..)| !kept(alias));
    changed.chain(gone.map(|(alias, ..)| flag("--extern", alias, "")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::past_action::tests::asked;

    fn first(change: impl Fn(&mut Asked)) -> Option<String> {
        let mut now = asked();
        change(&mut now);
        to_nearest(&[asked()], &now).map(|cause| cause.to_string())
    }

    fn set(asked: &mut Asked, name: &str, value: &str) {
        asked.options.retain(|(other, _)| other != name);
        asked.options.push((name.to_owned(), value.into()));
    }

    #[test]
    fn each_difference_is_told_in_its_own_words() {
        let check = |change: &dyn Fn(&mut Asked), told: &str| assert_eq!(first(change).as_deref(), Some(told));
        check(&|a| a.compiler = Digest::of(b"other"), "the compiler is another one");
        check(&|a| set(a, "-C opt-level", "1"), "flag -C opt-level 3 → 1");
        check(&|a| drop(a.options.pop()), "flag -C opt-level 3 → 0");
        check(&|a| set(a, "-C lto", "thin"), "flag -C lto thin is new");
        check(&|a| set(a, "--test", ""), "flag --test on is new");
        check(&|a| set(a, "--cfg", "feature=\"derive\""), "feature derive was turned on");
        check(&|a| a.options.retain(|(name, _)| name != "--cfg"), "feature std was turned off");
        check(&|a| a.files[0].1 = Digest::of(b"other"), "flag -C profile-use names another content");
        check(&|a| a.variables[0].1 = Digest::of(b"other"), "variable CARGO_PKG_VERSION has another value");
        check(&|a| a.variables.clear(), "variable CARGO_PKG_VERSION has another value");
        check(&|a| a.externs[0].2 = Digest::of(b"other"), "dependency serde was rebuilt");
        check(&|a| a.externs.clear(), "dependency serde is gone");
        check(&|a| a.directory = b"\0W/member".to_vec(), "flag working directory . → member");
        check(
            &|a| a.processor = Some(Digest::of(b"other")),
            "flag -C target-cpu=native one processor → another processor",
        );
        check(&|a| a.remap = "off".into(), "variable THYMOS_REMAP has another value");
        check(&|a| set(a, "-C metadata", "1234"), "Cargo gave it another identity (-C metadata)");
        assert_eq!(first(|_| ()), None);
    }

    #[test]
    fn what_cargo_derives_is_told_last() {
        let told = first(|a| {
            set(a, "-C metadata", "1234");
            a.externs[0].1 = "serde-0000000000000000".into();
            a.variables.push(("OUT_DIR".into(), Digest::of(b"out")));
            set(a, "-C opt-level", "1");
        });
        assert_eq!(told.as_deref(), Some("flag -C opt-level 3 → 1"));
    }

    #[test]
    fn a_flag_that_a_variable_brought_is_told_by_the_variables_name() {
        let told = first(|a| {
            set(a, "-C target-cpu", "secret");
            a.flags[0].1 = Digest::of(b"other");
        });
        assert_eq!(told.as_deref(), Some("RUSTFLAGS differ from the last build"));
        // The variable says nothing about a unit whose flags it did not change.
        assert_eq!(first(|a| a.flags[0].1 = Digest::of(b"other")), None);
    }

    #[test]
    fn the_action_that_differs_least_is_the_one_to_compare_with() {
        let mut release = asked();
        set(&mut release, "-C opt-level", "0");
        set(&mut release, "-C lto", "thin");
        let mut now = release.clone();
        now.externs[0].2 = Digest::of(b"other");
        let told = to_nearest(&[asked(), release], &now).map(|cause| cause.to_string());
        assert_eq!(told.as_deref(), Some("dependency serde was rebuilt"));
    }
}
