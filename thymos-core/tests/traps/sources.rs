//! Files that a compile reads as Rust, or includes: which ones, what is in them, and which ones must not be there.

use std::time::{Duration, SystemTime};

#[cfg(unix)]
use crate::support::{Compiler, Moment};
use crate::support::{Files, package};
use crate::trap::guarded_by;

/// A program made of modules that say where they stand.
fn two_modules() -> Files {
    let says = |text: &str| {
        format!("pub fn says() -> String {{ format!(\"{text} in {{}} as {{}}\", file!(), module_path!()) }}")
    };
    package("app")
        .file("src/main.rs", "mod a; mod b; fn main() { println!(\"{}, {}\", a::says(), b::says()) }")
        .file("src/a.rs", says("first"))
        .file("src/b.rs", says("other"))
}

#[test]
fn two_modules_that_swap_their_contents_are_compiled_anew() {
    guarded_by("input-pairs").tell(|stage| {
        let here = stage.checkout("here", &two_modules());
        stage.sees_app(&here);
        here.rename("src/a.rs", "src/c.rs").rename("src/b.rs", "src/a.rs").rename("src/c.rs", "src/b.rs");
        stage.sees_app_anew(&here);
    });
}

#[test]
fn a_module_that_moves_into_a_directory_says_so() {
    guarded_by("input-pairs,input-absence,input-observed").tell(|stage| {
        let here = stage.checkout("here", &two_modules());
        stage.sees_app(&here);
        here.rename("src/a.rs", "src/a/mod.rs");
        stage.sees_app_anew(&here);
    });
}

#[test]
fn a_module_that_exists_twice_is_refused() {
    guarded_by("input-absence,input-observed").tell(|stage| {
        let here = stage.checkout("here", &two_modules());
        stage.sees_app(&here);
        here.write("src/a/mod.rs", "pub fn says() -> String { String::new() }");
        stage.sees_app_anew(&here);
        here.remove("src/a/mod.rs");
        stage.sees_app_anew(&here);
    });
}

const NAMES: [&str; 5] = ["with space.txt", "with#hash.txt", "with:colon.txt", "ünïcode-日本.txt", "back\\slash.txt"];

#[test]
#[cfg(unix)]
fn included_files_count_whatever_their_names() {
    guarded_by("input-sources,input-observed").tell(|stage| {
        let includes: String = NAMES
            .iter()
            .map(|name| format!("print!(\"{{}} \", include_str!({:?}));", format!("../data/{name}")))
            .collect();
        let files = package("app").file("src/main.rs", format!("fn main() {{ {includes} }}"));
        let files = NAMES.iter().fold(files, |files, name| files.file(&format!("data/{name}"), "old"));
        let here = stage.checkout("here", &files);
        stage.sees_app(&here);
        for name in NAMES {
            here.write(&format!("data/{name}"), "new");
            stage.sees_app_anew(&here);
        }
    });
}

#[test]
fn included_bytes_and_modules_by_path_above_the_package_count() {
    guarded_by("input-sources,input-observed").tell(|stage| {
        let main = "#[path = \"../../aside/elsewhere.rs\"] mod m; static B: &[u8] = include_bytes!(\"../../aside/data.bin\"); \
                    include!(\"../../aside/part.rs\"); fn main() { println!(\"{} {:?} {}\", m::N, B, PART) }";
        let files = Files::default()
            .file("aside/elsewhere.rs", "pub const N: u8 = 1;")
            .file("aside/data.bin", [1, 2, 255])
            .file("aside/part.rs", "const PART: u8 = 1;");
        stage.checkout("", &files);
        let aside = stage.checkout("", &Files::default());
        let here = stage.checkout("here", &package("app").file("src/main.rs", main));
        stage.sees_app(&here);
        aside.write("aside/data.bin", [1, 2, 254]);
        stage.sees_app_anew(&here);
        aside.edit("aside/elsewhere.rs", "1", "2");
        stage.sees_app_anew(&here);
        aside.edit("aside/part.rs", "1", "2");
        stage.sees_app_anew(&here);
    });
}

#[test]
fn an_edit_that_keeps_size_and_mtime_is_an_edit() {
    guarded_by("memo-change-time").tell(|stage| {
        let here = stage.checkout("here", &package("app").file("src/main.rs", "fn main() { println!(\"one\") }"));
        let old = SystemTime::now() - Duration::from_secs(3600);
        here.set_modified("src/main.rs", old);
        stage.sees_app(&here);
        stage.sees_app_anew(&here);
        here.edit("src/main.rs", "one", "two").set_modified("src/main.rs", old);
        stage.sees_app_anew(&here);
    });
}

#[test]
fn an_older_file_put_in_place_is_an_edit() {
    guarded_by("input-sources,input-observed").tell(|stage| {
        let here = stage.checkout("here", &package("app").file("src/main.rs", "fn main() { println!(\"one\") }"));
        here.write("old.rs", "fn main() { println!(\"an older one\") }");
        here.set_modified("old.rs", SystemTime::now() - Duration::from_secs(86_400));
        stage.sees_app(&here);
        here.rename("old.rs", "src/main.rs");
        stage.sees_app_anew(&here);
    });
}

#[test]
fn saves_in_quick_succession_are_each_seen() {
    guarded_by("memo-young,memo-change-time").tell(|stage| {
        let here = stage.checkout("here", &package("app").file("src/lib.rs", "pub const N: u8 = 0;"));
        // Metadata holds the working directory, which is not remapped then.
        let compile = || {
            let rustc = here.compile("--crate-type lib src/lib.rs --emit=dep-info,metadata");
            rustc.env("THYMOS_REMAP", "off").ok()
        };
        let start = here.modified("src/lib.rs");
        for round in 0..3 {
            for version in 0..4 {
                here.write(
                    "src/lib.rs",
                    format!(
                        "pub const N: u8 = {version}; #[deprecated] pub fn f() {{}} pub fn g() {{ f() }} // v{version}"
                    ),
                );
                here.set_modified("src/lib.rs", start);
                stage.sees(compile());
                stage.sees_bytes(&here, "target/debug/deps/libapp.rmeta");
                stage.notes("round", format!("{round} {version}"));
            }
        }
    });
}

#[test]
#[cfg(unix)]
fn a_save_while_the_compiler_runs_is_not_what_the_compiler_saw() {
    // A script in the compiler's place is told the job server's descriptors, which are others in some runs.
    guarded_by("publish-changed-input,input-scripts").tell(|stage| {
        let here = stage.checkout("here", &package("app").file("src/main.rs", "fn main() { println!(\"first\") }"));
        let main = here.path("src/main.rs");
        // Saves once, when the compiler has read the source and before its caller knows that it is done.
        let mut next = Some("fn main() { println!(\"saved meanwhile\") }");
        let rustc = Compiler::reporting(&here.path("compiler/rustc"), move |moment, _| {
            if moment == Moment::After {
                next.take().into_iter().for_each(|text| std::fs::write(&main, text).expect("the checkout is writable"));
            }
            String::new()
        });
        for _ in 0..3 {
            here.clean();
            stage.sees(here.cargo("build").env("RUSTC", rustc.program()).run());
            stage.sees(here.program("app"));
        }
    });
}
