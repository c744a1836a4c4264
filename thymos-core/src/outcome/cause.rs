//! Why no entry matched, as data that is told later: by `thymos why`, in reports, and by scripts.
//!
//! A cause is told in two ways: [`Cause::reason`] is the counter, of which there are few, and its
//! [`Display`](std::fmt::Display) is the sentence a person reads. Invariant: a cause names what differs and never holds the
//! value of an environment variable. Arguments of the compiler are no secret: everybody on the machine can list them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The first thing that kept a unit from being a hit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Cause {
    /// No unit like it was ever stored.
    NeverSeen,
    /// It was stored, and collected since, because the cache was over its limit.
    Evicted {
        /// When, in milliseconds since the epoch.
        at_ms: u64,
    },
    /// It was stored, and removed since by a command.
    Removed {
        /// When, in milliseconds since the epoch; 0 when that is not known.
        at_ms: u64,
        /// By which.
        by: Remover,
    },
    /// A file or directory that the compile read has changed, appeared or vanished.
    Input {
        /// Its path: relative to the workspace where it lies in it.
        path: String,
    },
    /// A variable that the compile read has another value.
    Variable {
        /// Its name.
        name: String,
    },
    /// A search of `PATH` finds another program.
    Program {
        /// Its name.
        name: String,
    },
    /// The output of a dependency has another content.
    Dependency {
        /// The dependency's crate name.
        #[serde(rename = "crate")]
        krate: String,
        /// The unit that made it, as [`Event::unit`](crate::outcome::event::Event::unit) names it.
        unit: String,
    },
    /// The unit has a dependency more or less.
    DependencyList {
        /// The dependency's alias.
        #[serde(rename = "crate")]
        krate: String,
        /// Which of the two.
        change: Change,
    },
    /// The package has another version.
    Version {
        /// The package.
        package: String,
        /// Its version before.
        from: String,
        /// Its version now.
        to: String,
    },
    /// Another profile of Cargo's.
    Profile {
        /// Its name before: `dev`.
        from: String,
        /// Its name now.
        to: String,
    },
    /// Another target; `host` where none is named.
    Target {
        /// The target before.
        from: String,
        /// The target now.
        to: String,
    },
    /// Another program before the compiler, such as clippy's; `rustc` for none.
    Driver {
        /// The program before.
        from: String,
        /// The program now.
        to: String,
    },
    /// A feature was turned on or off.
    Feature {
        /// Its name.
        name: String,
        /// Which of the two.
        change: Change,
    },
    /// An argument of the compiler differs.
    Flag {
        /// The option: `-C opt-level`, `--cfg`.
        name: String,
        /// Its values before; empty when it was not there.
        from: String,
        /// Its values now; empty when it is not there.
        to: String,
    },
    /// Arguments of the compiler differ, and so does the variable that brings such arguments.
    Flags {
        /// The variable: `RUSTFLAGS`.
        variable: String,
        /// The arguments that are no longer there.
        from: String,
        /// The arguments that were not there before.
        to: String,
    },
    /// A file that an argument names has another content.
    FlagFile {
        /// The option: `-C profile-use`.
        name: String,
    },
    /// The working directory changed.
    Directory {
        /// The directory before, relative to its root.
        from: String,
        /// The directory now.
        to: String,
    },
    /// `target-cpu=native`, and another processor.
    Processor,
    /// The compiler has another content.
    Compiler {
        /// The toolchain before; empty where the name does not tell one from the other.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        from: String,
        /// The toolchain now.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        to: String,
    },
    /// Nothing differs but what Cargo derives from what it knows: the names of the outputs, say.
    Identity {
        /// What that comes from, as far as it can be told.
        differs: Derived,
    },
    /// The result contains a path, and can be used only where that path is the same.
    #[serde(rename = "root-path", alias = "bound")]
    RootPath {
        /// Which root it lies in: `checkout`, `target directory`, `CARGO_HOME`, `sysroot`.
        root: String,
        /// Where it was made; empty when that is not known.
        place: String,
        /// What brought the path in: `env!("CARGO_MANIFEST_DIR") in src/lib.rs`; empty when that is not known.
        by: String,
    },
    /// Diagnostics are asked for in another format.
    Display,
    /// `THYMOS_MODE=refresh`.
    Refresh,
    /// A stored output was missing or damaged.
    BlobLost,
    /// A cause that only another version knows, or that was not written down, by its counter.
    #[serde(skip)]
    Other(String),
}

/// Who removed an entry from the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Remover {
    /// `thymos gc`, with a size or an age of its own.
    Gc,
    /// `thymos clear`.
    Clear,
    /// `thymos verify store`: it was damaged.
    Verify,
    /// That is not recorded.
    Unknown,
}

impl fmt::Display for Remover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gc => "removed by thymos gc",
            Self::Clear => "removed by thymos clear",
            Self::Verify => "removed by thymos verify store: it was damaged",
            Self::Unknown => "no longer in the cache",
        })
    }
}

/// Whether something is there now that was not, or the other way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// It is there now.
    Added,
    /// It was there before.
    Removed,
}

