//! What a link reads: native archives, shared libraries, scripts for the linker, and the linker itself.
#![cfg(unix)]

use std::path::Path;

use crate::shapes::{built_and_seen, built_with, traps};
use crate::support::{Cargo, Checkout, Files, package, real_rustc, require_tool, skip, workspace};
use crate::trap::{Stage, compared_with_cargo, guarded_by};

/// Compiles C to an archive at `path`. The archive's directory is the checkout's `native`.
pub fn archive(here: &Checkout<'_>, path: &str, source: &str) {
    here.write("native/part.c", source);
    here.c_tool("cc", "-c native/part.c -o native/part.o");
    if here.path(path).exists() {
        here.remove(path);
    }
    here.c_tool("ar", &format!("rcs {path} native/part.o"));
    here.remove("native/part.o").remove("native/part.c");
}

/// Prints the number that C's `number` returns.
const CALLS: &str = "unsafe extern \"C\" { fn number() -> i32; } pub fn call() -> i32 { unsafe { number() } }";

/// A program whose build script tells cargo this about the directory `native`.
fn linking(instructions: &[&str]) -> Files {
    let lines: String = instructions.iter().map(|line| format!("println!(\"cargo:{line}\");")).collect();
    let script = format!(
        "fn main() {{ println!(\"cargo:rustc-link-search=native={{}}/native\", env!(\"CARGO_MANIFEST_DIR\")); {lines} }}"
    );
    package("app")
        .file("build.rs", script)
        .file("src/main.rs", format!("{CALLS} fn main() {{ println!(\"{{}}\", call()) }}"))
}

/// Builds, puts another archive in the place of the first, and builds again, also at another place.
fn archive_changes(files: Files, name: &str) -> impl Fn(&mut Stage<'_>) {
    move |stage| {
        let here = stage.checkout("here", &files);
        archive(&here, name, "int number(void) { return 1; }");
        stage.sees_app(&here);
        archive(&here, name, "int number(void) { return 2; }");
        stage.sees_app_anew(&here);
        let there = stage.checkout("there/and/deeper", &files);
        archive(&there, name, "int number(void) { return 3; }");
        stage.sees_app(&there);
    }
}

/// A program whose source links a library by this attribute.
fn linking_by_attribute(library: &str, instructions: &[&str]) -> Files {
    let source =
        format!("#[link(name = \"{library}\", kind = \"static\")] {CALLS} fn main() {{ println!(\"{{}}\", call()) }}");
    linking(instructions).file("src/main.rs", source)
}

/// `app` uses `middle` uses `deep`, whose build script names the archive.
fn archive_two_crates_below(kind: &str) -> Files {
    let script = format!(
        "fn main() {{ println!(\"cargo:rustc-link-search=native={{}}/../native\", env!(\"CARGO_MANIFEST_DIR\")); println!(\"cargo:rustc-link-lib={kind}=part\"); }}"
    );
    workspace(&["app", "middle", "deep"])
        .append("app/Cargo.toml", "[dependencies]\nmiddle = { path = \"../middle\" }")
        .append("middle/Cargo.toml", "[dependencies]\ndeep = { path = \"../deep\" }")
        .file("app/src/main.rs", "fn main() { println!(\"{}\", middle::call()) }")
        .file("middle/src/lib.rs", "pub use deep::call;")
        .file("deep/build.rs", script)
        .file("deep/src/lib.rs", CALLS)
}

const LINKS: &str = "input-link,input-observed,input-sources";
const PART: &str = "native/libpart.a";

traps! {
    a_static_archive_that_changes_is_linked_anew: guarded_by(LINKS),
        archive_changes(linking(&["rustc-link-lib=static=part"]), PART);

    an_archive_without_a_kind_that_changes_is_linked_anew: guarded_by(LINKS),
        archive_changes(linking(&["rustc-link-lib=part"]), PART);

    a_whole_archive_that_changes_is_linked_anew: guarded_by(LINKS),
        archive_changes(linking(&["rustc-link-lib=static:+whole-archive,-bundle=part"]), PART);

    an_archive_named_by_an_attribute_is_linked_anew: guarded_by(LINKS),
        archive_changes(linking_by_attribute("part", &[]), PART);

    an_archive_given_as_a_link_argument_is_linked_anew: guarded_by("input-link,input-observed,input-sources,key-arguments"),
        archive_changes(linking(&["rustc-link-arg=native/libpart.a"]), PART);

    a_renamed_library_is_linked_under_its_new_name: guarded_by(LINKS),
        archive_changes(linking_by_attribute("before", &["rustc-link-lib=static=before:after"]), "native/libafter.a");

    a_bundled_archive_two_crates_below_is_linked_anew: guarded_by("input-link,input-observed,input-sources,key-externs"),
        archive_changes(archive_two_crates_below("static:+bundle"), PART);

    an_unbundled_archive_two_crates_below_is_linked_anew: guarded_by(LINKS),
        archive_changes(archive_two_crates_below("static:-bundle"), PART);
}

