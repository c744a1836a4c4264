//! What the person already chose, read from flags and configuration.
//!
//! Invariant: pure. Where a choice is found the plan stands back; a false alarm costs speed, a missed choice would undo
//! somebody's setting, so anything that looks like a choice is one.
//!
//! Flags are matched by the value behind `-fuse-ld=` and its kin, not by the text before an equals sign.

/// A choice that was made before us, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Chosen {
    /// The setting itself: `-fuse-ld=mold`.
    pub what: String,
    /// Where it stands: `RUSTFLAGS`, or the path of a configuration file.
    pub place: String,
    /// Whether no linker flag may be added at all, because the setting works with one linker only.
    pub binding: Binding,
}

impl Chosen {
    /// Returns the choice of a linker in a variable.
    pub(crate) fn linker(linker: &str, variable: &str) -> Chosen {
        Chosen { what: linker.to_owned(), place: variable.to_owned(), binding: Binding::Choice }
    }
}

/// How much a choice binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Binding {
    /// `THYMOS_LINKER` may override it.
    Choice,
    /// Another linker would break it: linker-plugin-lto needs the linker whose plugin it is.
    Requirement,
}

/// Returns the first choice of a linker among the arguments for rustc.
pub(crate) fn in_rustflags<S: AsRef<str>>(flags: &[S], place: &str) -> Option<Chosen> {
    let mut first = None;
    for option in codegen_options(flags) {
        match in_option(option, place) {
            // A requirement counts more than a choice that stands before it.
            Some(chosen) if chosen.binding == Binding::Requirement => return Some(chosen),
            found => first = first.or(found),
        }
    }
    first
}

/// Yields the codegen and unstable options: `linker=x` of `-C linker=x`, `-Clinker=x`, `--codegen=linker=x` and so on.
fn codegen_options<S: AsRef<str>>(flags: &[S]) -> impl Iterator<Item = &str> {
    let mut words = flags.iter().map(AsRef::as_ref);
    std::iter::from_fn(move || {
        loop {
            let word: &str = words.next()?;
            return match word {
                "-C" | "--codegen" | "-Z" => words.next(),
                _ => {
                    let stuck = word.strip_prefix("--codegen=").or(word.strip_prefix("-C")).or(word.strip_prefix("-Z"));
                    match stuck {
                        Some(option) => Some(option),
                        None => continue,
                    }
                }
            };
        }
    })
}

fn in_option(option: &str, place: &str) -> Option<Chosen> {
    let (key, value) = option.split_once('=').unwrap_or((option, ""));
    let key = key.replace('_', "-");
    let found = |what: &str, binding| Some(Chosen { what: what.to_owned(), place: place.to_owned(), binding });
    match key.as_str() {
        "linker" | "linker-flavor" | "linker-features" | "gcc-ld" => found(&format!("-C {option}"), Binding::Choice),
        "link-self-contained" if value.contains("linker") => found(&format!("-C {option}"), Binding::Choice),
        "linker-plugin-lto" if !matches!(value, "n" | "no" | "off" | "false") => {
            found("-C linker-plugin-lto", Binding::Requirement)
        }
        "link-arg" | "link-args" | "pre-link-arg" | "pre-link-args" => {
            let arg = value.split_whitespace().find(|arg| chooses(arg))?;
            found(arg, Binding::Choice)
        }
        _ => None,
    }
}

/// Returns whether an argument tells a C compiler which linker to run.
fn chooses(arg: &str) -> bool {
    ["-fuse-ld=", "--ld-path=", "--fuse-ld="].iter().any(|prefix| arg.starts_with(prefix))
}

/// Returns the first choice of a linker that the text of a Cargo configuration file makes for a target.
///
/// It reads lines, not TOML: this library has no parser, and a text that looks like a choice is one.
pub(crate) fn in_config(text: &str, target: &str, place: &str) -> Option<Chosen> {
    let mut section = String::new();
    for line in text.lines().map(without_comment) {
        if let Some(header) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = header.replace(['"', '\''], "");
            continue;
        }
        let line = if section.is_empty() { line.replace(['"', '\''], "") } else { line.to_owned() };
        if applies(&section, &line, target)
            && let Some(chosen) = in_config_line(&line, place)
        {
            return Some(chosen);
        }
    }
    None
}

/// Returns whether a line below a header is about the flags or the linker of this target.
fn applies(section: &str, line: &str, target: &str) -> bool {
    let path = if section.is_empty() { line } else { section };
    match path.strip_prefix("target.") {
        Some(rest) => rest.starts_with(target) || rest.starts_with("cfg("),
        None => path == "build" || path.starts_with("build.") || path == "target" && line.contains(target),
    }
}

