//! Reads that look like something else: behind a directory that is made again, through links, by scripts.
#![cfg(unix)]

use crate::proc_macros::printing_what_a_macro_makes;
use crate::shapes::Change::{All, Edit, Link, Remove, Rename, Write};
use crate::shapes::{built_after, built_at_two_places, built_with, built_with_values, link, traps};
use crate::support::{Checkout, Files, package, real_rustc, workspace};
use crate::trap::{Stage, compared_with_cargo, guarded_by};

/// What a macro starts, and what that prints.
fn printing_what_a_program_says(command: &str) -> Files {
    let body = format!("String::from_utf8(std::process::Command::new({command}).output().unwrap().stdout).unwrap()");
    printing_what_a_macro_makes(&body)
}

/// A program that tells whether it was compiled with the configuration `sweet`.
fn telling_its_flavour() -> Files {
    package("app")
        .file("src/main.rs", "fn main() { println!(\"{}\", cfg!(sweet)) }")
        .append("Cargo.toml", "[lints.rust]\nunexpected_cfgs = \"allow\"")
}

/// Lays a script in the compiler's place that adds to the compiler's arguments.
fn compiler_with(here: &Checkout<'_>, place: &str, more: &str) -> String {
    here.executable(place, &format!("#!/bin/sh\nexec '{}' \"$@\" {more}\n", real_rustc().display()))
}

traps! {
    a_file_in_a_directory_that_a_macro_makes_sure_of_is_an_input: guarded_by("input-below-made"), built_after(
        printing_what_a_macro_makes(
            "let root = std::env::var(\"CARGO_MANIFEST_DIR\").unwrap() + \"/templates\"; \
             std::fs::create_dir_all(&root).unwrap(); std::fs::read_to_string(root + \"/page.html\").unwrap()",
        )
        .file("app/templates/page.html", "one"),
        &[Write("app/templates/page.html", "two")],
    );

    a_program_that_a_macro_starts_sees_the_current_variables: guarded_by("input-observed,input-env"), built_with_values(
        printing_what_a_program_says("\"sh\").arg(\"-c\").arg(\"echo $FLAVOUR\""),
        "FLAVOUR",
        &[Some("sweet"), Some("sour")],
    );

    a_variable_that_was_not_set_when_a_macro_started_a_program_is_an_input: guarded_by("input-observed,input-env"), built_with_values(
        printing_what_a_program_says("\"sh\").arg(\"-c\").arg(\"echo ${FLAVOUR:-none}\""),
        "FLAVOUR",
        &[None, Some("sweet"), None],
    );

    a_variable_that_a_script_in_the_compilers_place_reads_is_an_input: guarded_by("input-scripts"),
        built_with(telling_its_flavour(), ["--cfg=sweet", "--cfg=sour"], |here, cargo, flavour| {
            cargo.env("RUSTC", compiler_with(here, "rustc", "$FLAVOUR")).env("FLAVOUR", flavour)
        });

    what_a_link_says_to_a_script_in_the_compilers_place_is_an_input: guarded_by("input-observed"),
        built_with(telling_its_flavour(), ["sweet", "sour", "sweet"], |here, cargo, says| {
            link(here, says, "flavour");
            let says = format!("--cfg $(readlink '{}')", here.path("flavour").display());
            cargo.env("RUSTC", compiler_with(here, "rustc", &says))
        });
}

/// What a linker is told to write into the program.
const IDS: [&str; 2] = ["0123456789abcdef", "fedcba9876543210"];

/// Links with each value of a variable, or without it, and tells which of them the program holds.
fn linked_with_values<'a>(
    values: &'a [Option<&'a str>],
    linker: impl Fn(&Checkout<'_>) -> String,
) -> impl Fn(&mut Stage<'_>) {
    move |stage| {
        let here = stage.checkout("here", &package("app").file("src/main.rs", "fn main() {}"));
        let linker = linker(&here);
        for value in values {
            here.clean();
            let cargo = here.cargo("build").env("RUSTFLAGS", format!("-Clinker={linker}"));
            stage.sees(value.iter().fold(cargo, |cargo, value| cargo.env("FLAVOUR", value)).run());
            let program = here.bytes("target/debug/app");
            let holds = |id: &&str| {
                let id = u64::from_str_radix(id, 16).unwrap().to_be_bytes();
                program.windows(8).any(|bytes| bytes == id)
            };
            stage.notes("its id", IDS.into_iter().find(holds).unwrap_or("none"));
        }
    }
}

