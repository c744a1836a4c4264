//! Why a look-up found nothing, as data that is told later: by `thymos why`, in reports, and by scripts.
//!
//! A cause is told in two ways: [`Cause::reason`] is the counter, of which there are few, and its
//! [`Display`](std::fmt::Display) is the sentence a person reads. Invariant: a cause names what differs and never holds the
//! value of an environment variable.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The first thing that kept a unit from being a hit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Cause {
    /// No unit like it was ever stored.
    NeverSeen,
    /// It was stored, and collected since.
    Evicted {
        /// When, in milliseconds since the epoch; 0 when that is not known.
        at_ms: u64,
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
    /// An argument of the compiler differs. Where a variable such as `RUSTFLAGS` brought it, the cause is [`Cause::Variable`].
    Flag {
        /// The option: `-C opt-level`, `--cfg`.
        name: String,
        /// Its values before; empty when it was not there.
        from: String,
        /// Its values now; empty when it is not there.
        to: String,
    },
    /// The compiler is another one.
    Compiler,
    /// The result holds a path and can be used only where that path is the same.
    Bound {
        /// Which root it lies in: `checkout`, `target directory`, `CARGO_HOME`, `sysroot`.
        root: String,
        /// Where it was made; empty when that is not known.
        place: String,
        /// What binds it, to be read after "because": `the output contains its path: env!("CARGO_MANIFEST_DIR") in src/lib.rs`;
        /// empty when that is not known.
        by: String,
    },
    /// The compile would print diagnostics in another form.
    Display,
    /// `THYMOS_MODE=refresh`.
    Refresh,
    /// A stored output was missing or damaged.
    BlobLost,
    /// A cause that only another version knows, or that was not written down, by its counter.
    #[serde(skip)]
    Other(String),
}

impl Cause {
    /// Returns the counter that the cause belongs to.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::NeverSeen => "never seen",
            Self::Evicted { .. } => "evicted",
            Self::Input { .. } => "input changed",
            Self::Variable { .. } => "variable changed",
            Self::Program { .. } => "program changed",
            Self::Dependency { .. } => "dependency changed",
            Self::Flag { .. } => "flag changed",
            Self::Compiler => "compiler changed",
            Self::Bound { .. } => "bound to another place",
            Self::Display => "form of diagnostics changed",
            Self::Refresh => "refresh was asked for",
            Self::BlobLost => "stored output lost",
            Self::Other(reason) => reason,
        }
    }

    /// Returns what a person can do about it, where there is something.
    #[must_use]
    pub fn advice(&self) -> Option<String> {
        let variable = |name: &str| match name {
            name if name.ends_with("RUSTFLAGS") => Some(
                "write the flags into .cargo/config.toml, so that every build and every tool passes the same ones"
                    .into(),
            ),
            name if name.starts_with("CARGO_PKG_") => None,
            name => Some(format!("set {name} to the same value in every build")),
        };
        match self {
            Self::Variable { name } => variable(name),
            Self::Evicted { .. } => Some("raise the limit: THYMOS_CACHE_SIZE, or cache-size in thymos.toml".into()),
            Self::Bound { root, by, .. } if root == "CARGO_HOME" && !by.is_empty() => {
                Some("use the same CARGO_HOME wherever the cache is shared".into())
            }
            Self::Bound { by, .. } if by.contains("env!(") => {
                Some("find the file at run time, or build at the same path everywhere".into())
            }
            Self::Bound { .. } => Some("build at the same path everywhere, or leave THYMOS_REMAP unset".into()),
            Self::BlobLost => Some("run `thymos doctor`: files of the store vanish or are edited".into()),
            _ => None,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Evicted { .. } => f.write_str("evicted: the cache was over its limit"),
            Self::Input { path } => write!(f, "{path} changed"),
            Self::Variable { name } if name.ends_with("RUSTFLAGS") => write!(f, "{name} differ from the last build"),
            Self::Variable { name } => write!(f, "variable {name} has another value"),
            Self::Program { name } => write!(f, "PATH leads to another {name}"),
            Self::Dependency { krate, .. } => write!(f, "dependency {krate} was rebuilt"),
            Self::Flag { name, from, to } => flag(f, name, [from, to]),
            Self::Compiler => f.write_str("the compiler is another one"),
            Self::Bound { root, place, by } => bound(f, root, [place, by]),
            Self::Display => f.write_str("diagnostics would be printed in another form"),
            Self::Refresh => f.write_str("THYMOS_MODE=refresh compiles everything"),
            Self::BlobLost => f.write_str("a stored output was missing or damaged"),
            Self::NeverSeen => f.write_str("never seen"),
            Self::Other(reason) => f.write_str(reason),
        }
    }
}

