//! A compiler that keeps count: it stands where rustc is called and writes down every crate the real one compiles.

use std::fs;
use std::path::{Path, PathBuf};

use super::World;
use super::files::write;

/// Counts real compiler runs. Cargo is told to use it as `RUSTC`.
pub struct Spy {
    program: PathBuf,
    log: PathBuf,
}

impl Spy {
    /// Installs a spy for every process of this world.
    #[cfg(unix)]
    pub fn install(world: &World) -> Spy {
        use std::os::unix::fs::PermissionsExt;
        let spy = Spy { program: world.root().join("spy/rustc"), log: world.root().join("spy/log") };
        // One short write of one line: two compilers that start at once cannot mix their lines.
        let script = format!(
            "#!/bin/sh\nprevious=\nfor argument; do\n    [ \"$previous\" = --crate-name ] && [ \"$argument\" != ___ ] && echo \"$argument\" >> '{}'\n    \
             previous=$argument\ndone\nexec '{}' \"$@\"\n",
            spy.log.display(),
            real_rustc().display()
        );
        write(&spy.program, script.as_bytes());
        write(&spy.log, b"");
        fs::set_permissions(&spy.program, fs::Permissions::from_mode(0o755)).expect("its owner may do so");
        world.env("RUSTC", &spy.program.display().to_string());
        spy
    }

    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Returns the names of the crates compiled since the last call, sorted.
    pub fn take(&self) -> Vec<String> {
        let text = fs::read_to_string(&self.log).expect("the log is there");
        write(&self.log, b"");
        let mut names: Vec<String> = text.lines().map(str::to_owned).collect();
        names.sort();
        names
    }
}

/// Returns the compiler of the toolchain that these tests run with, behind any proxy.
pub fn real_rustc() -> PathBuf {
    let cargo = PathBuf::from(std::env::var_os("CARGO").expect("cargo test tells its own path"));
    let beside = cargo.with_file_name(format!("rustc{}", std::env::consts::EXE_SUFFIX));
    if beside.exists() { beside } else { PathBuf::from("rustc") }
}
