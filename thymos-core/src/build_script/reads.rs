//! Which variables a run depends on, by what ran.
//!
//! The script itself is asked: each name that it wants is known. What it starts is not, so a program counts for every variable
//! that it may read: compilers and binutils for those that their manuals name, anything else for all there are.
//!
//! Invariant: pure, and a doubt counts as everything.

use std::ffi::OsString;
use std::path::Path;

use crate::inputs::programs;

/// What Cargo tells a script about the package, its features and the target. The key holds each from root to root.
const TOLD_PREFIXES: [&str; 5] = ["CARGO_CFG_", "CARGO_FEATURE_", "CARGO_MANIFEST_", "CARGO_PKG_", "DEP_"];
const TOLD: [&str; 10] = [
    "CARGO_ENCODED_RUSTFLAGS",
    "DEBUG",
    "HOST",
    "OPT_LEVEL",
    "OUT_DIR",
    "PROFILE",
    "RUSTC",
    "RUSTC_LINKER",
    "RUSTDOC",
    "TARGET",
];

/// How many run at once, and the pipe that they share: scripts are told so that they do not start too much.
const JOBS: [&str; 5] = ["CARGO_MAKEFLAGS", "MAKEFLAGS", "MFLAGS", "NUM_JOBS", "THYMOS_ACTIVE"];

/// Variables of GCC, Clang and binutils, by their manuals.
const OF_TOOLS: [&str; 28] = [
    "AS_SECURE_LOG_FILE",
    "CCC_ADD_ARGS",
    "CCC_OVERRIDE_OPTIONS",
    "CCC_PRINT_OPTIONS",
    "CLANG_CONFIG_FILE_SYSTEM_DIR",
    "CLANG_CONFIG_FILE_USER_DIR",
    "COLLECT_NO_DEMANGLE",
    "COMPILER_PATH",
    "CPATH",
    "CPLUS_INCLUDE_PATH",
    "C_INCLUDE_PATH",
    "DEPENDENCIES_OUTPUT",
    "GCC_COMPARE_DEBUG",
    "GCC_EXEC_PREFIX",
    "GCC_ROOT",
    "GNUTARGET",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "LC_MESSAGES",
    "LDEMULATION",
    "LD_PRELOAD",
    "LD_RUN_PATH",
    "LIBRARY_PATH",
    "OBJC_INCLUDE_PATH",
    "SOURCE_DATE_EPOCH",
    "SUNPRO_DEPENDENCIES",
    "ZERO_AR_DATE",
];

/// Variables of rustc, and of rustup, which may stand before it.
const OF_RUSTC: [&str; 8] = [
    "HOME",
    "LD_PRELOAD",
    "RUSTC_BOOTSTRAP",
    "RUSTC_LOG",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "RUST_TARGET_PATH",
    "SOURCE_DATE_EPOCH",
];
const OF_RUSTC_PREFIXES: [&str; 2] = ["RUSTC_", "RUST_"];

/// Programs of GCC and of binutils that no linker starts.
const TOOLS: [&str; 11] =
    ["cc1", "cc1obj", "cc1plus", "cpp", "lto1", "nm", "objcopy", "objdump", "ranlib", "readelf", "strip"];

/// Which variables a program may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reader {
    /// None that shape what it does: the loader.
    Nothing,
    /// Those of the C toolchain.
    Tool,
    /// Those of rustc.
    Rustc,
    /// Any.
    Anything,
}

/// Returns whether the key holds a variable.
pub fn is_told(name: &str) -> bool {
    TOLD.binary_search(&name).is_ok() || TOLD_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Returns whether a variable says only how many may run at once.
pub fn is_jobs(name: &str) -> bool {
    JOBS.binary_search(&name).is_ok()
}

/// Returns what a started program may read. A program of a tool's name that lies anywhere else than where the system keeps them
/// may be a script.
pub fn reader(path: &Path) -> Reader {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let in_system = SYSTEM.iter().any(|tree| path.starts_with(tree));
    if !in_system {
        return Reader::Anything;
    }
    if name.starts_with("ld-linux") || name.starts_with("ld-musl") {
        return Reader::Nothing;
    }
    let bare = |name: &str| name.rsplit_once('-').map_or(name, |(_, last)| last).to_owned();
    let is_tool = programs::links_by_name(path) || TOOLS.contains(&name) || TOOLS.contains(&bare(name).as_str());
    if is_tool { Reader::Tool } else { Reader::Anything }
}

const SYSTEM: [&str; 8] =
    ["/bin", "/lib", "/lib64", "/usr/bin", "/usr/lib", "/usr/lib64", "/usr/libexec", "/nix/store"];

impl Reader {
    /// Returns whether this program may read the variable; the ones that are not set are looked for too.
    pub fn reads(self, name: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::Tool => OF_TOOLS.binary_search(&name).is_ok(),
            Self::Rustc => {
                OF_RUSTC.binary_search(&name).is_ok() || OF_RUSTC_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
            }
            Self::Anything => true,
        }
    }

    /// Returns names that count as read even where they are not set.
    pub fn names(self) -> &'static [&'static str] {
        match self {
            Self::Nothing | Self::Anything => &[],
            Self::Tool => &OF_TOOLS,
            Self::Rustc => &OF_RUSTC,
        }
    }
}

