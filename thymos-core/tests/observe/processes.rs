//! Children, descriptors, statuses: that they are watched, and that they are what they would be without it.

use std::fs;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use thymos_core::compile::observe::{self, AccessKind, Incomplete, Options, Outlived, Seen};

use crate::harness::{c_program, plain, run, scratch, skip};
use crate::support::require_tool;

#[test]
fn what_a_child_program_reads_is_recorded_under_its_name() {
    let scratch = scratch!();
    let path = scratch.write("a.txt", "");
    let result = run(scratch.shell("/bin/cat a.txt; : <a.txt"));
    result.assert_complete();
    let cat = fs::canonicalize("/bin/cat").expect("cat exists");
    assert_eq!(result.programs(path), [Some(cat), None]);
    assert_eq!(result.programs("/bin/cat")[..1], [None]);
    assert!(result.saw_file(AccessKind::Exec, "/bin/cat"));
}

#[test]
fn the_loader_and_the_interpreter_of_a_program_are_executed_too() {
    let scratch = scratch!();
    let script = scratch.write("script", "#!/bin/sh\nexit 0\n");
    let result = run(scratch.shell("chmod +x script; ./script"));
    result.assert_complete();
    assert!(result.saw_file(AccessKind::Exec, scratch.path("./script")), "{:?}", result.of(script));
    assert!(result.saw_file(AccessKind::Exec, "/bin/sh"));
    let loader =
        if cfg!(target_arch = "x86_64") { "/lib64/ld-linux-x86-64.so.2" } else { "/lib/ld-linux-aarch64.so.1" };
    if !PathBuf::from(loader).exists() {
        skip!("the C library is not glibc");
    }
    assert!(result.saw_file(AccessKind::Exec, loader));
}

#[test]
fn a_search_through_the_path_records_where_nothing_was_found() {
    let scratch = scratch!();
    let mut command = scratch.shell("true-program");
    command.env("PATH", format!("{}:{}", scratch.path("one").display(), scratch.path("two").display()));
    let program = scratch.write("two/true-program", "#!/bin/sh\n");
    assert!(Command::new("chmod").arg("+x").arg(&program).status().expect("chmod runs").success());
    let result = run(command);
    result.assert_complete();
    assert!(result.of(scratch.path("one/true-program")).iter().any(|(_, seen)| *seen == Seen::Absent));
    assert!(result.saw_file(AccessKind::Exec, program));
}

#[test]
fn a_child_made_by_vfork_is_watched() {
    let scratch = scratch!();
    let path = scratch.write("a.txt", "");
    let program = c_program!(
        scratch,
        r#"#include <sys/wait.h>
           #include <unistd.h>
           int main() { int s; if (vfork() == 0) { execl("/bin/cat", "cat", "a.txt", (char *)0); _exit(1); }
                        wait(&s); return s; }"#
    );
    let result = run(scratch.command(program));
    result.assert_complete();
    assert_eq!(result.programs(path), [Some(fs::canonicalize("/bin/cat").expect("cat exists"))]);
}

#[test]
fn a_program_executed_by_a_second_thread_is_watched() {
    let scratch = scratch!();
    let path = scratch.write("a.txt", "");
    let program = c_program!(
        scratch,
        r#"#include <pthread.h>
           #include <sys/wait.h>
           #include <unistd.h>
           static void *go(void *x) { execl("/bin/cat", "cat", "a.txt", (char *)0); _exit(1); }
           int main() { int s; if (fork() == 0) { pthread_t t; access("warm", 0); pthread_create(&t, 0, go, 0); pause(); }
                        wait(&s); return s; }"#,
        "-pthread"
    );
    let result = run(scratch.command(program));
    result.assert_complete();
    assert_eq!(result.programs(path), [Some(fs::canonicalize("/bin/cat").expect("cat exists"))]);
}

#[test]
fn an_exit_status_is_the_one_that_plain_gives() {
    let scratch = scratch!();
    for script in ["exit 0", "exit 1", "exit 77", "exit 255", "kill -KILL $$", "kill -TERM $$", "kill -ABRT $$"] {
        let observed = run(scratch.shell(script)).observed;
        assert_eq!(observed.status, plain(scratch.shell(script)).status, "{script}");
        assert_eq!(observed.complete, Ok(()), "{script}");
    }
}

