//! Proc macros, which read what they like and tell nobody.

use crate::support::{Files, real_rustc, workspace};
use crate::trap::guarded_by;

/// A workspace in which `app` prints the text that the macro of `maker` makes with this body.
pub fn printing_what_a_macro_makes(body: &str) -> Files {
    let maker = format!(
        "use proc_macro::TokenStream;\n#[proc_macro] pub fn made(_: TokenStream) -> TokenStream {{\n    \
         let text: String = {{ {body} }};\n    format!(\"{{text:?}}\").parse().unwrap()\n}}\n"
    );
    workspace(&["app", "maker"])
        .append("app/Cargo.toml", "[dependencies]\nmaker = { path = \"../maker\" }")
        .append("maker/Cargo.toml", "[lib]\nproc-macro = true")
        .file("app/src/main.rs", "fn main() { println!(\"{}\", maker::made!()) }")
        .file("maker/src/lib.rs", maker)
}

const READS: &str = "std::fs::read_to_string(PATH).unwrap_or_else(|error| error.kind().to_string())";
const IN_PACKAGE: &str = "concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/../app/";

fn reads_file_of_app(name: &str) -> String {
    // The manifest directory is asked for when the macro runs, as askama, sqlx and refinery do.
    READS.replace("PATH", &format!("format!(\"{{}}/{name}\", std::env::var(\"CARGO_MANIFEST_DIR\").unwrap())"))
}

#[test]
fn a_template_read_by_a_macro_is_an_input() {
    guarded_by("input-observed").tell(|stage| {
        let files = printing_what_a_macro_makes(&reads_file_of_app("templates/page.html"));
        let here = stage.checkout("here", &files.file("app/templates/page.html", "<p>one</p>"));
        stage.sees_app(&here);
        here.write("app/templates/page.html", "<p>two</p>");
        stage.sees_app_anew(&here);
        here.remove("app/templates/page.html");
        stage.sees_app_anew(&here);
    });
}

#[test]
fn a_template_that_appears_is_an_input() {
    guarded_by("input-observed,input-absence").tell(|stage| {
        let here = stage.checkout("here", &printing_what_a_macro_makes(&reads_file_of_app("optional.html")));
        stage.sees_app(&here);
        here.write("app/optional.html", "now it is here");
        stage.sees_app_anew(&here);
    });
}

#[test]
fn a_file_elsewhere_in_the_workspace_and_one_outside_are_inputs() {
    guarded_by("input-observed").tell(|stage| {
        let both = format!("{} + &{}", reads_file_of_app("../shared.proto"), reads_file_of_app("../../outside.proto"));
        let outside = stage.checkout("", &Files::default().file("outside.proto", "message Outside1;"));
        let here = stage.checkout("here", &printing_what_a_macro_makes(&both).file("shared.proto", "message Shared1;"));
        stage.sees_app(&here);
        here.write("shared.proto", "message Shared2;");
        stage.sees_app_anew(&here);
        outside.write("outside.proto", "message Outside2;");
        stage.sees_app_anew(&here);
    });
}

#[test]
fn the_manifest_read_by_a_macro_is_an_input() {
    guarded_by("input-observed").tell(|stage| {
        let here = stage.checkout("here", &printing_what_a_macro_makes(&reads_file_of_app("Cargo.toml")));
        stage.sees_app(&here);
        here.write("app/Cargo.toml", here.read("app/Cargo.toml") + "\n[package.metadata.macro]\nkey = 1\n");
        stage.sees_app_anew(&here);
    });
}

const LISTS: &str = "let mut names: Vec<_> = std::fs::read_dir(format!(\"{}/migrations\", std::env::var(\"CARGO_MANIFEST_DIR\").unwrap())).unwrap()\
                     .map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect(); names.sort(); names.join(\" \")";

#[test]
fn a_file_added_to_a_directory_that_a_macro_lists_is_an_input() {
    guarded_by("input-observed").tell(|stage| {
        let files = printing_what_a_macro_makes(LISTS)
            .file("app/migrations/1.sql", "create")
            .file("app/migrations/2.sql", "alter");
        let here = stage.checkout("here", &files);
        stage.sees_app(&here);
        here.write("app/migrations/3.sql", "drop");
        stage.sees_app_anew(&here);
        here.remove("app/migrations/1.sql");
        stage.sees_app_anew(&here);
    });
}

