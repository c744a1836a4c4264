//! Places that a result tells of without holding their paths: what one checkout stored must be right in another.

#[cfg(target_os = "linux")]
use crate::support::Run;
use crate::support::{Checkout, Files, package, workspace};
use crate::trap::{Stage, compared_with_cargo, guarded_by};

/// A program that includes code made by its build script, and prints what the expression says of it.
fn with_made_code(expression: &str) -> Files {
    let script = "fn main() { std::fs::write(std::env::var(\"OUT_DIR\").unwrap() + \"/made.rs\", \
                  \"pub const fn place() -> &'static str { file!() }\").unwrap() }";
    let main = format!(
        "include!(concat!(env!(\"OUT_DIR\"), \"/made.rs\")); const N: usize = place().len(); \
         fn main() {{ println!(\"{{}} {{}}\", [0u8; N].len(), {expression}) }}"
    );
    package("app").file("build.rs", script).file("src/main.rs", main)
}

/// Builds the same files in two checkouts whose paths have different lengths, and comes back to the first.
fn in_two_checkouts(stage: &mut Stage<'_>, files: &Files, build: impl Fn(&mut Stage<'_>, &Checkout<'_>)) {
    for place in ["here", "there/and/deeper", "here"] {
        let checkout = stage.checkout(place, files);
        checkout.clean();
        build(stage, &checkout);
        stage.sees(checkout.program("app"));
    }
}

/// Builds with these flags, in which `$UP` stands for the directory above both checkouts and `$HERE` for the checkout.
fn with_flags<'a>(flags: &'a str, variables: &'a [(&'a str, &'a str)]) -> impl Fn(&mut Stage<'_>, &Checkout<'_>) + 'a {
    move |stage, checkout| {
        let up = checkout.world().root().display().to_string();
        let flags = flags.replace("$UP", &up).replace("$HERE", &checkout.root().display().to_string());
        let cargo = variables.iter().fold(checkout.cargo("build"), |cargo, (name, value)| cargo.env(name, value));
        stage.sees(cargo.env("RUSTFLAGS", flags).run());
    }
}

#[test]
fn a_remapping_of_a_directory_above_the_workspace_shows_this_checkout() {
    guarded_by("bind-shown").tell(|stage| {
        for flags in [
            "--remap-path-prefix=$UP=/x",
            "--remap-path-prefix $UP//.=/x --remap-path-prefix=/nowhere=/y",
            "--remap-path-prefix==/z --remap-path-prefix=$UP=a=b --remap-path-prefix=$UP/=/x",
        ] {
            in_two_checkouts(stage, &with_made_code("place()"), with_flags(flags, &[]));
        }
    });
}

#[test]
#[cfg(target_os = "linux")]
fn a_remapped_directory_above_the_workspace_in_debug_information_is_this_checkouts() {
    if !crate::support::require_tool("readelf") {
        return;
    }
    guarded_by("bind-shown").tell(|stage| {
        let files = package("app").file("src/main.rs", "fn main() {}");
        in_two_checkouts(stage, &files, |stage, here| {
            with_flags("--remap-path-prefix=$UP=/x", &[("CARGO_PROFILE_DEV_DEBUG", "1")])(stage, here);
            let info = Run::of(here.command("readelf".as_ref()).args(["--debug-dump=info", "target/debug/app"]));
            let own = info.stdout.lines().filter(|line| line.contains("DW_AT_comp_dir") && line.contains("/x"));
            let directories: Vec<_> = own.filter_map(|line| line.split_whitespace().last()).collect();
            stage.notes("compiled in", format!("{directories:?}"));
        });
    });
}

#[test]
fn a_remapping_that_leaves_macros_out_shows_this_checkout() {
    guarded_by("bind-shown").tell(|stage| {
        let flags = "--remap-path-prefix=$HERE=/x --remap-path-scope=diagnostics";
        in_two_checkouts(stage, &with_made_code("1"), with_flags(flags, &[]));
    });
}

#[test]
fn a_remapping_of_the_workspace_shows_where_the_target_directory_lies_in_it() {
    guarded_by("key-arguments").tell(|stage| {
        for target in ["target", "a/longer/target"] {
            let here = stage.checkout("here", &with_made_code("place()"));
            here.clean();
            with_flags("--remap-path-prefix=$HERE=/x", &[("CARGO_TARGET_DIR", target)])(stage, &here);
            stage.sees(here.run(&format!("{target}/debug/app")));
        }
    });
}

#[test]
fn the_length_of_a_made_files_name_is_this_checkouts_where_nothing_is_remapped() {
    guarded_by("bind-shown").tell(|stage| {
        in_two_checkouts(stage, &with_made_code("1"), with_flags("", &[("THYMOS_REMAP", "off")]));
    });
}

