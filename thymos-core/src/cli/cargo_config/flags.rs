//! Flags for rustc as Cargo's configuration holds them, and the linker that they name.
//!
//! Invariant: pure.

use toml_edit::Item;

/// Flags from one of the four sources, of which Cargo uses the first that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flags {
    /// Where they stand.
    pub place: String,
    /// The flags.
    pub flags: Vec<String>,
}

/// Returns a list of flags, which Cargo takes as a string or as an array.
pub fn list(item: &Item) -> Option<Vec<String>> {
    match item.as_str() {
        Some(text) => Some(text.split_whitespace().map(str::to_owned).collect()),
        None => item.as_array()?.iter().map(|flag| flag.as_str().map(str::to_owned)).collect(),
    }
}

/// Returns whether a flag for rustc, or a word of it, chooses a linker; matched by what `-fuse-ld=` and `--ld-path=` say.
pub fn chooses_linker(flag: &str) -> bool {
    flag.split([' ', '=']).any(|word| matches!(word, "-fuse-ld" | "--ld-path" | "--fuse-ld"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_told_by_its_own_words() {
        for flag in
            ["-Clink-arg=-fuse-ld=mold", "link-arg=--ld-path=/usr/bin/mold", "-C link-args=-Wl,-O1 -fuse-ld=lld"]
        {
            assert!(chooses_linker(flag), "{flag}");
        }
        for flag in
            ["-Clink-arg=-Wl,-rpath,/opt/lib", "-Ctarget-cpu=native", "-Clink-arg=-Wl,--undefined=fuse", "--cfg=ld"]
        {
            assert!(!chooses_linker(flag), "{flag}");
        }
    }
}
