//! Times, modes and owners that somebody was told, and those that a compile changes.
#![cfg(unix)]

use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, SystemTime};

use crate::proc_macros::printing_what_a_macro_makes;
use crate::support::Checkout;
use crate::trap::{compared_with_cargo, guarded_by};

fn touch(here: &Checkout<'_>, seconds: u64) {
    let file = File::options().write(true).open(here.path("asset")).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
}

fn allow(here: &Checkout<'_>, mode: u32) {
    std::fs::set_permissions(here.path("asset"), Permissions::from_mode(mode)).unwrap();
}

/// What a macro makes of a file is made anew when something besides its content changed.
fn is_told(body: &str, change: impl Fn(&Checkout<'_>, u32)) {
    guarded_by("input-metadata").tell(|stage| {
        let here = stage.checkout("here", &printing_what_a_macro_makes(body).file("asset", "the same"));
        change(&here, 0);
        stage.sees_app(&here);
        change(&here, 1);
        stage.sees_app_anew(&here);
    });
}

const SECONDS: &str = "modified().unwrap().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs().to_string()";

#[test]
fn the_time_of_a_file_that_a_macro_embeds_is_an_input() {
    let at = |here: &Checkout<'_>, which: u32| touch(here, 1_000 + u64::from(which));
    is_told(&format!("std::fs::metadata(\"asset\").unwrap().{SECONDS}"), at);
    is_told(&format!("std::fs::File::open(\"asset\").unwrap().metadata().unwrap().{SECONDS}"), at);
    is_told(
        "use std::os::unix::fs::MetadataExt; std::fs::read_to_string(\"asset\").unwrap() + &std::fs::symlink_metadata(\"asset\").unwrap().mtime().to_string()",
        at,
    );
}

#[test]
fn the_time_of_a_file_that_a_program_of_a_macro_tells_is_an_input() {
    let tells = "String::from_utf8(std::process::Command::new(\"date\").args([\"-r\", \"asset\", \"+%s\"]).output().unwrap().stdout).unwrap()";
    is_told(tells, |here, which| touch(here, 1_000 + u64::from(which)));
}

#[test]
fn whether_a_file_can_be_executed_is_an_input() {
    let mode = |here: &Checkout<'_>, which: u32| allow(here, [0o755, 0o644][which as usize]);
    is_told(
        "use std::os::unix::fs::PermissionsExt; std::fs::metadata(\"asset\").unwrap().permissions().mode().to_string()",
        mode,
    );
    is_told(
        "unsafe extern \"C\" { fn access(path: *const u8, mode: i32) -> i32; } unsafe { access(c\"asset\".as_ptr().cast(), 1) }.to_string()",
        mode,
    );
    is_told(
        "std::process::Command::new(\"sh\").args([\"-c\", \"test -x asset\"]).status().unwrap().success().to_string()",
        mode,
    );
    is_told("std::process::Command::new(\"./asset\").status().unwrap_err().kind().to_string()", mode);
}

/// Asking whether something is there, or reading it, is not asking when it was changed.
#[test]
fn whether_a_file_is_there_does_not_depend_on_its_time() {
    compared_with_cargo().tell(|stage| {
        let body = "format!(\"{} {} {}\", std::path::Path::new(\"asset\").exists(), std::path::Path::new(\"app\").is_dir(), \
                    std::fs::read_to_string(\"asset\").unwrap())";
        let here = stage.checkout("here", &printing_what_a_macro_makes(body).file("asset", "one"));
        stage.sees_app(&here);
        touch(&here, 5);
        here.clean();
        let ours = || stage.world().events_text().lines().filter(|line| line.contains("\"hit\"") && line.contains("\"crate\":\"app\"")).count();
        let before = ours();
        here.cargo("build").ok();
        let cached = stage.world().mode() == crate::support::Mode::Cached;
        assert_eq!(ours() > before, cached, "a file that was only touched is the same:\n{}", stage.world().events_text());
    });
}

#[test]
fn a_mode_that_a_macro_sets_is_set_each_time() {
    compared_with_cargo().tell(|stage| {
        let body = "use std::os::unix::fs::PermissionsExt; \
                    std::fs::set_permissions(\"asset\", std::fs::Permissions::from_mode(0o755)).unwrap(); String::new()";
        let here = stage.checkout("here", &printing_what_a_macro_makes(body).file("asset", ""));
        for _ in 0..2 {
            allow(&here, 0o644);
            stage.sees_app_anew(&here);
            let mode = std::fs::metadata(here.path("asset")).unwrap().permissions().mode() & 0o777;
            stage.notes("mode", format!("{mode:o}"));
        }
    });
}

#[test]
fn a_time_that_a_macro_sets_is_set_each_time() {
    compared_with_cargo().tell(|stage| {
        let body = "std::fs::File::options().write(true).open(\"asset\").unwrap()\
                    .set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(7)).unwrap(); String::new()";
        let here = stage.checkout("here", &printing_what_a_macro_makes(body).file("asset", ""));
        for _ in 0..2 {
            touch(&here, 1_000);
            stage.sees_app_anew(&here);
            let time = std::fs::metadata(here.path("asset")).unwrap().modified().unwrap();
            stage.notes("time", format!("{time:?}"));
        }
    });
}
