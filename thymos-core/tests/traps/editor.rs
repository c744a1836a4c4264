//! What an editor does: rust-analyzer's calls of cargo, and its server that loads the macros which a build left.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::{Checkout, Files, Started, real_rustc, workspace};
use crate::trap::{Stage, compared_with_cargo};

/// The server of rust-analyzer that loads proc macros. It is a part of rustup's toolchains, and of few others.
fn server() -> Option<PathBuf> {
    let output = std::process::Command::new(real_rustc()).args(["--print", "sysroot"]).output().unwrap();
    let sysroot = PathBuf::from(String::from_utf8(output.stdout).unwrap().trim_end());
    let server = sysroot.join("libexec/rust-analyzer-proc-macro-srv");
    if !server.is_file() {
        eprintln!("skipped: this toolchain ships no server for proc macros");
    }
    server.is_file().then_some(server)
}

/// A server that runs, as it does for as long as an editor is open.
///
/// It takes one question a line and answers each with a line. Source: `crates/proc-macro-api/src/legacy_protocol` of
/// rust-analyzer.
struct Server(Started);

impl Server {
    fn start(here: &Checkout<'_>, program: &std::path::Path) -> Server {
        let mut command = here.command(program);
        command.env("RUST_ANALYZER_INTERNALS_DO_NOT_USE", "this is unstable").args(["--format", "json-legacy"]);
        Server(Started::talking(&mut command))
    }

    fn ask(&mut self, question: &Value) -> Value {
        let Started(child) = &mut self.0;
        writeln!(child.stdin.as_mut().unwrap(), "{question}").expect("the server reads");
        let mut answer = String::new();
        // Nothing more comes before the next question, so nothing is lost with this reader.
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut answer).unwrap();
        serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{question}: {error}: {answer:?}"))
    }

    /// Expands a macro whose argument is one word.
    fn expand(&mut self, library: &str, name: &str) -> Value {
        // Numbers of tokens: two delimiters, their kind, and which tokens are inside; an identifier, its text, whether it is raw.
        let nothing =
            json!({"subtree": [0, 0, 0, 0, 0], "literal": [], "punct": [], "ident": [], "token_tree": [], "text": []});
        let word = json!({"subtree": [0, 0, 0, 0, 1], "literal": [], "punct": [], "ident": [0, 0, 0], "token_tree": [3], "text": ["word"]});
        self.ask(&json!({"ExpandMacro": {
            "lib": library, "env": [["ASKED", "answered"]], "current_dir": "/", "macro_name": name, "macro_body": word,
            "attributes": nothing, "has_global_spans": {"def_site": 0, "call_site": 0, "mixed_site": 0},
        }}))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.0.kill();
        let _ = self.0.0.wait();
    }
}

/// `app` uses every kind of macro; `maker` makes them, and the function has the name that `named` gives.
fn with_macros(named: &str) -> Files {
    workspace(&["app", "maker"])
        .append("app/Cargo.toml", "[dependencies]\nmaker = { path = \"../maker\" }")
        .append("maker/Cargo.toml", "[lib]\nproc-macro = true")
        .file("app/build.rs", "fn main() { println!(\"cargo:rustc-env=SET=1\") }")
        .file(
            "app/src/main.rs",
            format!("#[derive(maker::Told)] struct S; #[maker::kept] fn main() {{ maker::{named}!(); }}"),
        )
        .file("maker/src/lib.rs", macros(named))
}

fn macros(named: &str) -> String {
    format!(
        "use proc_macro::TokenStream;\n\
         #[proc_macro] pub fn {named}(_: TokenStream) -> TokenStream {{ \"println!(\\\"{named}\\\")\".parse().unwrap() }}\n\
         #[proc_macro_attribute] pub fn kept(_: TokenStream, item: TokenStream) -> TokenStream {{ item }}\n\
         #[proc_macro_derive(Told)] pub fn told(_: TokenStream) -> TokenStream {{\n    \
         format!(\"const _: &str = {{:?}};\", std::env::var(\"ASKED\").unwrap_or_default()).parse().unwrap()\n}}\n"
    )
}

