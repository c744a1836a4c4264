//! Reads that look like something else: behind a directory that is made again, through links, by scripts.
#![cfg(unix)]

use std::os::unix::fs::symlink;

use crate::proc_macros::printing_what_a_macro_makes;
use crate::support::{Checkout, package, workspace};
use crate::trap::{Stage, compared_with_cargo, guarded_by};

#[test]
fn a_file_in_a_directory_that_a_macro_makes_sure_of_is_an_input() {
    guarded_by("input-below-made").tell(|stage| {
        let body = "let root = std::env::var(\"CARGO_MANIFEST_DIR\").unwrap() + \"/templates\"; \
                    std::fs::create_dir_all(&root).unwrap(); std::fs::read_to_string(root + \"/page.html\").unwrap()";
        let files = printing_what_a_macro_makes(body).file("app/templates/page.html", "one");
        let here = stage.checkout("here", &files);
        stage.sees_app(&here);
        here.write("app/templates/page.html", "two");
        stage.sees_app_anew(&here);
    });
}

#[test]
fn a_program_that_a_macro_starts_sees_the_current_variables() {
    guarded_by("input-observed,input-env").tell(|stage| {
        let body = "let out = std::process::Command::new(\"sh\").arg(\"-c\").arg(\"echo $FLAVOUR\").output().unwrap(); \
                    String::from_utf8(out.stdout).unwrap()";
        let here = stage.checkout("here", &printing_what_a_macro_makes(body));
        for flavour in ["sweet", "sour"] {
            here.clean();
            stage.sees(here.cargo("build").env("FLAVOUR", flavour).run());
            stage.sees(here.program("app"));
        }
    });
}

const FLAVOURS: [&str; 2] = ["0123456789abcdef", "fedcba9876543210"];

#[test]
fn a_variable_that_a_linker_script_reads_is_an_input() {
    guarded_by("input-scripts").tell(|stage| {
        let here = stage.checkout("here", &package("app").file("src/main.rs", "fn main() {}"));
        let linker = here.executable("own-cc", "#!/bin/sh\nexec cc \"$@\" -Wl,--build-id=0x$FLAVOUR\n");
        for flavour in FLAVOURS {
            here.clean();
            let flags = format!("-Clinker={linker}");
            stage.sees(here.cargo("build").env("RUSTFLAGS", flags).env("FLAVOUR", flavour).run());
            let program = here.bytes("target/debug/app");
            let holds = |flavour: &&str| {
                let id = u64::from_str_radix(flavour, 16).unwrap().to_be_bytes();
                program.windows(8).any(|bytes| bytes == id)
            };
            stage.notes("its id", FLAVOURS.into_iter().find(holds).unwrap_or("none"));
        }
    });
}