#[test]
fn the_length_of_a_source_below_another_cargo_home_is_that_homes() {
    let app = || {
        let main = "fn main() { println!(\"{}\", [0u8; place::SIZE].len()) }";
        package("app").append("Cargo.toml", "[dependencies]\nplace = \"0.1\"").file("src/main.rs", main)
    };
    // A library's metadata holds the path. A build script's program does not, unless it can panic.
    guarded_by("bind-shown").tell(|stage| {
        for home in ["home-one", "a/longer/home-two"] {
            let script = "const N: usize = file!().len(); fn main() { if let Ok(out) = std::env::var(\"OUT_DIR\") { \
                          let _ = std::fs::write(out + \"/size.rs\", format!(\"pub const SIZE: usize = {N};\")); } }";
            let krate = Files::default()
                .file(
                    "registry/place/Cargo.toml",
                    "[package]\nname = \"place\"\nversion = \"0.1.0\"\nedition = \"2024\"\n",
                )
                .file("registry/place/.cargo-checksum.json", "{\"files\":{}}")
                .file("registry/place/build.rs", script)
                .file("registry/place/src/lib.rs", "include!(concat!(env!(\"OUT_DIR\"), \"/size.rs\"));");
            let home = stage.checkout(home, &krate);
            let source = "[source.crates-io]\nreplace-with = \"here\"\n[source.here]\ndirectory = ";
            home.write("config.toml", format!("{source}{:?}\n", home.path("registry")));
            let here = stage.checkout("here", &app());
            here.clean();
            stage.sees(here.cargo("build").env("CARGO_HOME", home.root()).run());
            stage.sees(here.program("app"));
        }
    });
}

#[test]
#[cfg(target_os = "linux")]
fn the_names_in_a_coverage_map_are_this_checkouts() {
    // LLVM compresses them.
    guarded_by("bind-shown").tell(|stage| {
        let files = package("app").file("src/main.rs", "fn main() {}");
        in_two_checkouts(stage, &files, |stage, here| {
            with_flags("-Cinstrument-coverage", &[("THYMOS_REMAP", "off"), ("LLVM_PROFILE_FILE", "/dev/null")])(
                stage, here,
            );
            stage.sees_bytes(here, "target/debug/app");
        });
    });
}

#[test]
#[cfg(target_os = "linux")]
fn a_relative_run_time_search_path_leads_from_this_checkout() {
    guarded_by("key-arguments").that_says("cannot open shared object file").tell(|stage| {
        let files = package("app").file("src/main.rs", "fn main() { println!(\"runs\") }");
        in_two_checkouts(stage, &files, with_flags("-Crpath -Cprefer-dynamic", &[]));
    });
}

/// A program that includes code made by its build script, and prints what a macro of another crate makes.
fn with_a_macro_of_another_crate(body: &str, argument: &str) -> Files {
    let script = "fn main() { std::fs::write(std::env::var(\"OUT_DIR\").unwrap() + \"/made.rs\", \"const MADE: u8 = 1;\").unwrap() }";
    let main = format!(
        "include!(concat!(env!(\"OUT_DIR\"), \"/made.rs\")); const N: usize = maker::size!({argument}); \
         fn main() {{ println!(\"{{MADE}} {{}}\", [0u8; N].len()) }}"
    );
    workspace(&["app", "maker"])
        .append("app/Cargo.toml", "[dependencies]\nmaker = { path = \"../maker\" }")
        .file("app/build.rs", script)
        .file("app/src/main.rs", main)
        .file("maker/src/lib.rs", format!("#[macro_export] macro_rules! size {{ {body} }}"))
}