fn in_config_line(line: &str, place: &str) -> Option<Chosen> {
    let key = line.split_once('=').map_or("", |(key, _)| key).trim();
    if key == "linker" || key.ends_with(".linker") {
        return Some(Chosen { what: line.trim().to_owned(), place: place.to_owned(), binding: Binding::Choice });
    }
    let words: Vec<&str> = line.split(['"', '\'', ',', '[', ']', ' ', '\t']).filter(|word| !word.is_empty()).collect();
    let bare = words.iter().copied().find(|word| chooses(word)).map(|what| Chosen {
        what: what.to_owned(),
        place: place.to_owned(),
        binding: Binding::Choice,
    });
    in_rustflags(&words, place).or(bare)
}

fn without_comment(line: &str) -> &str {
    let mut quote = None;
    for (at, c) in line.char_indices() {
        match (quote, c) {
            (None, '#') => return line[..at].trim(),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    line.trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: &str = "x86_64-unknown-linux-gnu";

    #[test]
    fn every_spelling_of_a_choice_is_seen() {
        let cases: &[(&[&str], &str)] = &[
            (&["-Clinker=clang"], "-C linker=clang"),
            (&["-C", "linker=clang"], "-C linker=clang"),
            (&["--codegen", "linker=clang"], "-C linker=clang"),
            (&["--codegen=linker=clang"], "-C linker=clang"),
            (&["-O", "-Clink-arg=-fuse-ld=mold"], "-fuse-ld=mold"),
            (&["-C", "link_args=-Wl,-O1 --ld-path=/usr/bin/mold"], "--ld-path=/usr/bin/mold"),
            (&["-Clinker-features=-lld"], "-C linker-features=-lld"),
            (&["-Clink-self-contained=+linker"], "-C link-self-contained=+linker"),
            (&["-Clink-arg=-fuse-ld=lld", "-Clinker-plugin-lto"], "-C linker-plugin-lto"),
        ];
        for (flags, what) in cases {
            let chosen = in_rustflags(flags, "RUSTFLAGS").expect("a choice");
            assert_eq!(chosen.what, *what, "{flags:?}");
        }
    }

    #[test]
    fn other_flags_are_no_choice() {
        let cases: &[&[&str]] = &[
            &[],
            &["-C"],
            &["-Clink-arg=-Wl,-rpath,/opt/lib"],
            &["-Clink-arg=-Wl,--undefined=-fuse-ld"],
            &["-Clinker-plugin-lto=no", "-Ctarget-cpu=native"],
            &["--cfg", "linker=\"x\""],
            &["-Clink-self-contained=yes"],
        ];
        for flags in cases {
            assert_eq!(in_rustflags(flags, "RUSTFLAGS"), None, "{flags:?}");
        }
    }

    #[test]
    fn plugin_lto_is_a_requirement() {
        let chosen = in_rustflags(&["-C", "linker-plugin-lto"], "RUSTFLAGS").expect("a choice");
        assert_eq!(chosen.binding, Binding::Requirement);
    }

    #[test]
    fn configuration_files_are_read_by_section() {
        let cases = [
            ("[target.x86_64-unknown-linux-gnu]\nlinker = \"clang\" # mine\n", Some("linker = \"clang\"")),
            ("[target.'cfg(unix)']\nrustflags = [\"-C\", \"link-arg=-fuse-ld=mold\"]", Some("-fuse-ld=mold")),
            (
                "target.x86_64-unknown-linux-gnu.linker = 'clang'",
                Some("target.x86_64-unknown-linux-gnu.linker = clang"),
            ),
            ("[build]\nrustflags = [\n  \"-Clink-arg=--ld-path=/usr/bin/mold\",\n]", Some("--ld-path=/usr/bin/mold")),
            ("[build]\nrustflags = \"-C linker-plugin-lto\"", Some("-C linker-plugin-lto")),
            ("[target.aarch64-apple-darwin]\nlinker = \"clang\"", None),
            ("[target.x86_64-unknown-linux-gnu]\n# linker = \"clang\"\nrunner = \"x\"", None),
            ("[env]\nlinker = \"x\"", None),
            ("[build]\nrustflags = [\"-Clink-arg=-Wl,-rpath,/x\"]", None),
            ("\u{feff}]][[==\"", None),
        ];
        for (text, what) in cases {
            assert_eq!(in_config(text, TARGET, "config.toml").map(|chosen| chosen.what).as_deref(), what, "{text}");
        }
    }
}
