//! Calls that are no compiles, and callers that are not cargo.

use crate::support::{Files, Mode, World, package, real_rustc, require_tool, workspace};
use crate::trap::{compared_with_cargo, guarded_by};

/// A build script that asks the compiler what build scripts ask, in the way autocfg and others do.
fn asking_build_script() -> Files {
    let script = r##"
use std::io::Write;
use std::process::{Command, Stdio};

fn main() {
    let out = std::env::var("OUT_DIR").unwrap();
    let rustc = std::env::var("RUSTC").unwrap();
    let wrapper = std::env::var("RUSTC_WRAPPER").ok().filter(|wrapper| !wrapper.is_empty());
    let ask = |arguments: &[&str], stdin: &str| {
        let mut command = match &wrapper {
            Some(wrapper) => { let mut command = Command::new(wrapper); command.arg(&rustc); command }
            None => Command::new(&rustc),
        };
        let mut child = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        format!("{:?} {} {:?} {:?}", arguments.first(), output.status, String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    };
    let answers = [
        ask(&["-vV"], ""),
        ask(&["--version"], ""),
        ask(&["--print", "cfg"], ""),
        ask(&["--print=sysroot"], ""),
        ask(&["--print", "target-libdir", "--print=target-list"], ""),
        ask(&["--crate-name", "probe", "--crate-type=lib", "--out-dir", &out, "--emit=metadata", "-"], "pub fn probe() { u32::is_power_of_two(4); }"),
        ask(&["--crate-name", "probe", "--crate-type=lib", "--out-dir", &out, "--emit=metadata", "-"], "pub fn probe() { u32::no_such_thing(4); }"),
        ask(&["--crate-name", "probe", "--crate-type=lib", "--out-dir", &out, "--emit=llvm-ir", "-"], "#![feature(never_type)]"),
    ];
    let list = |directory: &str| {
        let mut names: Vec<_> = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names.join(" ")
    };
    std::fs::write(format!("{out}/answers.txt"), answers.join("\n") + &list(&out)).unwrap();
}
"##;
    package("app").file("build.rs", script).file(
        "src/main.rs",
        "fn main() { println!(\"{}\", include_str!(concat!(env!(\"OUT_DIR\"), \"/answers.txt\"))) }",
    )
}

#[test]
fn what_build_scripts_ask_the_compiler_is_answered_by_the_compiler() {
    compared_with_cargo().tell(|stage| {
        let here = stage.checkout("here", &asking_build_script());
        stage.sees_app(&here);
        stage.sees_app_anew(&here);
        stage.sees(here.cargo("build").env("RUSTC_BOOTSTRAP", "1").run());
    });
}

#[test]
fn questions_are_passed_through_and_never_stored() {
    compared_with_cargo().without_hits().tell(|stage| {
        let here = stage.checkout("here", &package("app").file("src/lib.rs", ""));
        for question in [
            "-vV",
            "--version",
            "--print cfg",
            "--print sysroot",
            "--print=file-names --crate-type lib --crate-name app src/lib.rs",
            "--help",
        ] {
            stage.sees(here.rustc(question).run());
            stage.sees(here.rustc(question).run());
        }
    });
}

#[test]
#[cfg(unix)]
fn a_wrapper_that_finds_itself_in_the_search_path_does_not_run_itself() {
    compared_with_cargo().tell(|stage| {
        let here = stage.checkout("here", &package("app").file("src/main.rs", "fn main() { println!(\"built\") }"));
        std::fs::create_dir_all(here.path("shims")).unwrap();
        if stage.world().mode() != Mode::Plain {
            for name in ["rustc", "cc"] {
                let shim = here.path("shims").join(name);
                if name == "rustc" {
                    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_thymos"), &shim).unwrap();
                }
            }
        }
        let path = format!("{}:{}", here.path("shims").display(), std::env::var("PATH").unwrap());
        for _ in 0..2 {
            here.clean();
            stage.sees(here.cargo("build").env("PATH", &path).env("RUSTC", "rustc").run());
            stage.sees(here.program("app"));
        }
    });
}

#[test]
fn a_copy_of_the_wrapper_called_by_the_wrapper_compiles_once() {
    compared_with_cargo().with_or_without_hits().tell(|stage| {
        let here = stage.checkout("here", &package("app").file("src/main.rs", "fn main() { println!(\"built\") }"));
        for _ in 0..2 {
            here.clean();
            let cargo = here.cargo("build");
            let cargo = match stage.world().mode() {
                Mode::Plain => cargo,
                _ => cargo.env("RUSTC_WORKSPACE_WRAPPER", env!("CARGO_BIN_EXE_thymos")),
            };
            stage.sees(cargo.run());
            stage.sees(here.program("app"));
        }
    });
}

#[test]
fn clippy_says_what_it_says_without_a_cache() {
    if !require_tool("cargo-clippy") {
        return;
    }
    guarded_by("input-sources,input-observed").tell(|stage| {
        let files = package("app").file("src/lib.rs", "pub fn f(list: &Vec<u8>) -> bool { list.len() == 0 }");
        let here = stage.checkout("here", &files);
        for source in [
            "pub fn f(list: &Vec<u8>) -> bool { list.len() == 0 }",
            "pub fn f(list: &[u8]) -> bool { list.is_empty() }",
        ] {
            for _ in 0..2 {
                here.write("src/lib.rs", source).clean();
                stage.sees(here.cargo("clippy").run());
                stage.sees(here.cargo("check").run());
            }
        }
        stage.sees(here.cargo("clippy -- -Dclippy::all -Dmissing-docs").run());
    });
}

#[test]
fn clippys_settings_are_an_input() {
    if !require_tool("cargo-clippy") {
        return;
    }
    guarded_by("input-sources,input-observed,input-absence").tell(|stage| {
        let here = stage
            .checkout("here", &package("app").file("src/lib.rs", "pub fn f(a: u8, b: u8, c: u8) -> u8 { a + b + c }"));
        stage.sees(here.cargo("clippy").run());
        here.write("clippy.toml", "too-many-arguments-threshold = 2").clean();
        stage.sees(here.cargo("clippy").run());
        here.write("clippy.toml", "too-many-arguments-threshold = 9").clean();
        stage.sees(here.cargo("clippy").run());
    });
}

#[test]
fn what_clippy_asks_of_its_surroundings_is_an_input() {
    if !require_tool("cargo-clippy") {
        return;
    }
    guarded_by("key-environment").tell(|stage| {
        let files = workspace(&["app", "part"])
            .append("app/Cargo.toml", "[dependencies]\npart = { path = \"../part\" }")
            .file("app/src/lib.rs", "")
            .file("part/src/lib.rs", "pub fn f(list: &[u8]) -> bool { list.len() == 0 }");
        let here = stage.checkout("here", &files);
        // Clippy is silent about packages that nobody asked for, and tells where a lint is explained unless somebody minds.
        for (words, links) in
            [("-p app --no-deps", None), ("--no-deps", None), ("--no-deps", Some("1")), ("--no-deps", None)]
        {
            here.clean();
            let cargo = here.cargo("clippy").arg_list(words);
            stage.sees(links.iter().fold(cargo, |cargo, value| cargo.env("CLIPPY_DISABLE_DOCS_LINKS", value)).run());
        }
    });
}

#[test]
#[cfg(unix)]
fn arguments_that_are_not_utf8_reach_the_compiler() {
    use std::os::unix::ffi::OsStrExt;
    compared_with_cargo().tell(|stage| {
        let here = stage.checkout("here", &package("app").file("src/lib.rs", ""));
        let name = std::ffi::OsStr::from_bytes(b"src/caf\xe9.rs");
        std::fs::write(here.root().join(name), "pub fn f() { let unused = 1; }").unwrap();
        for _ in 0..2 {
            // This compiler panics on it, and names its thread by number.
            let run = here.compile("--crate-type lib").arg(name).run();
            stage.notes("odd name", format!("{} {}", run.status, run.stderr.contains("panicked")));
            stage.sees(
                here.compile("--crate-type lib src/lib.rs").env("ODD", std::ffi::OsStr::from_bytes(b"\xff")).run(),
            );
        }
    });
}

#[test]
#[cfg(unix)]
fn a_checkout_whose_path_is_not_utf8_builds() {
    use std::os::unix::ffi::OsStrExt;
    compared_with_cargo().without_hits().tell(|stage| {
        let here = stage.checkout("here", &package("app").file("src/lib.rs", "pub fn f() {}"));
        let odd = here.root().join(std::ffi::OsStr::from_bytes(b"caf\xe9"));
        std::fs::create_dir_all(&odd).unwrap();
        std::fs::copy(here.path("src/lib.rs"), odd.join("lib.rs")).unwrap();
        let run = here.compile("--crate-type lib lib.rs").current_dir(&odd).run();
        stage.notes("built", format!("{} {}", run.status, odd.join("libapp.rlib").exists()));
    });
}

/// Arguments of about this many bytes that change nothing. One alone may have 128 KiB.
fn filling(bytes: usize) -> Vec<String> {
    let piece = |start: usize| ["--cfg".to_owned(), format!("k=\"{}\"", "x".repeat((bytes - start).min(100_000)))];
    (0..bytes).step_by(100_000).flat_map(piece).collect()
}

#[test]
#[cfg(target_os = "linux")]
fn whatever_the_system_lets_cargo_start_compiles() {
    let world = World::cached();
    let here = world.checkout("here", &package("app").file("src/lib.rs", ""));
    // What is added must not make a list too long that was just short enough.
    let compiles = |bytes: usize| {
        let mut command = here.command(env!("CARGO_BIN_EXE_thymos").as_ref());
        let words = "--crate-type lib --crate-name app src/lib.rs --emit=metadata --out-dir out -A warnings";
        command.arg(real_rustc()).args(words.split(' '));
        match command.args(filling(bytes)).status() {
            Ok(status) => {
                assert!(status.success(), "{bytes} bytes more: {status}");
                true
            }
            Err(error) => {
                assert_eq!(error.kind(), std::io::ErrorKind::ArgumentListTooLong);
                false
            }
        }
    };
    let (mut short, mut long) = (0, 8 << 20);
    while long - short > 1 {
        let middle = usize::midpoint(short, long);
        *(if compiles(middle) { &mut short } else { &mut long }) = middle;
    }
    (1..20).for_each(|step| assert!(compiles(short - step * 30)));
}

#[test]
fn a_list_of_flags_over_the_systems_limit_compiles() {
    compared_with_cargo().tell(|stage| {
        let flags = filling(8 << 20).into_iter().chain(["-A".to_owned(), "warnings".to_owned()]);
        let source = format!("fn main() {{ println!(\"{{}}\", cfg!(k = \"{}\")) }}", "x".repeat(100_000));
        let files = package("app").file("src/main.rs", source);
        let list = flags.map(|flag| format!("'{flag}'")).collect::<Vec<_>>().join(", ");
        let here =
            stage.checkout("here", &files.file(".cargo/config.toml", format!("[build]\nrustflags = [{list}]\n")));
        for _ in 0..2 {
            stage.sees_app_anew(&here);
        }
    });
}

#[test]
fn a_list_of_arguments_as_long_as_the_system_allows_compiles() {
    compared_with_cargo().tell(|stage| {
        let here =
            stage.checkout("here", &package("app").file("src/main.rs", "fn main() { println!(\"{}\", cfg!(n1999)) }"));
        let mut list = String::new();
        for n in 0..2000 {
            list += &format!("--cfg\nn{n}\n--check-cfg\ncfg(n{n})\n");
        }
        here.write("list.txt", &list);
        for _ in 0..2 {
            stage.sees(here.compile("--crate-type bin src/main.rs @list.txt").run());
            stage.sees(here.compile("--crate-type bin src/main.rs").arg_list(&list).run());
            stage.sees(here.run("target/debug/deps/app"));
        }
    });
}
