//! That the environment is watched and that nobody can tell.

use std::ffi::OsString;
use std::process::Command;

use thymos_core::compile::observe::{Ability, Incomplete, ability};

use crate::harness::{c_program, plain, run, scratch, skip};

/// Skips where only files can be watched.
macro_rules! needs_environment {
    () => {
        if let Ability::FilesOnly(why) = ability() {
            skip!("the environment cannot be watched here: {why}");
        }
    };
}

#[test]
fn a_variable_that_is_asked_for_is_recorded_set_or_not() {
    let scratch = scratch!();
    needs_environment!();
    let program = c_program!(
        scratch,
        r#"#define _GNU_SOURCE
           #include <stdlib.h>
           #include <string.h>
           int main() { for (int i = 0; i < 5; i++) getenv("FIRST"); const char *second = secure_getenv("SECOND");
                        return !second || strcmp(second, "2") || getenv("UNSET") || getenv("SEC") != 0; }"#
    );
    let mut command = scratch.command(program);
    command.env("SECOND", "2").env_remove("UNSET").env_remove("SEC");
    let result = run(command);
    result.assert_complete();
    assert_eq!(result.env_names(), ["FIRST", "SECOND", "UNSET", "SEC"]);
}

#[test]
fn the_environment_is_the_one_that_plain_gives_in_the_same_order() {
    let scratch = scratch!();
    let inherited = || scratch.command("/usr/bin/env");
    let edited = || {
        let mut command = inherited();
        command.env("AAA", "1").env("ZZZ", "with spaces\nand lines").env_remove("HOME");
        command
    };
    let with_preload = || {
        let mut command = inherited();
        command.env("LD_PRELOAD", "libm.so.6:");
        command
    };
    let single = || {
        let mut command = inherited();
        command.env_clear().env("ONLY", "this");
        command
    };
    let empty = || {
        let mut command = inherited();
        command.env_clear();
        command
    };
    for command in [&inherited as &dyn Fn() -> Command, &edited, &with_preload, &single, &empty] {
        let result = run(command());
        let expected = plain(command());
        assert_eq!(String::from_utf8_lossy(&result.stdout), String::from_utf8_lossy(&expected.stdout));
        assert_eq!(result.stderr, expected.stderr);
        result.assert_complete();
    }
}

#[test]
fn variables_that_are_not_text_arrive_unchanged() {
    use std::os::unix::ffi::OsStringExt;
    let scratch = scratch!();
    let command = || {
        let mut command = scratch.command("/usr/bin/env");
        command.env_clear().env("BYTES", OsString::from_vec((1..=255).collect())).env("LONG", "x".repeat(100_000));
        command
    };
    assert_eq!(run(command()).stdout, plain(command()).stdout);
}

#[test]
fn child_programs_see_no_trace_of_the_watch() {
    let scratch = scratch!();
    let shell = || scratch.shell("unset _; /usr/bin/env; ls /proc/self/fd");
    let result = run(shell());
    assert_eq!(String::from_utf8_lossy(&result.stdout), String::from_utf8_lossy(&plain(shell()).stdout));
}

#[test]
fn a_static_program_and_a_script_are_not_offered_a_library() {
    let scratch = scratch!();
    needs_environment!();
    let program = c_program!(scratch, "#include <stdio.h>\nint main() { puts(\"static\"); return 0; }", "-static");
    let script = scratch.write("script", "#!/bin/sh\n[ -z \"$LD_PRELOAD\" ]\n");
    assert!(Command::new("chmod").arg("+x").arg(&script).status().expect("chmod runs").success());
    for program in [program, script] {
        let result = run(scratch.command(&program));
        result.assert_complete();
        assert_eq!(result.stderr_text(), "", "{}", program.display());
        let unseen = matches!(result.observed.env, Err(Incomplete::EnvironmentUnseen(_)));
        assert!(unseen, "{}: {:?}", program.display(), result.observed.env);
    }
}

#[test]
fn names_from_many_threads_are_each_recorded_once() {
    let scratch = scratch!();
    needs_environment!();
    let program = c_program!(scratch, ASK_IN_THREADS, "-pthread", "-DNAMES=1000");
    let result = run(scratch.command(program));
    result.assert_complete();
    let mut names = result.env_names();
    assert_eq!(names.len(), 1000);
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 1000);
}

#[test]
fn more_names_than_there_is_room_for_are_not_passed_off_as_all() {
    let scratch = scratch!();
    needs_environment!();
    let program = c_program!(scratch, ASK_IN_THREADS, "-pthread", "-DNAMES=20000");
    let result = run(scratch.command(program));
    result.assert_complete();
    assert_eq!(result.observed.env, Err(Incomplete::TooManyVariables));
}

#[test]
fn a_fork_that_is_no_other_program_is_watched() {
    let scratch = scratch!();
    needs_environment!();
    let program = c_program!(
        scratch,
        r#"#include <stdlib.h>
           #include <sys/wait.h>
           #include <unistd.h>
           int main() { int s; if (fork() == 0) { getenv("IN_FORK"); _exit(0); } wait(&s); return s; }"#
    );
    assert_eq!(run(scratch.command(program)).env_names(), ["IN_FORK"]);
}

#[test]
fn a_program_that_becomes_another_is_no_longer_watched_and_says_so() {
    let scratch = scratch!();
    needs_environment!();
    let observed = run(scratch.shell("exec /usr/bin/env")).observed;
    assert!(matches!(observed.env, Err(Incomplete::EnvironmentUnseen(_))), "{:?}", observed.env);
}

const ASK_IN_THREADS: &str = r#"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
static void *ask(void *x) { char name[32];
  for (int i = 0; i < NAMES; i++) { sprintf(name, "NAME_%d", i); getenv(name); } return 0; }
int main() { pthread_t t[8]; for (int n = 0; n < 8; n++) pthread_create(t + n, 0, ask, 0);
             for (int n = 0; n < 8; n++) pthread_join(t[n], 0); return 0; }"#;
