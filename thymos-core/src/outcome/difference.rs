//! Compares an action with those of before, and says what differs.
//!
//! Invariant: pure, and what a person can act on comes first: the compiler, then the profile, target and version, flags and
//! features, variables, dependencies. What follows from one of these counts as no difference of its own, so the action that
//! differs least is found; what Cargo derives from all of them, such as `-C metadata`, is told only when nothing else differs.

use crate::action::roots::{self, Root};
use crate::outcome::cause::{Cause, Change, Derived};
use crate::outcome::past_action::{Asked, crate_of};
use crate::system::digest::Digest;

/// Options that may be given many times, so that two of one name are not the old and the new value.
const MANY: &[&str] =
    &["--cfg", "--check-cfg", "-L", "-l", "-A", "-D", "-F", "-W", "--allow", "--deny", "--forbid", "--warn"];
/// Options that Cargo derives from others.
const DERIVED: &[&str] = &["-C metadata", "-C extra-filename", "--check-cfg", "-L", "source"];
/// Options that a profile sets.
const PROFILE: &[&str] = &[
    "-C codegen-units",
    "-C debug-assertions",
    "-C debuginfo",
    "-C embed-bitcode",
    "-C linker-plugin-lto",
    "-C lto",
    "-C opt-level",
    "-C overflow-checks",
    "-C panic",
    "-C rpath",
    "-C split-debuginfo",
    "-C strip",
    "incremental",
];
/// What rustc does where an option is not given.
const DEFAULTS: &[(&str, &str)] = &[("-C opt-level", "0"), ("-C debuginfo", "0"), ("-C panic", "unwind")];

/// What comes first in a list of differences.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Compiler,
    Package,
    Argument,
    Variable,
    Dependency,
    Directory,
}

/// Returns the first difference to the action that differs least, the newest among equals.
pub fn to_nearest(known: &[Asked], now: &Asked) -> Option<Cause> {
    let compared = known.iter().map(|old| Comparison::of(old, now));
    let nearest = compared.min_by_key(|compared| compared.found.len())?;
    let first = nearest.found.iter().min_by_key(|(rank, _)| *rank).map(|(_, cause)| cause.clone());
    first.or_else(|| nearest.identity())
}

/// Two actions of one unit.
struct Comparison<'a> {
    old: &'a Asked,
    now: &'a Asked,
    /// What differs and follows from nothing else that differs.
    found: Vec<(Rank, Cause)>,
    /// Whether something differs that Cargo derives.
    is_derived: bool,
}

impl<'a> Comparison<'a> {
    fn of(old: &'a Asked, now: &'a Asked) -> Self {
        let mut compared = Self { old, now, found: Vec::new(), is_derived: false };
        compared.compiler();
        compared.package();
        compared.options();
        compared.variables();
        compared.dependencies();
        compared.directory();
        compared
    }

    fn find(&mut self, rank: Rank, cause: Cause) {
        self.found.push((rank, cause));
    }

    fn compiler(&mut self) {
        let (old, now) = (self.old, self.now);
        if old.package.driver != now.package.driver {
            // The driver is a part of the compiler, so that differs too.
            let [from, to] = [old, now].map(|asked| match asked.package.driver.as_str() {
                "" => "rustc".to_owned(),
                driver => driver.strip_suffix("-driver").unwrap_or(driver).to_owned(),
            });
            self.find(Rank::Compiler, Cause::Driver { from, to });
        } else if old.compiler != now.compiler {
            let [from, to] = match [old, now].map(toolchain) {
                [from, to] if from == to => [String::new(), String::new()],
                names => names,
            };
            self.find(Rank::Compiler, Cause::Compiler { from, to });
        }
        if let (Some(one), Some(other)) = (old.processor, now.processor)
            && one != other
        {
            self.find(Rank::Argument, Cause::Processor);
        }
    }

    fn package(&mut self) {
        let (old, now) = (&self.old.package, &self.now.package);
        if old.target != now.target {
            let [from, to] = [old, now].map(|package| match package.target.as_str() {
                "" => "host".to_owned(),
                target => target.to_owned(),
            });
            self.find(Rank::Package, Cause::Target { from, to });
        }
        if self.has_other_profile() {
            self.find(Rank::Package, Cause::Profile { from: old.profile.clone(), to: now.profile.clone() });
        }
        if old.version != now.version {
            let (package, from, to) = (now.name.clone(), old.version.clone(), now.version.clone());
            self.find(Rank::Package, Cause::Version { package, from, to });
        }
    }

