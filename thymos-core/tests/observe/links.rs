//! Look-ups of symbolic links: those that a program makes by resolving a path itself can go by, and nothing else does.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use thymos_core::compile::observe::{AccessKind, Environment, Links, Listeners, Options, Watch};

use crate::harness::{Run, Scratch, c_program, plain, run, run_with, scratch};

const OWN_GO_BY: Options = Options {
    environment: Environment::Watched,
    links: Links::ExceptOwn,
    listeners: Listeners::Refused,
    watch: Watch::Everything,
};

/// Prints what `realpath` makes of each argument, and of each once more with a buffer given.
const RESOLVE: &str = r#"#define _GNU_SOURCE
    #include <errno.h>
    #include <limits.h>
    #include <stdio.h>
    #include <stdlib.h>
    int main(int n, char **paths) {
      for (int i = 1; i < n; i++) {
        char room[PATH_MAX];
        errno = 0;
        char *own = realpath(paths[i], 0);
        printf("%s -> %s %d; ", paths[i], own ? own : "none", own ? 0 : errno);
        free(own);
        char *given = realpath(paths[i], room);
        printf("%s\n", given == room ? room : "none");
      }
      return 0;
    }"#;

fn links_looked_up(run: &Run) -> Vec<PathBuf> {
    let all = run.observed.accesses.iter().filter(|access| access.kind == AccessKind::ReadLink);
    all.map(|access| access.path.clone()).collect()
}

/// Makes a tree with everything that a path can lead over, and returns paths.
fn tree(scratch: &Scratch) -> Vec<String> {
    scratch.write("a/b/file", "");
    symlink("b", scratch.path("a/link")).expect("a new name");
    symlink("nowhere", scratch.path("a/dangling")).expect("a new name");
    symlink("loop", scratch.path("a/loop")).expect("a new name");
    symlink("../a/link/file", scratch.path("a/b/round")).expect("a new name");
    symlink(scratch.path("a/b"), scratch.path("absolute")).expect("a new name");
    symlink("/", scratch.path("top")).expect("a new name");
    let root = scratch.path("").display().to_string();
    let below = [
        "a/b/file",
        "a/b",
        "a//b///file",
        "a/./b/.",
        "a/b/..",
        "a/b/../b/file",
        "a/../../",
        "a/b/",
        "a/b/file/",
        "a/b/file/.",
        "a/b/file/..",
        "a/b/file/x",
        "a/link",
        "a/link/file",
        "a/link/../b",
        "a/dangling",
        "a/loop",
        "none",
        "none/..",
        "a/none/../b",
        "..",
        ".",
        "./a",
        "../../..",
    ];
    let long = "x/".repeat(2500);
    let mut paths: Vec<String> = below.iter().flat_map(|path| [(*path).to_owned(), format!("{root}/{path}")]).collect();
    paths.extend(["", "/", "//", "/..", "/.", "/tmp/", "/proc/self", "/dev/null", long.as_str()].map(str::to_owned));
    paths.push("y".repeat(300));
    paths
}

#[test]
fn a_path_resolves_to_what_it_resolves_to_unwatched() {
    let scratch = scratch!();
    let paths = tree(&scratch);
    let program = c_program!(scratch, RESOLVE);
    let command = || {
        let mut command = scratch.command(&program);
        command.args(&paths);
        command
    };
    let expected = String::from_utf8(plain(command()).stdout).expect("text");
    assert!(expected.lines().count() == paths.len(), "{expected}");
    let watched = run_with(command(), OWN_GO_BY);
    let shown = String::from_utf8(watched.stdout).expect("text");
    for (shown, expected) in shown.lines().zip(expected.lines()) {
        // The process is another one.
        if !expected.starts_with("/proc/self") {
            assert_eq!(shown, expected);
        }
    }
    assert_eq!(shown.lines().count(), paths.len());
    assert_eq!(watched.observed.complete, Ok(()));
}

#[test]
fn what_a_program_resolves_itself_goes_by() {
    let scratch = scratch!();
    let program = c_program!(scratch, RESOLVE);
    let file = scratch.write("sub/file", "");
    let mut command = scratch.command(&program);
    symlink("sub", scratch.path("link")).expect("a new name");
    command.arg(&file).args(["sub/../sub/file", "link/file", "link/none"]);
    let watched = run_with(command, OWN_GO_BY);
    watched.assert_complete();
    assert_eq!(links_looked_up(&watched), Vec::<PathBuf>::new());
}

#[test]
fn without_the_option_all_of_it_is_recorded() {
    let scratch = scratch!();
    let program = c_program!(scratch, RESOLVE);
    let file = scratch.write("sub/file", "");
    let mut command = scratch.command(&program);
    command.arg(&file);
    let watched = run(command);
    watched.assert_complete();
    assert!(links_looked_up(&watched).contains(&file), "{:?}", links_looked_up(&watched));
}

#[test]
fn what_a_program_that_it_starts_resolves_is_recorded() {
    let scratch = scratch!();
    let program = c_program!(scratch, RESOLVE);
    let file = scratch.write("sub/file", "");
    let watched = run_with(scratch.shell(&format!("{} {}; true", program.display(), file.display())), OWN_GO_BY);
    watched.assert_complete();
    assert!(links_looked_up(&watched).contains(&file), "{:?}", links_looked_up(&watched));
}

/// Loads a library that resolves a path, as the compiler loads a proc macro.
const HOST: &str = r#"#include <dlfcn.h>
    #include <stdlib.h>
    int main(int n, char **paths) {
      void *library = dlopen(paths[1], RTLD_NOW);
      char *(*resolve)(const char *) = library ? (char *(*)(const char *))dlsym(library, "resolve") : 0;
      return !resolve || !resolve(paths[2]) || !realpath(paths[3], 0);
    }"#;

const GUEST: &str = r#"#include <stdlib.h>
    char *resolve(const char *path) { return realpath(path, 0); }"#;

fn library(scratch: &Scratch) -> Result<PathBuf, String> {
    let library = scratch.compile_c(GUEST, &["-shared", "-fPIC"])?;
    let name = scratch.path("libguest.so");
    std::fs::rename(library, &name).map_err(|error| error.to_string())?;
    Ok(name)
}

#[test]
fn what_code_resolves_that_a_program_loads_is_recorded() {
    let scratch = scratch!();
    let library = match library(&scratch) {
        Ok(library) => library,
        Err(why) => crate::harness::skip!("{why}"),
    };
    let program = c_program!(scratch, HOST, "-ldl");
    let (guests, own) = (scratch.write("guest/file", ""), scratch.write("own/file", ""));
    let mut command = scratch.command(&program);
    command.arg(library).arg(&guests).arg(&own);
    let watched = run_with(command, OWN_GO_BY);
    watched.assert_complete();
    assert!(watched.observed.status.success());
    let looked_up = links_looked_up(&watched);
    let is_below = |directory: &Path| looked_up.iter().any(|path| path.starts_with(directory));
    assert!(looked_up.contains(&guests), "{looked_up:?}");
    assert!(!is_below(&scratch.path("own")), "{looked_up:?}");
}
