//! Cargo's target directory, told by where the outputs of a unit go.
//!
//! Sources: `cargo::core::compiler::layout` up to Cargo 1.99, and the build directory of `-Zbuild-dir-new-layout`, Cargo's
//! default from 1.100 on (`cargo::compiler::layout`).
//!
//! Invariant: pure. A name counts at its own place only: packages, and directories above the workspace, may have the same.

use std::path::Path;

/// One directory below that of the profile.
#[derive(Clone, Copy, Debug)]
enum Part {
    /// It is called this.
    Named(&'static str),
    /// It ends as Cargo has the directory of a unit end: in 16 hexadecimal digits.
    Unit,
    /// It may be called anything.
    Any,
}

use Part::{Any, Named, Unit};

/// How many of [`LAYOUTS`] a build script's own `out` may have.
const OF_SCRIPTS: usize = 4;

/// What may follow `<target directory>[/<triple>]/<profile>`. The first that fits counts.
const LAYOUTS: &[&[Part]] = &[
    // From Cargo 1.100: everything that a unit makes, a build script's own `out` among it.
    &[Named("build"), Any, Unit, Named("out")],
    // Up to Cargo 1.99: what a build script compiles into its `out`, to try it.
    &[Named("build"), Unit, Named("out")],
    // The same in a directory that the script made there.
    &[Named("build"), Any, Unit, Named("out"), Any],
    &[Named("build"), Unit, Named("out"), Any],
    // Up to Cargo 1.99: libraries, programs and tests; examples; build scripts.
    &[Named("deps")],
    &[Named("examples")],
    &[Named("build"), Any],
];

/// Returns the target directory of a unit whose outputs go to `out_dir`, compiled for `target` where one was named.
pub fn target_dir<'a>(out_dir: &'a Path, target: Option<&str>) -> Option<&'a Path> {
    let profile = LAYOUTS.iter().find_map(|layout| without(out_dir, layout))?;
    let above = profile.parent()?;
    let triple = target.map(Path::new).and_then(Path::file_stem);
    let is_triple = triple.is_some_and(|triple| above.file_name().is_some_and(|name| name == triple));
    if is_triple { above.parent() } else { Some(above) }
}

/// Returns whether outputs go to the `out` of a build script, where from Cargo 1.100 on those of every unit go.
pub fn is_script_out(out_dir: &Path) -> bool {
    LAYOUTS[..OF_SCRIPTS].iter().any(|layout| without(out_dir, layout).is_some())
}

/// Returns the name of the profile's directory.
pub fn profile_dir(out_dir: &Path) -> Option<&str> {
    LAYOUTS.iter().find_map(|layout| without(out_dir, layout))?.file_name()?.to_str()
}

/// Returns whether outputs of one unit alone go here: those of a build script, and from Cargo 1.100 on those of any unit.
#[must_use]
pub fn is_of_one_unit(out_dir: &Path) -> bool {
    let own: [&[Part]; 2] = [&[Named("build"), Unit], LAYOUTS[0]];
    own.iter().any(|layout| without(out_dir, layout).is_some())
}

/// Returns the directory above these parts, where a path ends in them.
fn without<'a>(path: &'a Path, layout: &[Part]) -> Option<&'a Path> {
    layout.iter().rev().try_fold(path, |path, part| {
        let name = path.file_name()?.to_str();
        let fits = match part {
            Named(known) => name == Some(known),
            Unit => name.is_some_and(ends_in_hash),
            Any => true,
        };
        fits.then(|| path.parent())?
    })
}

fn ends_in_hash(name: &str) -> bool {
    let hash = name.rsplit('-').next().unwrap_or_default();
    hash.len() == 16 && hash.bytes().all(|digit| digit.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(out_dir: &str, target: Option<&str>, expected: Option<&str>) {
        assert_eq!(target_dir(Path::new(out_dir), target), expected.map(Path::new), "{out_dir} {target:?}");
    }

    #[test]
    fn every_layout_tells_its_target_directory() {
        check("/t/debug/deps", None, Some("/t"));
        check("/t/debug/examples", None, Some("/t"));
        check("/t/release/build/serde-0f", None, Some("/t"));
        check("/t/x86_64-unknown-linux-gnu/debug/deps", Some("x86_64-unknown-linux-gnu"), Some("/t"));
        check("/t/my/debug/deps", Some("specs/my.json"), Some("/t"));
        check("/t/src", None, None);
        check("", None, None);
    }

    #[test]
    fn every_layout_tells_its_profile() {
        for (out_dir, profile) in [
            ("/t/debug/deps", Some("debug")),
            ("/t/x86_64-unknown-linux-gnu/release/deps", Some("release")),
            ("/t/fat/build/serde/0123456789abcdef/out", Some("fat")),
            ("/t/src", None),
        ] {
            assert_eq!(profile_dir(Path::new(out_dir)), profile, "{out_dir}");
        }
    }

    #[test]
    fn the_out_of_a_script_is_told_from_other_directories() {
        for out_dir in ["/t/debug/build/serde-0123456789abcdef/out", "/t/debug/build/serde/0123456789abcdef/out/probe"]
        {
            assert!(is_script_out(Path::new(out_dir)), "{out_dir}");
        }
        for out_dir in ["/t/debug/deps", "/t/debug/build/serde-0123456789abcdef", "/out"] {
            assert!(!is_script_out(Path::new(out_dir)), "{out_dir}");
        }
    }

    #[test]
    fn what_a_build_script_tries_lies_in_the_same_target_directory() {
        for unit in
            ["serde/0123456789abcdef", "build/0123456789abcdef", "out/0123456789abcdef", "serde-0123456789abcdef"]
        {
            check(&format!("/t/debug/build/{unit}/out"), None, Some("/t"));
            check(&format!("/build/t/debug/build/{unit}/out/probe"), None, Some("/build/t"));
        }
    }

    #[test]
    fn a_directory_above_may_be_called_like_one_of_cargos() {
        check("/build/t/out/deps", None, Some("/build/t"));
        check("/build/t/debug/deps", None, Some("/build/t"));
        check("/build/a/out/t/debug/deps", None, Some("/build/a/out/t"));
        check("/home/build/t/release/examples", None, Some("/home/build/t"));
        check("/home/build/t/release/build/serde-0f", None, Some("/home/build/t"));
    }
}
