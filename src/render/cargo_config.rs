//! A plan as the keys that it wants in `.cargo/config.toml`, and as variables for a Dockerfile or a CI job.
//!
//! A build script reaches the links of its own package only; these forms reach the whole workspace.
//!
//! Invariant: pure. Only `target.<triple>` keys are written, for two `cfg()` tables that both match are an error to Cargo, and
//! a wrapper is written only if it was found, for Cargo fails without it.

use crate::{Decision, Plan, Why, Wrapper, machine::wrapper::Launched};

impl Plan {
    /// Returns the text of a configuration file that holds what this plan wants; a comment alone if it wants nothing.
    ///
    /// It holds no key for anything that the person chose already. Merging it into an existing file is another matter.
    pub fn cargo_config(&self) -> String {
        let mut text = format!("# {}\n", self.summary());
        if let Some(wrapper) = self.caching.choice() {
            text += &format!("\n[build]\nrustc-wrapper = {}\n", quoted(wrapper.name));
        }
        let target = &self.platform.target;
        if let Some(linker) = self.configured_linker() {
            text += &format!("\n[target.{target}]\nlinker = {}\n", quoted(&linker));
        }
        let flags = self.rustflags();
        if !flags.is_empty() {
            let flags = flags.iter().map(|flag| quoted(flag)).collect::<Vec<String>>().join(", ");
            // Doctests are linked too, and do not get `rustflags`.
            text += &format!("\n[target.{target}]\nrustflags = [{flags}]\nrustdocflags = [{flags}]\n");
        }
        let launchers = self.c_launchers();
        if !launchers.is_empty() {
            text += "\n[env]\n";
            launchers.iter().for_each(|(name, value)| text += &format!("{name} = {}\n", quoted(value)));
        }
        text
    }

    /// Returns the same as variables: what a Dockerfile's `ENV` or a CI job's `env:` needs.
    ///
    /// Cargo reads them like the file. `RUSTFLAGS` is not among them: it would silence every configured flag.
    pub fn variables(&self) -> Vec<(String, String)> {
        let target = self.platform.target_underscored().to_ascii_uppercase();
        let wrapper = self.caching.choice().map(|it| ("CARGO_BUILD_RUSTC_WRAPPER".to_owned(), it.name.to_owned()));
        let linker = self.configured_linker().map(|linker| (format!("CARGO_TARGET_{target}_LINKER"), linker));
        let flags = self.rustflags();
        let flags = (!flags.is_empty()).then(|| (format!("CARGO_TARGET_{target}_RUSTFLAGS"), flags.join(" ")));
        wrapper.into_iter().chain(linker).chain(flags).chain(self.c_launchers()).collect()
    }

    /// Returns the packages that a container needs for this plan, in the words of [`System::install_command`].
    ///
    /// [`System::install_command`]: crate::System::install_command
    pub fn tools(&self) -> Vec<String> {
        let linker = match &self.decision {
            Decision::Use { linker, .. } => Some(linker.to_string()),
            Decision::Default(_) => None,
        };
        linker.into_iter().chain(self.caching.choice().map(|it| it.name.to_owned())).collect()
    }

    /// Returns the flags for rustc that make this plan's linker link.
    fn rustflags(&self) -> Vec<String> {
        self.link_args().iter().map(|arg| format!("-Clink-arg={arg}")).collect()
    }

    /// Returns the program that only configuration can make rustc link with, where that is what a target needs.
    fn configured_linker(&self) -> Option<String> {
        match &self.decision {
            Decision::Default(Why::Configuration { linker }) => Some((*linker).to_owned()),
            Decision::Default(Why::NoLink { .. }) if !self.platform.is_native() => {
                let compiler = self.c_compiler.as_ref()?.path.file_stem()?.to_str()?.to_owned();
                // Plain `cc` is what has just failed.
                (compiler != self.default.as_ref()?.driver).then_some(compiler)
            }
            _ => None,
        }
    }

    /// Returns the variables that would put a wrapper in front of the C and C++ compilers of build scripts, for cc and cmake.
    ///
    /// [`Wrapper::caches`] says whether that wrapper has a use for them yet; the configuration holds them only then.
    pub fn launchers(&self, wrapper: &Wrapper) -> Vec<(String, String)> {
        let found = self.c_compiler.as_ref().and_then(|it| it.path.file_name()?.to_str());
        // A cross target's compiler has a name of its own, which nobody must guess.
        let Some(c) = found.or(self.platform.is_native().then_some("cc")) else { return Vec::new() };
        let cxx = cxx_of(c);
        wrapper.launchers(&Launched { target: &self.platform.target_underscored(), c, cxx: &cxx })
    }