#[test]
fn a_program_that_cannot_start_fails_as_plain_does() {
    let scratch = scratch!();
    let text = scratch.write("not-executable", "");
    let mut lost = Command::new("/bin/true");
    lost.current_dir(scratch.path("nowhere"));
    for (what, command) in [
        ("missing", Command::new("/nonexistent/program")),
        ("missing in PATH", Command::new("no-such-program-anywhere")),
        ("not executable", Command::new(&text)),
        ("no such directory", lost),
    ] {
        let mut command = command;
        let expected = command.spawn().expect_err(what).kind();
        let error = observe::run(&mut command, Options::default()).expect_err(what);
        assert_eq!(error.kind(), expected, "{what}");
    }
}

#[test]
fn standard_input_reaches_the_program() {
    let scratch = scratch!();
    let mut command = scratch.command("cat");
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut running = observe::run(&mut command, Options::default()).expect("cat starts");
    running.take_stdin().expect("it is piped").write_all(b"through").expect("cat reads");
    let mut text = String::new();
    running.take_stdout().expect("it is piped").read_to_string(&mut text).expect("readable");
    assert_eq!(text, "through");
    assert!(running.wait().expect("cat ends").status.success());
}

#[test]
fn inherited_descriptors_reach_the_program_and_no_others() {
    let scratch = scratch!();
    let (mut reader, writer) = std::io::pipe().expect("a pipe");
    let fd = writer.as_raw_fd();
    let command = |script: &str| {
        let mut command = scratch.shell(script);
        // SAFETY: one system call; the pipe stands for a job server's, which is inherited like this.
        unsafe {
            command.pre_exec(move || {
                if libc::fcntl(fd, libc::F_SETFD, 0) < 0 { Err(std::io::Error::last_os_error()) } else { Ok(()) }
            })
        };
        command
    };
    run(command(&format!("printf token >/dev/fd/{fd}"))).assert_complete();
    let list = "cd /proc/$$/fd; echo *";
    assert_eq!(run(command(list)).stdout, plain(command(list)).stdout);
    drop(writer);
    let mut text = String::new();
    reader.read_to_string(&mut text).expect("readable");
    assert_eq!(text, "token");
}

#[test]
fn floods_on_both_outputs_pass() {
    let scratch = scratch!();
    let result = run(scratch.shell("head -c 3000000 /dev/zero & head -c 2000000 /dev/zero >&2; wait"));
    result.assert_complete();
    assert_eq!((result.stdout.len(), result.stderr.len()), (3_000_000, 2_000_000));
}

#[test]
fn a_process_that_outlives_the_program_is_not_waited_for_and_goes_on() {
    let scratch = scratch!();
    scratch.write("late", "late text");
    let (start, end) = (scratch.fifo("start"), scratch.fifo("end"));
    let mut command = scratch.shell("(read go <start; { cat late; cat late; } >end) >/dev/null 2>&1 & exit 3");
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let observed = observe::run(&mut command, Options::default()).and_then(observe::Running::wait).expect("sh runs");
    assert_eq!(observed.status.code(), Some(3));
    assert_eq!(observed.outlived, Outlived::Something);
    fs::write(start, "go\n").expect("somebody reads");
    assert_eq!(fs::read_to_string(end).expect("somebody writes"), "late textlate text");
}

#[test]
fn a_program_that_leaves_nothing_behind_is_known_to() {
    let scratch = scratch!();
    let result = run(scratch.shell("cat /dev/null & wait"));
    result.assert_complete();
    assert_eq!(result.observed.outlived, Outlived::Nothing);
}

#[test]
fn a_program_that_traces_others_works() {
    let scratch = scratch!();
    if !require_tool("strace") {
        return;
    }
    let path = scratch.write("a.txt", "");
    let result = run(scratch.shell("exec strace -f -o trace cat a.txt"));
    result.assert_complete();
    assert!(result.saw_file(AccessKind::Open, path));
    assert!(fs::read_to_string(scratch.path("trace")).expect("strace wrote it").contains("a.txt"));
}

#[test]
fn a_watch_inside_a_watch_runs_its_program_once_and_unwatched() {
    let scratch = scratch!();
    let result = run(crate::signals::wrapper(&scratch, "echo ran >>ran"));
    assert_eq!(fs::read_to_string(scratch.path("ran")).expect("the inner program ran"), "ran\n");
    let inner = fs::read_to_string(scratch.path("complete")).expect("the inner watch ended");
    assert_eq!(inner, format!("{:?}", Err::<(), _>(Incomplete::Refused(NESTED))));
    assert!(result.kinds(scratch.path("ran")).contains(&AccessKind::Write), "the outer watch sees the inner program");
}

const NESTED: &str = "the kernel or a policy refused to watch this program";
