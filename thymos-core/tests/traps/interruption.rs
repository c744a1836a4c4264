//! Compiles that end before their time, and compilers that outlive whoever called them.
#![cfg(unix)]

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::support::{
    Checkout, Compiler, Mode, Moment, Run, Spy, World, library_and_program, package, real_rustc, require_root,
};
use crate::trap::compared_with_cargo;

#[test]
fn a_wrapper_killed_in_a_compile_leaves_nothing_wrong_behind() {
    for signal in ["TERM", "KILL"] {
        for when in [Moment::Before, Moment::After] {
            let world = World::new(Mode::Cached);
            let here = world.checkout("here", &library_and_program("whole"));
            let mut kill = Some(format!("kill -{signal} $PPID"));
            let rustc = Compiler::reporting(&here.path("compiler/rustc"), move |moment, _| {
                if moment == when { kill.take().unwrap_or_default() } else { String::new() }
            });
            let run = here.cargo("build").env("RUSTC", rustc.program()).run();
            assert!(!run.status.success(), "SIG{signal} {when:?} the compile ended the build: {run:#?}");

            for _ in 0..2 {
                here.cargo("build").env("RUSTC", rustc.program()).ok();
                assert_eq!(here.program("app").ok().stdout, "whole\n");
                here.clean();
            }
        }
    }
}

/// A compile that has started its compiler, which waits until it is let go. Its standard output stays open as long as the
/// compiler lives.
struct Waiting {
    child: Child,
    go: mpsc::Sender<()>,
    _compiler: Compiler,
}

fn waiting_compile(here: &Checkout<'_>) -> Waiting {
    let (go, gone) = mpsc::channel();
    let (sender, started) = mpsc::channel();
    let compiler = Compiler::reporting(&here.path("compiler/rustc"), move |moment, _| {
        if moment == Moment::Before {
            let _ = sender.send(());
            let _ = gone.recv();
        }
        String::new()
    });
    // Whoever runs the tests in the background has them ignore SIGINT, which their children would then do too.
    let mut command = here.command("env".as_ref());
    command.args(["--default-signal=INT", env!("CARGO_BIN_EXE_thymos")]).arg(compiler.program());
    command
        .args("--crate-type lib --crate-name app src/lib.rs --emit=dep-info,link --out-dir".split(' '))
        .arg(here.root());
    let child = command.stdout(Stdio::piped()).process_group(0).spawn().unwrap();
    started.recv_timeout(Duration::from_secs(60)).expect("the compiler starts");
    Waiting { child, go, _compiler: compiler }
}

#[test]
fn a_compiler_does_not_outlive_its_wrapper() {
    for signal in ["TERM", "INT", "KILL"] {
        let world = World::new(Mode::Cached);
        let here = world.checkout("here", &library_and_program("whole"));
        let Waiting { mut child, go, _compiler } = waiting_compile(&here);
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
        drop(go);
        assert_eq!(ended, Ok(true), "SIG{signal}: the compiler is gone when its wrapper is");
        reader.join().unwrap().unwrap();
    }
}

#[test]
fn a_signal_to_the_whole_group_ends_wrapper_and_compiler() {
    let world = World::new(Mode::Cached);
    let here = world.checkout("here", &library_and_program("whole"));
    let Waiting { mut child, go, _compiler } = waiting_compile(&here);
    let group = format!("-{}", child.id());
    assert!(here.command("kill".as_ref()).args(["-INT", "--", &group]).status().unwrap().success());
    let status = child.wait().unwrap();
    drop(go);
    assert!(!status.success(), "{status}");
    let mut rest = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut rest).unwrap();
}

