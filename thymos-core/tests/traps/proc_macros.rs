//! Proc macros, which read what they like and tell nobody.

#[cfg(unix)]
use crate::shapes::Change::Link;
use crate::shapes::Change::{All, Edit, Remove, Rename, Write};
use crate::shapes::{built_after, built_at_two_places, built_with, built_with_values, traps};
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

const LISTS: &str = "let mut names: Vec<_> = std::fs::read_dir(format!(\"{}/migrations\", std::env::var(\"CARGO_MANIFEST_DIR\").unwrap())).unwrap()\
                     .map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect(); names.sort(); names.join(\" \")";

const LOOKS: &str = "let root = std::env::var(\"CARGO_MANIFEST_DIR\").unwrap(); \
                     format!(\"offline: {}\", std::path::Path::new(&root).join(\".sqlx\").exists())";

const RESOLVES: &str = "std::fs::canonicalize(\"templates\").unwrap().file_name().unwrap().len().to_string()";

const WALKS: &str = "let mut all: Vec<_> = std::env::vars().filter(|(name, _)| name.starts_with(\"APP_\")).map(|(n, v)| n + \"=\" + &v).collect(); \
                     all.sort(); all.join(\" \")";

traps! {
    a_template_read_by_a_macro_is_an_input: guarded_by("input-observed"), built_after(
        printing_what_a_macro_makes(&reads_file_of_app("templates/page.html")).file("app/templates/page.html", "<p>one</p>"),
        &[Write("app/templates/page.html", "<p>two</p>"), Remove("app/templates/page.html")],
    );

    a_template_that_appears_is_an_input: guarded_by("input-observed,input-absence"), built_after(
        printing_what_a_macro_makes(&reads_file_of_app("optional.html")),
        &[Write("app/optional.html", "now it is here")],
    );

    a_file_elsewhere_in_the_workspace_and_one_outside_are_inputs: guarded_by("input-observed"), built_after(
        printing_what_a_macro_makes(&format!("{} + &{}", reads_file_of_app("../shared.proto"), reads_file_of_app("../../outside.proto")))
            .file("shared.proto", "message Shared1;")
            .file("../outside.proto", "message Outside1;"),
        &[Write("shared.proto", "message Shared2;"), Write("../outside.proto", "message Outside2;")],
    );

    the_manifest_read_by_a_macro_is_an_input: guarded_by("input-observed"), built_after(
        printing_what_a_macro_makes(&reads_file_of_app("Cargo.toml")),
        &[Edit("app/Cargo.toml", "[dependencies]", "[package.metadata.macro]\nkey = 1\n[dependencies]")],
    );

    a_file_added_to_a_directory_that_a_macro_lists_is_an_input: guarded_by("input-observed"), built_after(
        printing_what_a_macro_makes(LISTS).file("app/migrations/1.sql", "create").file("app/migrations/2.sql", "alter"),
        &[Write("app/migrations/3.sql", "drop"), Remove("app/migrations/1.sql")],
    );

    a_file_that_a_macro_only_looks_for_is_an_input: guarded_by("input-observed,input-absence"), built_after(
        printing_what_a_macro_makes(LOOKS),
        &[Write("app/.sqlx/query-1.json", "{}"), Remove("app/.sqlx")],
    );

    #[cfg(unix)]
    a_directory_that_a_macro_resolves_and_that_becomes_a_link_is_an_input: guarded_by("input-observed"), built_after(
        printing_what_a_macro_makes(RESOLVES).file("templates/page.html", ""),
        &[All(&[Rename("templates", "moved"), Link("moved", "templates")])],
    );

    a_variable_that_a_macro_reads_is_an_input: guarded_by("input-observed,input-env"), built_with_values(
        printing_what_a_macro_makes("format!(\"{:?}\", std::env::var(\"DATABASE_URL\"))"),
        "DATABASE_URL",
        &[Some("postgres://one"), Some("postgres://two"), Some(""), None],
    );

    a_macro_that_walks_all_variables_sees_the_current_ones: guarded_by("input-observed,input-env"), built_with(
        printing_what_a_macro_makes(WALKS),
        ["APP_ONE", "APP_TWO"],
        |_, cargo, name| cargo.env(name, "set"),
    );
}