/// Checks the workspace as rust-analyzer does, and returns the library with the macros that the messages name.
fn check(stage: &mut Stage<'_>, here: &Checkout<'_>, wrapper: Option<&str>) -> String {
    let cargo = here.cargo("check --workspace --message-format=json --all-targets --keep-going");
    let run = wrapper.iter().fold(cargo, |cargo, wrapper| cargo.env("RUSTC_WRAPPER", wrapper)).run();
    stage.notes("checked", format!("{}\n{}", run.status, run.stderr));
    let messages = run.stdout.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let makers = messages.filter(|message| message["target"]["kind"] == json!(["proc-macro"]));
    let names = makers.flat_map(|maker| maker["filenames"].as_array().cloned().unwrap_or_default());
    let mut names = names.filter_map(|name| name.as_str().map(str::to_owned));
    names.find(|name| name.ends_with(std::env::consts::DLL_SUFFIX)).expect("cargo names the library")
}

/// Records everything that the server tells about a library.
fn sees_macros(stage: &mut Stage<'_>, server: &mut Server, library: &str) {
    let listed = server.ask(&json!({"ListMacros": {"dylib_path": library}}));
    assert!(listed["ListMacros"]["Ok"].is_array(), "the library can be loaded: {listed}");
    stage.notes("listed", listed.to_string());
    for name in ["first", "second", "kept", "Told"] {
        stage.notes(name, server.expand(library, name).to_string());
    }
}

#[test]
fn an_editor_that_stays_open_loads_the_macros_that_the_cache_lays_out() {
    let Some(program) = server() else { return };
    compared_with_cargo().tell(|stage| {
        let here = stage.checkout("here", &with_macros("first"));
        let mut open = Server::start(&here, &program);
        stage.notes("version", open.ask(&json!({"ApiVersionCheck": {}})).to_string());
        // The library is replaced under the eyes of a server that has it loaded, and comes back as it was.
        for named in ["first", "second", "first"] {
            with_macros(named).write_to(here.root());
            let library = check(stage, &here, None);
            sees_macros(stage, &mut open, &library);
            sees_macros(stage, &mut Server::start(&here, &program), &library);
        }
        here.clean();
        let library = check(stage, &here, None);
        sees_macros(stage, &mut open, &library);
    });
}

/// What rust-analyzer puts in our place to build nothing but build scripts and macros; see its `bin/rustc_wrapper.rs`.
const OWN_WRAPPER: &str = "#!/bin/sh\n\
    for word; do\n    case $word in --emit=*link*) ;; --emit=*metadata*) [ -n \"$CARGO_CFG_TARGET_ARCH\" ] || exit 0;; esac\ndone\n\
    exec \"$@\"\n";

#[test]
fn an_editor_that_puts_itself_in_our_place_and_ours_find_what_the_other_left() {
    let Some(program) = server() else { return };
    compared_with_cargo().with_or_without_hits().tell(|stage| {
        let here = stage.checkout("here", &with_macros("first"));
        let own = here.executable("bin/editor", OWN_WRAPPER);
        let mut open = Server::start(&here, &program);
        for named in ["first", "second", "first"] {
            with_macros(named).write_to(here.root());
            for wrapper in [Some(own.as_str()), None, Some(own.as_str())] {
                let library = check(stage, &here, wrapper);
                sees_macros(stage, &mut open, &library);
            }
            stage.sees_app(&here);
        }
    });
}

#[test]
fn what_an_editor_asks_of_the_compiler_through_cargo_is_what_it_answers() {
    compared_with_cargo().without_hits().tell(|stage| {
        let here = stage.checkout("here", &workspace(&["app"]).file("app/src/main.rs", "fn main() {}"));
        for _ in 0..2 {
            let ask = |words: &str| here.cargo(words).current_dir(here.path("app")).env("RUSTC_BOOTSTRAP", "1");
            stage.sees(ask("rustc -Z unstable-options --print target-spec-json -- -Z unstable-options").run());
            stage.sees(ask("rustc -Z unstable-options --print cfg -- -O").run());
            stage.sees(ask("rustc -- --print target-libdir").run());
            stage.sees(ask("-Z unstable-options config get --format toml build.target").run());
            stage.sees(ask("metadata --format-version 1 --no-deps").env_remove("RUSTC_BOOTSTRAP").run());
            stage.sees(here.rustc("--print cfg -O").run());
            stage.sees(here.rustc("--print sysroot").run());
        }
    });
}
