//! What a test needs of the machine. A test whose tool is missing says so and is skipped; with `THYMOS_TEST_REQUIRE_TOOLS=1` it fails.

use std::process::{Command, Stdio};

/// Tells whether a program is there to be run.
pub fn require_tool(name: &str) -> bool {
    let found = Command::new(name).arg("--version").stdin(Stdio::null()).output().is_ok();
    found || skip(&format!("`{name}` is not installed"))
}

/// Tells whether this process may mount file systems.
pub fn require_root() -> bool {
    let output = Command::new("id").arg("-u").output();
    let root = output.is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    root || skip("only root can mount a file system")
}

/// Says why a test is skipped.
pub fn skip(reason: &str) -> bool {
    let required = std::env::var_os("THYMOS_TEST_REQUIRE_TOOLS").is_some_and(|value| value == "1");
    assert!(!required, "THYMOS_TEST_REQUIRE_TOOLS=1 is set and {reason}");
    eprintln!("skipped: {reason}");
    false
}
