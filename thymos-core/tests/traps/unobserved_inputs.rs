//! Inputs that no call tells of: what a process reads of its whole environment.

use crate::support::{Files, workspace};
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