#[test]
fn a_variable_that_a_script_in_the_compilers_place_reads_is_an_input() {
    guarded_by("input-scripts").tell(|stage| {
        let here = stage.checkout(
            "here",
            &package("app")
                .file("src/main.rs", "fn main() { println!(\"{}\", cfg!(sweet)) }")
                .append("Cargo.toml", "[lints.rust]\nunexpected_cfgs = \"allow\""),
        );
        let real = crate::support::real_rustc();
        let rustc = here.executable("rustc", &format!("#!/bin/sh\nexec '{}' \"$@\" $FLAVOUR\n", real.display()));
        for flavour in ["--cfg=sweet", "--cfg=sour"] {
            here.clean();
            stage.sees(here.cargo("build").env("RUSTC", &rustc).env("FLAVOUR", flavour).run());
            stage.sees(here.program("app"));
        }
    });
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

#[test]
fn a_variable_that_a_compiled_linker_reads_is_an_input() {
    guarded_by("input-scripts").tell(|stage| {
        let here = stage.checkout("here", &package("app").file("src/main.rs", "fn main() {}").file("own.c", LINKER));
        here.c_tool("cc", "own.c -o own-cc");
        let linker = here.path("own-cc");
        for flavour in [None, Some("fedcba9876543210"), None] {
            here.clean();
            let cargo = here.cargo("build").env("RUSTFLAGS", format!("-Clinker={}", linker.display()));
            stage.sees(flavour.iter().fold(cargo, |cargo, value| cargo.env("FLAVOUR", value)).run());
            let id = 0xfedc_ba98_7654_3210_u64.to_be_bytes();
            let holds = here.bytes("target/debug/app").windows(8).any(|bytes| bytes == id);
            stage.notes("holds its id", holds.to_string());
        }
    });
}

#[test]
fn a_variable_that_was_not_set_when_a_script_ran_is_an_input() {
    guarded_by("input-scripts").tell(|stage| {
        let here = stage.checkout("here", &package("app").file("src/main.rs", "fn main() {}"));
        let linker = here.executable("own-cc", "#!/bin/sh\nexec cc \"$@\" -Wl,--build-id=0x${FLAVOUR:-00}\n");
        for flavour in [None, Some("fedcba9876543210"), None] {
            here.clean();
            let cargo = here.cargo("build").env("RUSTFLAGS", format!("-Clinker={linker}"));
            stage.sees(flavour.iter().fold(cargo, |cargo, value| cargo.env("FLAVOUR", value)).run());
            let id = 0xfedc_ba98_7654_3210_u64.to_be_bytes();
            let holds = here.bytes("target/debug/app").windows(8).any(|bytes| bytes == id);
            stage.notes("holds its id", holds.to_string());
        }
    });
}

#[test]
fn a_variable_that_was_not_set_when_a_macro_started_a_program_is_an_input() {
    guarded_by("input-observed,input-env").tell(|stage| {
        let body = "let out = std::process::Command::new(\"sh\").arg(\"-c\").arg(\"echo ${FLAVOUR:-none}\").output().unwrap(); \
                    String::from_utf8(out.stdout).unwrap()";
        let here = stage.checkout("here", &printing_what_a_macro_makes(body));
        for flavour in [None, Some("sweet"), None] {
            here.clean();
            let cargo = here.cargo("build");
            stage.sees(flavour.iter().fold(cargo, |cargo, value| cargo.env("FLAVOUR", value)).run());
            stage.sees(here.program("app"));
        }
    });
}

fn link(here: &Checkout<'_>, target: &str, name: &str) {
    let place = here.path(name);
    let _ = std::fs::remove_file(&place);
    symlink(target, place).unwrap();
}

#[test]
fn what_a_link_says_to_a_script_in_the_compilers_place_is_an_input() {
    guarded_by("input-observed").tell(|stage| {
        let files = package("app")
            .file("src/main.rs", "fn main() { println!(\"{}\", cfg!(sweet)) }")
            .append("Cargo.toml", "[lints.rust]\nunexpected_cfgs = \"allow\"");
        let here = stage.checkout("here", &files);
        let (real, flavour) = (crate::support::real_rustc(), here.path("flavour"));
        let script = format!("#!/bin/sh\nexec '{}' \"$@\" --cfg $(readlink '{}')\n", real.display(), flavour.display());
        let rustc = here.executable("rustc", &script);
        for says in ["sweet", "sour", "sweet"] {
            link(&here, says, "flavour");
            here.clean();
            stage.sees(here.cargo("build").env("RUSTC", &rustc).run());
            stage.sees(here.program("app"));
        }
    });
}

/// A file, and then a link to one that holds the same.
fn sees_a_file_that_becomes_a_link(stage: &mut Stage<'_>, body: &str, file: &str) {
    let here = stage.checkout("here", &printing_what_a_macro_makes(body).file(file, "the same"));
    let moved = "moved/page.html";
    stage.sees_app(&here);
    here.rename(file, moved);
    symlink(here.path(moved), here.path(file)).unwrap();
    stage.sees_app_anew(&here);
    here.remove(file).rename(moved, file);
    stage.sees_app_anew(&here);
}

#[test]
fn a_file_that_a_macro_asks_about_and_that_becomes_a_link_is_an_input() {
    guarded_by("input-observed").tell(|stage| {
        let body = "let page = std::env::var(\"CARGO_MANIFEST_DIR\").unwrap() + \"/page.html\"; \
                    format!(\"{} {}\", std::path::Path::new(&page).is_symlink(), std::fs::read_to_string(&page).unwrap())";
        sees_a_file_that_becomes_a_link(stage, body, "app/page.html");
    });
}

#[test]
fn a_file_that_a_program_of_a_macro_asks_about_and_that_becomes_a_link_is_an_input() {
    guarded_by("input-observed").tell(|stage| {
        let body = "let page = std::env::var(\"CARGO_MANIFEST_DIR\").unwrap() + \"/page.html\"; \
                    std::process::Command::new(\"/usr/bin/test\").args([\"-L\", &page]).status().unwrap().to_string()";
        sees_a_file_that_becomes_a_link(stage, body, "app/page.html");
    });
}

#[test]
fn an_entry_of_a_directory_that_a_macro_lists_and_that_becomes_a_link_is_an_input() {
    guarded_by("input-observed").tell(|stage| {
        let body = "let root = std::env::var(\"CARGO_MANIFEST_DIR\").unwrap() + \"/templates\"; \
                    std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap()) \
                    .map(|entry| format!(\"{} {}\", entry.file_name().display(), entry.file_type().unwrap().is_file())).collect()";
        sees_a_file_that_becomes_a_link(stage, body, "app/templates/page.html");
    });
}

/// A directory of templates, and then a link to it.
fn sees_a_directory_that_becomes_a_link(stage: &mut Stage<'_>, body: &str) {
    let here = stage.checkout("here", &printing_what_a_macro_makes(body).file("app/templates/page.html", ""));
    stage.sees_app(&here);
    here.rename("app/templates", "moved");
    symlink(here.path("moved"), here.path("app/templates")).unwrap();
    stage.sees_app_anew(&here);
}

#[test]
fn a_directory_that_a_macro_asks_about_and_that_becomes_a_link_is_an_input() {
    guarded_by("input-observed").tell(|stage| {
        let body = "let place = std::env::var(\"CARGO_MANIFEST_DIR\").unwrap() + \"/templates\"; \
                    std::fs::symlink_metadata(place).unwrap().is_dir().to_string()";
        sees_a_directory_that_becomes_a_link(stage, body);
    });
}

#[test]
fn a_directory_that_a_program_of_a_macro_resolves_and_that_becomes_a_link_is_an_input() {
    guarded_by("input-observed").tell(|stage| {
        let body = "let place = std::env::var(\"CARGO_MANIFEST_DIR\").unwrap() + \"/templates\"; \
                    let resolved = std::process::Command::new(\"realpath\").arg(place).output().unwrap().stdout; \
                    String::from_utf8(resolved).unwrap().trim().ends_with(\"/app/templates\").to_string()";
        sees_a_directory_that_becomes_a_link(stage, body);
    });
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
fn sees_builds_with_turned(stage: &mut Stage<'_>, lay: impl Fn(&Checkout<'_>, &str)) {
    let app = package("app").file("src/lib.rs", "#[cfg(sweet)] compile_error!(\"sweet\");");
    let here = stage.checkout("here", &app.append("Cargo.toml", "[lints.rust]\nunexpected_cfgs = \"allow\""));
    for (release, flag) in [("one", "--cfg=sour"), ("two", "--cfg=sweet")] {
        lay(&here, &format!("{release}/rustc"));
        here.write(&format!("{release}/flag"), flag);
    }
    for release in ["one", "two"] {
        link(&here, release, "current");
        here.clean();
        stage.sees(here.cargo("build").env("RUSTC", here.path("current/rustc")).run());
    }
}

#[test]
fn a_script_in_the_compilers_place_behind_a_link_that_is_turned_is_another_compiler() {
    guarded_by("input-link,input-observed").tell(|stage| {
        sees_builds_with_turned(stage, |here, path| {
            let flag = "$(cat \"$(dirname \"$(readlink -f \"$0\")\")/flag\")";
            let real = crate::support::real_rustc();
            here.executable(path, &format!("#!/bin/sh\nexec '{}' \"$@\" {flag}\n", real.display()));
        });
    });
}

/// The same as a compiled program.
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

#[test]
fn a_program_in_the_compilers_place_behind_a_link_that_is_turned_is_another_compiler() {
    guarded_by("input-observed").tell(|stage| {
        sees_builds_with_turned(stage, |here, path| {
            here.write("driver.c", DRIVER);
            std::fs::create_dir_all(here.path(path).parent().unwrap()).unwrap();
            let real = crate::support::real_rustc();
            here.c_tool("cc", &format!("-DRUSTC=\"{}\" -w driver.c -o {path}", real.display()));
        });
    });
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
fn a_path_given_by_cargos_configuration_is_this_checkouts() {
    guarded_by("bind-env,bind-search").tell(|stage| {
        let files = package("app")
            .file(".cargo/config.toml", "[env]\nASSETS = { value = \"assets\", relative = true }\n")
            .file("src/main.rs", "fn main() { println!(\"{} {}\", env!(\"ASSETS\").len(), env!(\"ASSETS\")) }");
        stage.sees_app(&stage.checkout("here", &files));
        stage.sees_app(&stage.checkout("there/and/deeper", &files));
    });
}

#[test]
fn an_object_that_a_build_script_links_is_its_content() {
    guarded_by("input-link,input-observed").tell(|stage| {
        let script = "fn main() { let dir = std::env::var(\"CARGO_MANIFEST_DIR\").unwrap(); println!(\"cargo:rustc-link-arg={dir}/part.o\") }";
        let files = package("app")
            .file("build.rs", script)
            .file("src/main.rs", "unsafe extern \"C\" { fn part() -> i32; }\nfn main() { println!(\"{}\", unsafe { part() }) }");
        let here = stage.checkout("here", &files);
        for number in [1, 2] {
            here.write("part.c", format!("int part(void) {{ return {number}; }}"));
            here.c_tool("cc", "-c part.c -o part.o");
            stage.sees_app_anew(&here);
        }
    });
}

#[test]
fn code_two_crates_below_a_program_reaches_it_through_link_time_optimisation() {
    for lto in ["fat", "thin"] {
        compared_with_cargo().tell(|stage| {
            let files = workspace(&["app", "part", "leaf"])
                .append("Cargo.toml", &format!("[profile.dev]\nlto = \"{lto}\"\nopt-level = 1"))
                .append("app/Cargo.toml", "[dependencies]\npart = { path = \"../part\" }")
                .append("part/Cargo.toml", "[dependencies]\nleaf = { path = \"../leaf\" }")
                .file("app/src/main.rs", "fn main() { println!(\"{}\", part::number()) }")
                .file("part/src/lib.rs", "pub fn number() -> u32 { leaf::number() + 1 }")
                .file("leaf/src/lib.rs", "#[inline(never)] pub fn number() -> u32 { 1 }");
            let here = stage.checkout("here", &files);
            stage.sees_app(&here);
            here.edit("leaf/src/lib.rs", "{ 1 }", "{ 2 }");
            stage.sees_app_anew(&here);
        });
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