#[test]
fn a_file_that_a_macro_only_looks_for_is_an_input() {
    guarded_by("input-observed,input-absence").tell(|stage| {
        let looks = "let root = std::env::var(\"CARGO_MANIFEST_DIR\").unwrap(); \
                     format!(\"offline: {}\", std::path::Path::new(&root).join(\".sqlx\").exists())";
        let here = stage.checkout("here", &printing_what_a_macro_makes(looks));
        stage.sees_app(&here);
        here.write("app/.sqlx/query-1.json", "{}");
        stage.sees_app_anew(&here);
        here.remove("app/.sqlx");
        stage.sees_app_anew(&here);
    });
}

#[test]
fn a_directory_that_a_macro_resolves_and_that_becomes_a_link_is_an_input() {
    guarded_by("input-observed").tell(|stage| {
        let resolves = "std::fs::canonicalize(\"templates\").unwrap().file_name().unwrap().len().to_string()";
        let here = stage.checkout("here", &printing_what_a_macro_makes(resolves).file("templates/page.html", ""));
        stage.sees_app(&here);
        std::fs::rename(here.path("templates"), here.path("moved")).unwrap();
        std::os::unix::fs::symlink("moved", here.path("templates")).unwrap();
        stage.sees_app_anew(&here);
    });
}

#[test]
fn a_variable_that_a_macro_reads_is_an_input() {
    guarded_by("input-observed,input-env").tell(|stage| {
        let reads = "format!(\"{:?}\", std::env::var(\"DATABASE_URL\"))";
        let here = stage.checkout("here", &printing_what_a_macro_makes(reads));
        for value in ["postgres://one", "postgres://two", ""] {
            here.clean();
            stage.sees(here.cargo("build").env("DATABASE_URL", value).run());
            stage.sees(here.program("app"));
        }
        stage.sees_app_anew(&here);
    });
}

#[test]
fn a_macro_that_walks_all_variables_sees_the_current_ones() {
    guarded_by("input-observed,input-env").tell(|stage| {
        let walks = "let mut all: Vec<_> = std::env::vars().filter(|(name, _)| name.starts_with(\"APP_\")).map(|(n, v)| n + \"=\" + &v).collect(); \
                     all.sort(); all.join(\" \")";
        let here = stage.checkout("here", &printing_what_a_macro_makes(walks));
        for name in ["APP_ONE", "APP_TWO"] {
            here.clean();
            stage.sees(here.cargo("build").env(name, "set").run());
            stage.sees(here.program("app"));
        }
    });
}

#[test]
fn a_path_that_a_macro_turns_into_a_length_is_this_checkouts() {
    guarded_by("bind-env,input-observed").tell(|stage| {
        let measures = "let root = std::env::var(\"CARGO_MANIFEST_DIR\").unwrap(); \
                        format!(\"{} {}\", root.len(), root.bytes().fold(7u64, |hash, byte| hash.wrapping_mul(31) + u64::from(byte)))";
        let files = printing_what_a_macro_makes(measures);
        stage.sees_app(&stage.checkout("here", &files));
        stage.sees_app(&stage.checkout("there/and/deeper", &files));
    });
}

#[test]
fn the_working_directory_that_a_macro_asks_for_is_this_checkouts() {
    guarded_by("bind-directory,bind-env,bind-search,input-observed").tell(|stage| {
        let asks = "format!(\"{}\", std::env::current_dir().unwrap().as_os_str().len())";
        let files = printing_what_a_macro_makes(asks);
        stage.sees_app(&stage.checkout("here", &files));
        stage.sees_app(&stage.checkout("there/and/deeper", &files));
    });
}

#[test]
#[cfg(unix)]
fn the_working_directory_that_a_program_of_a_macro_asks_for_is_this_checkouts() {
    // Whoever starts a program hands it all variables, and some of them hold the place.
    guarded_by("input-observed").tell(|stage| {
        let asks = "let out = std::process::Command::new(\"sh\").args([\"-c\", \"pwd | wc -c\"]).output().unwrap(); \
                    String::from_utf8(out.stdout).unwrap().trim().to_owned()";
        let files = printing_what_a_macro_makes(asks);
        stage.sees_app(&stage.checkout("here", &files));
        stage.sees_app(&stage.checkout("there/and/deeper", &files));
    });
}

#[test]
fn a_macro_crate_that_changes_makes_its_users_compile_anew() {
    guarded_by("key-externs").tell(|stage| {
        let here = stage.checkout("here", &printing_what_a_macro_makes("\"made by the first\".to_owned()"));
        stage.sees_app(&here);
        here.edit("maker/src/lib.rs", "first", "second");
        stage.sees_app_anew(&here);
    });
}