fn linker_that_runs(here: &Checkout<'_>, id: &str) -> String {
    here.executable("own-cc", &format!("#!/bin/sh\nexec cc \"$@\" -Wl,--build-id=0x{id}\n"))
}

/// A compiled program in the linker's place that asks a variable.
const LINKER: &str = r#"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int count, char **arguments) {
    char id[64], *all[count + 2];
    const char *flavour = getenv("FLAVOUR");
    snprintf(id, sizeof id, "-Wl,--build-id=0x%s", flavour ? flavour : "00");
    memcpy(all, arguments, count * sizeof *all);
    all[0] = "cc";
    all[count] = id;
    all[count + 1] = 0;
    execvp("cc", all);
    return 127;
}
"#;

traps! {
    a_variable_that_a_linker_script_reads_is_an_input: guarded_by("input-scripts"),
        linked_with_values(&[Some(IDS[0]), Some(IDS[1])], |here| linker_that_runs(here, "$FLAVOUR"));

    a_variable_that_was_not_set_when_a_script_ran_is_an_input: guarded_by("input-scripts"),
        linked_with_values(&[None, Some(IDS[1]), None], |here| linker_that_runs(here, "${FLAVOUR:-00}"));

    a_variable_that_a_compiled_linker_reads_is_an_input: guarded_by("input-scripts"),
        linked_with_values(&[None, Some(IDS[1]), None], |here| {
            here.write("own.c", LINKER).c_tool("cc", "own.c -o own-cc");
            here.path("own-cc").display().to_string()
        });
}

/// A file becomes a link to one that holds the same, and a file again.
fn becomes_a_link(body: &str) -> impl Fn(&mut Stage<'_>) {
    built_after(
        printing_what_a_macro_makes(body).file("app/templates/page.html", "the same"),
        &[
            All(&[
                Rename("app/templates/page.html", "moved/page.html"),
                Link("../../moved/page.html", "app/templates/page.html"),
            ]),
            All(&[Remove("app/templates/page.html"), Rename("moved/page.html", "app/templates/page.html")]),
        ],
    )
}

/// A directory becomes a link to the same one.
fn directory_becomes_a_link(body: &str) -> impl Fn(&mut Stage<'_>) {
    built_after(
        printing_what_a_macro_makes(body).file("app/templates/page.html", ""),
        &[All(&[Rename("app/templates", "moved"), Link("../moved", "app/templates")])],
    )
}

traps! {
    a_file_that_a_macro_asks_about_and_that_becomes_a_link_is_an_input: guarded_by("input-observed"), becomes_a_link(
        "let page = std::env::var(\"CARGO_MANIFEST_DIR\").unwrap() + \"/templates/page.html\"; \
         format!(\"{} {}\", std::path::Path::new(&page).is_symlink(), std::fs::read_to_string(&page).unwrap())",
    );

    a_file_that_a_program_of_a_macro_asks_about_and_that_becomes_a_link_is_an_input: guarded_by("input-observed"), becomes_a_link(
        "let page = std::env::var(\"CARGO_MANIFEST_DIR\").unwrap() + \"/templates/page.html\"; \
         std::process::Command::new(\"/usr/bin/test\").args([\"-L\", &page]).status().unwrap().to_string()",
    );

    an_entry_of_a_directory_that_a_macro_lists_and_that_becomes_a_link_is_an_input: guarded_by("input-observed"), becomes_a_link(
        "let root = std::env::var(\"CARGO_MANIFEST_DIR\").unwrap() + \"/templates\"; \
         std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap()) \
         .map(|entry| format!(\"{} {}\", entry.file_name().display(), entry.file_type().unwrap().is_file())).collect()",
    );

    a_directory_that_a_macro_asks_about_and_that_becomes_a_link_is_an_input: guarded_by("input-observed"), directory_becomes_a_link(
        "let place = std::env::var(\"CARGO_MANIFEST_DIR\").unwrap() + \"/templates\"; \
         std::fs::symlink_metadata(place).unwrap().is_dir().to_string()",
    );

    a_directory_that_a_program_of_a_macro_resolves_and_that_becomes_a_link_is_an_input: guarded_by("input-observed"), directory_becomes_a_link(
        "let place = std::env::var(\"CARGO_MANIFEST_DIR\").unwrap() + \"/templates\"; \
         let resolved = std::process::Command::new(\"realpath\").arg(place).output().unwrap().stdout; \
         String::from_utf8(resolved).unwrap().trim().ends_with(\"/app/templates\").to_string()",
    );
}

