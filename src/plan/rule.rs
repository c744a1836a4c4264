//! What is done about the linker on each kind of target: one table.
//!
//! Invariant: a target that no row names keeps what its toolchain does. A row is added when somebody has tried it.

use crate::Platform;

/// What a plan does about the linker of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Probe what is installed, and choose.
    Measure,
    /// The toolchain's own way is right, for this reason.
    Keep(&'static str),
    /// Only Cargo's configuration can change it, and it gains from this linker.
    Configure(&'static str),
}

struct Row {
    os: &'static str,
    env: &'static str,
    rule: Rule,
}

/// The first row that fits decides. `*` fits everything.
const TABLE: &[Row] = &[
    row("linux", "gnu", Rule::Measure),
    row("linux", "musl", Rule::Keep("musl targets link with what the toolchain ships")),
    row("linux", "ohos", Rule::Keep("the OpenHarmony SDK brings its own linker")),
    row("linux", "*", Rule::Keep("the C library's own toolchain knows its linker")),
    row("windows", "msvc", Rule::Configure("rust-lld")),
    row("windows", "*", Rule::Keep("MinGW targets link with the linker of their own toolchain")),
    row("macos", "*", Rule::Keep("Apple's linker is fast, and knows the SDK")),
    row("ios", "*", Rule::Keep("Xcode brings the linker")),
    row("tvos", "*", Rule::Keep("Xcode brings the linker")),
    row("watchos", "*", Rule::Keep("Xcode brings the linker")),
    row("visionos", "*", Rule::Keep("Xcode brings the linker")),
    row("android", "*", Rule::Keep("the Android NDK links with LLD already")),
    row("freebsd", "*", Rule::Keep("the system links with LLD already")),
    row("openbsd", "*", Rule::Keep("the system links with LLD already")),
    row("none", "*", Rule::Keep("bare metal targets link with rust-lld or their own linker script's linker")),
    row("uefi", "*", Rule::Keep("UEFI targets link with rust-lld already")),
    row("wasi", "*", Rule::Keep("WebAssembly links with rust-lld already")),
    row("emscripten", "*", Rule::Keep("Emscripten brings its own linker")),
    row("unknown", "*", Rule::Keep("WebAssembly and enclaves link with rust-lld already")),
    row("*", "*", Rule::Keep("nobody has measured this target yet")),
];

const fn row(os: &'static str, env: &'static str, rule: Rule) -> Row {
    Row { os, env, rule }
}

impl Rule {
    /// Returns the rule for a platform's target.
    pub(crate) fn of(platform: &Platform) -> Rule {
        let fits = |pattern: &str, value: &str| pattern == "*" || pattern == value;
        TABLE
            .iter()
            .find(|row| fits(row.os, &platform.os) && fits(row.env, &platform.env))
            .map_or(Rule::Keep("no row of the table fits"), |row| row.rule)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(triple: &str, measured: bool) {
        let rule = Rule::of(&Platform::from_triple("x86_64-unknown-linux-gnu", triple));
        assert_eq!(rule == Rule::Measure, measured, "{triple}: {rule:?}");
    }

    #[test]
    fn only_glibc_linux_is_measured() {
        check("x86_64-unknown-linux-gnu", true);
        check("armv7-unknown-linux-gnueabihf", true);
        check("x86_64-unknown-linux-musl", false);
        check("x86_64-pc-windows-msvc", false);
        check("x86_64-pc-windows-gnu", false);
        check("aarch64-apple-darwin", false);
        check("wasm32-unknown-unknown", false);
        check("riscv32imac-unknown-none-elf", false);
        check("aarch64-linux-android", false);
    }
}