#[test]
fn a_dependency_of_a_macro_crate_that_changes_makes_its_users_compile_anew() {
    guarded_by("key-externs").tell(|stage| {
        let files = printing_what_a_macro_makes("deep::text().to_owned()")
            .append("maker/Cargo.toml", "[dependencies]\ndeep = { path = \"../deep\" }")
            .file("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"app\", \"maker\", \"deep\"]\n")
            .file("deep/Cargo.toml", "[package]\nname = \"deep\"\nversion = \"0.1.0\"\nedition = \"2024\"\n")
            .file("deep/src/lib.rs", "pub fn text() -> &'static str { \"one\" }");
        let here = stage.checkout("here", &files);
        stage.sees_app(&here);
        here.edit("deep/src/lib.rs", "one", "two");
        stage.sees_app_anew(&here);
    });
}

#[test]
fn a_path_compiled_into_a_macro_is_read_where_the_macro_was_compiled() {
    guarded_by("bind-env,bind-search,input-observed").tell(|stage| {
        let body = READS.replace("PATH", &format!("{IN_PACKAGE}text.txt\")"));
        let files = printing_what_a_macro_makes(&body);
        stage.sees_app(&stage.checkout("here", &files.clone().file("app/text.txt", "text of here")));
        stage.sees_app(&stage.checkout("there", &files.file("app/text.txt", "text of there")));
    });
}

/// At a place with a longer path, the macro sees something longer.
fn is_measured_anew_elsewhere(guards: &'static str, body: &str) {
    guarded_by(guards).tell(|stage| {
        let files = printing_what_a_macro_makes(body);
        stage.sees_app(&stage.checkout("here", &files));
        stage.sees_app(&stage.checkout("there/and/deeper", &files));
    });
}

#[test]
fn the_arguments_that_a_macro_measures_are_this_checkouts() {
    is_measured_anew_elsewhere(
        "bind-arguments",
        "std::env::args().find(|argument| argument.ends_with(\"/deps\")).unwrap().len().to_string()",
    );
}

#[test]
fn the_kernels_files_about_the_process_are_read_anew() {
    is_measured_anew_elsewhere(
        "input-kernel",
        "std::fs::read(\"/proc/self/cmdline\").unwrap().split(|byte| *byte == 0).find(|word| word.ends_with(b\"/deps\")).unwrap().len().to_string()",
    );
    is_measured_anew_elsewhere(
        "input-kernel",
        "std::fs::read_link(\"/proc/self/cwd\").unwrap().as_os_str().len().to_string()",
    );
}

#[test]
fn a_file_reached_through_the_kernels_files_is_an_input() {
    guarded_by("input-kernel").tell(|stage| {
        let reads = READS.replace("PATH", "\"/proc/self/cwd/text.txt\"");
        let here = stage.checkout("here", &printing_what_a_macro_makes(&reads).file("text.txt", "one"));
        stage.sees_app(&here);
        here.write("text.txt", "two");
        stage.sees_app_anew(&here);
    });
}

#[test]
fn the_place_of_generated_code_that_a_macro_measures_is_this_checkouts() {
    guarded_by("bind-span").tell(|stage| {
        let measures = "proc_macro::Span::call_site().local_file().map(|path| path.as_os_str().len()).unwrap_or(0).to_string()";
        let files = printing_what_a_macro_makes(measures)
            .file("app/build.rs", "fn main() { std::fs::write(std::env::var(\"OUT_DIR\").unwrap() + \"/made.rs\", \"maker::made!()\").unwrap() }")
            .file("app/src/main.rs", "fn main() { println!(\"{}\", include!(concat!(env!(\"OUT_DIR\"), \"/made.rs\"))) }");
        stage.sees_app(&stage.checkout("here", &files));
        stage.sees_app(&stage.checkout("there/and/deeper", &files));
    });
}

#[test]
#[cfg(target_os = "linux")]
fn the_executable_that_a_macro_asks_for_is_this_compiler() {
    guarded_by("bind-executable").tell(|stage| {
        let asks = "std::env::current_exe().unwrap().as_os_str().len().to_string()";
        let here = stage.checkout("here", &printing_what_a_macro_makes(asks));
        let sysroot = real_rustc().parent().and_then(std::path::Path::parent).unwrap().to_owned();
        // One compiler at two places: the executable is the same file, and finds its libraries beside it.
        for place in ["tc", "toolchains/another"] {
            let bin = here.path(place).join("bin");
            std::fs::create_dir_all(&bin).unwrap();
            let _ = std::fs::remove_file(bin.join("rustc"));
            std::fs::copy(sysroot.join("bin/rustc"), bin.join("rustc")).unwrap();
            let _ = std::os::unix::fs::symlink(sysroot.join("lib"), here.path(place).join("lib"));
            here.clean();
            stage.sees(here.cargo("build").env("RUSTC", bin.join("rustc")).run());
            stage.sees(here.program("app"));
        }
    });
}
