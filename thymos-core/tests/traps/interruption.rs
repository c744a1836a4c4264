//! Compiles that end before their time, and compilers that outlive whoever called them.
#![cfg(unix)]

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::support::{Checkout, Files, Mode, World, package, real_rustc};
use crate::trap::compared_with_cargo;

fn library_and_program() -> Files {
    package("app")
        .file("src/lib.rs", "pub fn text() -> &'static str { \"whole\" }")
        .file("src/main.rs", "fn main() { println!(\"{}\", app::text()) }")
}

/// A compiler that does this to its caller, before or after it has compiled `src/lib.rs`.
fn compiler_that(here: &Checkout<'_>, before: &str, after: &str) -> String {
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *src/lib.rs*) ;; *) exec '{real}' \"$@\";; esac\n{before}\n'{real}' \"$@\"\nstatus=$?\n{after}\nexit $status\n",
        real = real_rustc().display()
    );
    here.executable("compiler/rustc", &script)
}

#[test]
fn a_wrapper_killed_in_a_compile_leaves_nothing_wrong_behind() {
    for signal in ["INT", "TERM", "KILL"] {
        for (before, after) in [(true, false), (false, true)] {
            let world = World::new(Mode::Cached);
            let here = world.checkout("here", &library_and_program());
            // The wrapper dies once: the compiler of the next build finds the file and does nothing to its caller.
            let kill = format!(
                "[ -e '{mark}' ] || {{ : > '{mark}'; kill -{signal} $PPID; }}",
                mark = here.path("killed").display()
            );
            let on = |now: bool| if now { kill.as_str() } else { "" };
            let rustc = compiler_that(&here, on(before), on(after));
            let run = here.cargo("build").env("RUSTC", &rustc).run();
            assert!(here.path("killed").exists() && !run.status.success(), "SIG{signal} ended the build: {run:#?}");

            here.cargo("build").env("RUSTC", &rustc).ok();
            assert_eq!(here.program("app").ok().stdout, "whole\n");
            here.clean();
            here.cargo("build").env("RUSTC", &rustc).ok();
            assert_eq!(here.program("app").ok().stdout, "whole\n");
            here.cargo("build").env("RUSTC_WRAPPER", "").env("RUSTC", &rustc).ok();
        }
    }
}

/// Starts a compile that waits, and returns once it does. Its standard output stays open as long as the compiler lives.
fn waiting_compile(here: &Checkout<'_>) -> Child {
    let gate = here.path("gate");
    assert!(here.command("mkfifo".as_ref()).arg(&gate).status().unwrap().success());
    let rustc = compiler_that(here, &format!("echo waits; read answer < '{}'", gate.display()), "");
    let mut command = here.command(env!("CARGO_BIN_EXE_thymos").as_ref());
    command.arg(rustc).args("--crate-type lib --crate-name app src/lib.rs".split(' ')).stdout(Stdio::piped());
    let mut child = command.process_group(0).spawn().unwrap();
    let mut line = [0; 6];
    child.stdout.as_mut().unwrap().read_exact(&mut line).unwrap();
    assert_eq!(&line, b"waits\n");
    child
}

#[test]
fn a_compiler_does_not_outlive_its_wrapper() {
    for signal in ["TERM", "INT", "KILL"] {
        let world = World::new(Mode::Cached);
        let here = world.checkout("here", &library_and_program());
        let mut child = waiting_compile(&here);
        let mut stdout = child.stdout.take().unwrap();
        let killed =
            here.command("kill".as_ref()).args([&format!("-{signal}"), &child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        let status = child.wait().unwrap();
        assert!(!status.success(), "SIG{signal}: {status}");

        let (sender, receiver) = mpsc::channel();
        let reader = std::thread::spawn(move || sender.send(stdout.read_to_end(&mut Vec::new()).is_ok()));
        let ended = receiver.recv_timeout(Duration::from_secs(20));
        // Let it end in any case, so that a failure leaves nothing behind.
        drop(
            std::fs::File::options()
                .read(true)
                .write(true)
                .open(here.path("gate"))
                .and_then(|mut gate| std::io::Write::write_all(&mut gate, b"go\n").map(|()| gate)),
        );
        assert_eq!(ended, Ok(true), "SIG{signal}: the compiler is gone when its wrapper is");
        reader.join().unwrap().unwrap();
    }
}

#[test]
fn a_signal_to_the_whole_group_ends_wrapper_and_compiler() {
    let world = World::new(Mode::Cached);
    let here = world.checkout("here", &library_and_program());
    let mut child = waiting_compile(&here);
    let group = format!("-{}", child.id());
    assert!(here.command("kill".as_ref()).args(["-INT", "--", &group]).status().unwrap().success());
    let status = child.wait().unwrap();
    assert!(!status.success(), "{status}");
    let mut rest = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut rest).unwrap();
}

#[test]
fn a_compiler_killed_by_a_signal_looks_killed_by_a_signal() {
    compared_with_cargo().tell(|stage| {
        let here = stage.checkout("here", &library_and_program());
        let rustc = compiler_that(&here, &format!("[ -e '{}' ] || kill -KILL $$", here.path("spare").display()), "");
        let compile = || {
            let mut command = match stage.world().mode() {
                Mode::Plain => here.command(rustc.as_ref()),
                _ => here.command(env!("CARGO_BIN_EXE_thymos").as_ref()),
            };
            if stage.world().mode() != Mode::Plain {
                command.arg(&rustc);
            }
            crate::support::Run::of(command.args("--crate-type lib --crate-name app src/lib.rs".split(' ')))
        };
        let killed = compile();
        here.write("spare", "");
        let runs = [killed, compile(), compile()];
        for run in runs {
            stage.sees(run);
        }
    });
}

#[test]
fn the_jobserver_reaches_the_compiler() {
    let world = World::new(Mode::Cached);
    let here = world.checkout("here", &library_and_program());
    // Either a named pipe that can be opened, or two descriptors that are open in the compiler too.
    let check = "auth=$(echo \"$CARGO_MAKEFLAGS\" | sed 's/.*--jobserver-auth=\\([^ ]*\\).*/\\1/')\n\
                 case \"$auth\" in fifo:*) [ -p \"${auth#fifo:}\" ] && echo open >> jobserver;; \
                 *) [ -e \"/dev/fd/${auth%,*}\" ] && [ -e \"/dev/fd/${auth#*,}\" ] && echo open >> jobserver;; esac";
    let rustc = compiler_that(&here, check, "");
    here.cargo("build").env("RUSTC", rustc).ok();
    assert_eq!(here.read("jobserver"), "open\n");
}

#[test]
fn a_closed_stderr_or_stdin_changes_nothing() {
    compared_with_cargo().tell(|stage| {
        let here = stage.checkout("here", &package("app").file("src/lib.rs", "pub fn f() { let unused = 1; }"));
        let wrapper = if stage.world().mode() == Mode::Plain { "" } else { env!("CARGO_BIN_EXE_thymos") };
        for closed in ["2>&-", "0<&-", "1>&-", "2>&- 1>&- 0<&-"] {
            for _ in 0..2 {
                let line = format!("{wrapper} rustc --crate-type lib --crate-name app src/lib.rs {closed}");
                let status = here.command("sh".as_ref()).args(["-c", &line]).status().unwrap();
                stage.notes(closed, format!("{status} {}", here.path("libapp.rlib").exists()));
                here.remove("libapp.rlib");
            }
        }
    });
}
