//! Signals to the program and to the process that watches it.

use std::fs;
use std::process::Command;

use thymos_core::compile::observe::{self, AccessKind, Options};

use crate::harness::{Scratch, eventually, plain, run, scratch, state};
use crate::support::require_tool;

const ROLE: &str = "THYMOS_TEST_WATCHED_SCRIPT";

/// Returns a command that watches a shell script from a process of its own, and writes what became of the watch to
/// `complete`.
pub fn wrapper(scratch: &Scratch, script: &str) -> Command {
    let mut command = scratch.command(std::env::current_exe().expect("a test runs from a file"));
    command.args(["--exact", "signals::the_other_side_of_tests_that_need_a_process", "--nocapture"]);
    command.env(ROLE, script);
    command
}

#[test]
fn the_other_side_of_tests_that_need_a_process() {
    let Some(script) = std::env::var_os(ROLE) else { return };
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(script).env_remove(ROLE);
    let observed = observe::run(&mut command, Options::default()).and_then(observe::Running::wait).expect("sh runs");
    fs::write("complete", format!("{:?}", observed.complete)).expect("writable");
}

#[test]
fn signal_dispositions_and_masks_are_what_plain_gives() {
    let scratch = scratch!();
    let shell = || scratch.shell("exec grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status");
    let result = run(shell());
    result.assert_complete();
    assert_eq!(signal_sets(&result.stdout), signal_sets(&plain(shell()).stdout));
}

#[test]
fn a_program_that_is_stopped_and_continued_goes_on() {
    let scratch = scratch!();
    let path = scratch.write("a.txt", "");
    let mut command = scratch.shell("kill -STOP $$; exec cat a.txt");
    let running = observe::run(&mut command, Options::default()).expect("sh starts");
    let pid = running.id();
    eventually("the stop", || state(pid) == Some('T'));
    send(pid, "CONT");
    let observed = running.wait().expect("sh ends");
    assert!(observed.status.success());
    assert!(observed.accesses.iter().any(|access| access.kind == AccessKind::Open && access.path == path));
}

#[test]
fn a_killed_watcher_takes_the_program_with_it() {
    for signal in ["KILL", "TERM", "INT"] {
        let scratch = scratch!();
        let (pids, never) = (scratch.fifo("pids"), scratch.fifo("never"));
        let mut watcher = wrapper(&scratch, "echo $$ >pids; read x <never").spawn().expect("the test runs itself");
        let pid: u32 = fs::read_to_string(pids).expect("the script writes").trim().parse().expect("a number");
        assert!(state(pid).is_some());
        send(watcher.id(), signal);
        watcher.wait().expect("it was killed");
        eventually("the end of the program", || matches!(state(pid), None | Some('Z')));
        drop(never);
    }
}

#[test]
fn what_a_killed_program_leaves_behind_ends_by_itself_and_never_hangs() {
    let scratch = scratch!();
    let pids = scratch.fifo("pids");
    let script = "(trap '' INT TERM; echo $(exec sh -c 'echo $PPID') >pids; while cat /dev/null; do :; done) & wait";
    let mut watcher = wrapper(&scratch, script).spawn().expect("the test runs itself");
    let pid: u32 = fs::read_to_string(pids).expect("the script writes").trim().parse().expect("a number");
    send(watcher.id(), "KILL");
    watcher.wait().expect("it was killed");
    eventually("the end of the grandchild", || matches!(state(pid), None | Some('Z')));
}

#[test]
fn a_program_is_watched_while_the_watcher_is_traced() {
    let scratch = scratch!();
    if !require_tool("strace") {
        return;
    }
    let inner = wrapper(&scratch, "cat a.txt");
    let mut strace = scratch.command("strace");
    strace.args(["-f", "-o", "trace"]).arg(inner.get_program()).args(inner.get_args()).env(ROLE, "cat a.txt");
    scratch.write("a.txt", "text");
    let output = plain(strace);
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("text"));
    assert_eq!(fs::read_to_string(scratch.path("complete")).expect("the watch ended"), "Ok(())");
}

/// Reads the sets of blocked, ignored and caught signals, without the two that C libraries keep to themselves.
fn signal_sets(status: &[u8]) -> Vec<u64> {
    let text = String::from_utf8_lossy(status);
    let sets = text.split_whitespace().filter_map(|word| u64::from_str_radix(word, 16).ok());
    let sets: Vec<_> = sets.map(|set| set & !(0b11 << 31)).collect();
    assert_eq!(sets.len(), 3, "{text}");
    sets
}

fn send(pid: u32, signal: &str) {
    assert!(Command::new("kill").arg(format!("-{signal}")).arg(pid.to_string()).status().expect("kill runs").success());
}
