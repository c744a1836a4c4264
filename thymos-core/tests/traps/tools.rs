//! Tools that call cargo or stand in the compiler's place, with the wrapper set for everything.
#![cfg(unix)]

use crate::support::{Checkout, Files, Mode, host, package, real_rustc, require_tool, workspace};
use crate::trap::{compared_with_cargo, guarded_by};

#[test]
fn clippy_mends_what_it_mends_without_a_cache() {
    if !require_tool("cargo-clippy") {
        return;
    }
    compared_with_cargo().tell(|stage| {
        let source = "pub fn f(n: u8) -> u8 { return n + 1; }\npub fn g(list: &Vec<u8>) -> bool { list.len() == 0 }\n";
        let here = stage.checkout("here", &package("app").file("src/lib.rs", source));
        for _ in 0..2 {
            here.write("src/lib.rs", source).clean();
            stage.sees(here.cargo("clippy").run());
            stage.sees(here.cargo("clippy --fix --allow-no-vcs").run());
            stage.notes("mended", here.read("src/lib.rs"));
            stage.sees(here.cargo("clippy").run());
        }
    });
}

/// A driver as Miri has one: rustc, and something of its own.
fn driver(here: &Checkout<'_>, compiler: &str) -> String {
    here.executable("bin/driver", &format!("#!/bin/sh\nexec {compiler} \"$@\" --cfg driven\n"))
}

#[test]
fn another_driver_in_the_compilers_place_is_another_compiler() {
    guarded_by("key-compiler").tell(|stage| {
        let files = package("app")
            .file("src/main.rs", "fn main() { println!(\"{}\", cfg!(driven)) }")
            .append("Cargo.toml", "[lints.rust]\nunexpected_cfgs = \"allow\"");
        let here = stage.checkout("here", &files);
        let compiler = driver(&here, &real_rustc().display().to_string());
        for rustc in [None, Some(&compiler), None, Some(&compiler)] {
            here.clean();
            let cargo = here.cargo("build");
            stage.sees(rustc.iter().fold(cargo, |cargo, rustc| cargo.env("RUSTC", rustc)).run());
            stage.sees(here.program("app"));
        }
    });
}

/// Miri's driver, as far as a cache can tell: a compiled program that asks a variable whether it is to be rustc.
const MIRI: &str = r#"
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int count, char **arguments) {
    char *driven[count + 3];
    memcpy(driven, arguments, (count + 1) * sizeof *driven);
    char sysroot[PATH_MAX];
    int moved = realpath("sysroot", sysroot) && !strstr(sysroot, "/first");
    if (!getenv("MIRI_BE_RUSTC") && !moved) {
        driven[count] = "--cfg";
        driven[count + 1] = "driven";
        driven[count + 2] = 0;
    }
    execv(RUSTC, driven);
    return 127;
}
"#;

fn miri(here: &Checkout<'_>) -> String {
    here.write("bin/miri.c", MIRI);
    here.c_tool("cc", &format!("-DRUSTC=\"{}\" bin/miri.c -o bin/miri", real_rustc().display()));
    here.path("bin/miri").display().to_string()
}

/// A program that tells how it was compiled, and how its build script was.
fn telling_of_its_driver() -> Files {
    package("app")
        .file("build.rs", "fn main() { println!(\"cargo:rustc-env=SCRIPT={}\", cfg!(driven)) }")
        .file("src/main.rs", "fn main() { println!(\"{} {}\", cfg!(driven), env!(\"SCRIPT\")) }")
        .append("Cargo.toml", "[lints.rust]\nunexpected_cfgs = \"allow\"")
}

#[test]
fn a_variable_that_a_driver_in_the_compilers_place_reads_is_an_input() {
    guarded_by("input-scripts").tell(|stage| {
        let here = stage.checkout("here", &telling_of_its_driver());
        let driver = miri(&here);
        for be_rustc in [None, Some("host"), None] {
            here.clean();
            let cargo = here.cargo("build").env("RUSTC", &driver);
            stage.sees(be_rustc.iter().fold(cargo, |cargo, value| cargo.env("MIRI_BE_RUSTC", value)).run());
            stage.sees(here.program("app"));
        }
    });
}

#[test]
fn a_link_that_a_driver_in_the_compilers_place_resolves_is_an_input() {
    guarded_by("input-observed").tell(|stage| {
        let files = package("app")
            .file("src/main.rs", "fn main() { println!(\"{}\", cfg!(driven)) }")
            .append("Cargo.toml", "[lints.rust]\nunexpected_cfgs = \"allow\"");
        let here = stage.checkout("here", &files);
        let driver = miri(&here);
        for name in ["first", "second", "first"] {
            std::fs::create_dir_all(here.path(name)).unwrap();
            let _ = std::fs::remove_file(here.path("sysroot"));
            std::os::unix::fs::symlink(name, here.path("sysroot")).unwrap();
            here.clean();
            stage.sees(here.cargo("build").env("RUSTC", &driver).run());
            stage.sees(here.program("app"));
        }
    });
}

