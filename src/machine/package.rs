//! The targets of the package that is being built.
//!
//! Cargo fails a build whose script passes a flag for bins, tests, examples or benches to a package without any, so their
//! existence is looked for where Cargo looks: in the usual places and in the manifest.
//!
//! Invariant: in doubt there is no such target, and a flag is left out rather than a build broken.

use std::path::Path;

use crate::Scope;

/// Returns whether the package in a directory has a target of a kind.
pub(crate) fn has(directory: &Path, scope: Scope) -> bool {
    let manifest = std::fs::read_to_string(directory.join("Cargo.toml")).unwrap_or_default();
    let manifest: String =
        manifest.lines().map(|line| line.split('#').next().unwrap_or("").trim().to_owned() + "\n").collect();
    let (table, places, auto): (_, &[&str], _) = match scope {
        Scope::Package => return true,
        // Cargo merely warns about a flag for a cdylib that is not there.
        Scope::Cdylib => return manifest.contains("\"cdylib\""),
        Scope::Bins => ("[[bin]]", &["src/main.rs", "src/bin"], "autobins"),
        Scope::Tests => ("[[test]]", &["tests"], "autotests"),
        Scope::Examples => ("[[example]]", &["examples"], "autoexamples"),
        Scope::Benches => ("[[bench]]", &["benches"], "autobenches"),
    };
    let named = manifest.lines().any(|line| line.replace(' ', "") == table);
    let automatic = !manifest.lines().any(|line| line.replace(' ', "") == format!("{auto}=false"));
    named || automatic && places.iter().any(|place| holds_source(&directory.join(place)))
}

/// Returns whether a path is a source file, or a directory with one in it or one level below it.
fn holds_source(path: &Path) -> bool {
    let is_source = |path: &Path| path.is_file() && path.extension().is_some_and(|extension| extension == "rs");
    let mut entries = path.read_dir().into_iter().flatten().flatten();
    is_source(path) || entries.any(|entry| is_source(&entry.path()) || entry.path().join("main.rs").is_file())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::{env::Env, scratch::Scratch};

    fn check(files: &[(&str, &str)], scope: Scope, expected: bool) {
        let scratch = Scratch::new(&Env::from_process()).expect("a temporary directory");
        for (name, text) in files {
            let path = scratch.path().join(name);
            std::fs::create_dir_all(path.parent().expect("below the directory")).expect("create");
            std::fs::write(path, text).expect("write");
        }
        assert_eq!(has(scratch.path(), scope), expected, "{files:?}");
    }

    #[test]
    fn targets_are_found_where_cargo_finds_them() {
        check(&[], Scope::Package, true);
        check(&[], Scope::Bins, false);
        check(&[("src/main.rs", "")], Scope::Bins, true);
        check(&[("src/bin/tool/main.rs", "")], Scope::Bins, true);
        check(&[("src/main.rs", ""), ("Cargo.toml", "autobins = false\n")], Scope::Bins, false);
        check(&[("Cargo.toml", "[[bin]]\nname = \"x\"\n")], Scope::Bins, true);
        check(&[("Cargo.toml", "# [[bin]]\n")], Scope::Bins, false);
        check(&[("tests/it.rs", "")], Scope::Tests, true);
        check(&[("tests/data/x.txt", "")], Scope::Tests, false);
        check(&[("examples/a.rs", "")], Scope::Examples, true);
        check(&[("benches/a.rs", "")], Scope::Tests, false);
        check(&[("Cargo.toml", "[lib]\ncrate-type = [\"cdylib\"]\n")], Scope::Cdylib, true);
    }
}
