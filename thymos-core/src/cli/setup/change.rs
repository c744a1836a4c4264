//! What is wanted of a configuration file, and what was done to it.
//!
//! Invariant: pure. A [`Change`] says enough to be taken back from a text that has been edited since.

use serde::{Deserialize, Serialize};

/// The way to a key: `["target", "x86_64-unknown-linux-gnu", "rustflags"]`.
pub type Way = Vec<String>;

/// Something that a configuration file should hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Want {
    /// A key with this text for its value.
    Key {
        /// The key.
        way: Way,
        /// Its value.
        value: String,
        /// The names of programs whose place may be taken: `sccache` for `"/usr/bin/sccache"`. Any other value stays.
        replaces: Vec<&'static str>,
    },
    /// Flags in a list of flags.
    Flags {
        /// The key of the list.
        way: Way,
        /// The flags.
        flags: Vec<String>,
    },
    /// An optional include of a file beside this one.
    Include(String),
}

/// Something that was done to a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// A key got a value.
    Set {
        /// The key.
        way: Way,
        /// Its value now.
        value: String,
        /// Its value before, if it had one.
        before: Option<String>,
    },
    /// Flags were added to a list.
    Added {
        /// The key of the list.
        way: Way,
        /// The flags.
        flags: Vec<String>,
        /// Whether the list was made for them.
        made: bool,
    },
    /// An include was added.
    Included(String),
    /// A line was appended to a list of ignored files.
    Ignored(String),
    /// A line of a file that is no configuration of Cargo's became another.
    Line {
        /// What it was.
        before: String,
        /// What it is.
        after: String,
    },
}

/// Something that was wanted and not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// The key.
    pub key: String,
    /// Why it is as it was.
    pub why: String,
}

impl Left {
    /// Returns that what was wanted at a key was not done.
    pub fn at(way: &[String], why: &str) -> Self {
        Self { key: shown(way), why: why.to_owned() }
    }
}

/// Returns a way as people write it: `target.x86_64-unknown-linux-gnu.rustflags`.
pub fn shown(way: &[String]) -> String {
    way.join(".")
}

impl Change {
    /// Returns what Cargo will build again because of this change.
    pub fn cost(&self) -> String {
        match self {
            Self::Set { way, .. } if way.ends_with(&["linker".to_owned()]) => {
                "everything is built again: Cargo keeps one build per linker".to_owned()
            }
            Self::Set { way, .. } if way.first().is_some_and(|first| first == "env") => {
                "build scripts that read the variable run again".to_owned()
            }
            Self::Set { .. } | Self::Included(_) | Self::Ignored(_) | Self::Line { .. } => {
                "nothing is built again".to_owned()
            }
            Self::Added { way, .. } if way.ends_with(&["rustdocflags".to_owned()]) => {
                "documentation tests are built again, as they always are".to_owned()
            }
            Self::Added { .. } => {
                "everything is built once more; the builds with the old flags stay beside it".to_owned()
            }
        }
    }

    /// Returns the key that was changed.
    pub fn key(&self) -> String {
        match self {
            Self::Set { way, .. } | Self::Added { way, .. } => shown(way),
            Self::Included(_) => "include".to_owned(),
            Self::Ignored(line) => line.clone(),
            Self::Line { after, .. } => after.trim().to_owned(),
        }
    }
}