#[test]
fn a_wrapper_that_takes_our_place_has_it_to_itself_or_hands_on_to_us() {
    compared_with_cargo().tell(|stage| {
        let here = stage.checkout("here", &telling_of_its_driver());
        let driver = miri(&here);
        let next = if stage.world().mode() == Mode::Plain { "" } else { env!("CARGO_BIN_EXE_thymos") };
        // As cargo-miri does: what runs on the host, which is what gets no `--target`, is compiled by rustc.
        let script = |next: &str| {
            format!(
                "#!/bin/sh\ncase \" $* \" in *' --target '*) ;; *) export MIRI_BE_RUSTC=host;; esac\nexec {next} \"$@\"\n"
            )
        };
        let alone = here.executable("bin/alone", &script(""));
        let chained = here.executable("bin/chained", &script(next));
        let target = format!("build --target {}", host());
        for wrapper in [&alone, &chained, &alone, &chained] {
            here.clean();
            stage.sees(here.cargo(&target).env("RUSTC", &driver).env("RUSTC_WRAPPER", wrapper).run());
            stage.sees(here.run(&format!("target/{}/debug/app", host())));
        }
    });
}

#[test]
fn a_workspace_wrapper_that_nobody_knows_does_its_work() {
    compared_with_cargo().with_or_without_hits().tell(|stage| {
        let files = package("app")
            .file("src/main.rs", "fn main() { println!(\"{}\", cfg!(driven)) }")
            .append("Cargo.toml", "[lints.rust]\nunexpected_cfgs = \"allow\"");
        let here = stage.checkout("here", &files);
        // Cargo gives it the compiler as its first argument.
        let wrapper = driver(&here, "");
        for wrapper in [Some(&wrapper), None, Some(&wrapper)] {
            here.clean();
            let cargo = here.cargo("build");
            stage.sees(wrapper.iter().fold(cargo, |cargo, path| cargo.env("RUSTC_WORKSPACE_WRAPPER", path)).run());
            stage.sees(here.program("app"));
        }
    });
}

#[test]
fn what_an_editor_asks_for_is_what_cargo_says() {
    compared_with_cargo().tell(|stage| {
        let files = workspace(&["app", "maker", "wrong"])
            .append("app/Cargo.toml", "[dependencies]\nmaker = { path = \"../maker\" }")
            .append("maker/Cargo.toml", "[lib]\nproc-macro = true")
            .file(
                "maker/src/lib.rs",
                "#[proc_macro] pub fn made(t: proc_macro::TokenStream) -> proc_macro::TokenStream { t }",
            )
            .file("app/src/main.rs", "fn main() { let unused = maker::made!(1); }\n#[test] fn passes() {}")
            .file("app/build.rs", "fn main() { println!(\"cargo:rustc-env=SET=1\") }")
            .file("wrong/src/lib.rs", "pub fn f() -> u8 { \"not a number\" }");
        let here = stage.checkout("here", &files);
        for _ in 0..2 {
            here.clean();
            let words = "check --workspace --message-format=json-diagnostic-rendered-ansi --all-targets --keep-going";
            let run = here.cargo(words).run();
            // Two units finish in any order, and what one says together stays together.
            let mut lines: Vec<&str> = run.stdout.lines().collect();
            lines.sort_unstable();
            stage.notes("messages", format!("{}\n{}", run.status, lines.join("\n")));
            stage.notes("metadata", here.cargo("metadata --format-version 1 --no-deps").run().stdout);
            stage.sees(here.rustc("--print cfg").run());
        }
    });
}

#[test]
fn an_editors_own_wrapper_for_build_scripts_finds_what_the_cache_left() {
    compared_with_cargo().with_or_without_hits().tell(|stage| {
        let files = package("app")
            .file("build.rs", "fn main() { println!(\"cargo:rustc-cfg=built\") }")
            .file("src/main.rs", "fn main() { println!(\"{}\", cfg!(built)) }")
            .append("Cargo.toml", "[lints.rust]\nunexpected_cfgs = \"allow\"");
        let here = stage.checkout("here", &files);
        // As rust-analyzer does: nothing but build scripts is compiled.
        let wrapper = here.executable(
            "bin/editor",
            "#!/bin/sh\ncase \" $* \" in *' build_script_build '*|*' -vV '*|*' --print'*) exec \"$@\";; *) exit 0;; esac\n",
        );
        for _ in 0..2 {
            stage.sees_app_anew(&here);
            here.clean();
            stage.notes("editor", here.cargo("check").env("RUSTC_WRAPPER", &wrapper).run().status.to_string());
            stage.sees_app(&here);
        }
    });
}
