//! Which linker the flags in force name, whether it linked, and which flags have no effect.
//!
//! Invariant: pure.

use super::finding::Finding;
use crate::cli::cargo_config::flags::Flags;

/// Judges flags that another source of flags overrides.
pub fn judge_silenced(sources: &[Vec<Flags>]) -> Finding {
    const CHECK: &str = "rustflags";
    let Some((force, silenced)) = sources.split_first() else { return Finding::good(CHECK, "none are set") };
    let places = |flags: &[Flags]| flags.iter().map(|it| it.place.clone()).collect::<Vec<_>>().join(", ");
    let lost: Vec<String> = silenced
        .iter()
        .flatten()
        .filter(|it| !it.flags.is_empty())
        .map(|it| format!("{} ({})", it.place, it.flags.join(" ")))
        .collect();
    if lost.is_empty() {
        return Finding::good(CHECK, format!("from {}", places(force)));
    }
    let in_variable = force.iter().any(|it| it.place.ends_with("RUSTFLAGS") && !it.place.contains(' '));
    let fix = match in_variable {
        true => format!("unset {}, or put its flags into the configuration file", places(force)),
        false => format!("move the flags of {} to the same target as those of {}", lost.join(", "), places(force)),
    };
    Finding::attention(CHECK, format!("{} overrides {}", places(force), lost.join(", ")))
        .why("Cargo reads flags from four places and uses only the first that is set")
        .fix(fix)
}

/// Returns the linker that flags name, as its mark would: `mold` for `-fuse-ld=mold`.
pub fn named(flags: &[Flags]) -> Option<String> {
    let words = flags.iter().flat_map(|it| &it.flags).flat_map(|flag| flag.split([' ']));
    let mut values = words.filter_map(|word| {
        let word = word
            .strip_prefix("-Clink-arg=")
            .or(word.strip_prefix("-Clink-args="))
            .or(word.strip_prefix("link-arg="))
            .unwrap_or(word);
        word.strip_prefix("-fuse-ld=").or(word.strip_prefix("--ld-path="))
    });
    // The last one wins.
    values.next_back().map(str::to_owned)
}

/// Judges a program's mark against the linker that the flags name.
pub fn judge_linker(named: Option<&str>, mark: Option<&str>) -> Finding {
    const CHECK: &str = "linker";
    let seen = mark.unwrap_or("a linker that leaves no mark, as GNU ld does");
    let Some(named) = named else {
        return Finding::good(CHECK, format!("a program is linked by {seen}; no flag names another"));
    };
    let stem = named.rsplit('/').next().unwrap_or(named);
    let expected = ["mold", "wild", "lld"].into_iter().find(|name| stem.contains(name));
    let same = match (expected, mark) {
        (Some(expected), Some(mark)) => mark.to_ascii_lowercase().starts_with(expected),
        (Some(_), None) => false,
        (None, mark) => mark.is_none(),
    };
    if same {
        return Finding::good(CHECK, format!("{named} is what the flags name, and a program is linked by {seen}"));
    }
    Finding::attention(CHECK, format!("the flags name {named}, and a program is linked by {seen}"))
        .why("builds are not as fast as the configuration says")
        .fix("thymos plan, which says why that linker is not used")
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    fn flags(place: &str, flags: &[&str]) -> Flags {
        Flags { place: place.into(), flags: flags.iter().map(|flag| (*flag).to_owned()).collect() }
    }

    #[test]
    fn flags_in_a_second_source_are_lost() {
        let check = |sources: &[Vec<Flags>], state| assert_eq!(judge_silenced(sources).state, state, "{sources:?}");
        let file = vec![flags("target.x in f", &["-Clink-arg=-fuse-ld=mold"])];
        check(&[], State::Good);
        check(std::slice::from_ref(&file), State::Good);
        check(&[vec![flags("RUSTFLAGS", &[])], file.clone()], State::Attention);
        check(&[file, vec![flags("build in f", &["-g"])]], State::Attention);
    }

    #[test]
    fn the_last_linker_that_is_named_counts() {
        let check =
            |words: &[&str], name: Option<&str>| assert_eq!(named(&[flags("f", words)]).as_deref(), name, "{words:?}");
        check(&["-O"], None);
        check(&["-Clink-arg=-fuse-ld=mold"], Some("mold"));
        check(&["-C", "link-arg=-fuse-ld=lld", "-Clink-args=-Wl,-x --ld-path=/usr/bin/mold"], Some("/usr/bin/mold"));
        check(&["-Clink-arg=-Wl,-rpath,/x"], None);
    }

    #[test]
    fn the_mark_is_the_witness() {
        let check = |named: Option<&str>, mark: Option<&str>, state| {
            assert_eq!(judge_linker(named, mark).state, state, "{named:?} {mark:?}");
        };
        check(None, Some("LLD 22"), State::Good);
        check(Some("mold"), Some("mold 1.10"), State::Good);
        check(Some("/usr/bin/ld.lld"), Some("LLD 14"), State::Good);
        check(Some("mold"), Some("LLD 22"), State::Attention);
        check(Some("mold"), None, State::Attention);
        check(Some("bfd"), None, State::Good);
    }
}