    fn has_other_profile(&self) -> bool {
        self.old.package.profile != self.now.package.profile
    }

    fn options(&mut self) {
        let (old, now) = (&self.old.options, &self.now.options);
        let (added, mut removed) = (missing(now, old), missing(old, now));
        let mut changed: Vec<Changed> = Vec::new();
        for (name, value) in added {
            let single = !MANY.contains(&name.as_str());
            let before = removed.iter().position(|(other, _)| single && *other == name);
            changed.push(Changed { from: before.map(|at| removed.remove(at).1), to: Some(value), name });
        }
        changed.extend(removed.into_iter().map(|(name, value)| Changed { name, from: Some(value), to: None }));
        let (implied, changed): (Vec<_>, Vec<_>) = changed.into_iter().partition(|option| self.is_implied(option));
        self.is_derived |= !implied.is_empty();
        let (features, flags): (Vec<_>, Vec<_>) = changed.into_iter().partition(|option| option.feature().is_some());
        features.into_iter().for_each(|option| self.find(Rank::Argument, option.cause()));
        match named(&self.old.flags, &self.now.flags).next() {
            Some(variable) if !flags.is_empty() => self.find(Rank::Argument, borne(variable, &flags)),
            _ => flags.into_iter().for_each(|option| self.find(Rank::Argument, option.cause())),
        }
        let files = named(&self.old.files, &self.now.files);
        files.for_each(|name| self.find(Rank::Argument, Cause::FlagFile { name: name.to_owned() }));
    }

    /// Returns whether an option differs because something else does.
    fn is_implied(&self, option: &Changed) -> bool {
        let name = option.name.as_str();
        DERIVED.contains(&name)
            || (PROFILE.contains(&name) && self.has_other_profile())
            || (name == "--target" && self.old.package.target != self.now.package.target)
    }

    fn variables(&mut self) {
        let (old, now) = (self.old, self.now);
        if old.remap != now.remap {
            let name = crate::settings::environment::REMAP.to_owned();
            self.find(Rank::Argument, Cause::Variable { name });
        }
        let has_other_version = old.package.version != now.package.version;
        for name in named(&old.variables, &now.variables) {
            let of_version = has_other_version && name.starts_with("CARGO_PKG_");
            let of_place = name == "OUT_DIR" || name == "CARGO_TARGET_TMPDIR" || name.starts_with("CARGO_BIN_EXE_");
            match of_version || of_place {
                true => self.is_derived = true,
                false => self.find(Rank::Variable, Cause::Variable { name: name.to_owned() }),
            }
        }
    }

    fn dependencies(&mut self) {
        let (old, now) = (self.old, self.now);
        for (alias, unit, digest) in &now.externs {
            match old.externs.iter().find(|(other, ..)| other == alias) {
                None => self.list(alias, Change::Added),
                Some((_, was, content)) if (was, content) == (unit, digest) => {}
                Some(_) => {
                    let krate = crate_of(unit).to_owned();
                    self.find(Rank::Dependency, Cause::Dependency { krate, unit: unit.clone() });
                }
            }
        }
        let is_kept = |alias: &str| now.externs.iter().any(|(other, ..)| other == alias);
        let gone = old.externs.iter().filter(|(alias, ..)| !is_kept(alias));
        gone.for_each(|(alias, ..)| self.list(alias, Change::Removed));
    }

    fn list(&mut self, alias: &str, change: Change) {
        self.find(Rank::Dependency, Cause::DependencyList { krate: alias.to_owned(), change });
    }

    fn directory(&mut self) {
        if self.old.directory != self.now.directory {
            let [from, to] = [self.old, self.now].map(|asked| roots::readable(&asked.directory));
            self.find(Rank::Directory, Cause::Directory { from, to });
        }
    }