/// What the names that Cargo gives may come from when the compiler is asked for the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Derived {
    /// `RUSTFLAGS` and the like, which this unit is not compiled with.
    Flags,
    /// The features that the package declares.
    Features,
    /// The place of the package's sources.
    Source,
    /// What the compiler is not told, such as the features, the version or the profile of a dependency.
    Untold,
}

impl fmt::Display for Derived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flags => "flags of other units changed",
            Self::Features => "the features that the package declares changed",
            Self::Source => "the package's sources lie elsewhere",
            Self::Untold => "features, version or profile of a dependency changed",
        })
    }
}

impl Cause {
    /// Returns the counter that the cause belongs to.
    pub(crate) fn reason(&self) -> &str {
        match self {
            Self::NeverSeen => "never seen",
            Self::Evicted { .. } => "evicted",
            Self::Removed { .. } => "removed",
            Self::Input { .. } => "input changed",
            Self::Variable { .. } => "variable changed",
            Self::Program { .. } => "program changed",
            Self::Dependency { .. } | Self::DependencyList { .. } => "dependency changed",
            Self::Version { .. } => "version changed",
            Self::Profile { .. } => "profile changed",
            Self::Target { .. } => "target changed",
            Self::Driver { .. } => "driver changed",
            Self::Feature { .. } => "feature changed",
            Self::Flag { .. } | Self::Flags { .. } | Self::FlagFile { .. } => "flag changed",
            Self::Directory { .. } => "working directory changed",
            Self::Processor => "processor changed",
            Self::Compiler { .. } => "compiler changed",
            Self::Identity { .. } => "identity changed",
            Self::RootPath { .. } => "contains the path of another checkout",
            Self::Display => "diagnostics format changed",
            Self::Refresh => "refresh requested",
            Self::BlobLost => "stored output lost",
            Self::Other(reason) => reason,
        }
    }

