//! Variables that a source reads while it is compiled.

#[cfg(unix)]
use std::process::Command;

#[cfg(unix)]
use crate::support::{Checkout, Run, workspace};
use crate::support::{Files, package};
use crate::trap::{Stage, guarded_by};

const NAMES: [&str; 4] = ["GREETING", "SOURCE_DATE_EPOCH", "HOST", "PWD"];

#[test]
fn a_variable_that_is_unset_empty_or_set_has_three_states() {
    guarded_by("input-env,input-observed").tell(|stage| {
        let shows: String =
            NAMES.iter().map(|name| format!("println!(\"{name} {{:?}}\", option_env!(\"{name}\"));")).collect();
        let here = stage.checkout("here", &package("app").file("src/main.rs", format!("fn main() {{ {shows} }}")));
        for name in NAMES {
            for value in [None, Some(""), Some("1"), Some("2"), Some("")] {
                here.clean();
                // Cargo and the shell set PWD on their own, so it is never absent for long.
                let cargo = here.cargo("build").env("PWD", here.root());
                stage.sees(
                    value.map_or_else(|| here.cargo("build").env_remove(name), |value| cargo.env(name, value)).run(),
                );
                stage.sees(here.program("app"));
            }
        }
    });
}

#[test]
fn a_variable_that_must_be_set_is_missed() {
    guarded_by("input-env,input-observed").tell(|stage| {
        let here =
            stage.checkout("here", &package("app").file("src/main.rs", "fn main() { println!(env!(\"GREETING\")) }"));
        stage.sees(here.cargo("build").env("GREETING", "hello").run());
        here.clean();
        stage.sees(here.cargo("build").run());
    });
}

/// A build script that hands the content of a file on as a variable of the compile.
fn with_build_script(main: &str) -> Files {
    let script = "fn main() { println!(\"cargo:rerun-if-changed=version.txt\"); \
                  println!(\"cargo:rustc-env=VERSION_TEXT={}\", std::fs::read_to_string(\"version.txt\").unwrap()); }";
    package("app").file("build.rs", script).file("version.txt", "one").file("src/main.rs", main)
}

#[test]
fn a_value_set_by_the_build_script_is_an_input() {
    guarded_by("key-environment,input-env,input-observed").tell(|stage| {
        let here = stage.checkout("here", &with_build_script("fn main() { println!(env!(\"VERSION_TEXT\")) }"));
        stage.sees_app(&here);
        here.write("version.txt", "two");
        stage.sees_app_anew(&here);
    });
}

#[test]
fn a_value_set_by_the_build_script_and_read_by_a_proc_macro_is_an_input() {
    guarded_by("key-environment,input-env,input-observed").tell(|stage| {
        let reader = "use proc_macro::TokenStream; #[proc_macro] pub fn text(_: TokenStream) -> TokenStream \
                      { format!(\"{:?}\", std::env::var(\"VERSION_TEXT\")).parse::<TokenStream>().map(|t| format!(\"stringify!({t})\").parse().unwrap()).unwrap() }";
        let files = with_build_script("fn main() { println!(\"{}\", reader::text!()) }")
            .append("Cargo.toml", "[dependencies]\nreader = { path = \"reader\" }")
            .file("reader/Cargo.toml", "[package]\nname = \"reader\"\nedition = \"2024\"\n[lib]\nproc-macro = true\n")
            .file("reader/src/lib.rs", reader);
        let here = stage.checkout("here", &files);
        stage.sees_app(&here);
        here.write("version.txt", "two");
        stage.sees_app_anew(&here);
    });
}

#[test]
fn what_cargo_says_of_the_package_is_an_input() {
    guarded_by("key-environment,input-env,input-observed").tell(|stage| {
        let main = "fn main() { println!(\"{} {} {}\", env!(\"CARGO_PKG_VERSION\"), env!(\"CARGO_PKG_DESCRIPTION\"), env!(\"CARGO_PKG_AUTHORS\")) }";
        let files = package("app").file("src/main.rs", main);
        let described = |text: &str| {
            let table = format!("[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\ndescription = {text:?}\n[workspace]\n");
            files.clone().file("Cargo.toml", table)
        };
        let here = stage.checkout("here", &described("first"));
        stage.sees_app(&here);
        let here = stage.checkout("here", &described("second"));
        stage.sees_app_anew(&here);
    });
}

/// Builds with cargo in a program of another name, which takes itself for the cargo that somebody exports.
#[cfg(unix)]
fn builds_by(here: &Checkout<'_>, exported: &str, words: &str) -> Command {
    let program = here.path("bin/builds");
    if !program.exists() {
        std::fs::create_dir_all(here.path("bin")).unwrap();
        std::fs::copy(std::env::var_os("CARGO").expect("cargo test tells its own path"), &program).unwrap();
    }
    let mut command = here.command(&program);
    command.args(words.split(' ')).args(["--quiet", "--offline"]).env("CARGO", here.path(exported));
    command
}

