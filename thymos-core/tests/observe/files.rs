//! Which accesses to files are recorded, and as what.

use std::fs;
use std::os::unix::fs::MetadataExt;

use thymos_core::compile::observe::{AccessKind, Rename, Seen};

use crate::harness::{c_program, run, scratch};

#[test]
fn a_file_that_is_read_is_recorded_with_its_state() {
    let scratch = scratch!();
    let path = scratch.write("a.txt", "hello");
    let result = run(scratch.shell("exec cat a.txt"));
    result.assert_complete();
    assert_eq!(result.stdout, b"hello");
    let [(AccessKind::Open, Seen::File(stat))] = result.of(&path)[..] else { panic!("{:?}", result.of(&path)) };
    let meta = fs::metadata(&path).expect("it exists");
    assert_eq!((stat.dev, stat.ino, stat.size, stat.mode), (meta.dev(), meta.ino(), 5, meta.mode()));
    assert_eq!(stat.mtime_ns, i128::from(meta.mtime()) * 1_000_000_000 + i128::from(meta.mtime_nsec()));
    assert_eq!(stat.ctime_ns, i128::from(meta.ctime()) * 1_000_000_000 + i128::from(meta.ctime_nsec()));
}

#[test]
fn a_file_that_is_not_there_is_recorded_as_absent() {
    let scratch = scratch!();
    let result = run(scratch.shell("cat missing below/missing 2>/dev/null; true"));
    result.assert_complete();
    assert_eq!(result.of(scratch.path("missing")), [(AccessKind::Open, Seen::Absent)]);
    assert_eq!(result.of(scratch.path("below/missing")), [(AccessKind::Open, Seen::Absent)]);
}

#[test]
fn a_path_through_a_file_is_absent() {
    let scratch = scratch!();
    scratch.write("a.txt", "");
    let result = run(scratch.shell("cat a.txt/b 2>/dev/null; true"));
    assert_eq!(result.of(scratch.path("a.txt/b")), [(AccessKind::Open, Seen::Absent)]);
}

#[test]
fn asking_about_a_file_is_not_reading_it() {
    let scratch = scratch!();
    let path = scratch.write("a.txt", "");
    let result = run(scratch.shell("test -e a.txt && test ! -e b.txt"));
    result.assert_complete();
    assert_eq!(result.kinds(path), [AccessKind::Stat]);
    assert_eq!(result.of(scratch.path("b.txt")), [(AccessKind::Stat, Seen::Absent)]);
}

#[test]
fn asking_about_a_name_is_told_from_asking_about_what_it_leads_to() {
    let scratch = scratch!();
    let (name, file) = (scratch.write("a.txt", ""), scratch.write("b.txt", ""));
    let result = run(scratch.shell("test -h a.txt || test -f b.txt"));
    result.assert_complete();
    assert_eq!((result.kinds(name), result.kinds(file)), (vec![AccessKind::StatName], vec![AccessKind::Stat]));
}

#[test]
fn opening_what_must_be_no_link_asks_about_the_name_too() {
    let scratch = scratch!();
    let program = c_program!(
        scratch,
        "#include <fcntl.h>\nint main(int n, char **paths) { return open(paths[1], O_RDONLY | O_NOFOLLOW) < 0; }"
    );
    let path = scratch.write("a.txt", "");
    let mut command = scratch.command(&program);
    command.arg(&path);
    let result = run(command);
    result.assert_complete();
    assert_eq!(result.kinds(path), [AccessKind::Open, AccessKind::StatName]);
}

#[test]
fn a_directory_whose_names_are_read_is_listed() {
    let scratch = scratch!();
    scratch.write("d/inside", "");
    let result = run(scratch.shell("ls d"));
    result.assert_complete();
    assert!(result.of(scratch.path("d")).contains(&(AccessKind::Open, Seen::Directory)));
    assert!(result.of(scratch.path("d")).contains(&(AccessKind::List, Seen::Directory)));
}

#[test]
fn what_the_program_makes_and_removes_is_written() {
    let scratch = scratch!();
    scratch.write("old", "");
    let result = run(scratch.shell("echo x >new; echo y >>new; mkdir dir; ln -s new link; rm old; : >old"));
    result.assert_complete();
    for name in ["new", "dir", "link"] {
        let first = result.of(scratch.path(name)).into_iter().find(|(kind, _)| *kind == AccessKind::Write);
        assert_eq!(first, Some((AccessKind::Write, Seen::Absent)), "{name}");
    }
    assert!(result.saw_file(AccessKind::Write, scratch.path("old")));
    assert!(!result.kinds(scratch.path("new")).contains(&AccessKind::Open));
}

