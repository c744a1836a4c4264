//! Whether Cargo runs the compiler through Thymos here, and who says so.
//!
//! Invariant: pure. Order: `RUSTC_WRAPPER`, which switches wrappers off when it is empty; `CARGO_BUILD_RUSTC_WRAPPER`; then
//! `build.rustc-wrapper` of each configuration file.

use super::finding::Finding;

const CHECK: &str = "wrapper";
const SETUP: &str = "thymos setup";

/// A wrapper and where it is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set {
    /// Its value; empty says that there is none.
    pub value: String,
    /// The variable or file.
    pub place: String,
    /// Whether there is a program behind it.
    pub exists: bool,
    /// Whether that program is Thymos, under whatever name.
    pub ours: bool,
}

/// Judges the wrappers that are set, the one in force first.
pub fn judge(sets: &[Set]) -> Finding {
    let Some((first, others)) = sets.split_first() else {
        return Finding::attention(CHECK, "Cargo runs rustc directly here").why("nothing is cached").fix(SETUP);
    };
    let Set { value, place, exists, ours } = first;
    let ours_below = others.iter().find(|set| set.ours);
    let overrides = ours_below.map(|set| format!(", and overrides {}", set.place)).unwrap_or_default();
    let remove =
        format!("remove {value:?} from {place}{}", if ours_below.is_some() { "" } else { ", then: thymos setup" });
    if value.is_empty() {
        let unset = format!("unset {place}{}", if ours_below.is_some() { "" } else { "; thymos setup" });
        return Finding::attention(CHECK, format!("{place} is empty{overrides}"))
            .why("an empty value switches wrappers off")
            .fix(unset);
    }
    if !exists {
        let what = format!("{value} from {place} is not there");
        return Finding::attention(CHECK, what)
            .why("Cargo fails every build with a wrapper that it cannot start")
            .fix(remove);
    }
    if !ours {
        let what = format!("{value} from {place} is the wrapper{overrides}");
        return Finding::attention(CHECK, what).why("nothing goes through Thymos").fix(remove);
    }
    Finding::good(CHECK, format!("{value}, from {place}"))
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    fn set(value: &str, place: &str) -> Set {
        Set { value: value.into(), place: place.into(), exists: value != "/gone", ours: value.contains("thymos") }
    }

    fn check(sets: &[Set], state: State, words: &str) {
        let finding = judge(sets);
        assert_eq!(finding.state, state, "{finding:?}");
        assert!(format!("{finding:?}").contains(words), "{finding:?}");
        assert_eq!(finding.fix.is_some(), state == State::Attention);
    }

    #[test]
    fn the_wrapper_in_force_is_judged() {
        check(&[], State::Attention, "thymos setup");
        check(&[set("/bin/thymos", "config.toml")], State::Good, "from config.toml");
        check(&[set("thymos.exe", "RUSTC_WRAPPER"), set("sccache", "f")], State::Good, "from RUSTC_WRAPPER");
        check(&[set("", "RUSTC_WRAPPER"), set("thymos", "f")], State::Attention, "unset RUSTC_WRAPPER");
        check(&[set("sccache", "RUSTC_WRAPPER"), set("thymos", "f")], State::Attention, "overrides f");
        check(&[set("/gone", "f")], State::Attention, "not there");
    }
}
