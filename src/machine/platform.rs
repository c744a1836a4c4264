//! What is built on and what is built for.
//!
//! Invariant: every triple is a platform. Cargo's `CARGO_CFG_*` or the compiler's own `--print cfg` decide; a triple
//! alone is only read for names, through target-lexicon and, for the many that it does not know, by its parts.
//!
//! It does not say what to do on a platform: that is [`Rule`](crate::plan::rule::Rule).

use target_lexicon::Triple;

use crate::machine::env::{Env, var};

/// A host and a target, in the words of rustc's `target_*` configuration.
///
/// ```
/// use thymos_build::Platform;
/// let platform = Platform::from_triple("x86_64-unknown-linux-gnu", "aarch64-linux-android");
/// assert_eq!((platform.arch.as_str(), platform.os.as_str()), ("aarch64", "android"));
/// assert!(!platform.is_native());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Platform {
    /// The triple that is built on.
    pub host: String,
    /// The triple that is built for.
    pub target: String,
    /// `target_arch`.
    pub arch: String,
    /// `target_os`.
    pub os: String,
    /// `target_env`: the ABI or C library, empty where there is none to tell apart.
    pub env: String,
    /// The C library that programs for the target use.
    pub c_library: CLibrary,
}

/// A C library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum CLibrary {
    /// The GNU C library.
    Glibc,
    /// musl.
    Musl,
    /// Microsoft's universal C runtime with the MSVC ABI.
    Msvc,
    /// Microsoft's C runtime as MinGW uses it.
    Mingw,
    /// Apple's libSystem.
    Apple,
    /// Android's bionic.
    Bionic,
    /// Another, or none.
    Other,
}

impl Platform {
    /// Returns the platform that Cargo tells a build script, or `None` outside of one.
    pub fn from_env(env: &Env) -> Option<Platform> {
        let target = env.get(var::TARGET)?;
        let host = env.get(var::HOST).unwrap_or(target);
        let named = Platform::from_triple(host, target);
        let Some(os) = env.get(var::CARGO_CFG_TARGET_OS) else { return Some(named) };
        let abi = env.get(var::CARGO_CFG_TARGET_ENV).unwrap_or("");
        let arch = env.get(var::CARGO_CFG_TARGET_ARCH).unwrap_or(&named.arch);
        Some(Platform::new([host, target], [arch, os, abi]))
    }

    /// Returns the platform that `rustc --print cfg` describes.
    ///
    /// ```
    /// use thymos_build::{CLibrary, Platform};
    /// let cfg = "target_arch=\"x86_64\"\ntarget_env=\"musl\"\ntarget_os=\"linux\"\n";
    /// let platform = Platform::from_cfg("x86_64-unknown-linux-gnu", "x86_64-my-custom", cfg);
    /// assert_eq!(platform.c_library, CLibrary::Musl);
    /// ```
    pub fn from_cfg(host: &str, target: &str, cfg: &str) -> Platform {
        let value = |name: &str| {
            let lines = cfg.lines().filter_map(|line| line.trim().strip_prefix(name)?.strip_prefix("=\""));
            lines.filter_map(|rest| rest.strip_suffix('"')).next()
        };
        match (value("target_arch"), value("target_os")) {
            (Some(arch), Some(os)) => {
                Platform::new([host, target], [arch, os, value("target_env").unwrap_or_default()])
            }
            _ => Platform::from_triple(host, target),
        }
    }

    /// Returns the platform that two triples name, as well as names allow.
    pub fn from_triple(host: &str, target: &str) -> Platform {
        let [arch, system, abi] = match target.parse::<Triple>() {
            Ok(triple) => {
                [triple.architecture.to_string(), triple.operating_system.to_string(), triple.environment.to_string()]
            }
            Err(_) => parts(target),
        };
        let (os, env) = configured(target, &system, &abi);
        Platform::new([host, target], [&arch, os, env])
    }

    /// Returns the platform that this library was built for, which is right wherever it was not cross-compiled to.
    pub(crate) fn built_for() -> Platform {
        let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
        let env = match () {
            () if cfg!(target_env = "gnu") => "gnu",
            () if cfg!(target_env = "musl") => "musl",
            () if cfg!(target_env = "msvc") => "msvc",
            () => "",
        };
        let name = format!("{arch}-unknown-{os}-{env}");
        let name = name.trim_end_matches('-');
        Platform::new([name, name], [arch, os, env])
    }

    /// Returns whether programs for the target run here.
    pub fn is_native(&self) -> bool {
        self.host == self.target
    }

