//! What a script was seen to read, list, look for, start and ask for: each change has it run again, and nothing else has.

use std::time::{Duration, SystemTime};

use crate::support::{Checkout, Files, World, require_tool};
use crate::watch::{Watch, said, script, writes};

/// Builds, changes something, builds again in an empty target directory, and expects the script to have run both times.
fn runs_again(files: &Files, said_before: &str, change: impl Fn(&Checkout<'_>), said_after: &str) {
    let world = World::cached();
    let watch = Watch::new(&world);
    let here = world.checkout("here", files);
    assert_eq!((watch.run(&here), said(&here)), ("miss".to_owned(), said_before.to_owned()));
    assert_eq!((watch.run_anew(&here), said(&here)), ("hit".to_owned(), said_before.to_owned()));
    change(&here);
    assert_eq!((watch.run_anew(&here), said(&here)), ("miss".to_owned(), said_after.to_owned()));
    assert_eq!((watch.run_anew(&here), said(&here)), ("hit".to_owned(), said_after.to_owned()));
}

/// The same, with variables set for each build.
fn runs_again_with(files: &Files, before: (&[(&str, &str)], &str), after: (&[(&str, &str)], &str)) {
    let world = World::cached();
    let watch = Watch::new(&world);
    let here = world.checkout("here", files);
    let build = |(variables, expected): (&[(&str, &str)], &str), outcome: &str| {
        here.clean();
        variables.iter().fold(here.cargo("build"), |cargo, (name, value)| cargo.env(name, value)).ok();
        assert_eq!(watch.runs(), [format!("app: {outcome}")], "{variables:?}");
        assert_eq!(said(&here), expected);
    };
    build(before, "miss");
    build(before, "hit");
    build(after, "miss");
    build(after, "hit");
    build(before, "hit");
}

#[test]
fn a_file_that_nobody_declared_is_read_again() {
    let files = writes("std::fs::read_to_string(\"data\").unwrap()").file("data", "one");
    runs_again(
        &files,
        "one",
        |here| {
            here.write("data", "two");
        },
        "two",
    );
}

#[test]
fn a_file_that_appears_is_found() {
    let files = writes("std::path::Path::new(\"extra\").exists().to_string()");
    runs_again(
        &files,
        "false",
        |here| {
            here.write("extra", "");
        },
        "true",
    );
}

#[test]
fn a_name_in_a_directory_that_is_listed_is_found() {
    let files = writes("std::fs::read_dir(\"src\").unwrap().count().to_string()");
    runs_again(
        &files,
        "1",
        |here| {
            here.write("src/more.txt", "");
        },
        "2",
    );
}

#[test]
fn a_program_that_changes_or_comes_first_is_started() {
    let expression =
        "String::from_utf8(std::process::Command::new(\"made-up-tool\").output().unwrap().stdout).unwrap()";
    let world = World::cached();
    let watch = Watch::new(&world);
    let here = world.checkout("here", &writes(expression));
    let path = std::env::var("PATH").unwrap();
    let bins = ["one", "two"].map(|name| here.path(name).display().to_string());
    world.env("PATH", &format!("{}:{}:{path}", bins[0], bins[1]));
    here.executable("two/made-up-tool", "#!/bin/sh\necho one\n");
    assert_eq!((watch.run(&here), said(&here)), ("miss".to_owned(), "one".to_owned()));
    assert_eq!(watch.run_anew(&here), "hit");
    here.executable("two/made-up-tool", "#!/bin/sh\necho two\n");
    assert_eq!((watch.run_anew(&here), said(&here)), ("miss".to_owned(), "two".to_owned()));
    here.executable("one/made-up-tool", "#!/bin/sh\necho three\n");
    assert_eq!((watch.run_anew(&here), said(&here)), ("miss".to_owned(), "three".to_owned()));
    assert_eq!(watch.run_anew(&here), "hit");
}

#[test]
fn what_a_child_reads_is_read_again() {
    let expression =
        "String::from_utf8(std::process::Command::new(\"cat\").arg(\"data\").output().unwrap().stdout).unwrap()";
    let files = writes(expression).file("data", "one");
    runs_again(
        &files,
        "one",
        |here| {
            here.write("data", "two");
        },
        "two",
    );
}

#[test]
fn a_variable_that_the_script_asks_for_counts_set_unset_and_empty() {
    let files = writes("format!(\"{:?}\", std::env::var(\"LEVEL\").ok())");
    runs_again_with(&files, (&[], "None"), (&[("LEVEL", "")], "Some(\"\")"));
    runs_again_with(&files, (&[("LEVEL", "1")], "Some(\"1\")"), (&[("LEVEL", "2")], "Some(\"2\")"));
}

#[test]
fn a_variable_that_only_a_child_reads_counts() {
    let files = writes(
        "String::from_utf8(std::process::Command::new(\"sh\").arg(\"-c\").arg(\"printf %s \\\"$LEVEL\\\"\").output().unwrap().stdout).unwrap()",
    );
    runs_again_with(&files, (&[], ""), (&[("LEVEL", "2")], "2"));
}

#[test]
fn a_script_that_goes_through_the_environment_sees_every_variable() {
    let files = writes("std::env::vars_os().filter(|(name, _)| name == \"LEVEL\").count().to_string()");
    runs_again_with(&files, (&[], "0"), (&[("LEVEL", "2")], "1"));
}

const COMPILES: &str = r#"
    let tool = |program: &str, arguments: &[&str]| {
        let done = std::process::Command::new(program).args(arguments).arg(out.join("said")).output().unwrap();
        assert!(done.status.success(), "{done:?}");
    };
    tool("cc", &["-E", "-P", "-Ifirst", "-Isecond", "part.c", "-o"]);
"#;

#[test]
fn a_header_that_shadows_another_is_included() {
    if !require_tool("cc") {
        return;
    }
    let files =
        script(COMPILES).file("part.c", "#include <part.h>\n").file("second/part.h", "one\n").file("first/x.h", "");
    runs_again(
        &files,
        "one",
        |here| {
            here.write("first/part.h", "two\n");
        },
        "two",
    );
    runs_again(
        &files,
        "one",
        |here| {
            here.write("second/part.h", "two\n");
        },
        "two",
    );
}

#[test]
fn a_variable_of_the_c_compiler_counts_and_an_unrelated_one_does_not() {
    if !require_tool("cc") {
        return;
    }
    let files = script(COMPILES).file("part.c", "#if __has_include(<extra.h>)\ntwo\n#else\none\n#endif\n");
    let files = files.file("third/extra.h", "").file("first/x.h", "").file("second/x.h", "");
    runs_again_with(&files, (&[], "one"), (&[("CPATH", "third")], "two"));
    let world = World::cached();
    let watch = Watch::new(&world);
    let here = world.checkout("here", &files);
    assert_eq!(watch.run(&here), "miss");
    here.clean();
    here.cargo("build -j1").env("UNRELATED", "1").env("NUM_JOBS", "9").env("TERM", "other").env("SHLVL", "7").ok();
    assert_eq!(watch.runs(), ["app: hit"]);
}

#[test]
fn what_rustc_is_asked_to_try_may_name_variables() {
    let probe = |source: &str| {
        writes(&format!(
            "std::fs::write(out.join(\"p.rs\"), {source:?}).unwrap();
            let done = std::process::Command::new(std::env::var(\"RUSTC\").unwrap()).args([\"--crate-type=lib\", \"--emit=metadata\", \"-o\"]).arg(out.join(\"p.rmeta\")).arg(out.join(\"p.rs\")).output().unwrap();
            done.status.success().to_string()"
        ))
    };
    let source = "const _: () = assert!(option_env!(\"LEVEL\").is_none());";
    runs_again_with(&probe(source), (&[], "true"), (&[("LEVEL", "2")], "false"));
    let world = World::cached();
    let watch = Watch::new(&world);
    let here = world.checkout("here", &probe("pub fn x() {}"));
    assert_eq!(watch.run(&here), "miss");
    here.clean();
    here.cargo("build").env("UNRELATED", "1").ok();
    assert_eq!(watch.runs(), ["app: hit"]);
}

#[test]
fn new_times_of_the_same_files_change_nothing() {
    let world = World::cached();
    let watch = Watch::new(&world);
    let here = world.checkout("here", &writes("std::fs::read_to_string(\"data\").unwrap()").file("data", "one"));
    assert_eq!(watch.run(&here), "miss");
    let later = SystemTime::now() - Duration::from_secs(3600);
    for path in ["data", "build.rs", "src/main.rs", "Cargo.toml"] {
        here.set_modified(path, later);
    }
    assert_eq!((watch.run_anew(&here), said(&here)), ("hit".to_owned(), "one".to_owned()));
}

#[test]
fn a_feature_is_another_run() {
    let world = World::cached();
    let watch = Watch::new(&world);
    let files = writes("std::env::var_os(\"CARGO_FEATURE_X\").is_some().to_string()")
        .append("Cargo.toml", "[features]\nx = []");
    let here = world.checkout("here", &files);
    for (words, expected) in [("build", "false"), ("build --features=x", "true")] {
        for outcome in ["app: miss", "app: hit"] {
            here.clean();
            here.cargo(words).ok();
            assert_eq!((watch.runs(), said(&here).as_str()), (vec![outcome.to_owned()], expected));
        }
    }
}

#[test]
fn a_branch_that_is_switched_and_a_commit_are_seen() {
    if !require_tool("git") {
        return;
    }
    let expression = "String::from_utf8(std::process::Command::new(\"git\").args([\"log\", \"-1\", \"--format=%s\"]).output().unwrap().stdout).unwrap()";
    let world = World::cached();
    let watch = Watch::new(&world);
    let here = world.checkout("here", &writes(expression).file(".gitignore", "target\nCargo.lock\n"));
    let git = |words: &str| {
        let mut command = here.command("git".as_ref());
        command.args(["-c", "user.name=n", "-c", "user.email=e"]).args(words.split_whitespace());
        assert!(command.status().unwrap().success());
    };
    git("init -q");
    git("add .");
    git("commit -q -m one");
    git("checkout -q -b other");
    git("commit -q --allow-empty -m two");
    // Git asks for the times of directories up the tree, and others write to those meanwhile: it is stored or not.
    let builds = |expected: &str| {
        watch.run_anew(&here);
        assert_eq!(said(&here), expected);
    };
    builds("two");
    git("checkout -q -");
    builds("one");
    git("commit -q --allow-empty -m three");
    builds("three");
    git("pack-refs --all");
    git("checkout -q other");
    builds("two");
}