#[test]
fn a_compiler_killed_by_a_signal_looks_killed_by_a_signal() {
    compared_with_cargo().tell(|stage| {
        let here = stage.checkout("here", &library_and_program("whole"));
        let spare = here.path("spare");
        let script = format!(
            "#!/bin/sh\n[ -e '{}' ] || kill -KILL $$\nexec '{}' \"$@\"\n",
            spare.display(),
            real_rustc().display()
        );
        let rustc = here.executable("compiler/rustc", &script);
        let compile = || {
            let mut command = match stage.world().mode() {
                Mode::Plain => here.command(rustc.as_ref()),
                _ => here.command(env!("CARGO_BIN_EXE_thymos").as_ref()),
            };
            if stage.world().mode() != Mode::Plain {
                command.arg(&rustc);
            }
            Run::of(
                command
                    .args("--crate-type lib --crate-name app src/lib.rs --emit=dep-info,link --out-dir".split(' '))
                    .arg(here.root()),
            )
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
    let here = world.checkout("here", &library_and_program("whole"));
    // Either a named pipe that can be opened, or two descriptors that are open in the compiler too; else the compile fails.
    let check = "auth=${CARGO_MAKEFLAGS##*--jobserver-auth=}; auth=${auth%% *}; \
                 case $auth in fifo:*) [[ -p ${auth#fifo:} ]];; \
                 *) [[ -e /dev/fd/${auth%,*} && -e /dev/fd/${auth#*,} ]];; esac || exit 99";
    let checking = |path: &str, first: &'static str| {
        Compiler::reporting(&here.path(path), move |moment, _| match moment {
            Moment::Before => format!("{first}{check}"),
            Moment::After => String::new(),
        })
    };
    let rustc = checking("compiler/rustc", "");
    here.cargo("build").env("RUSTC", rustc.program()).ok();
    here.clean();
    // The check itself can fail.
    let rustc = checking("compiler/other", "CARGO_MAKEFLAGS=--jobserver-auth=97,98; ");
    here.cargo("build").env("RUSTC", rustc.program()).env("RUSTC_WRAPPER", "").fails();
}

#[test]
fn a_closed_stderr_or_stdin_changes_nothing() {
    compared_with_cargo().tell(|stage| {
        let here = stage.checkout("here", &package("app").file("src/lib.rs", "pub fn f() { let unused = 1; }"));
        let wrapper = if stage.world().mode() == Mode::Plain { "" } else { env!("CARGO_BIN_EXE_thymos") };
        for closed in ["2>&-", "0<&-", "1>&-", "2>&- 1>&- 0<&-"] {
            for _ in 0..2 {
                let line = format!("{wrapper} rustc --crate-type lib --crate-name app src/lib.rs --emit=dep-info,link --out-dir . {closed}");
                let status = here.command("sh".as_ref()).args(["-c", &line]).status().unwrap();
                stage.notes(closed, format!("{status} {}", here.path("libapp.rlib").exists()));
                here.remove("libapp.rlib");
            }
        }
    });
}

#[test]
#[cfg(target_os = "linux")]
fn what_a_process_of_the_same_number_was_told_is_told_again() {
    if !require_root() {
        return;
    }
    let world = World::new(Mode::Cached);
    let here = world.checkout("here", &library_and_program("whole"));
    world.env("THYMOS_CACHE_SIZE", "banana");
    // As in containers that share a cache: each starts to count its processes from one.
    let build = || {
        here.clean();
        let cargo = std::env::var("CARGO").unwrap();
        let contained = ["--pid", "--fork", "--mount-proc", &cargo, "build", "--quiet", "--offline"];
        Run::of(here.command("unshare".as_ref()).args(contained)).ok()
    };
    for round in ["first", "second"] {
        let said = build().stderr;
        assert_eq!(said.matches("banana").count(), 1, "{round}: {said}");
    }
    let builds = world.thymos("why --all --json").ok().stdout;
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&builds).unwrap()["builds"].as_array().unwrap().len(),
        2,
        "{builds}"
    );
}

/// Compiles as a build tool does that ignores SIGCHLD, which every program that it starts then does too.
fn compile_by_who_ignores_children(here: &Checkout<'_>, words: &str) -> Run {
    let mut command = here.command("env".as_ref());
    command.arg("--ignore-signal=CHLD");
    if here.world().mode() != Mode::Plain {
        command.arg(env!("CARGO_BIN_EXE_thymos"));
    }
    command.arg(real_rustc()).args("--crate-name app --emit=dep-info,link --out-dir".split(' ')).arg(here.root());
    Run::of(command.args(words.split(' ')))
}

#[test]
fn a_compile_for_who_ignores_its_children_runs_once_and_is_stored() {
    let world = World::new(Mode::Cached);
    let spy = Spy::install(&world);
    let here = world.checkout("here", &package("app").file("src/lib.rs", "pub fn f() { let unused = 1; }"));
    let compile = || compile_by_who_ignores_children(&here, "--crate-type lib src/lib.rs").ok();
    let cold = compile();
    assert_eq!(cold.stderr.matches("unused variable").count(), 1, "{cold:#?}");
    assert_eq!(spy.take(), ["app"], "{}", world.events_text());
    assert_eq!(compile(), cold);
    assert_eq!(spy.take(), [""; 0], "{}", world.events_text());
}

#[test]
fn who_ignores_its_children_gets_what_the_compiler_gives_it() {
    compared_with_cargo().tell(|stage| {
        let source = "fn main() { let unused = 1; println!(\"linked\") }";
        let here = stage.checkout("here", &package("app").file("src/main.rs", source).file("src/lib.rs", source));
        for _ in 0..2 {
            stage.sees(compile_by_who_ignores_children(&here, "--crate-type lib src/lib.rs"));
            // The compiler starts a linker, and is itself one of those that are not told how it ended.
            let link = compile_by_who_ignores_children(&here, "--crate-type bin src/main.rs");
            let says: Vec<&str> = link.stderr.lines().filter(|line| !line.contains(" = note: ")).collect();
            stage.notes("link", format!("{} {}", link.status, says.join("\n")));
            here.clean();
        }
    });
}