    /// Returns what Cargo may have derived another identity from, where nothing else differs.
    fn identity(&self) -> Option<Cause> {
        let Self { old, now, .. } = self;
        let other = |name: &str| {
            let of = |asked: &'a Asked| {
                asked.options.iter().filter(move |(option, _)| option == name).map(|(_, value)| value)
            };
            !of(old).eq(of(now))
        };
        let differs = if old.flags != now.flags {
            Derived::Flags
        } else if other("--check-cfg") {
            Derived::Features
        } else if other("source") {
            Derived::Source
        } else {
            Derived::Untold
        };
        self.is_derived.then_some(Cause::Identity { differs })
    }
}

/// Returns the name of a toolchain's directory.
fn toolchain(asked: &Asked) -> String {
    let place = asked.places.iter().find(|(root, _)| *root == Root::Sysroot).map(|(_, path)| path.as_slice());
    let name = place.unwrap_or_default().rsplit(|byte| matches!(byte, b'/' | b'\\')).next();
    String::from_utf8_lossy(name.unwrap_or_default()).into_owned()
}

/// An option by name, with its values.
type Flag = (String, Vec<u8>);

/// Returns what is in one list and not in the other.
fn missing(all: &[Flag], without: &[Flag]) -> Vec<Flag> {
    let mut left: Vec<&Flag> = without.iter().collect();
    let is_missing = |option: &&Flag| match left.iter().position(|other| other == option) {
        Some(at) => {
            left.swap_remove(at);
            false
        }
        None => true,
    };
    all.iter().filter(is_missing).cloned().collect()
}

/// An option that differs.
struct Changed {
    name: String,
    from: Option<Vec<u8>>,
    to: Option<Vec<u8>>,
}

impl Changed {
    fn cause(self) -> Cause {
        if let Some((name, change)) = self.feature() {
            return Cause::Feature { name, change };
        }
        let [from, to] = [self.from.as_deref(), self.to.as_deref()].map(|given| value(&self.name, given));
        Cause::Flag { name: self.name, from, to }
    }

    fn feature(&self) -> Option<(String, Change)> {
        let (value, change) = match (&self.from, &self.to) {
            (None, Some(value)) => (value, Change::Added),
            (Some(value), None) => (value, Change::Removed),
            _ => return None,
        };
        let name = value.strip_prefix(b"feature=\"")?.strip_suffix(b"\"")?;
        (self.name == "--cfg").then(|| (String::from_utf8_lossy(name).into_owned(), change))
    }
}

/// Returns the cause of options that a variable brought.
fn borne(variable: &str, flags: &[Changed]) -> Cause {
    let shown = |given: fn(&Changed) -> Option<&Vec<u8>>| {
        let shown = flags.iter().filter_map(|option| given(option).map(|value| argument(&option.name, value)));
        shown.collect::<Vec<_>>().join(" ")
    };
    let [from, to] = [shown(|option| option.from.as_ref()), shown(|option| option.to.as_ref())];
    Cause::Flags { variable: variable.to_owned(), from, to }
}

