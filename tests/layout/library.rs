//! Rules of the library alone.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Returns the library's source files with their text, comments and unit tests left out.
fn sources() -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    let mut directories = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).expect("the sources are there").flatten() {
            match entry.path() {
                path if path.is_dir() => directories.push(path),
                path if path.ends_with("tests.rs") => {}
                path => files.push(path),
            }
        }
    }
    files.into_iter().map(|path| (path.clone(), code(&fs::read_to_string(path).expect("text")))).collect()
}

fn code(text: &str) -> String {
    let lines = text
        .lines()
        .take_while(|line| !(line.starts_with("#[cfg(") && line.contains("test") && !line.contains("target")));
    lines.filter(|line| !line.trim_start().starts_with("//")).map(|line| format!("{line}\n")).collect()
}

#[test]
fn one_module_reads_the_environment() {
    for (path, code) in sources().iter().filter(|(path, _)| !path.ends_with("src/machine/env.rs")) {
        for word in ["env::var(", "env::var_os(", "env::vars", "env::current_dir", "env::temp_dir", "env::set_var"] {
            assert!(!code.contains(word), "{} calls {word}", path.display());
        }
    }
}

#[test]
fn modules_that_decide_or_render_do_nothing_else() {
    let pure = [
        "plan/mod.rs",
        "decide.rs",
        "facts.rs",
        "chosen.rs",
        "rule.rs",
        "platform.rs",
        "linker.rs",
        "link_line.rs",
        "probe/mod.rs",
        "emit.rs",
        "explain.rs",
        "cargo_config.rs",
        "install.rs",
    ];
    let sources = sources();
    for name in pure {
        let (path, code) = sources.iter().find(|(path, _)| path.ends_with(name)).expect("the module is there");
        for word in
            ["std::fs", "std::process", "fs::", "Command", "Instant", "SystemTime", "println!", "std::io", "File::"]
        {
            assert!(!code.contains(word), "{} names {word}", path.display());
        }
    }
}

#[test]
fn one_function_prints() {
    for (path, code) in sources() {
        let prints = ["println!", "print!(", "io::stdout"].iter().filter(|word| code.contains(**word)).count();
        let may = if path.ends_with("src/config/mod.rs") || path.ends_with("src/probe/bench.rs") { 1 } else { 0 };
        assert!(prints <= may, "{} prints", path.display());
    }
}

#[test]
fn no_directive_has_two_colons() {
    for (path, code) in sources() {
        assert!(!code.contains("cargo::"), "{} would abort builds of packages for Rust before 1.77", path.display());
    }
}

#[test]
fn files_stay_readable() {
    for (path, code) in sources() {
        assert!(code.lines().count() <= 250, "{} is too long", path.display());
    }
}
