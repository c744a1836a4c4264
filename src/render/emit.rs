//! A plan as directives for Cargo.
//!
//! Invariant: pure, and single-colon. `cargo::` would abort the build of every package whose `rust-version` is below 1.77,
//! so the crate cargo-emit prints them, and its `pair!` those that it has no macro for.
//!
//! `rerun-if-changed` is printed for a file that exists only: for any other Cargo would run the script in every build.

use crate::{Decision, Plan, Scope, machine::env::var, plan::why::Why};

/// What is printed beside the plan's own directives.
#[derive(Clone, Debug, Default)]
pub(crate) struct Switches {
    pub(crate) no_metadata: bool,
    pub(crate) no_warnings: bool,
    /// The variable that carries the summary into the package.
    pub(crate) summary_env: Option<String>,
}

impl Plan {
    /// Returns the directives, each on its line.
    pub(crate) fn directives(&self, switches: &Switches) -> String {
        let mut out = String::new();
        if !switches.no_metadata {
            self.reruns(&mut out);
            for arg in self.link_args() {
                link_arg(&mut out, self.request.scope, arg);
            }
            if let Some(name) = &switches.summary_env {
                cargo_emit::rustc_env!(to: &mut out, "{}", "{}", name, self.summary());
            }
        }
        if !switches.no_warnings
            && let Some(warning) = self.warning()
        {
            // Cargo reads one line; what follows a line break would be taken for a directive or lost.
            for line in warning.lines() {
                cargo_emit::warning!(to: &mut out, "{}", line);
            }
        }
        out
    }

    fn reruns(&self, out: &mut String) {
        let target = self.platform.target_underscored();
        for name in [var::THYMOS_LINKER, var::DOCS_RS, var::NIX_CC, var::CFLAGS] {
            cargo_emit::rerun_if_env_changed!(to: &mut *out, name);
        }
        cargo_emit::rerun_if_env_changed!(to: &mut *out, format!("{}_{target}", var::CFLAGS));
        if let Decision::Use { linker, .. } = &self.decision {
            let used = self.candidates.iter().find(|(candidate, _)| candidate.linker == *linker);
            let path = used.and_then(|(candidate, _)| candidate.path.as_ref());
            // If the linker goes away the script runs again, and links with what is there then.
            if let Some(path) = path {
                cargo_emit::rerun_if_changed!(to: &mut *out, path.display());
            }
        }
    }

    /// Returns what the person who builds must know, if anything.
    pub(crate) fn warning(&self) -> Option<String> {
        match &self.decision {
            Decision::Default(Why::Unusable { asked, cause, install }) => {
                let install = install.as_ref().map(|command| format!("; to install it: {command}")).unwrap_or_default();
                Some(format!("thymos: cannot link with {asked}, so the default linker is used: {cause}{install}"))
            }
            Decision::Default(_) | Decision::Use { .. } => None,
        }
    }
}

fn link_arg(out: &mut String, scope: Scope, arg: &str) {
    let key = match scope {
        Scope::Package => return cargo_emit::pair!(to: out, "rustc-link-arg", "{}", arg),
        Scope::Bins => "bins",
        Scope::Tests => "tests",
        Scope::Examples => "examples",
        Scope::Benches => "benches",
        // The one whose name is built the other way round.
        Scope::Cdylib => return cargo_emit::pair!(to: out, "rustc-cdylib-link-arg", "{}", arg),
    };
    cargo_emit::pair!(to: out, "rustc-link-arg-{}", "{}", key, arg);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Linker,
        plan::{
            facts::By,
            tests::{Given, given},
        },
    };

    const RERUNS: &str = "\
cargo:rerun-if-env-changed=THYMOS_LINKER
cargo:rerun-if-env-changed=DOCS_RS
cargo:rerun-if-env-changed=NIX_CC
cargo:rerun-if-env-changed=CFLAGS
cargo:rerun-if-env-changed=CFLAGS_x86_64_unknown_linux_gnu
";

    fn check(given: Given, expected: &str) {
        let directives = given.plan().directives(&Switches::default());
        assert_eq!(directives.strip_prefix(RERUNS).expect("reruns come first"), expected);
    }

    #[test]
    fn a_chosen_linker_is_a_flag_and_a_file_to_watch() {
        check(
            given().works(Linker::Mold, 40),
            "cargo:rerun-if-changed=/usr/bin/mold\ncargo:rustc-link-arg=-fuse-ld=mold\n",
        );
    }

    #[test]
    fn a_default_that_is_fast_is_no_flag() {
        check(given().default(Linker::RustLld, 40).works(Linker::Mold, 10), "");
    }

    #[test]
    fn an_unusable_choice_is_one_warning_and_no_flag() {
        check(
            given().missing(Linker::Mold).asked(By::Person, "mold"),
            "cargo:warning=thymos: cannot link with mold, so the default linker is used: it is not installed; \
             to install it: sudo apt-get install mold\n",
        );
    }

    #[test]
    fn every_line_of_a_warning_is_a_warning() {
        let given = given().candidate(Linker::Mold, crate::probe::Probe::failed("one\ntwo")).asked(By::Person, "mold");
        check(
            given,
            "cargo:warning=thymos: cannot link with mold, so the default linker is used: one\ncargo:warning=two\n",
        );
    }

    #[test]
    fn each_scope_has_its_directive() {
        let cases = [
            (Scope::Package, "rustc-link-arg"),
            (Scope::Bins, "rustc-link-arg-bins"),
            (Scope::Tests, "rustc-link-arg-tests"),
            (Scope::Examples, "rustc-link-arg-examples"),
            (Scope::Benches, "rustc-link-arg-benches"),
            (Scope::Cdylib, "rustc-cdylib-link-arg"),
        ];
        for (scope, directive) in cases {
            let given = given().works(Linker::Mold, 40).with(|facts| facts.request.scope = scope);
            check(given, &format!("cargo:rerun-if-changed=/usr/bin/mold\ncargo:{directive}=-fuse-ld=mold\n"));
        }
    }

    #[test]
    fn switches_silence_what_they_name() {
        let plan = given().missing(Linker::Mold).asked(By::Person, "mold").plan();
        let print = |no_metadata, no_warnings| {
            plan.directives(&Switches { no_metadata, no_warnings, summary_env: Some("PLAN".into()) })
        };
        assert_eq!(print(true, true), "");
        assert!(print(true, false).starts_with("cargo:warning="));
        assert!(!print(false, true).contains("cargo:warning="));
        assert!(print(false, true).contains("cargo:rustc-env=PLAN="));
    }

    #[test]
    fn no_directive_has_two_colons() {
        let plan = given().works(Linker::Mold, 40).plan();
        assert!(!plan.directives(&Switches::default()).contains("cargo::"));
    }
}