#[test]
fn a_library_that_appears_earlier_in_the_search_path_is_linked() {
    guarded_by("input-absence,input-link,input-observed").tell(|stage| {
        let files = linking(&["rustc-link-search=native=late", "rustc-link-lib=part"]);
        let here = stage.checkout("here", &files);
        here.write("native/keep", "");
        archive(&here, "late.a", "int number(void) { return 1; }");
        here.write("late/libpart.a", here.bytes("late.a"));
        stage.sees_app(&here);
        archive(&here, PART, "int number(void) { return 2; }");
        stage.sees_app_anew(&here);
    });
}

#[test]
#[cfg(target_os = "linux")]
fn a_shared_library_upgraded_behind_its_name_is_linked_anew() {
    guarded_by("input-link,input-observed").that_says("libpart.so.1: cannot open").tell(|stage| {
        let here = stage.checkout("here", &linking(&["rustc-link-lib=dylib=part"]));
        for soname in ["libpart.so.1", "libpart.so.2"] {
            here.write("native/part.c", "int number(void) { return 1; }");
            here.c_tool("cc", &format!("-shared -fPIC native/part.c -o native/libpart.so -Wl,-soname,{soname}"));
            here.clean();
            stage.sees(here.cargo("build").run());
            // The program remembers which version it was linked with, and starts with no other.
            here.write(&format!("run/{soname}"), here.bytes("native/libpart.so"));
            let mut program = here.command(&here.path("target/debug/app"));
            stage.sees(crate::support::Run::of(program.env("LD_LIBRARY_PATH", here.path("run"))));
            here.remove("run");
        }
    });
}

/// Where the system's administrator puts libraries, and where linkers search by themselves.
#[cfg(target_os = "linux")]
const SYSTEM: &str = "/usr/local/lib";

/// A file in a directory of the system, which is gone when the test ends, however it ends.
#[cfg(target_os = "linux")]
struct Installed(std::path::PathBuf);

#[cfg(target_os = "linux")]
impl Installed {
    fn put(&self, bytes: &[u8]) {
        std::fs::write(&self.0, bytes).unwrap_or_else(|error| panic!("write `{}`: {error}", self.0.display()));
    }
}

