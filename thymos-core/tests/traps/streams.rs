//! What the compiler says, and when.

use std::io::{BufRead, BufReader};
use std::sync::mpsc;
use std::time::Duration;

use crate::support::{Compiler, Files, Mode, World, package};
use crate::trap::{compared_with_cargo, guarded_by};

fn with_a_warning() -> Files {
    package("app").file(
        "src/lib.rs",
        "pub fn f() { let unused = \"a long line that a narrow terminal would cut somewhere near here\"; }",
    )
}

#[test]
fn a_warning_is_said_again_when_the_unit_comes_from_the_cache() {
    compared_with_cargo().tell(|stage| {
        let here = stage.checkout("here", &with_a_warning());
        for _ in 0..3 {
            here.clean();
            stage.sees(here.cargo("build").run());
        }
        // Cargo replays what it keeps of the first build: a word of ours would be there for ever.
        stage.sees(here.cargo("build").run());
        stage.sees(here.cargo("build").env("RUSTC_WRAPPER", "").run());
    });
}

#[test]
fn colour_format_and_width_of_diagnostics_are_those_asked_for() {
    guarded_by("key-arguments").tell(|stage| {
        let here = stage.checkout("here", &with_a_warning());
        for arguments in [
            "--error-format=human --color=never",
            "--error-format=human --color=always",
            "--error-format=json",
            "--error-format=json --json=diagnostic-rendered-ansi",
            "--error-format=json --json=diagnostic-short",
            "--error-format=human --diagnostic-width=40",
            "--error-format=human --diagnostic-width=140",
            "--error-format=short",
        ] {
            stage.sees(here.compile("--crate-type lib src/lib.rs").arg_list(arguments).run());
        }
    });
}

#[test]
fn colour_and_width_count_where_something_is_said() {
    guarded_by("input-display").tell(|stage| {
        let here = stage.checkout("here", &with_a_warning());
        for arguments in ["--color=never", "--color=always", "--diagnostic-width=40", "--diagnostic-width=140"] {
            stage.sees(here.compile("--crate-type lib src/lib.rs --error-format=human").arg_list(arguments).run());
        }
    });
}

#[test]
fn diagnostics_name_the_paths_of_this_checkout() {
    guarded_by("stream-paths").tell(|stage| {
        for place in ["here", "there/and/deeper"] {
            let here = stage.checkout(place, &with_a_warning());
            // The notification of an artifact names its absolute path, whatever is remapped.
            let rustc = here.compile("--crate-type lib -C metadata=x --error-format json --json artifacts src/lib.rs");
            stage.sees(rustc.env("CARGO_MANIFEST_DIR", here.root()).run());
        }
    });
}

#[test]
fn what_dependencies_warn_is_capped_as_ever() {
    compared_with_cargo().tell(|stage| {
        let here = stage.checkout("here", &with_a_warning());
        for words in ["build", "check", "test --no-run", "build --release", "build --message-format=json"] {
            here.clean();
            let run = here.cargo(words).run();
            stage.notes(words, format!("{} {}", run.status, run.stderr));
        }
    });
}

#[test]
fn a_failed_compile_is_never_a_hit() {
    guarded_by("publish-failed").tell(|stage| {
        let here =
            stage.checkout("here", &package("app").file("src/main.rs", "fn main() { println!(\"{}\", missing) }"));
        stage.sees_app(&here);
        stage.sees_app_anew(&here);
        here.edit("src/main.rs", "missing", "1");
        stage.sees_app_anew(&here);
        stage.sees_app_anew(&here);
    });
}

#[test]
#[cfg(unix)]
fn a_link_that_warned_warns_again() {
    compared_with_cargo().tell(|stage| {
        let here = stage.checkout("here", &package("app").file("src/main.rs", "fn main() { println!(\"linked\") }"));
        let linker = here.executable("linker", "#!/bin/sh\necho 'the linker warns' >&2\nexec cc \"$@\"\n");
        for _ in 0..2 {
            here.clean();
            stage.sees(here.cargo("build").env("RUSTFLAGS", format!("-Clinker={linker} -Wlinker-messages")).run());
            stage.sees(here.program("app"));
        }
    });
}

#[test]
#[cfg(unix)]
fn the_notification_of_metadata_arrives_while_the_compiler_still_runs() {
    let world = World::new(Mode::Cached);
    let here = world.checkout("here", &with_a_warning());
    let notification = "{\"$message_type\":\"artifact\",\"artifact\":\"out/libapp.rmeta\",\"emit\":\"metadata\"}";
    // The compiler says that its metadata is there and then waits until somebody has heard it.
    let (heard, hears) = mpsc::channel::<()>();
    let mut says = Some(format!("echo '{notification}' >&2; report waits"));
    let rustc = Compiler::reporting(&here.path("compiler/rustc"), move |_, _| match says.take() {
        Some(says) => says,
        None => {
            let _ = hears.recv_timeout(Duration::from_secs(60));
            String::new()
        }
    });
    std::fs::create_dir_all(here.path("out")).unwrap();
    let mut command = here.command(env!("CARGO_BIN_EXE_thymos").as_ref());
    command.arg(rustc.program()).args("--crate-type lib --crate-name app src/lib.rs --error-format=json".split(' '));
    command.args("--json=artifacts --emit=dep-info,metadata,link --out-dir".split(' ')).arg(here.path("out"));
    let mut child = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
    let (sender, receiver) = mpsc::channel();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let reader =
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| sender.send(line).unwrap_or(())));

    let first = receiver.recv_timeout(Duration::from_secs(30));
    drop(heard);
    assert!(child.wait().unwrap().success());
    reader.join().unwrap();
    assert_eq!(first.as_deref(), Ok(notification), "it came before the compiler could end");
}

#[test]
fn artifacts_are_notified_once_each() {
    compared_with_cargo().tell(|stage| {
        let here = stage.checkout("here", &with_a_warning());
        for _ in 0..2 {
            let rustc = here.compile(
                "--crate-type lib src/lib.rs --error-format=json --json=artifacts --emit=dep-info,metadata,link",
            );
            stage.sees(rustc.run());
        }
    });
}

#[test]
fn both_streams_and_the_exit_status_of_a_bad_call_are_the_compilers() {
    compared_with_cargo().without_hits().tell(|stage| {
        let here = stage.checkout("here", &with_a_warning());
        for words in [
            "--crate-type nonsense src/lib.rs",
            "--crate-type lib src/none.rs",
            "--what-is-this",
            "-Cnonsense=1 src/lib.rs",
            "--explain E0308",
            "",
        ] {
            stage.sees(here.rustc(words).run());
        }
    });
}
