//! What the end-to-end tests share: scratch directories, fake tools, packages built by the real Cargo.
//!
//! A test that needs a tool says so with [`need`]; without the tool it prints a line and passes, unless
//! `THYMOS_TEST_REQUIRE_TOOLS=1` makes that a failure.

#![allow(dead_code, reason = "each test binary uses its own part")]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use thymos_build::{Env, Mark};

/// Returns whether a test can run, and says so if it cannot.
#[track_caller]
pub fn need(tools: &[&str]) -> bool {
    let missing: Vec<&str> = tools.iter().copied().filter(|tool| !installed(tool)).collect();
    if missing.is_empty() {
        return true;
    }
    let required = env::var_os("THYMOS_TEST_REQUIRE_TOOLS").is_some_and(|value| value == "1");
    assert!(!required, "missing tools: {missing:?}");
    println!("skipped: needs {}", missing.join(", "));
    false
}

pub fn installed(tool: &str) -> bool {
    env::split_paths(&env::var_os("PATH").unwrap_or_default()).any(|directory| directory.join(tool).is_file())
}

/// A directory that is removed in the end.
pub struct Temp(PathBuf);

impl Temp {
    pub fn new(name: &str) -> Temp {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("the temporary directory of the tests is writable");
        Temp(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().expect("it is below the directory")).expect("create");
        fs::write(&path, text).expect("write");
        path
    }

    /// Writes a program that is a shell script.
    #[cfg(unix)]
    pub fn script(&self, name: &str, body: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.write(name, &format!("#!/bin/sh\n{body}\n"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("chmod");
        path
    }
}

impl Drop for Temp {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Returns the environment of a person at this machine: nothing that Cargo or the tests have set, and no memo but their own.
pub fn person(memo: &Path) -> Env {
    let mut env = Env::from_process();
    let named = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for name in named.filter(|name| {
        ["CARGO", "RUST", "THYMOS", "OUT_DIR", "TARGET", "CI", "CC"].iter().any(|it| name.starts_with(it))
    }) {
        // rustup's own variables say which toolchain is meant.
        if !name.starts_with("RUSTUP") && name != "CARGO_HOME" {
            env = env.without(&name);
        }
    }
    env.with("THYMOS_DIR", memo).with("RUSTC", rustc()).at(memo)
}

/// Returns the compiler of the toolchain that the tests were built with.
pub fn rustc() -> PathBuf {
    let sysroot = Command::new("rustc").args(["--print", "sysroot"]).output().expect("rustc runs");
    let sysroot = String::from_utf8(sysroot.stdout).expect("a path in UTF-8");
    Path::new(sysroot.trim()).join("bin").join(format!("rustc{}", env::consts::EXE_SUFFIX))
}

/// Returns who linked a program: `LLD`, `mold`, or an empty text for a linker that leaves no mark.
pub fn linked_by(program: &Path) -> String {
    Mark::read(program).expect("an ELF file").map(|mark| mark.name).unwrap_or_default()
}

/// A package that depends on this library, built by the real Cargo.
pub struct Package {
    pub temp: Temp,
    name: String,
    vars: Vec<(String, String)>,
}

impl Package {
    /// Makes a package whose build script has this body; it has no sources yet.
    pub fn new(name: &str, build: &str) -> Package {
        let temp = Temp::new(name);
        let root = env!("CARGO_MANIFEST_DIR");
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\nrust-version = \"1.60\"\n\n\
             [build-dependencies]\nthymos-build = {{ path = {root:?} }}\n\n[workspace]\n"
        );
        temp.write("Cargo.toml", &manifest);
        temp.write("build.rs", &format!("fn main() {{ {build} }}\n"));
        fs::copy(Path::new(root).join("Cargo.lock"), temp.path().join("Cargo.lock"))
            .expect("the workspace has a lock file");
        Package { temp, name: name.to_owned(), vars: Vec::new() }
    }

    pub fn file(self, name: &str, text: &str) -> Package {
        self.temp.write(name, text);
        self
    }

    pub fn bin(self) -> Package {
        self.file("src/main.rs", "fn main() { println!(\"{}\", option_env!(\"PLAN\").unwrap_or(\"hello\")); }\n")
    }

    pub fn var(mut self, name: &str, value: &str) -> Package {
        self.vars.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Runs Cargo; the packages share one target directory, so that this library is built once for all of them.
    pub fn cargo(&self, args: &[&str]) -> Output {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.current_dir(self.temp.path()).args(args).arg("--offline");
        for (name, _) in env::vars_os().filter(|(name, _)| {
            let name = name.to_string_lossy();
            name.starts_with("CARGO_") && name != "CARGO_HOME"
                || name.starts_with("RUSTFLAGS")
                || name.starts_with("THYMOS")
        }) {
            cargo.env_remove(name);
        }
        cargo.env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("packages"));
        cargo.env("THYMOS_DIR", self.temp.path().join("thymos-dir"));
        cargo.envs(self.vars.iter().map(|(name, value)| (name, value)));
        cargo.output().expect("cargo runs")
    }

    /// Builds the package, and returns what Cargo said.
    #[track_caller]
    pub fn build(&self) -> String {
        let output = self.cargo(&["build"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        said
    }

    /// Returns the program that was built.
    pub fn program(&self) -> PathBuf {
        Path::new(env!("CARGO_TARGET_TMPDIR")).join("packages/debug").join(&self.name)
    }
}
