//! How an invocation ended: every way of not getting a hit is a variant here.
//!
//! Invariant: these enums are the counter, the line of the log and the row of the documentation, so the three cannot drift
//! apart. `thymos stats` counts by [`Outcome::reason`]. There are few reasons: what differs each time, such as a path, is not
//! part of one.
//!
//! An outcome is written as three fields: `outcome`, a word of [`OutcomeKind`]; `reason`, for people and counters; and where
//! an entry was looked for `cause`, as data. Reasons and causes of another version are read as `Other`, with their words. An outcome that is
//! none of these words cannot be counted, so such a line is damaged.

pub mod cause;
pub(crate) mod difference;
pub mod event;
pub mod past_action;
mod reason;

use std::fmt;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};

use crate::outcome::cause::Cause;
pub use reason::{Bypass, Degraded};

/// How an invocation ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub enum Outcome {
    /// Outputs came from the store; no compiler was started.
    #[default]
    Hit,
    /// No entry matched, so the compiler ran.
    Miss(Cause),
    /// No entry matched, and the compiler ran with its incremental session of the unit: the edit loop.
    Incremental(Cause),
    /// The compiler ran because this is nothing that Thymos caches.
    Bypass(Bypass),
    /// A cache error: the compiler ran without the cache.
    Degraded(Degraded),
}

/// [`Outcome`] without its reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutcomeKind {
    /// See [`Outcome::Hit`].
    #[default]
    Hit,
    /// See [`Outcome::Miss`].
    Miss,
    /// See [`Outcome::Bypass`] and [`Outcome::Incremental`].
    Bypass,
    /// See [`Outcome::Degraded`].
    Degraded,
}

impl OutcomeKind {
    /// All of them, in the order in which they are shown.
    pub(crate) const ALL: [Self; 4] = [Self::Hit, Self::Miss, Self::Bypass, Self::Degraded];
}

impl fmt::Display for OutcomeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

impl Outcome {
    /// Returns which of the four it is.
    #[must_use]
    pub fn kind(&self) -> OutcomeKind {
        match self {
            Self::Hit => OutcomeKind::Hit,
            Self::Miss(_) => OutcomeKind::Miss,
            Self::Incremental(_) | Self::Bypass(_) => OutcomeKind::Bypass,
            Self::Degraded(_) => OutcomeKind::Degraded,
        }
    }

    /// Returns whether it is a hit.
    #[must_use]
    pub fn is_hit(&self) -> bool {
        *self == Self::Hit
    }

    /// Returns why no entry matched, where that was looked for and is known as data.
    #[must_use]
    pub fn cause(&self) -> Option<&Cause> {
        match self {
            Self::Miss(cause) | Self::Incremental(cause) if !matches!(cause, Cause::Other(_)) => Some(cause),
            _ => None,
        }
    }

    /// Returns the reason, which a hit does not have.
    pub(crate) fn reason(&self) -> Option<String> {
        match self {
            Self::Hit => None,
            Self::Miss(cause) => Some(cause.reason().to_owned()),
            Self::Incremental(_) => Some(Bypass::Incremental.to_string()),
            Self::Bypass(bypass) => Some(bypass.to_string()),
            Self::Degraded(degraded) => Some(degraded.to_string()),
        }
    }
}

/// An outcome as it is written.
#[derive(Serialize, Deserialize)]
struct Written {
    outcome: OutcomeKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "known")]
    cause: Option<Cause>,
}

impl From<Outcome> for Written {
    fn from(outcome: Outcome) -> Self {
        Self { outcome: outcome.kind(), reason: outcome.reason(), cause: outcome.cause().cloned() }
    }
}

impl From<Written> for Outcome {
    fn from(Written { outcome, reason, cause }: Written) -> Self {
        let reason = reason.unwrap_or_else(|| "unknown".to_owned());
        match outcome {
            OutcomeKind::Hit => Self::Hit,
            OutcomeKind::Miss => Self::Miss(cause.unwrap_or(Cause::Other(reason))),
            OutcomeKind::Bypass => match (Bypass::parse(&reason), cause) {
                (Bypass::Incremental, Some(cause)) => Self::Incremental(cause),
                (bypass, _) => Self::Bypass(bypass),
            },
            OutcomeKind::Degraded => Self::Degraded(Degraded::parse(&reason)),
        }
    }
}

