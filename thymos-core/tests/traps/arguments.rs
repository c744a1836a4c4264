//! Arguments of the compiler that change what it says or makes.

use crate::support::package;
use crate::trap::{compared_with_cargo, guarded_by};

#[test]
fn a_lint_denied_after_a_success_is_refused() {
    guarded_by("key-arguments").tell(|stage| {
        let here = stage.checkout("here", &package("app").file("src/main.rs", "fn main() { let unused = 1; }"));
        stage.sees(here.cargo("build").run());
        here.clean();
        stage.sees(here.cargo("build").env("RUSTFLAGS", "-Dunused-variables").run());
    });
}

#[test]
fn capped_lints_do_not_answer_for_uncapped_ones() {
    guarded_by("key-arguments").tell(|stage| {
        let here = stage
            .checkout("here", &package("app").file("src/lib.rs", "#![deny(warnings)] pub fn f() { let unused = 1; }"));
        for cap in ["allow", "warn", "forbid"] {
            stage.sees(here.compile("--crate-type lib src/lib.rs --cap-lints").arg(cap).run());
        }
    });
}

#[test]
fn a_cfg_that_is_no_longer_expected_warns() {
    guarded_by("key-arguments").tell(|stage| {
        let lints = |known: &str| {
            format!("[lints.rust]\nunexpected_cfgs = {{ level = \"deny\", check-cfg = ['cfg({known})'] }}")
        };
        let files = package("app").file("src/main.rs", "fn main() { if cfg!(special) { println!(\"special\") } }");
        let here = stage.checkout("here", &files.clone().append("Cargo.toml", &lints("special")));
        stage.sees_app(&here);
        let here = stage.checkout("here", &files.append("Cargo.toml", &lints("other")));
        stage.sees_app_anew(&here);
    });
}

#[test]
fn a_lint_denied_in_the_source_is_refused() {
    guarded_by("input-sources,input-observed").tell(|stage| {
        let here = stage.checkout("here", &package("app").file("src/main.rs", "fn main() { let unused = 1; }"));
        stage.sees_app(&here);
        here.edit("src/main.rs", "fn main", "#![deny(warnings)] fn main");
        stage.sees_app_anew(&here);
    });
}

const SAYS_ITS_FLAGS: &str = r#"fn main() {
    println!("checks {} ab {} a {} b {} k {:?}", cfg!(debug_assertions), cfg!(ab), cfg!(a), cfg!(b), cfg!(k = "a b"));
}"#;

#[test]
fn the_order_of_two_flags_decides() {
    guarded_by("key-arguments").tell(|stage| {
        let here = stage.checkout("here", &package("app").file("src/main.rs", SAYS_ITS_FLAGS));
        for flags in
            ["-O -Copt-level=0", "-Copt-level=0 -O", "-Copt-level=1 -Copt-level=0", "-Copt-level=0 -Copt-level=1"]
        {
            here.clean();
            stage.sees(here.compile("--crate-type bin src/main.rs -A unexpected-cfgs").arg_list(flags).run());
            stage.sees(here.run("target/debug/deps/app"));
        }
    });
}

#[test]
fn flags_whose_text_runs_together_are_not_the_same() {
    guarded_by("key-arguments").tell(|stage| {
        let here = stage.checkout("here", &package("app").file("src/main.rs", SAYS_ITS_FLAGS));
        for flags in [
            &["--cfg=ab"][..],
            &["--cfg=a", "--cfg=b"],
            &["--cfg=a"],
            &["--cfg=k=\"a b\""],
            &["--cfg=k=\"a\"", "--cfg=b"],
        ] {
            let rustc = here.compile("--crate-type bin src/main.rs -A unexpected-cfgs");
            stage.sees(flags.iter().fold(rustc, crate::support::Cargo::arg).run());
            stage.sees(here.run("target/debug/deps/app"));
        }
    });
}