#[test]
fn the_out_dir_that_a_macro_of_another_crate_measures_is_this_checkouts() {
    guarded_by("input-locator").tell(|stage| {
        for (body, argument) in [
            (r#"() => { env!("OUT_DIR").len() }"#, ""),
            (r#"() => { env!("OUT\u{5f}DIR").len() }"#, ""),
            (r#"() => { env!(concat!("OUT_", "DIR")).len() }"#, ""),
            (r#"() => { match option_env!("OUT_DIR") { Some(place) => place.len(), None => 0 } }"#, ""),
            (
                r#"($one:ident, $two:ident) => { env!(concat!(stringify!($one), "_", stringify!($two))).len() }"#,
                "OUT, DIR",
            ),
            (r#"() => { include_str!(concat!(env!("OUT_DIR"), "/made.rs")).len() + env!("OUT_DIR").len() }"#, ""),
        ] {
            let files = with_a_macro_of_another_crate(body, argument);
            in_two_checkouts(stage, &files, with_flags("", &[]));
        }
    });
}

#[test]
fn an_include_that_is_not_compiled_excuses_no_measured_out_dir() {
    guarded_by("input-locator").tell(|stage| {
        let files = with_a_macro_of_another_crate(r#"() => { env!("OUT_DIR").len() }"#, "");
        let main = "#[cfg(any())] include!(concat!(env!(\"OUT_DIR\"), \"/made.rs\")); \
                    fn main() { println!(\"{}\", [0u8; maker::size!()].len()) }";
        in_two_checkouts(stage, &files.file("app/src/main.rs", main), with_flags("", &[]));
    });
}

#[test]
fn the_out_dir_that_an_escape_spells_and_an_included_file_measures_is_this_checkouts() {
    compared_with_cargo().tell(|stage| {
        for measured in [r#"env!("OUT\u{5f}DIR").len()"#, r#"{ include!("size.in") }"#] {
            let main = format!(
                "include!(concat!(env!(\"OUT_DIR\"), \"/made.rs\")); const N: usize = {measured}; \
                 fn main() {{ println!(\"{{MADE}} {{}}\", [0u8; N].len()) }}"
            );
            let files = with_a_macro_of_another_crate("() => { 0 }", "").file("app/src/main.rs", main);
            let files = files.file("app/src/size.in", "env!(\"OUT_DIR\").len()");
            in_two_checkouts(stage, &files, with_flags("", &[]));
        }
    });
}

#[test]
#[cfg(unix)]
fn the_length_of_a_links_target_is_this_checkouts() {
    guarded_by("input-link-target").tell(|stage| {
        let measures = "use proc_macro::TokenStream;\n#[proc_macro] pub fn size(_: TokenStream) -> TokenStream {\n    \
                        std::fs::read_link(\"link\").unwrap().as_os_str().len().to_string().parse().unwrap()\n}\n";
        let files = workspace(&["app", "maker"])
            .append("app/Cargo.toml", "[dependencies]\nmaker = { path = \"../maker\" }")
            .append("maker/Cargo.toml", "[lib]\nproc-macro = true")
            .file("app/src/main.rs", "fn main() { println!(\"{}\", [0u8; maker::size!()].len()) }")
            .file("maker/src/lib.rs", measures);
        in_two_checkouts(stage, &files, |stage, here| {
            let _ = std::fs::remove_file(here.path("link"));
            std::os::unix::fs::symlink(here.path("app/Cargo.toml"), here.path("link")).unwrap();
            stage.sees(here.cargo("build").run());
        });
    });
}

#[test]
#[cfg(target_os = "linux")] // elsewhere nothing tells of a listing
fn a_listing_above_the_workspace_is_this_checkouts() {
    guarded_by("bind-directory").tell(|stage| {
        let lists = "use proc_macro::TokenStream;\n#[proc_macro] pub fn size(_: TokenStream) -> TokenStream {\n    \
                     let above = std::fs::read_dir(\"../..\").unwrap().map(|entry| entry.unwrap().file_name());\n    \
                     above.filter(|name| name == \"and\").count().to_string().parse().unwrap()\n}\n";
        let files = workspace(&["app", "maker"])
            .append("app/Cargo.toml", "[dependencies]\nmaker = { path = \"../maker\" }")
            .append("maker/Cargo.toml", "[lib]\nproc-macro = true")
            .file("app/src/main.rs", "fn main() { println!(\"{}\", [0u8; maker::size!()].len()) }")
            .file("maker/src/lib.rs", lists);
        in_two_checkouts(stage, &files, |stage, here| {
            stage.sees(here.cargo("build").run());
        });
    });
}

/// A linker that appends what the words print to what it links.
#[cfg(unix)]
fn appending(words: &str) -> String {
    format!(
        "#!/bin/sh\nfor argument; do [ \"$previous\" = -o ] && out=$argument; previous=$argument; done\n\
         cc \"$@\" || exit 1\n{{ {words}; }} >> \"$out\"\n"
    )
}

#[test]
#[cfg(unix)]
fn what_a_linker_script_says_of_its_place_is_this_checkouts() {
    guarded_by("bind-unknown,input-scripts,input-asked").tell(|stage| {
        let files = package("app").file("src/main.rs", "fn main() { println!(\"runs\") }");
        for words in ["basename \"$(pwd)\"", "pwd | wc -c", "echo ${#out}"] {
            let linker = stage.checkout("tools", &Files::default()).executable("linker", &appending(words));
            in_two_checkouts(stage, &files, |stage, here| {
                stage.sees(here.cargo("build").env("RUSTFLAGS", format!("-Clinker={linker}")).run());
                let bytes = here.bytes("target/debug/app");
                stage.notes("the end", String::from_utf8_lossy(&bytes[bytes.len() - 8..]));
            });
        }
    });
}