/// Reads a cause; one that only another version knows is none.
fn known<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Cause>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Read {
        Known(Cause),
        Unknown(IgnoredAny),
    }
    Ok(match Read::deserialize(deserializer)? {
        Read::Known(cause) => Some(cause),
        Read::Unknown(_) => None,
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use serde_json::{Value, json};

    use super::*;

    /// The document's table under a heading: the cells of each row.
    fn rows(heading: &str) -> Vec<Vec<String>> {
        let (_, text) = include_str!("../../doc/json.md").split_once(heading).unwrap();
        let table = text.lines().skip_while(|line| !line.starts_with("|---")).skip(1);
        let cells = |line: &str| line.split('|').skip(1).map(|cell| cell.trim().replace('`', "")).collect();
        table.take_while(|line| line.starts_with('|')).map(cells).collect()
    }

    #[test]
    fn the_document_lists_every_reason_and_every_cause() {
        let shown = |words: &[&str]| words.iter().map(|words| words.replace("{}", "…")).collect::<Vec<_>>();
        let first = |heading| rows(heading).into_iter().map(|row| row[0].clone()).collect::<Vec<_>>();
        assert_eq!(first("Of a `bypass`"), shown(Bypass::WORDS));
        assert_eq!(first("Of a `degraded` call"), shown(Degraded::WORDS));
        let causes = cause::tests::all().into_iter().map(|cause| {
            let kind = serde_json::to_value(&cause).unwrap()["kind"].as_str().unwrap().to_owned();
            (kind, cause.reason().to_owned())
        });
        let told = rows("### Causes").into_iter().map(|row| (row[0].clone(), row[2].clone()));
        assert_eq!(told.collect::<Vec<_>>(), causes.collect::<Vec<_>>());
        let outcomes = OutcomeKind::ALL.map(|kind| format!("`{kind}`"));
        assert!(
            include_str!("../../doc/json.md").contains(&format!(
                "| `outcome` | {}, {}, {} or {};",
                outcomes[0], outcomes[1], outcomes[2], outcomes[3]
            ))
        );
    }

    fn read(line: Value) -> Outcome {
        serde_json::from_value(line).unwrap()
    }

    #[test]
    fn every_outcome_is_written_and_read_in_the_same_words() {
        let input = Cause::Input { path: "src/lib.rs".into() };
        for (outcome, line) in [
            (Outcome::Hit, json!({ "outcome": "hit" })),
            (
                Outcome::Miss(input),
                json!({ "outcome": "miss", "reason": "input changed", "cause": { "kind": "input", "path": "src/lib.rs" } }),
            ),
            (
                Outcome::Incremental(Cause::Processor),
                json!({ "outcome": "bypass", "reason": "left to incremental compilation", "cause": { "kind": "processor" } }),
            ),
            (Outcome::Bypass(Bypass::Failed), json!({ "outcome": "bypass", "reason": "compile failed" })),
            (
                Outcome::Degraded(Degraded::Publish("no space left on device".into())),
                json!({ "outcome": "degraded", "reason": "publish failed: no space left on device" }),
            ),
        ] {
            assert_eq!(serde_json::to_value(&outcome).unwrap(), line);
            assert_eq!(read(line), outcome);
        }
    }

    #[test]
    fn lines_of_other_versions_keep_their_words() {
        let first = json!({ "outcome": "miss", "reason": "never seen" });
        assert_eq!(read(first), Outcome::Miss(Cause::Other("never seen".into())), "version 1 had no causes");
        let cause = json!({ "kind": "lease-lost", "lease": 7 });
        let newer = read(json!({ "outcome": "miss", "reason": "lease lost", "cause": cause }));
        assert_eq!((newer.reason().as_deref(), newer.cause()), (Some("lease lost"), None));
        let newer = read(json!({ "outcome": "bypass", "reason": "asleep" }));
        assert_eq!(newer, Outcome::Bypass(Bypass::Other("asleep".into())));
        assert_eq!(read(json!({ "outcome": "degraded" })).reason().as_deref(), Some("unknown"));
        assert!(serde_json::from_value::<Outcome>(json!({ "outcome": "dreamt" })).is_err(), "nobody could count it");
    }
}