#[test]
fn a_rename_is_recorded_with_both_its_names() {
    let scratch = scratch!();
    scratch.write("before", "");
    let result = run(scratch.shell("mv before after"));
    result.assert_complete();
    let (from, to) = (scratch.path("before"), scratch.path("after"));
    assert!(result.saw_file(AccessKind::Write, &from));
    assert!(result.of(&to).contains(&(AccessKind::Write, Seen::Absent)));
    assert_eq!(result.observed.renames, [Rename { from, to }]);
}

#[test]
fn a_hard_link_reads_its_source_and_writes_its_name() {
    let scratch = scratch!();
    let path = scratch.write("a.txt", "");
    let result = run(scratch.shell("ln a.txt b.txt"));
    result.assert_complete();
    assert!(result.saw_file(AccessKind::Open, path));
    assert!(result.of(scratch.path("b.txt")).contains(&(AccessKind::Write, Seen::Absent)));
}

#[test]
fn a_file_opened_for_reading_and_writing_is_both_if_it_was_there() {
    let scratch = scratch!();
    let path = scratch.write("a.txt", "");
    let result = run(scratch.shell(": <>a.txt; : <>b.txt"));
    result.assert_complete();
    assert_eq!(result.kinds(path), [AccessKind::Open, AccessKind::Write]);
    assert_eq!(result.of(scratch.path("b.txt")), [(AccessKind::Write, Seen::Absent)]);
}

#[test]
fn the_state_before_the_programs_own_write_is_the_one_recorded() {
    let scratch = scratch!();
    let result = run(scratch.shell("cat f 2>/dev/null; echo x >f; cat f"));
    result.assert_complete();
    let reads = result.of(scratch.path("f")).into_iter().filter(|(kind, _)| *kind == AccessKind::Open);
    assert_eq!(reads.collect::<Vec<_>>(), [(AccessKind::Open, Seen::Absent)]);
}

#[test]
fn a_relative_path_is_resolved_where_the_program_stands() {
    let scratch = scratch!();
    let path = scratch.write("sub/a.txt", "");
    let result = run(scratch.shell("cat ./sub/a.txt; cd sub && cat a.txt"));
    result.assert_complete();
    assert!(result.saw_file(AccessKind::Open, path));
    assert!(result.saw_file(AccessKind::Open, scratch.path("./sub/a.txt")));
}

#[test]
fn a_path_below_a_directory_descriptor_is_resolved_there() {
    let scratch = scratch!();
    let path = scratch.write("sub/a.txt", "");
    let program = c_program!(
        scratch,
        r#"#include <fcntl.h>
           int main() { int d = open("sub", O_RDONLY | O_DIRECTORY);
                        return openat(d, "a.txt", O_RDONLY) < 0 || openat(d, "none", O_RDONLY) >= 0; }"#
    );
    let result = run(scratch.command(program));
    result.assert_complete();
    assert!(result.saw_file(AccessKind::Open, path));
    assert_eq!(result.of(scratch.path("sub/none")), [(AccessKind::Open, Seen::Absent)]);
}

#[test]
fn a_link_is_followed_exactly_when_the_program_follows_it() {
    let scratch = scratch!();
    scratch.write("a.txt", "");
    std::os::unix::fs::symlink("a.txt", scratch.path("link")).expect("a new name");
    let result = run(scratch.shell("test -f link; readlink link; stat -c %n link; cat link"));
    result.assert_complete();
    let seen = result.of(scratch.path("link"));
    assert!(result.saw_file(AccessKind::Stat, scratch.path("link")), "{seen:?}");
    assert!(seen.contains(&(AccessKind::ReadLink, Seen::Other)), "{seen:?}");
    assert!(result.saw_file(AccessKind::Open, scratch.path("link")), "{seen:?}");
}

#[test]
fn every_thread_is_watched() {
    let scratch = scratch!();
    let program = c_program!(
        scratch,
        r#"#include <fcntl.h>
           #include <pthread.h>
           #include <stdio.h>
           static void *look(void *n) { char name[32];
             for (int i = 0; i < 100; i++) { sprintf(name, "t%ld.%d", (long)n, i); open(name, O_RDONLY); } return 0; }
           int main() { pthread_t t[8]; for (long n = 0; n < 8; n++) pthread_create(t + n, 0, look, (void *)n);
                        for (int n = 0; n < 8; n++) pthread_join(t[n], 0); return 0; }"#,
        "-pthread"
    );
    let result = run(scratch.command(program));
    result.assert_complete();
    for thread in 0..8 {
        for i in 0..100 {
            let path = scratch.path(format!("t{thread}.{i}"));
            assert_eq!(result.of(&path), [(AccessKind::Open, Seen::Absent)], "{}", path.display());
        }
    }
}
