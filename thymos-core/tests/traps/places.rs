//! Places that look like nobody's business, and every step of a path.
#![cfg(target_os = "linux")]

use std::os::unix::fs::symlink;
use std::path::PathBuf;

use crate::proc_macros::printing_what_a_macro_makes;
use crate::support::Checkout;
use crate::trap::guarded_by;

/// A file below `/dev/shm` that is gone after the test.
struct Shared(PathBuf);

impl Shared {
    fn new(name: &str) -> Self {
        let path = PathBuf::from(format!("/dev/shm/thymos-{name}-{}", std::process::id()));
        Shared(path)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn a_file_in_shared_memory_is_an_input() {
    let shared = Shared::new("read");
    guarded_by("input-observed").tell(|stage| {
        let body = format!("std::fs::read_to_string({:?}).unwrap()", shared.0);
        std::fs::write(&shared.0, "one").unwrap();
        let here = stage.checkout("here", &printing_what_a_macro_makes(&body));
        stage.sees_app(&here);
        std::fs::write(&shared.0, "two").unwrap();
        stage.sees_app_anew(&here);
    });
}

#[test]
fn a_file_that_a_macro_leaves_in_shared_memory_is_made_anew() {
    let shared = Shared::new("made");
    crate::trap::compared_with_cargo().tell(|stage| {
        let body = format!("std::fs::write({:?}, \"made\").unwrap(); String::new()", shared.0);
        let here = stage.checkout("here", &printing_what_a_macro_makes(&body));
        for _ in 0..2 {
            let _ = std::fs::remove_file(&shared.0);
            stage.sees_app_anew(&here);
            stage.notes("made", shared.0.exists().to_string());
        }
    });
}

fn link(here: &Checkout<'_>, target: &str) {
    let place = here.path("migrations");
    let _ = std::fs::remove_file(&place);
    symlink(target, place).unwrap();
}

/// What is in a directory behind a link is another thing when the link is turned.
fn is_seen_through_the_link(body: &str) {
    guarded_by("input-way").tell(|stage| {
        let files = printing_what_a_macro_makes(body).file("one/1.sql", "").file("two/2.sql", "");
        let here = stage.checkout("here", &files);
        link(&here, "one");
        stage.sees_app(&here);
        link(&here, "two");
        stage.sees_app_anew(&here);
    });
}

#[test]
fn a_directory_behind_a_link_that_a_macro_lists_is_the_one_that_the_link_says() {
    is_seen_through_the_link(
        "std::fs::read_dir(\"migrations\").unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()",
    );
}

#[test]
fn a_directory_behind_a_link_that_a_program_of_a_macro_enters_is_the_one_that_the_link_says() {
    is_seen_through_the_link(
        "String::from_utf8(std::process::Command::new(\"sh\").args([\"-c\", \"echo *\"]).current_dir(\"migrations\")\
         .output().unwrap().stdout).unwrap()",
    );
    is_seen_through_the_link(
        "String::from_utf8(std::process::Command::new(\"sh\").args([\"-c\", \"cd migrations; echo *\"]).output().unwrap().stdout).unwrap()",
    );
}

#[test]
fn a_directory_that_a_macro_enters_if_it_is_there_is_an_input() {
    guarded_by("input-observed,input-absence").tell(|stage| {
        let body = "let here = std::env::var(\"CARGO_MANIFEST_DIR\").unwrap(); \
                    let entered = std::env::set_current_dir(here.clone() + \"/data\").is_ok(); \
                    std::env::set_current_dir(here + \"/..\").unwrap(); entered.to_string()";
        let here = stage.checkout("here", &printing_what_a_macro_makes(body).file("app/data/x", ""));
        stage.sees_app(&here);
        here.remove("app/data");
        stage.sees_app_anew(&here);
    });
}

#[test]
fn a_directory_of_a_programs_name_that_comes_first_is_an_input() {
    guarded_by("input-observed").tell(|stage| {
        let body = "std::env::split_paths(&std::env::var_os(\"PATH\").unwrap()).any(|place| place.join(\"gnm\").exists()).to_string()";
        let here = stage.checkout("here", &printing_what_a_macro_makes(body).file("bin/gnm/x", "").file("bin/y", ""));
        let path = format!("{}:{}", here.path("bin").display(), std::env::var("PATH").unwrap());
        for _ in 0..2 {
            here.clean();
            stage.sees(here.cargo("build").env("PATH", &path).run());
            stage.sees(here.program("app"));
            let _ = std::fs::remove_dir_all(here.path("bin/gnm"));
        }
    });
}

/// A lock that a macro takes, and that somebody else holds when the macro runs again.
fn is_busy_later(body: &str) {
    guarded_by("input-absence").tell(|stage| {
        let here = stage.checkout("here", &printing_what_a_macro_makes(body));
        stage.sees_app(&here);
        here.write("lock", "");
        stage.sees_app_anew(&here);
    });
}

#[test]
fn a_lock_that_a_macro_looks_for_before_it_makes_one_is_an_input() {
    is_busy_later(
        "let busy = std::path::Path::new(\"lock\").exists(); \
         if !busy { std::fs::write(\"lock\", \"\").unwrap(); std::fs::remove_file(\"lock\").unwrap(); } busy.to_string()",
    );
    is_busy_later(
        "let free = std::fs::OpenOptions::new().write(true).create_new(true).open(\"lock\").is_ok(); \
         if free { std::fs::remove_file(\"lock\").unwrap(); } free.to_string()",
    );
    is_busy_later(
        "let free = std::fs::create_dir(\"lock\").is_ok(); if free { std::fs::remove_dir(\"lock\").unwrap(); } free.to_string()",
    );
}
