//! `thymos --version --verbose`: the version, and what the build of this program decided about its own link,
//! and the system that it runs on.

use thymos_build::System;

/// Returns whether the long version is asked for, which is more than a flag of its own can say.
pub fn is_asked(arguments: impl Iterator<Item = String>) -> bool {
    let (mut version, mut verbose) = (false, false);
    for argument in arguments {
        match argument.as_str() {
            "--version" | "-V" => version = true,
            "--verbose" | "-v" => verbose = true,
            "-Vv" | "-vV" => (version, verbose) = (true, true),
            _ => return false,
        }
    }
    version && verbose
}

/// Returns the long version, with the system that it runs on.
pub fn text(system: &System) -> String {
    // The plan's summary is `<target>, rustc <version>: <linker> (<reason>)`.
    let plan = env!("THYMOS_BUILD_PLAN");
    let (built, linker) = plan.split_once(": ").unwrap_or(("unknown", plan));
    let (target, rustc) = built.split_once(", ").unwrap_or((built, "unknown"));
    let version = env!("CARGO_PKG_VERSION");
    format!("thymos {version}\ntarget: {target}\nbuilt by: {rustc}\nlinked by: {linker}\nsystem: {system}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_flags_make_the_long_version() {
        let asked = |words: &str| is_asked(words.split_whitespace().map(str::to_owned));
        assert!(asked("--version --verbose") && asked("-v -V") && asked("-vV"));
        assert!(!asked("--version") && !asked("--verbose") && !asked("") && !asked("stats --version --verbose"));
        let text = text(&System::default());
        assert!(text.contains("\nlinked by: ") && text.contains("\nsystem: "), "{text}");
    }
}
