//! What code asks of the system besides files: the machine by value, others not at all.
#![cfg(target_os = "linux")]

use std::path::Path;

use crate::proc_macros::printing_what_a_macro_makes;
use crate::support::{Checkout, Run};
use crate::trap::{Stage, guarded_by};

/// Builds below shells that have changed something of themselves.
fn below_shells(stage: &mut Stage<'_>, here: &Checkout<'_>, changes: [&str; 2]) {
    let cargo = std::env::var("CARGO").unwrap();
    for change in changes {
        here.clean();
        let script = format!("{change}; exec '{cargo}' build --quiet --offline");
        stage.sees(Run::of(here.command(Path::new("sh")).args(["-c", &script])));
        stage.sees(here.program("app"));
    }
}

/// What a macro makes by this body is made anew below a shell that has done another of these.
fn is_told_by_value(body: &str, changes: [&str; 2]) {
    guarded_by("input-asked,input-observed").tell(|stage| {
        let here = stage.checkout("here", &printing_what_a_macro_makes(body));
        below_shells(stage, &here, changes);
    });
}

const CALLS: &str =
    "unsafe extern \"C\" { fn getrlimit(which: i32, to: *mut [u64; 2]) -> i32; fn umask(mask: u32) -> u32; }";
const ONE_PROCESSOR: [&str; 2] = [":", "taskset -p 1 $$ > /dev/null"];

#[test]
fn limits_that_a_macro_asks_for_are_inputs() {
    let body = format!("{CALLS} let mut told = [0; 2]; unsafe {{ getrlimit(4, &raw mut told) }}; told[0].to_string()");
    is_told_by_value(&body, ["ulimit -S -c 0", "ulimit -S -c 8"]);
}

#[test]
fn the_mask_that_a_macro_and_a_program_of_one_ask_for_is_an_input() {
    let body = format!("{CALLS} let mask = unsafe {{ umask(0o22) }}; unsafe {{ umask(mask) }}; mask.to_string()");
    is_told_by_value(&body, ["umask 22", "umask 27"]);
    let program = "String::from_utf8(std::process::Command::new(\"sh\").args([\"-c\", \"umask\"]).output().unwrap().stdout).unwrap()";
    is_told_by_value(program, ["umask 22", "umask 27"]);
}

#[test]
fn processors_that_a_macro_counts_are_an_input() {
    is_told_by_value("std::thread::available_parallelism().unwrap().to_string()", ONE_PROCESSOR);
}

/// A system call without the C library.
#[cfg(target_arch = "x86_64")]
const RAW: &str = "fn raw(nr: u64, one: u64, two: u64, three: u64) -> u64 { let told: u64; unsafe { std::arch::asm!(\"syscall\", \
                   inlateout(\"rax\") nr => told, in(\"rdi\") one, in(\"rsi\") two, in(\"rdx\") three, out(\"rcx\") _, out(\"r11\") _) }; told }";

#[test]
#[cfg(target_arch = "x86_64")]
fn processors_that_a_macro_counts_without_the_c_library_are_an_input() {
    let counts = "let mut set = [0u64; 16]; raw(204, 0, 128, set.as_mut_ptr() as u64); set[0].count_ones().to_string()";
    is_told_by_value(&format!("{RAW} {counts}"), ONE_PROCESSOR);
}

/// What moves by itself cannot be compared, so a macro that asks for it is run again.
fn is_asked_anew(body: &str) {
    guarded_by("input-asked,input-observed,input-kernel,input-places").that_says("the same").tell(|stage| {
        let here = stage.checkout("here", &printing_what_a_macro_makes(body));
        let made = || {
            here.clean();
            here.cargo("build").ok();
            here.program("app").stdout
        };
        let same = made() == made();
        stage.notes("second build", if same { "makes the same" } else { "makes something else" });
    });
}

#[test]
fn the_clock_that_a_macro_asks_for_is_asked_anew() {
    is_asked_anew("format!(\"{:?}\", std::time::SystemTime::now())");
}

#[test]
#[cfg(target_arch = "x86_64")]
fn the_clock_that_a_macro_asks_the_kernel_for_is_asked_anew() {
    is_asked_anew(&format!(
        "{RAW} let mut now = [0u64; 2]; raw(228, 0, now.as_mut_ptr() as u64, 0); now[1].to_string()"
    ));
}

#[test]
fn random_numbers_that_a_macro_draws_are_drawn_anew() {
    is_asked_anew(
        "unsafe extern \"C\" { fn getrandom(to: *mut u8, size: usize, flags: u32) -> isize; } \
         let mut drawn = [0u8; 8]; unsafe { getrandom(drawn.as_mut_ptr(), 8, 0) }; format!(\"{drawn:?}\")",
    );
    is_asked_anew(
        "use std::io::Read; let mut drawn = [0u8; 8]; \
                   std::fs::File::open(\"/dev/urandom\").unwrap().read_exact(&mut drawn).unwrap(); format!(\"{drawn:?}\")",
    );
}

#[test]
#[cfg(target_arch = "x86_64")]
fn a_call_that_nobody_knows_is_made_anew() {
    // The kernel has no such call; what it would say could be anything.
    guarded_by("input-asked").with_or_without_hits().that_says("kept").tell(|stage| {
        let body = format!("{RAW} raw(999, 0, 0, 0); String::from(\"made\")");
        let here = stage.checkout("here", &printing_what_a_macro_makes(&body));
        stage.sees_app(&here);
        stage.sees_app_anew(&here);
        let kept = stage
            .world()
            .events_text()
            .lines()
            .any(|line| line.contains("\"crate\":\"app\"") && line.contains("\"hit\""));
        stage.notes("its result", if kept { "is kept" } else { "is made anew" });
    });
}
