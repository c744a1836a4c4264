//! The linker shim: `thymos` under the name `thymos-cc`, set as `target.<triple>.linker`.
//!
//! It stands between rustc and the C compiler, so what it adds survives `RUSTFLAGS`, reaches documentation tests, and can change
//! without dirtying a build. The arguments to add stand in a file beside it, one a line: `thymos-cc.args`. If a link with them
//! fails, the same link is done without them, and that one's messages and status are what rustc gets.
//!
//! Invariant: it never fails a link that the C compiler would do by itself. It reads no environment and no configuration, for
//! it runs at every link.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use crate::system::os;

/// The name of the program. It ends like `cc`, so that rustc keeps the flags that it gives a C compiler whose linker it chooses.
pub(crate) const NAME: &str = "thymos-cc";
/// What rustc would run.
const DRIVER: &str = "cc";

/// Returns whether this process was started under the shim's name.
#[must_use]
pub fn is_shim(program: &OsStr) -> bool {
    Path::new(program).file_stem().is_some_and(|stem| stem == NAME)
}

/// Returns the file with the arguments of the shim at this path.
pub(crate) fn arguments_file(shim: &Path) -> PathBuf {
    shim.with_extension("args")
}

/// Links.
#[must_use]
pub fn run(program: &OsStr, arguments: &[OsString]) -> ExitCode {
    let extra = std::fs::read_to_string(arguments_file(Path::new(program))).unwrap_or_default();
    let extra: Vec<&str> = extra.lines().filter(|line| !line.is_empty()).collect();
    if !extra.is_empty() {
        let mut fast = Command::new(DRIVER);
        fast.args(arguments).args(&extra).stdin(Stdio::null());
        // What it says matters only if it succeeds: otherwise the link is done again, and that one has its own say.
        if let Ok(output) = fast.output()
            && output.status.success()
        {
            pass_on(&output.stdout, &output.stderr);
            return ExitCode::SUCCESS;
        }
    }
    let mut plain = Command::new(DRIVER);
    plain.args(arguments);
    let error = os::exec(plain);
    eprintln!("thymos: failed to run `{DRIVER}`: {}", crate::system::error::plain(&error));
    ExitCode::from(1)
}

fn pass_on(stdout: &[u8], stderr: &[u8]) {
    use std::io::Write;
    // A link that succeeded does not fail because nobody listens.
    let _ = std::io::stdout().write_all(stdout);
    let _ = std::io::stderr().write_all(stderr);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_name_makes_it_a_linker() {
        for name in ["thymos-cc", "/a/bin/thymos-cc", "thymos-cc.exe"] {
            assert!(is_shim(name.as_ref()), "{name}");
        }
        for name in ["thymos", "/thymos-cc/thymos", "cc", "", "thymos-cc-old"] {
            assert!(!is_shim(name.as_ref()), "{name}");
        }
    }
}
