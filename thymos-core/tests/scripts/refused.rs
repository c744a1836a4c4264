//! Runs that are not stored, each with its reason. They run again, as they do without a cache.

use crate::support::{Files, World};
use crate::watch::{Watch, said, script, writes};

fn refuses(files: &Files, reason: &str) {
    let world = World::cached();
    let watch = Watch::new(&world);
    let here = world.checkout("here", files);
    for _ in 0..2 {
        let run = watch.run_anew(&here);
        assert!(run.contains(reason), "{run}");
    }
}

#[test]
fn a_script_that_writes_elsewhere_is_named_with_the_place() {
    refuses(
        &script(
            "std::fs::write(out.join(\"../beside\"), \"\").unwrap(); std::fs::write(out.join(\"said\"), \"\").unwrap();",
        ),
        "beside",
    );
    let through_link = "std::fs::write(\"elsewhere\", \"x\").unwrap(); std::os::unix::fs::symlink(std::env::current_dir().unwrap().join(\"elsewhere\"), out.join(\"link\")).unwrap();
        std::fs::write(out.join(\"link\"), \"y\").unwrap(); std::fs::write(out.join(\"said\"), \"\").unwrap();";
    refuses(&script(through_link), "elsewhere");
}

#[test]
fn a_script_that_asks_for_the_time_runs_each_time() {
    refuses(&writes("format!(\"{:?}\", std::time::SystemTime::now())"), "the time");
}

#[test]
fn a_c_source_that_asks_for_the_time_is_compiled_each_time() {
    let body = "std::process::Command::new(\"cc\").args([\"-E\", \"-P\", \"part.c\", \"-o\"]).arg(out.join(\"said\")).status().unwrap();";
    refuses(&script(body).file("part.c", "__TIME__\n"), "the time");
}

#[test]
fn a_script_that_asks_a_server_runs_each_time() {
    let files = writes("std::net::TcpStream::connect(\"127.0.0.1:9\").is_ok().to_string()");
    refuses(&files, "socket");
}

#[test]
fn a_script_that_leaves_a_process_behind_runs_each_time() {
    let files = writes(
        "std::process::Command::new(\"sleep\").arg(\"1\").stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap(); String::new()",
    );
    refuses(&files, "leaves a process behind");
}

#[test]
fn a_script_that_changes_what_it_reads_runs_each_time() {
    let files =
        writes("let text = std::fs::read_to_string(\"data\").unwrap(); std::fs::write(\"data\", &text).unwrap(); text")
            .file("data", "one");
    refuses(&files, "data");
}

#[test]
fn a_failure_is_told_as_it_is_and_never_stored() {
    let world = World::cached();
    let watch = Watch::new(&world);
    let files = writes("let text = std::fs::read_to_string(\"data\").unwrap(); println!(\"cargo:warning=x\"); if text == \"bad\" { std::process::exit(7) } text").file("data", "bad");
    let here = world.checkout("here", &files);
    for _ in 0..2 {
        let failed = here.cargo("build").fails();
        assert!(failed.stderr.contains("exit status: 7"), "{}", failed.stderr);
        let runs = watch.runs();
        assert!(runs.len() == 1 && !runs[0].contains("hit"), "{runs:?}");
    }
    here.write("data", "good");
    here.clean();
    here.cargo("build").ok();
    assert_eq!(said(&here), "good");
}

#[test]
fn a_script_that_is_killed_is_told_as_it_is() {
    let world = World::cached();
    Watch::new(&world);
    let here = world.checkout("here", &writes("std::process::abort()"));
    let failed = here.cargo("build").fails();
    assert!(failed.stderr.contains("signal: 6"), "{}", failed.stderr);
}