#[test]
fn a_source_behind_a_link_that_is_turned_is_another_source() {
    guarded_by("input-sources,input-observed").tell(|stage| {
        let files = package("app")
            .file(
                "src/main.rs",
                "mod part; fn main() { println!(\"{} {}\", part::TEXT, include_str!(\"../data/text.txt\")) }",
            )
            .file("one/part.rs", "pub const TEXT: &str = \"one\";")
            .file("two/part.rs", "pub const TEXT: &str = \"two\";")
            .file("one/text.txt", "one")
            .file("two/text.txt", "two");
        let here = stage.checkout("here", &files);
        link(&here, "../one/part.rs", "src/part.rs");
        link(&here, "one", "data");
        stage.sees_app(&here);
        link(&here, "../two/part.rs", "src/part.rs");
        stage.sees_app_anew(&here);
        link(&here, "two", "data");
        stage.sees_app_anew(&here);
        // A directory takes the place of the link.
        std::fs::remove_file(here.path("data")).unwrap();
        here.write("data/text.txt", "three");
        stage.sees_app_anew(&here);
    });
}

#[test]
fn a_linker_behind_a_link_that_is_turned_links_anew() {
    guarded_by("input-link").tell(|stage| {
        let here = stage.checkout("here", &package("app").file("src/main.rs", "fn main() {}"));
        // Like gcc, it looks for what is its own beside the file that the link leads to.
        let script = "#!/bin/sh\nexec cc \"$@\" -Wl,--build-id=0x$(cat \"$(dirname \"$(readlink -f \"$0\")\")/id\")\n";
        for (release, id) in [("one", "0123456789abcdef"), ("two", "fedcba9876543210")] {
            here.executable(&format!("{release}/cc"), script);
            here.write(&format!("{release}/id"), id);
        }
        for release in ["one", "two"] {
            link(&here, release, "current");
            here.clean();
            let flags = format!("-Clinker={}", here.path("current/cc").display());
            stage.sees(here.cargo("build").env("RUSTFLAGS", flags).run());
            stage.sees_bytes(&here, "target/debug/app");
        }
    });
}

/// Builds with a compiler that looks for its flags beside the file that the link in its path leads to.
fn built_with_turned(lay: impl Fn(&Checkout<'_>, &str)) -> impl Fn(&mut Stage<'_>) {
    let files = telling_its_flavour().file("one/flag", "--cfg=sour").file("two/flag", "--cfg=sweet");
    built_with(files, ["one", "two"], move |here, cargo, release| {
        for release in ["one", "two"] {
            lay(here, &format!("{release}/rustc"));
        }
        link(here, release, "current");
        cargo.env("RUSTC", here.path("current/rustc"))
    })
}

/// A compiled program in the compiler's place that looks for its flags so.
const DRIVER: &str = r#"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int count, char **arguments) {
    char place[PATH_MAX], flag[100] = "";
    char *driven[count + 2];
    memcpy(driven, arguments, count * sizeof *driven);
    realpath(arguments[0], place);
    strcpy(strrchr(place, '/'), "/flag");
    FILE *file = fopen(place, "r");
    fgets(flag, sizeof flag, file);
    driven[count] = flag;
    driven[count + 1] = 0;
    execv(RUSTC, driven);
    return 127;
}
"#;