#[test]
fn rustflags_and_encoded_rustflags_are_told_apart() {
    // The program of the first build is laid out under its name, and cargo looks for another.
    guarded_by("key-arguments").that_says("target/debug/app\": No such file").tell(|stage| {
        let here = stage.checkout("here", &package("app").file("src/main.rs", SAYS_ITS_FLAGS));
        for (name, value) in [
            ("RUSTFLAGS", "--cfg a --cfg b"),
            ("CARGO_ENCODED_RUSTFLAGS", "--cfg\u{1f}ab"),
            ("CARGO_ENCODED_RUSTFLAGS", "--cfg\u{1f}k=\"a b\""),
            ("RUSTFLAGS", ""),
        ] {
            here.clean();
            stage.sees(here.cargo("build").env(name, value).env("CARGO_BUILD_WARNINGS", "allow").run());
            stage.sees(here.program("app"));
        }
    });
}

#[test]
fn a_feature_allowed_by_bootstrap_is_refused_without_it() {
    guarded_by("key-environment").tell(|stage| {
        let source = "#![feature(never_type)] pub fn f() -> Option<!> { None }";
        let here = stage.checkout("here", &package("app").file("src/lib.rs", source));
        for bootstrap in ["1", "", "1", "-1"] {
            here.clean();
            stage.sees(here.cargo("build").env("RUSTC_BOOTSTRAP", bootstrap).run());
        }
    });
}

#[test]
fn unstable_flags_change_what_is_compiled() {
    // Nobody has classified these, so nothing is cached here yet.
    compared_with_cargo().without_hits().tell(|stage| {
        let here = stage.checkout(
            "here",
            &package("app").file(
                "src/main.rs",
                "fn main() { println!(\"{}\", 200u8.wrapping_add(std::env::args().count() as u8) + 54 + 2) }",
            ),
        );
        for flags in ["-Zmir-opt-level=0", "-Zmir-opt-level=0 -Coverflow-checks=off", "-Zno-link"] {
            here.clean();
            stage.sees(here.cargo("build").env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", flags).run());
            if here.path("target/debug/app").exists() {
                let run = here.program("app");
                stage.notes("status", format!("{} {}", run.status, run.stdout));
            }
        }
    });
}

#[test]
fn what_check_stored_does_not_answer_a_build() {
    guarded_by("key-arguments").that_says("extern location for app does not exist").tell(|stage| {
        let files = package("app")
            .file("src/lib.rs", "pub const N: i32 = 1;")
            .file("src/main.rs", "fn main() { println!(\"{}\", app::N) }");
        let here = stage.checkout("here", &files);
        stage.sees(here.cargo("check").run());
        stage.sees_app_anew(&here);
        here.clean();
        stage.sees(here.cargo("check").run());
        stage.notes("outputs of check", here.files_below("target/debug/deps").join("\n"));
    });
}

#[test]
fn a_harness_an_example_and_a_bench_are_not_the_program() {
    // The program itself is laid out, under its name, and cargo looks for the harness.
    guarded_by("key-arguments").that_says("could not execute process").tell(|stage| {
        let source = "fn main() { println!(\"test: {}\", cfg!(test)) } #[test] fn passes() { println!(\"test: {}\", cfg!(test)) }";
        let files = package("app").file("src/main.rs", source).file("examples/other.rs", source).file("benches/speed.rs", source);
        let here = stage.checkout("here", &files);
        stage.sees_app(&here);
        let run = here.cargo("test --bins --examples --benches").run();
        stage.notes("tests", format!("{} {}", run.status, run.stderr));
        stage.sees(here.cargo("run --example other").run());
        stage.notes("outputs", [here.files_below("target/debug/deps"), here.files_below("target/debug/examples")].concat().join("\n"));
    });
}

#[test]
fn doc_tests_and_documentation_follow_the_source() {
    guarded_by("input-sources,input-observed").tell(|stage| {
        let here = stage.checkout(
            "here",
            &package("app").file("src/lib.rs", "//! ```\n//! assert_eq!(app::N, 1);\n//! ```\npub const N: i32 = 1;"),
        );
        stage.notes("test", here.cargo("test --doc").run().status.to_string());
        here.edit("src/lib.rs", "N: i32 = 1", "N: i32 = 2").clean();
        stage.notes("test", here.cargo("test --doc").run().status.to_string());
    });
}