#[cfg(target_os = "linux")]
impl Drop for Installed {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_library_of_the_system_that_is_upgraded_is_linked_anew() {
    if !crate::support::require_root() {
        return;
    }
    std::fs::create_dir_all(SYSTEM).expect("root may do so");
    let name = format!("thymos-trap-{}", std::process::id());
    let installed = Installed(Path::new(SYSTEM).join(format!("lib{name}.a")));
    guarded_by("input-link,input-observed").tell(|stage| {
        let script = format!("fn main() {{ println!(\"cargo:rustc-link-lib={name}\"); }}");
        let files = package("app")
            .file("build.rs", script)
            .file("src/main.rs", format!("{CALLS} fn main() {{ println!(\"{{}}\", call()) }}"));
        let here = stage.checkout("here", &files);
        for number in [1, 2, 1] {
            archive(&here, "upgraded.a", &format!("int number(void) {{ return {number}; }}"));
            installed.put(&here.bytes("upgraded.a"));
            here.clean();
            stage.sees(here.cargo("build").env("RUSTFLAGS", "-Clink-arg=-fuse-ld=bfd").run());
            stage.sees(here.program("app"));
        }
    });
}

/// A shared library built with link arguments, whose dynamic symbols are what can be seen of them.
fn cdylib_with(argument: &str) -> Files {
    let script = format!("fn main() {{ println!(\"cargo:rustc-link-arg={argument}\"); }}");
    let source = "#[unsafe(no_mangle)] pub extern \"C\" fn first() -> i32 { 1 } #[unsafe(no_mangle)] pub extern \"C\" fn second() -> i32 { 2 }";
    package("app")
        .append("Cargo.toml", "[lib]\ncrate-type = [\"cdylib\"]")
        .file("build.rs", script)
        .file("src/lib.rs", source)
}

/// Links anew for each of these, which is called so after it was laid out, and shows which bytes that gives.
fn linked_with<T>(
    files: Files,
    each: impl IntoIterator<Item = T> + Clone,
    call: impl Fn(&Checkout<'_>, Cargo, &T) -> Cargo,
) -> impl Fn(&mut Stage<'_>) {
    built_and_seen(files, each, call, |stage, here, run| {
        match run.status.success() {
            true => drop(stage.sees(run)),
            // What a linker says when it fails names files that no two links have in common.
            false => stage.notes("build", run.status.to_string()),
        }
        for output in ["target/debug/app", "target/debug/libapp.so"] {
            if here.path(output).exists() {
                stage.sees_bytes(here, output);
            }
        }
    })
}

/// Links with one content of the file that the link argument names, and then with another.
fn link_file_changes<'a>(argument: &str, contents: [&'a str; 2]) -> impl Fn(&mut Stage<'_>) + use<'a> {
    linked_with(cdylib_with(argument), contents, |here, cargo, text| {
        here.write("link.txt", text);
        cargo
    })
}

const LINK_FILE: &str = "input-link,input-observed,key-arguments";

traps! {
    #[cfg(target_os = "linux")]
    a_version_script_is_its_content: guarded_by(LINK_FILE),
        link_file_changes("-Wl,--version-script=link.txt", ["ONE { global: first; };", "TWO { global: first; };"]);

    #[cfg(target_os = "linux")]
    a_linker_script_is_its_content: guarded_by(LINK_FILE),
        link_file_changes("-Wl,--defsym=kept=0,link.txt", ["EXTERN(first)\nextra = 1;", "EXTERN(first)\nextra = 2;"]);

    #[cfg(target_os = "linux")]
    a_response_file_for_the_linker_is_its_content: guarded_by(LINK_FILE),
        link_file_changes("@link.txt", ["-Wl,--build-id=0x11", "-Wl,--build-id=0x22"]);

    #[cfg(target_os = "linux")]
    a_symbol_order_file_is_its_content: guarded_by(LINK_FILE).with_tools(&["ld.lld"]),
        link_file_changes(
            "-fuse-ld=lld\");println!(\"cargo:rustc-link-arg=-Wl,--symbol-ordering-file=link.txt",
            ["first\nsecond\n", "second\nfirst\n"],
        );

    #[cfg(target_os = "linux")]
    a_dynamic_list_is_its_content: guarded_by(LINK_FILE), linked_with(
        program().file("build.rs", "fn main() { println!(\"cargo:rustc-link-arg=-Wl,--dynamic-list=link.txt\"); }"),
        ["{ main; };", "{ nothing; };"],
        |here, cargo, list| {
            here.write("link.txt", list);
            cargo
        },
    );
}

#[test]
#[cfg(target_os = "linux")]
fn a_plugin_of_the_linker_is_its_content() {
    guarded_by("input-link,input-observed,key-arguments").tell(|stage| {
        let here = stage.checkout("here", &package("app").file("src/main.rs", "fn main() {}"));
        let compile =
            || here.compile("--crate-type bin src/main.rs -Clink-arg=-fuse-ld=bfd -Clink-arg=-Wl,-plugin,./plugin.so");
        // It is loaded, or it refuses to be.
        for result in [0, 1, 0] {
            here.write("plugin.c", format!("int onload(void *vector) {{ return {result}; }}"));
            here.c_tool("cc", "-shared -fPIC plugin.c -o plugin.so");
            stage.notes("link", compile().run().status.to_string());
        }
    });
}

#[test]
#[cfg(target_os = "linux")]
fn code_below_a_program_reaches_it_through_the_linkers_optimiser() {
    if !require_tool("clang") {
        return;
    }
    let sysroot = real_rustc().parent().and_then(Path::parent).expect("a toolchain is a directory").to_owned();
    let linkers = sysroot.join("lib/rustlib").join(crate::support::host()).join("bin/gcc-ld");
    if !linkers.is_dir() && !skip("the toolchain's own linker") {
        return;
    }
    let flags =
        format!("-Clinker-plugin-lto -Clinker=clang -Clink-arg=-B{} -Clink-arg=-fuse-ld=lld", linkers.display());
    let files = workspace(&["app", "deep"])
        .append("app/Cargo.toml", "[dependencies]\ndeep = { path = \"../deep\" }")
        .file("app/src/main.rs", "fn main() { println!(\"{}\", deep::number()) }");
    guarded_by("key-externs,input-link,input-observed,input-sources").tell(built_with(
        files,
        [1, 2, 1],
        |here, cargo, number| {
            here.write("deep/src/lib.rs", format!("pub fn number() -> i32 {{ {number} }}"));
            cargo.env("RUSTFLAGS", &flags)
        },
    ));
}

/// A program of which only the link is of interest.
fn program() -> Files {
    package("app").file("src/main.rs", "fn main() { println!(\"linked\") }")
}

/// Links through a script that adds an argument to the real driver's.
fn driver(here: &Checkout<'_>, path: &str, real: &str, extra: &str) -> String {
    here.executable(path, &format!("#!/bin/sh\nexec {real} \"$@\" {extra}\n"))
}

/// Returns `PATH` with a directory of the checkout before all others.
fn path_from(here: &Checkout<'_>, directory: &str) -> String {
    format!("{}:{}", here.path(directory).display(), std::env::var("PATH").unwrap())
}

const IDS: [&str; 2] = ["0x11", "0x22"];
const LINKER: &str = "input-link,input-observed,key-compiler,key-arguments";
const LINKER_FOUND: &str = "input-link,input-observed,input-scripts,key-compiler,key-arguments";

traps! {
    #[cfg(target_os = "linux")]
    a_linker_that_changes_behind_its_path_links_anew: guarded_by(LINKER), linked_with(program(), IDS, |here, cargo, id| {
        let linker = driver(here, "tools/linker", "cc", &format!("-Wl,--build-id={id}"));
        cargo.env("RUSTFLAGS", format!("-Clinker={linker}"))
    });

    #[cfg(target_os = "linux")]
    a_linker_found_by_the_driver_that_changes_links_anew: guarded_by(LINKER), linked_with(program(), IDS, |here, cargo, id| {
        driver(here, "tools/ld", "/usr/bin/ld.bfd", &format!("--build-id={id}"));
        let tools = here.path("tools");
        let flags = "-Clink-self-contained=-linker -Zunstable-options -Clinker-flavor=gnu-cc";
        cargo.env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", format!("{flags} -Clink-arg=-B{}", tools.display()))
    });

    #[cfg(target_os = "linux")]
    a_linker_that_the_driver_finds_by_its_name_links_anew_when_it_changes: guarded_by(LINKER_FOUND).with_tools(&["mold"]),
        linked_with(program(), IDS, |here, cargo, id| {
            driver(here, "tools/ld.mold", "mold", &format!("--build-id={id}"));
            cargo.env("PATH", path_from(here, "tools")).env("RUSTFLAGS", "-Clink-arg=-fuse-ld=mold")
        });

    #[cfg(target_os = "linux")]
    a_driver_found_in_the_search_path_is_resolved: guarded_by(LINKER_FOUND), linked_with(program(), IDS, |here, cargo, id| {
        driver(here, &format!("tools{id}/cc"), "/usr/bin/cc", &format!("-Wl,--build-id={id}"));
        cargo.env("PATH", path_from(here, &format!("tools{id}")))
    });

    #[cfg(target_os = "linux")]
    an_object_that_starts_every_program_is_its_content: guarded_by("input-link,input-observed"),
        linked_with(program(), [1, 2, 1], |here, cargo, number| {
            let found = here.command(Path::new("cc")).arg("-print-file-name=crti.o").output().unwrap();
            let real = String::from_utf8_lossy(&found.stdout).trim().to_owned();
            // A note, for the linker drops data that nobody refers to.
            let note = format!(".section .note.start,\"a\",@note\n.long 4, 4, {number}\n.ascii \"abc\\0\"\n.long {number}\n.section .note.GNU-stack,\"\",@progbits\n");
            here.write("start/part.s", note);
            here.c_tool("cc", "-c start/part.s -o start/part.o");
            here.c_tool("ld", &format!("-r {real} start/part.o -o start/crti.o"));
            cargo.env("RUSTFLAGS", format!("-Clink-arg=-B{}", here.path("start").display()))
        });
}

#[test]
#[cfg(target_os = "linux")]
fn a_driver_that_becomes_executable_is_found_in_the_search_path() {
    use std::os::unix::fs::PermissionsExt;
    compared_with_cargo().tell(|stage| {
        let here = stage.checkout("here", &package("app").file("src/main.rs", "fn main() { println!(\"linked\") }"));
        let tools = ["0x11", "0x22"].map(|id| {
            driver(&here, &format!("tools{id}/cc"), "/usr/bin/cc", &format!("-Wl,--build-id={id}"));
            here.path(&format!("tools{id}"))
        });
        let path =
            std::env::join_paths(tools.iter().cloned().chain(std::env::split_paths(&std::env::var("PATH").unwrap())));
        let path = path.unwrap();
        for mode in [0o644, 0o755] {
            std::fs::set_permissions(tools[0].join("cc"), std::fs::Permissions::from_mode(mode)).unwrap();
            here.clean();
            stage.sees(here.cargo("build").env("PATH", &path).run());
            stage.sees_bytes(&here, "target/debug/app");
        }
    });
}