    /// Returns what a person can do about it, where there is something.
    pub(crate) fn advice(&self) -> Option<String> {
        match self {
            Self::Flags { .. } => Some(
                "write the flags into .cargo/config.toml, so that every build and every tool passes the same ones"
                    .into(),
            ),
            Self::Variable { name } if name.starts_with("CARGO_PKG_") => None,
            Self::Variable { name } => Some(format!("set {name} to the same value in every build")),
            Self::Evicted { .. } => Some("raise the limit: THYMOS_CACHE_SIZE, or cache-size in thymos.toml".into()),
            Self::RootPath { root, by, .. } if root == "CARGO_HOME" && !by.is_empty() => {
                Some("use the same CARGO_HOME wherever the cache is shared".into())
            }
            Self::RootPath { by, .. } if by.contains("env!(") => {
                Some("find the file at run time, or build at the same path everywhere".into())
            }
            Self::RootPath { .. } => Some("build at the same path everywhere, or leave THYMOS_REMAP unset".into()),
            Self::BlobLost => Some("run `thymos doctor`: files of the store vanish or are edited".into()),
            _ => None,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeverSeen => f.write_str("never seen"),
            Self::Evicted { .. } => f.write_str("evicted: the cache was over its limit"),
            Self::Removed { by, .. } => by.fmt(f),
            Self::Input { path } => write!(f, "{path} changed"),
            Self::Variable { name } => write!(f, "variable {name} has another value"),
            Self::Program { name } => write!(f, "`{name}` resolves to a different program"),
            Self::Dependency { krate, .. } => write!(f, "dependency {krate} was rebuilt"),
            Self::DependencyList { krate, change } => write!(f, "dependency {krate} was {change}"),
            Self::Version { package, from, to } => write!(f, "{package} {from} → {to}"),
            Self::Profile { from, to } => write!(f, "profile {from} → {to}"),
            Self::Target { from, to } => write!(f, "target {from} → {to}"),
            Self::Driver { from, .. } => write!(f, "last built by {from}"),
            Self::Feature { name, change } => write!(f, "feature {name} was {change}"),
            Self::Flag { name, from, to } => flag(f, name, [from, to]),
            Self::Flags { variable, from, to } => {
                let shown = |flags: &String| if flags.is_empty() { "(none)".to_owned() } else { flags.clone() };
                write!(f, "{variable}: {} → {}", shown(from), shown(to))
            }
            Self::FlagFile { name } => write!(f, "the file that {name} names has changed"),
            Self::Directory { from, to } => write!(f, "working directory {from} → {to}"),
            Self::Processor => f.write_str("target-cpu=native on a different processor"),
            Self::Compiler { from, .. } if from.is_empty() => f.write_str("compiler changed"),
            Self::Compiler { from, to } => write!(f, "compiler {from} → {to}"),
            Self::Identity { differs } => write!(f, "Cargo gave it another identity: {differs}"),
            Self::RootPath { root, place, by } => root_path(f, root, [place, by]),
            Self::Display => f.write_str("diagnostics are asked for in another format"),
            Self::Refresh => f.write_str("THYMOS_MODE=refresh compiles everything"),
            Self::BlobLost => f.write_str("a stored output was missing or damaged"),
            Self::Other(reason) => f.write_str(reason),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

fn flag(f: &mut fmt::Formatter<'_>, name: &str, [from, to]: [&String; 2]) -> fmt::Result {
    match (from.as_str(), to.as_str()) {
        // Earlier versions told of a file this way.
        ("", "") => write!(f, "the file that {name} names has changed"),
        ("", to) => write!(f, "flag {name} {to} is new"),
        (from, "") => write!(f, "flag {name} {from} is gone"),
        (from, to) => write!(f, "flag {name} {from} → {to}"),
    }
}

fn root_path(f: &mut fmt::Formatter<'_>, root: &str, [place, by]: [&String; 2]) -> fmt::Result {
    write!(f, "contains the path of another {root}")?;
    if !place.is_empty() {
        write!(f, ", {place}")?;
    }
    if by.is_empty() { Ok(()) } else { write!(f, ": {by}") }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Returns a cause of every kind, in the order of the document.
    pub fn all() -> Vec<Cause> {
        std::iter::successors(Some(Cause::NeverSeen), after).collect()
    }

    /// A new variant does not compile here until it has its place.
    fn after(cause: &Cause) -> Option<Cause> {
        let name = || "serde".to_owned();
        Some(match cause {
            Cause::NeverSeen => Cause::Evicted { at_ms: 7 },
            Cause::Evicted { .. } => Cause::Removed { at_ms: 7, by: Remover::Gc },
            Cause::Removed { .. } => Cause::Input { path: name() },
            Cause::Input { .. } => Cause::Variable { name: name() },
            Cause::Variable { .. } => Cause::Program { name: name() },
            Cause::Program { .. } => Cause::Dependency { krate: name(), unit: name() },
            Cause::Dependency { .. } => Cause::DependencyList { krate: name(), change: Change::Added },
            Cause::DependencyList { .. } => Cause::Version { package: name(), from: name(), to: name() },
            Cause::Version { .. } => Cause::Profile { from: name(), to: name() },
            Cause::Profile { .. } => Cause::Target { from: name(), to: name() },
            Cause::Target { .. } => Cause::Driver { from: name(), to: name() },
            Cause::Driver { .. } => Cause::Feature { name: name(), change: Change::Removed },
            Cause::Feature { .. } => Cause::Flag { name: name(), from: name(), to: name() },
            Cause::Flag { .. } => Cause::Flags { variable: name(), from: name(), to: name() },
            Cause::Flags { .. } => Cause::FlagFile { name: name() },
            Cause::FlagFile { .. } => Cause::Directory { from: name(), to: name() },
            Cause::Directory { .. } => Cause::Processor,
            Cause::Processor => Cause::Compiler { from: name(), to: name() },
            Cause::Compiler { .. } => Cause::Identity { differs: Derived::Flags },
            Cause::Identity { .. } => Cause::RootPath { root: name(), place: name(), by: name() },
            Cause::RootPath { .. } => Cause::Display,
            Cause::Display => Cause::Refresh,
            Cause::Refresh => Cause::BlobLost,
            Cause::BlobLost | Cause::Other(_) => return None,
        })
    }

    #[test]
    fn a_cause_reads_as_a_sentence_and_counts_under_few_names() {
        let text = |text: &str| text.to_owned();
        let flag = |from: &str, to: &str| Cause::Flag { name: text("-C opt-level"), from: text(from), to: text(to) };
        let flags = |from: &str, to: &str| Cause::Flags { variable: text("RUSTFLAGS"), from: text(from), to: text(to) };
        let by = text("env!(\"CARGO_MANIFEST_DIR\") in src/lib.rs");
        let root_path = |place: &str, by: String| Cause::RootPath { root: text("checkout"), place: text(place), by };
        for (cause, sentence, reason) in [
            (Cause::Input { path: text("src/lib.rs") }, "src/lib.rs changed", "input changed"),
            (flag("0", "3"), "flag -C opt-level 0 → 3", "flag changed"),
            (flag("", "3"), "flag -C opt-level 3 is new", "flag changed"),
            (flags("", "-C target-cpu=native"), "RUSTFLAGS: (none) → -C target-cpu=native", "flag changed"),
            (
                root_path("/other", by),
                "contains the path of another checkout, /other: env!(\"CARGO_MANIFEST_DIR\") in src/lib.rs",
                "contains the path of another checkout",
            ),
            (
                root_path("", String::new()),
                "contains the path of another checkout",
                "contains the path of another checkout",
            ),
        ] {
            assert_eq!((cause.to_string().as_str(), cause.reason()), (sentence, reason));
        }
    }

    #[test]
    fn lines_of_earlier_versions_are_read() {
        let read = |line| serde_json::from_value::<Cause>(line).ok();
        let old = serde_json::json!({ "kind": "bound", "root": "checkout", "place": "/other", "by": "" });
        let [root, place] = ["checkout", "/other"].map(str::to_owned);
        assert_eq!(read(old), Some(Cause::RootPath { root, place, by: String::new() }));
        let [from, to] = [String::new(), String::new()];
        assert_eq!(read(serde_json::json!({ "kind": "compiler" })), Some(Cause::Compiler { from, to }));
    }
}
