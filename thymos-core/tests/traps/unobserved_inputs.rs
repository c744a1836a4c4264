//! Inputs that no call tells of: what a process reads of its whole environment.

use crate::support::{Files, package, workspace};
use crate::trap::guarded_by;

/// A program that prints what a macro makes of every variable.
fn printing_what_a_macro_finds(expression: &str) -> Files {
    let maker = format!(
        "use proc_macro::TokenStream;\n#[proc_macro] pub fn made(_: TokenStream) -> TokenStream {{\n    \
         let found: Vec<String> = std::env::vars().filter(|(name, _)| {expression}).map(|(name, value)| name + \"=\" + &value).collect();\n    \
         format!(\"{{:?}}\", found.join(\" \")).parse().unwrap()\n}}\n"
    );
    workspace(&["app", "maker"])
        .append("app/Cargo.toml", "[dependencies]\nmaker = { path = \"../maker\" }")
        .append("maker/Cargo.toml", "[lib]\nproc-macro = true")
        .file("app/src/main.rs", "fn main() { println!(\"{}\", maker::made!()) }")
        .file("maker/src/lib.rs", maker)
}

#[test]
#[cfg(unix)]
fn whatever_a_variable_is_called_who_reads_all_of_them_reads_it() {
    guarded_by("input-observed").tell(|stage| {
        for name in ["SSH_TTY", "TERM", "_", "MAKEFLAGS"] {
            let here = stage.checkout("here", &printing_what_a_macro_finds(&format!("name == {name:?}")));
            for value in [None, Some("one"), Some("two")] {
                here.clean();
                let cargo = here.cargo("build");
                stage.sees(value.iter().fold(cargo, |cargo, value| cargo.env(name, value)).run());
                stage.sees(here.program("app"));
            }
        }
    });
}

#[test]
fn a_variable_that_the_runtime_asks_for_too_is_read_by_who_names_it() {
    guarded_by("input-observed").tell(|stage| {
        let named = printing_what_a_macro_finds("name == \"NONE\"").file(
            "maker/src/lib.rs",
            "use proc_macro::TokenStream;\n#[proc_macro] pub fn made(_: TokenStream) -> TokenStream {\n    \
             format!(\"{:?}\", std::env::var(\"RUST_LIB_BACKTRACE\").unwrap_or_default()).parse().unwrap()\n}\n",
        );
        let here = stage.checkout("here", &named);
        for value in ["0", "1"] {
            here.clean();
            stage.sees(here.cargo("build").env("RUST_LIB_BACKTRACE", value).run());
            stage.sees(here.program("app"));
        }
    });
}

/// A compiled program with the name of a driver, which lets a variable say more than its arguments do.
const DRIVER: &str = r#"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int count, char **arguments) {
    char id[64], *all[count + 2];
    const char *names[] = {"CCC_OVERRIDE_OPTIONS", "CLANG_NO_DEFAULT_CONFIG", "MOLD_DEBUG", "GCC_COMPARE_DEBUG"}, *said = "00";
    for (int i = 0; i < 4; i++)
        said = getenv(names[i]) ? getenv(names[i]) : said;
    snprintf(id, sizeof id, "-Wl,--build-id=0x%s", said);
    memcpy(all, arguments, count * sizeof *all);
    all[0] = "cc";
    all[count] = id;
    all[count + 1] = 0;
    execvp("cc", all);
    return 1;
}
"#;

#[test]
#[cfg(target_os = "linux")]
fn a_variable_that_is_known_to_shape_a_link_is_an_input() {
    guarded_by("key-environment").tell(|stage| {
        let here = stage.checkout("here", &package("app").file("src/main.rs", "fn main() {}"));
        here.write("driver.c", DRIVER).c_tool("cc", "driver.c -o clang");
        let linker = here.path("clang").display().to_string();
        for name in ["CCC_OVERRIDE_OPTIONS", "CLANG_NO_DEFAULT_CONFIG", "MOLD_DEBUG", "GCC_COMPARE_DEBUG"] {
            for value in ["0123456789abcdef", "fedcba9876543210"] {
                here.clean();
                stage.sees(here.cargo("build").env("RUSTFLAGS", format!("-Clinker={linker}")).env(name, value).run());
                stage.sees_bytes(&here, "target/debug/app");
            }
        }
    });
}