traps! {
    a_script_in_the_compilers_place_behind_a_link_that_is_turned_is_another_compiler: guarded_by("input-link,input-observed"),
        built_with_turned(|here, place| drop(compiler_with(here, place, "$(cat \"$(dirname \"$(readlink -f \"$0\")\")/flag\")")));

    a_program_in_the_compilers_place_behind_a_link_that_is_turned_is_another_compiler: guarded_by("input-observed"),
        built_with_turned(|here, place| {
            let rustc = format!("-DRUSTC=\"{}\"", real_rustc().display());
            here.write("driver.c", DRIVER).c_tool("cc", &format!("{rustc} -w driver.c -o {place}"));
        });

    a_path_given_by_cargos_configuration_is_this_checkouts: guarded_by("bind-env,bind-search"), built_at_two_places(
        package("app")
            .file(".cargo/config.toml", "[env]\nASSETS = { value = \"assets\", relative = true }\n")
            .file("src/main.rs", "fn main() { println!(\"{} {}\", env!(\"ASSETS\").len(), env!(\"ASSETS\")) }"),
    );

    an_object_that_a_build_script_links_is_its_content: guarded_by("input-link,input-observed"), built_with(
        package("app")
            .file("build.rs", "fn main() { println!(\"cargo:rustc-link-arg={}/part.o\", std::env::var(\"CARGO_MANIFEST_DIR\").unwrap()) }")
            .file("src/main.rs", "unsafe extern \"C\" { fn part() -> i32; }\nfn main() { println!(\"{}\", unsafe { part() }) }"),
        [1, 2],
        |here, cargo, number| {
            here.write("part.c", format!("int part(void) {{ return {number}; }}")).c_tool("cc", "-c part.c -o part.o");
            cargo
        },
    );
}

#[test]
fn what_a_macro_writes_besides_the_outputs_is_written_each_time() {
    compared_with_cargo().tell(|stage| {
        let body = "let place = std::env::var(\"CARGO_MANIFEST_DIR\").unwrap() + \"/made.txt\"; std::fs::write(place, \"made\").unwrap(); String::new()";
        let here = stage.checkout("here", &printing_what_a_macro_makes(body));
        for _ in 0..2 {
            stage.sees_app_anew(&here);
            stage.sees_bytes(&here, "app/made.txt");
            here.remove("app/made.txt");
        }
    });
}

#[test]
fn code_two_crates_below_a_program_reaches_it_through_link_time_optimisation() {
    for lto in ["fat", "thin"] {
        let files = workspace(&["app", "part", "leaf"])
            .append("Cargo.toml", &format!("[profile.dev]\nlto = \"{lto}\"\nopt-level = 1"))
            .append("app/Cargo.toml", "[dependencies]\npart = { path = \"../part\" }")
            .append("part/Cargo.toml", "[dependencies]\nleaf = { path = \"../leaf\" }")
            .file("app/src/main.rs", "fn main() { println!(\"{}\", part::number()) }")
            .file("part/src/lib.rs", "pub fn number() -> u32 { leaf::number() + 1 }")
            .file("leaf/src/lib.rs", "#[inline(never)] pub fn number() -> u32 { 1 }");
        compared_with_cargo().tell(built_after(files, &[Edit("leaf/src/lib.rs", "{ 1 }", "{ 2 }")]));
    }
}

#[test]
fn dependencies_that_swap_their_names_are_swapped() {
    guarded_by("key-externs").tell(|stage| {
        let names = |one: &str, two: &str| {
            format!("[dependencies]\none = {{ package = \"{one}\", path = \"../{one}\" }}\ntwo = {{ package = \"{two}\", path = \"../{two}\" }}")
        };
        let files = |one: &str, two: &str| {
            workspace(&["app", "left", "right"])
                .append("app/Cargo.toml", &names(one, two))
                .file("app/src/main.rs", "fn main() { println!(\"{} {}\", one::TEXT, two::TEXT) }")
                .file("left/src/lib.rs", "pub const TEXT: &str = \"left\";")
                .file("right/src/lib.rs", "pub const TEXT: &str = \"right\";")
        };
        stage.sees_app(&stage.checkout("here", &files("left", "right")));
        let here = stage.checkout("here", &files("right", "left"));
        stage.sees_app_anew(&here);
    });
}