traps! {
    a_path_that_a_macro_turns_into_a_length_is_this_checkouts: guarded_by("bind-env,input-observed"),
        built_at_two_places(printing_what_a_macro_makes(
            "let root = std::env::var(\"CARGO_MANIFEST_DIR\").unwrap(); \
             format!(\"{} {}\", root.len(), root.bytes().fold(7u64, |hash, byte| hash.wrapping_mul(31) + u64::from(byte)))",
        ));

    the_working_directory_that_a_macro_asks_for_is_this_checkouts: guarded_by("bind-directory,bind-env,bind-search,input-observed"),
        built_at_two_places(printing_what_a_macro_makes("format!(\"{}\", std::env::current_dir().unwrap().as_os_str().len())"));

    // Whoever starts a program hands it all variables, and some of them hold the place.
    #[cfg(unix)]
    the_working_directory_that_a_program_of_a_macro_asks_for_is_this_checkouts: guarded_by("input-observed,input-asked,input-metadata"),
        built_at_two_places(printing_what_a_macro_makes(
            "let out = std::process::Command::new(\"sh\").args([\"-c\", \"pwd | wc -c\"]).output().unwrap(); \
             String::from_utf8(out.stdout).unwrap().trim().to_owned()",
        ));

    the_arguments_that_a_macro_measures_are_this_checkouts: guarded_by("bind-arguments"),
        built_at_two_places(printing_what_a_macro_makes(
            "std::env::args().find(|argument| argument.ends_with(\"/deps\")).unwrap().len().to_string()",
        ));

    the_place_of_generated_code_that_a_macro_measures_is_this_checkouts: guarded_by("bind-span"),
        built_at_two_places(
            printing_what_a_macro_makes(
                "proc_macro::Span::call_site().local_file().map(|path| path.as_os_str().len()).unwrap_or(0).to_string()",
            )
            .file("app/build.rs", "fn main() { std::fs::write(std::env::var(\"OUT_DIR\").unwrap() + \"/made.rs\", \"maker::made!()\").unwrap() }")
            .file("app/src/main.rs", "fn main() { println!(\"{}\", include!(concat!(env!(\"OUT_DIR\"), \"/made.rs\"))) }"),
        );

    the_kernels_files_about_the_process_are_read_anew: guarded_by("input-kernel"),
        built_at_two_places(printing_what_a_macro_makes(
            "std::fs::read(\"/proc/self/cmdline\").unwrap().split(|byte| *byte == 0).find(|word| word.ends_with(b\"/deps\")).unwrap().len().to_string()",
        ));

    the_kernels_links_about_the_process_are_read_anew: guarded_by("input-kernel"),
        built_at_two_places(printing_what_a_macro_makes("std::fs::read_link(\"/proc/self/cwd\").unwrap().as_os_str().len().to_string()"));

    a_file_reached_through_the_kernels_files_is_an_input: guarded_by("input-kernel"), built_after(
        printing_what_a_macro_makes(&READS.replace("PATH", "\"/proc/self/cwd/text.txt\"")).file("text.txt", "one"),
        &[Write("text.txt", "two")],
    );
}

traps! {
    a_macro_crate_that_changes_makes_its_users_compile_anew: guarded_by("key-externs"), built_after(
        printing_what_a_macro_makes("\"made by the first\".to_owned()"),
        &[Edit("maker/src/lib.rs", "first", "second")],
    );

    a_dependency_of_a_macro_crate_that_changes_makes_its_users_compile_anew: guarded_by("key-externs"), built_after(
        printing_what_a_macro_makes("deep::text().to_owned()")
            .append("maker/Cargo.toml", "[dependencies]\ndeep = { path = \"../deep\" }")
            .file("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"app\", \"maker\", \"deep\"]\n")
            .file("deep/Cargo.toml", "[package]\nname = \"deep\"\nversion = \"0.1.0\"\nedition = \"2024\"\n")
            .file("deep/src/lib.rs", "pub fn text() -> &'static str { \"one\" }"),
        &[Edit("deep/src/lib.rs", "one", "two")],
    );
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