    /// Returns the target the way environment variables spell it: `x86_64_unknown_linux_gnu`.
    pub fn target_underscored(&self) -> String {
        self.target.replace(['-', '.'], "_")
    }

    fn new([host, target]: [&str; 2], [arch, os, env]: [&str; 3]) -> Platform {
        let c_library = c_library(os, env);
        let [host, target, arch, os, env] = [host, target, arch, os, env].map(str::to_owned);
        Platform { host, target, arch, os, env, c_library }
    }
}

/// Returns the architecture, system and ABI of a triple by position, which is what most triples mean by it.
fn parts(triple: &str) -> [String; 3] {
    let words: Vec<&str> = triple.split('-').collect();
    let [arch, system, abi] = match words[..] {
        [arch, _, system, abi, ..] => [arch, system, abi],
        [arch, _, system] => [arch, system, ""],
        [arch, system] => [arch, system, ""],
        _ => [triple, "unknown", ""],
    };
    [arch, system, abi].map(str::to_owned)
}

/// Returns `target_os` and `target_env` for the words that triples use.
fn configured<'a>(target: &str, system: &'a str, abi: &'a str) -> (&'a str, &'a str) {
    let env = ["gnu", "musl", "msvc", "ohos", "uclibc", "newlib", "sgx"].into_iter().find(|name| abi.starts_with(name));
    // Systems whose name carries a version, `macosx10.7.0` and `wasip2` among them, count by how they begin.
    let begins = |name: &str| system.starts_with(name);
    match () {
        () if target.contains("android") => ("android", ""),
        () if begins("darwin") || begins("macos") => ("macos", ""),
        () if begins("wasi") => ("wasi", ""),
        () if target.contains("wasm") && begins("unknown") => ("unknown", ""),
        () if begins("linux") && target.contains("uclibc") => ("linux", "uclibc"),
        // Pointer authentication on musl: <https://doc.rust-lang.org/rustc/platform-support/aarch64-unknown-linux-pauthtest.html>.
        () if begins("linux") && abi == "pauthtest" => ("linux", "musl"),
        () if env == Some("sgx") => ("unknown", "sgx"),
        () => (system, env.unwrap_or("")),
    }
}

fn c_library(os: &str, env: &str) -> CLibrary {
    match (os, env) {
        ("windows", "msvc") => CLibrary::Msvc,
        ("windows", _) => CLibrary::Mingw,
        ("macos" | "ios" | "tvos" | "watchos" | "visionos", _) => CLibrary::Apple,
        ("android", _) => CLibrary::Bionic,
        (_, "musl" | "ohos") => CLibrary::Musl,
        ("linux" | "hurd", "gnu") => CLibrary::Glibc,
        _ => CLibrary::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(triple: &str, expected: [&str; 3]) {
        let platform = Platform::from_triple("x86_64-unknown-linux-gnu", triple);
        assert_eq!([platform.arch.as_str(), &platform.os, &platform.env], expected, "{triple}");
    }

    #[test]
    fn triples_name_what_rustc_calls_them() {
        check("x86_64-unknown-linux-gnu", ["x86_64", "linux", "gnu"]);
        check("x86_64-unknown-linux-musl", ["x86_64", "linux", "musl"]);
        check("aarch64-apple-darwin", ["aarch64", "macos", ""]);
        check("x86_64-pc-windows-msvc", ["x86_64", "windows", "msvc"]);
        check("aarch64-linux-android", ["aarch64", "android", ""]);
        check("wasm32-unknown-unknown", ["wasm32", "unknown", ""]);
        check("wasm32-wasip2", ["wasm32", "wasi", ""]);
        check("thumbv7em-none-eabihf", ["thumbv7em", "none", ""]);
    }

    #[test]
    fn nonsense_is_a_platform_too() {
        for triple in ["", "-", "----", "my-target.json", "é-è-ê-ë-e", "x86_64"] {
            let platform = Platform::from_triple(triple, triple);
            assert_eq!(platform.target, triple);
        }
    }

    #[test]
    fn what_cargo_says_wins_over_the_name() {
        let env = Env::from_pairs([
            ("TARGET", "x86_64-custom-thing"),
            ("CARGO_CFG_TARGET_ARCH", "x86_64"),
            ("CARGO_CFG_TARGET_OS", "linux"),
            ("CARGO_CFG_TARGET_ENV", "gnu"),
        ]);
        let platform = Platform::from_env(&env).expect("TARGET is set");
        assert_eq!((platform.os.as_str(), platform.c_library), ("linux", CLibrary::Glibc));
    }
}