#[test]
#[cfg(unix)]
fn the_cargo_that_somebody_exports_is_an_input() {
    guarded_by("input-env,input-observed").tell(|stage| {
        let reader = "use proc_macro::TokenStream; #[proc_macro] pub fn cargo(_: TokenStream) -> TokenStream \
                      { format!(\"{:?}\", std::env::var(\"CARGO\").unwrap_or_default()).parse().unwrap() }";
        let files = package("app")
            .append("Cargo.toml", "[dependencies]\nreader = { path = \"reader\" }")
            .file("reader/Cargo.toml", "[package]\nname = \"reader\"\nedition = \"2024\"\n[lib]\nproc-macro = true\n")
            .file("reader/src/lib.rs", reader)
            .file("src/lib.rs", "pub fn asked() -> &'static str { reader::cargo!() }")
            .file("src/main.rs", "fn main() { println!(\"{} {}\", env!(\"CARGO\"), app::asked()) }");
        let here = stage.checkout("here", &files);
        for cargo in ["one/cargo", "another/cargo", "one/cargo"] {
            here.clean();
            stage.sees(Run::of(&mut builds_by(&here, cargo, "build")));
            stage.sees(here.program("app"));
        }
    });
}

#[test]
#[cfg(unix)]
fn what_cargo_says_of_itself_and_of_the_build_to_a_script_in_the_compilers_place_is_an_input() {
    guarded_by("input-scripts").tell(|stage| {
        let files = workspace(&["app", "part"])
            .append(
                "app/Cargo.toml",
                "[dependencies]\npart = { path = \"../part\" }\n[lints.rust]\nunexpected_cfgs = \"allow\"",
            )
            .append("part/Cargo.toml", "[lints.rust]\nunexpected_cfgs = \"allow\"")
            .file("app/src/main.rs", "fn main() { println!(\"{} {}\", part::primary(), cfg!(elsewhere)) }")
            .file("part/src/lib.rs", "pub fn primary() -> bool { cfg!(primary) }");
        let here = stage.checkout("here", &files);
        let script = format!(
            "#!/bin/sh\n[ -z \"$CARGO_PRIMARY_PACKAGE\" ] || set -- \"$@\" --cfg primary\n\
             case \"$CARGO\" in */elsewhere/*) set -- \"$@\" --cfg elsewhere;; esac\nexec '{}' \"$@\"\n",
            crate::support::real_rustc().display()
        );
        let rustc = here.executable("bin/rustc", &script);
        for (words, cargo) in [
            ("build -p app", "one/cargo"),
            ("build", "one/cargo"),
            ("build -p app", "elsewhere/cargo"),
            ("build -p app", "one/cargo"),
        ] {
            here.clean();
            stage.sees(Run::of(builds_by(&here, cargo, words).env("RUSTC", &rustc)));
            stage.sees(here.program("app"));
        }
    });
}

/// The generated file of a build script that reads `shape.txt`.
fn with_generated_code(main: &str) -> Files {
    let script = "fn main() { println!(\"cargo:rerun-if-changed=shape.txt\"); let out = std::env::var(\"OUT_DIR\").unwrap(); \
                  println!(\"cargo:rustc-env=MADE={out}/made.rs\"); let shape = std::fs::read_to_string(\"shape.txt\").unwrap(); \
                  std::fs::write(format!(\"{out}/made.rs\"), format!(\"const SHAPE: &str = {shape:?};\")).unwrap(); \
                  std::fs::write(format!(\"{out}/made.txt\"), shape).unwrap(); }";
    package("app").file("build.rs", script).file("shape.txt", "round").file("src/main.rs", main)
}

fn sees_generated_code_that_changes(stage: &mut Stage<'_>, main: &str) {
    let here = stage.checkout("here", &with_generated_code(main));
    stage.sees_app(&here);
    here.write("shape.txt", "square");
    stage.sees_app_anew(&here);
    let there = stage.checkout("there/and/deeper", &with_generated_code(main).file("shape.txt", "long"));
    stage.sees_app(&there);
    stage.sees_freshness(&there);
}

#[test]
fn generated_code_that_changes_is_compiled_anew() {
    guarded_by("input-sources,input-observed").tell(|stage| {
        let main = "include!(concat!(env!(\"OUT_DIR\"), \"/made.rs\")); fn main() { println!(\"{SHAPE}\") }";
        sees_generated_code_that_changes(stage, main);
    });
}

#[test]
fn generated_code_that_a_variable_names_and_that_changes_is_compiled_anew() {
    guarded_by("input-sources,input-observed").tell(|stage| {
        sees_generated_code_that_changes(stage, "include!(env!(\"MADE\")); fn main() { println!(\"{SHAPE}\") }");
    });
}

#[test]
fn the_length_of_a_generated_files_path_is_this_checkouts() {
    guarded_by("bind-search,bind-env,input-env,key-environment").tell(|stage| {
        let main = "include!(env!(\"MADE\")); fn main() { println!(\"{SHAPE} {}\", env!(\"MADE\").len()) }";
        stage.sees_app(&stage.checkout("here", &with_generated_code(main)));
        stage.sees_app(&stage.checkout("there/and/deeper", &with_generated_code(main)));
    });
}

#[test]
fn an_out_dir_used_as_a_path_at_run_time_is_this_checkouts() {
    guarded_by("bind-search,bind-env,input-env,key-environment").tell(|stage| {
        let main = "fn main() { let path = concat!(env!(\"OUT_DIR\"), \"/made.txt\"); \
                    println!(\"{path} {} {:?}\", env!(\"OUT_DIR\").len(), std::fs::read_to_string(path)) }";
        let here = stage.checkout("here", &with_generated_code(main));
        stage.sees_app(&here);
        let there = stage.checkout("there/and/deeper", &with_generated_code(main).file("shape.txt", "square"));
        stage.sees_app(&there);
        here.remove("target");
        stage.sees(there.program("app"));
    });
}