fn flag(f: &mut fmt::Formatter<'_>, name: &str, [from, to]: [&String; 2]) -> fmt::Result {
    let feature = |value: &str| {
        let value = value.strip_prefix("feature=\"")?.strip_suffix('"')?;
        (name == "--cfg").then(|| value.to_owned())
    };
    match (name, from.as_str(), to.as_str()) {
        ("-C metadata" | "-C extra-filename" | "--out-dir", ..) => write!(f, "Cargo gave it another identity ({name})"),
        ("--extern", "", to) => write!(f, "dependency {to} is new"),
        ("--extern", from, _) => write!(f, "dependency {from} is gone"),
        (_, "", "") => write!(f, "flag {name} names another content"),
        (_, "", to) => match feature(to) {
            Some(feature) => write!(f, "feature {feature} was turned on"),
            None => write!(f, "flag {name} {to} is new"),
        },
        (_, from, "") => match feature(from) {
            Some(feature) => write!(f, "feature {feature} was turned off"),
            None => write!(f, "flag {name} {from} is gone"),
        },
        (_, from, to) => write!(f, "flag {name} {from} → {to}"),
    }
}

fn bound(f: &mut fmt::Formatter<'_>, root: &str, [place, by]: [&String; 2]) -> fmt::Result {
    match place.is_empty() {
        true => write!(f, "bound to another {root}")?,
        false => write!(f, "bound to {place}")?,
    }
    if by.is_empty() { Ok(()) } else { write!(f, " because {by}") }
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
            Cause::Evicted { .. } => Cause::Input { path: name() },
            Cause::Input { .. } => Cause::Variable { name: name() },
            Cause::Variable { .. } => Cause::Program { name: name() },
            Cause::Program { .. } => Cause::Dependency { krate: name(), unit: name() },
            Cause::Dependency { .. } => Cause::Flag { name: name(), from: name(), to: name() },
            Cause::Flag { .. } => Cause::Compiler,
            Cause::Compiler => Cause::Bound { root: name(), place: name(), by: name() },
            Cause::Bound { .. } => Cause::Display,
            Cause::Display => Cause::Refresh,
            Cause::Refresh => Cause::BlobLost,
            Cause::BlobLost | Cause::Other(_) => return None,
        })
    }

    #[test]
    fn a_cause_reads_as_a_sentence_and_counts_under_few_names() {
        let text = |text: &str| text.to_owned();
        let flag = |from: &str, to: &str| Cause::Flag { name: text("-C opt-level"), from: text(from), to: text(to) };
        let by = text("the output contains its path: env!(\"CARGO_MANIFEST_DIR\") in src/lib.rs");
        let bound = Cause::Bound { root: text("checkout"), place: text("/other/checkout"), by };
        for (cause, sentence, reason) in [
            (Cause::Input { path: text("src/lib.rs") }, "src/lib.rs changed", "input changed"),
            (flag("0", "3"), "flag -C opt-level 0 → 3", "flag changed"),
            (flag("", "3"), "flag -C opt-level 3 is new", "flag changed"),
            (Cause::Variable { name: text("RUSTFLAGS") }, "RUSTFLAGS differ from the last build", "variable changed"),
            (
                bound,
                "bound to /other/checkout because the output contains its path: env!(\"CARGO_MANIFEST_DIR\") in src/lib.rs",
                "bound to another place",
            ),
        ] {
            assert_eq!((cause.to_string().as_str(), cause.reason()), (sentence, reason));
        }
    }
}