    fn c_launchers(&self) -> Vec<(String, String)> {
        self.caching.c_choice().map(|wrapper| self.launchers(wrapper)).unwrap_or_default()
    }
}

/// Returns the C++ compiler that belongs to a C compiler.
fn cxx_of(c: &str) -> String {
    for (end, cxx) in [("gcc", "g++"), ("clang", "clang++"), ("cc", "c++")] {
        if let Some(start) = c.strip_suffix(end) {
            return format!("{start}{cxx}");
        }
    }
    c.to_owned()
}

/// Returns a TOML basic string.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out += &format!("\\u{:04X}", u32::from(c)),
            c => out.push(c),
        }
    }
    out + "\""
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        CCompiler, Caches, Linker,
        plan::tests::{Given, given},
        probe::Probe,
    };

    fn check(given: Given, expected: &str) {
        let text = given.plan().cargo_config();
        let (comment, keys) = text.split_once('\n').expect("a comment comes first");
        assert!(comment.starts_with("# "));
        assert_eq!(keys, expected);
    }

    fn cached(given: Given, name: &'static str, caches: Caches) -> Given {
        let wrapper = Wrapper { name, path: format!("/bin/{name}").into(), version: Ok("1.0.0".into()), caches };
        given.with(|facts| {
            facts.caching.found.push(wrapper);
            facts.c_compiler = Some(CCompiler { path: "/usr/bin/cc".into(), family: "gcc" });
        })
    }

    #[test]
    fn nothing_to_change_is_nothing_to_write() {
        check(given().default(Linker::RustLld, 40), "");
        assert!(given().default(Linker::RustLld, 40).plan().variables().is_empty());
    }

    #[test]
    fn a_linker_is_written_for_its_target_and_its_doctests() {
        check(
            given().works(Linker::Mold, 40),
            "\n[target.x86_64-unknown-linux-gnu]\nrustflags = [\"-Clink-arg=-fuse-ld=mold\"]\n\
             rustdocflags = [\"-Clink-arg=-fuse-ld=mold\"]\n",
        );
    }

    #[test]
    fn a_cache_of_rust_is_a_wrapper_and_nothing_for_c() {
        check(
            cached(given().default(Linker::RustLld, 40), "thymos", Caches::Rust),
            "\n[build]\nrustc-wrapper = \"thymos\"\n",
        );
    }

    #[test]
    fn a_cache_of_c_gets_the_compilers_of_build_scripts() {
        let given = cached(given().default(Linker::RustLld, 40), "thymos", Caches::RustAndC);
        let expected = [
            ("CARGO_BUILD_RUSTC_WRAPPER", "thymos"),
            ("CC_x86_64_unknown_linux_gnu", "thymos cc"),
            ("CXX_x86_64_unknown_linux_gnu", "thymos c++"),
            ("CC_KNOWN_WRAPPER_CUSTOM", "thymos"),
            ("CMAKE_C_COMPILER_LAUNCHER", "thymos"),
            ("CMAKE_CXX_COMPILER_LAUNCHER", "thymos"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(given.plan().variables(), expected);
    }

    #[test]
    fn windows_gets_the_linker_that_only_configuration_can_set() {
        check(given().target("x86_64-pc-windows-msvc"), "\n[target.x86_64-pc-windows-msvc]\nlinker = \"rust-lld\"\n");
    }

    #[test]
    fn a_cross_target_gets_the_compiler_that_can_link_it() {
        let given = given().target("aarch64-unknown-linux-gnu").with(|facts| {
            facts.default.as_mut().expect("there is one").probe = Probe::failed("wrong architecture");
            facts.c_compiler = Some(CCompiler { path: "/usr/bin/aarch64-linux-gnu-gcc".into(), family: "gcc" });
        });
        check(given, "\n[target.aarch64-unknown-linux-gnu]\nlinker = \"aarch64-linux-gnu-gcc\"\n");
    }

    #[test]
    fn strings_are_escaped() {
        assert_eq!(quoted("C:\\a \"b\"\n"), "\"C:\\\\a \\\"b\\\"\\u000A\"");
    }
}