/// Returns an option as it stands on a command line.
fn argument(name: &str, value: &[u8]) -> String {
    match (name, roots::readable(value)) {
        (name, value) if value.is_empty() => name.to_owned(),
        (name, value) if name.starts_with("-C ") || name.starts_with("-Z ") => format!("{name}={value}"),
        (name, value) => format!("{name} {value}"),
    }
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
        check(&|a| a.compiler = Digest::of(b"other"), "compiler changed");
        check(&|a| set(a, "-C opt-level", "1"), "flag -C opt-level 3 → 1");
        check(&|a| drop(a.options.pop()), "flag -C opt-level 3 → 0");
        check(&|a| set(a, "-C lto", "thin"), "flag -C lto thin is new");
        check(&|a| set(a, "--test", ""), "flag --test on is new");
        check(&|a| a.options.push(("--cfg".into(), b"feature=\"derive\"".to_vec())), "feature derive was added");
        check(&|a| a.options.retain(|(name, _)| name != "--cfg"), "feature std was removed");
        check(&|a| a.files[0].1 = Digest::of(b"other"), "the file that -C profile-use names has changed");
        check(&|a| a.variables[0].1 = Digest::of(b"other"), "variable CARGO_PKG_VERSION has another value");
        check(&|a| a.variables.clear(), "variable CARGO_PKG_VERSION has another value");
        check(&|a| a.externs[0].2 = Digest::of(b"other"), "dependency serde was rebuilt");
        check(&|a| a.externs.clear(), "dependency serde was removed");
        check(&|a| a.externs.push(("log".into(), "log-1".into(), Digest::of(b"x"))), "dependency log was added");
        check(&|a| a.directory = b"\0W/member".to_vec(), "working directory . → member");
        check(&|a| a.processor = Some(Digest::of(b"other")), "target-cpu=native on a different processor");
        check(&|a| a.package.target = "wasm32-wasip1".into(), "target host → wasm32-wasip1");
        check(&|a| a.remap = "off".into(), "variable THYMOS_REMAP has another value");
        assert_eq!(first(|_| ()), None);
    }

    #[test]
    fn toolchains_are_told_by_name_where_that_differs() {
        let mut nightly = asked();
        nightly.compiler = Digest::of(b"nightly");
        nightly.places.push((Root::Sysroot, b"/home/u/.rustup/toolchains/nightly".to_vec()));
        let mut now = asked();
        now.places.push((Root::Sysroot, b"/home/u/.rustup/toolchains/stable".to_vec()));
        let told = to_nearest(&[nightly], &now).map(|cause| cause.to_string());
        assert_eq!(told.as_deref(), Some("compiler nightly → stable"));
    }

    #[test]
    fn a_profile_is_one_difference_and_not_each_of_its_flags() {
        let release = |a: &mut Asked| {
            a.package.profile = "release".into();
            set(a, "-C opt-level", "2");
            set(a, "-C strip", "debuginfo");
            set(a, "-C metadata", "1234");
        };
        assert_eq!(first(release).as_deref(), Some("profile dev → release"));
        // The release build of before differs in one thing, this debug build in two.
        let (mut before, mut now) = (asked(), asked());
        release(&mut before);
        release(&mut now);
        now.externs[0].2 = Digest::of(b"other");
        let told = to_nearest(&[asked(), before], &now).map(|cause| cause.to_string());
        assert_eq!(told.as_deref(), Some("dependency serde was rebuilt"));
    }

    #[test]
    fn a_version_is_one_difference_with_all_that_cargo_derives_from_it() {
        let told = first(|a| {
            a.package.version = "1.0.19".into();
            a.variables[0].1 = Digest::of(b"1.0.19");
            a.variables.push(("CARGO_PKG_VERSION_PATCH".into(), Digest::of(b"19")));
            set(a, "source", "itoa-1.0.19/src/lib.rs");
            set(a, "-C metadata", "1234");
        });
        assert_eq!(told.as_deref(), Some("itoa 1.0.14 → 1.0.19"));
    }

    #[test]
    fn clippy_is_no_other_compiler() {
        let told = |from: &str, to: &str| {
            let [mut old, mut now] = [asked(), asked()];
            (old.package.driver, now.package.driver) = (from.into(), to.into());
            now.compiler = Digest::of(b"with another driver");
            to_nearest(&[old], &now).map(|cause| cause.to_string())
        };
        assert_eq!(told("clippy-driver", "").as_deref(), Some("last built by clippy"));
        assert_eq!(told("", "clippy-driver").as_deref(), Some("last built by rustc"));
    }

    #[test]
    fn another_identity_says_what_it_comes_from() {
        let check = |change: &dyn Fn(&mut Asked), differs: &str| {
            let told = first(|a| {
                set(a, "-C metadata", "1234");
                change(a);
            });
            assert_eq!(told, Some(format!("Cargo gave it another identity: {differs}")));
        };
        check(&|a| a.flags[0].1 = Digest::of(b"other"), "flags of other units changed");
        check(&|a| set(a, "--check-cfg", "cfg(feature)"), "the features that the package declares changed");
        check(&|a| set(a, "source", "elsewhere/src/lib.rs"), "the package's sources lie elsewhere");
        check(&|_| (), "features, version or profile of a dependency changed");
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
    fn flags_that_a_variable_brought_are_one_difference() {
        let told = first(|a| {
            set(a, "-C target-cpu", "native");
            set(a, "-C opt-level", "2");
            set(a, "-C target-feature", "+avx2");
            a.flags[0].1 = Digest::of(b"other");
        });
        let expected = "RUSTFLAGS: -C opt-level=3 → -C target-cpu=native -C opt-level=2 -C target-feature=+avx2";
        assert_eq!(told.as_deref(), Some(expected));
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