/// Returns the names in `env!("NAME")` and `option_env!("NAME")`; nothing where one is made in another way.
pub fn named(text: &[u8]) -> Option<Vec<OsString>> {
    let name = |at: usize| {
        let rest = text[at + LOOK_UP.len()..].trim_ascii_start().strip_prefix(b"(")?;
        let rest = rest.trim_ascii_start().strip_prefix(b"\"")?;
        let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
        let is_whole = rest.get(length) == Some(&b'"');
        is_whole.then(|| OsString::from(String::from_utf8_lossy(&rest[..length]).into_owned()))
    };
    memchr::memmem::find_iter(text, LOOK_UP).map(name).collect()
}

const LOOK_UP: &[u8] = b"env!";

/// What each name of a symbol is made of that tells what a script is able to ask, in both manglings. A child that gets a variable
/// of its own has the standard library go through the environment too, but not by these.
const ENVIRONMENT: [[&[u8]; 3]; 4] = [
    [b"3std3env", b"_4VarsNt", b"8Iterator4next"],
    [b"3std3env", b"_6VarsOsNt", b"8Iterator4next"],
    [b"std..env..Vars$u20$as", b"Iterator", b"4next"],
    [b"std..env..VarsOs$u20$as", b"Iterator", b"4next"],
];
const CLOCK: [[&[u8]; 3]; 1] = [[b"3std", b"4time", b"10SystemTime3now"]];

/// What a script is able to ask without being seen, by the names of its symbols.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Able {
    /// It goes through the whole environment.
    pub environment: bool,
    /// It asks for the time.
    pub clock: bool,
}

impl Able {
    /// Reads the names of a script's symbols; one that was stripped of them may ask for anything.
    pub fn of(symbols: Option<&[u8]>) -> Self {
        let Some(symbols) = symbols else { return Self { environment: true, clock: true } };
        let holds = |symbol: &[u8], part: &&[u8]| memchr::memmem::find(symbol, part).is_some();
        let has = |names: &[[&[u8]; 3]]| {
            let mut symbols = symbols.split(|byte| *byte == 0);
            symbols.any(|symbol| names.iter().any(|parts| parts.iter().all(|part| holds(symbol, part))))
        };
        Self { environment: has(&ENVIRONMENT), clock: has(&CLOCK) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted() {
        assert!(TOLD.is_sorted() && JOBS.is_sorted() && OF_TOOLS.is_sorted() && OF_RUSTC.is_sorted());
    }

    #[test]
    fn a_tool_counts_for_its_variables_and_anything_else_for_all() {
        let check = |path: &str, expected: Reader| assert_eq!(reader(Path::new(path)), expected, "{path}");
        check("/usr/bin/cc", Reader::Tool);
        check("/usr/bin/x86_64-linux-gnu-gcc-12", Reader::Tool);
        check("/usr/lib/gcc/x86_64-linux-gnu/12/cc1", Reader::Tool);
        check("/usr/bin/x86_64-linux-gnu-ranlib", Reader::Tool);
        check("/lib64/ld-linux-x86-64.so.2", Reader::Nothing);
        check("/usr/local/bin/cc", Reader::Anything);
        check("/home/me/bin/ar", Reader::Anything);
        check("/usr/bin/python3", Reader::Anything);
        check("/usr/bin/make", Reader::Anything);
        check("/usr/bin/my-cpp-tool", Reader::Anything);
    }

    #[test]
    fn a_source_that_is_tried_names_its_variables_or_counts_for_all() {
        let named = |text: &str| named(text.as_bytes());
        assert_eq!(named("fn main() {}"), Some(vec![]));
        assert_eq!(named("option_env!(\"A_1\") env ! env! ( \"B\" , \"x\")"), Some(vec!["A_1".into(), "B".into()]));
        assert_eq!(named("env!(concat!(\"A\"))"), None);
        assert_eq!(named("env!(r\"A\")"), None);
    }

    #[test]
    fn a_stripped_script_may_ask_for_anything() {
        assert_eq!(Able::of(None), Able { environment: true, clock: true });
        assert_eq!(Able::of(Some(b"main\0_ZN3std3env7vars_os17h0\0")), Able { environment: false, clock: false });
        let able = |symbols: &str| Able::of(Some(symbols.as_bytes()));
        assert!(able("x\0_RNvMs5_NtCsjrHSEGnQ3l9_3std4timeNtB5_10SystemTime3now\0").clock);
        assert!(able("_ZN3std4time10SystemTime3now17h0").clock);
        let next = "_RNvXs0_NtCsjrHSEGnQ3l9_3std3envNtB5_6VarsOsNtNtNtNtCsgEmfK2I1SDS_4core4iter6traits8iterator8Iterator4next";
        assert!(able(next).environment);
        assert!(
            able("_ZN73_$LT$std..env..Vars$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4next17h0E")
                .environment
        );
    }
}
