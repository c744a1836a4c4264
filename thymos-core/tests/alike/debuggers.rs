//! Breakpoints by absolute path, set from `/`, in every kind of debug information.

use std::path::Path;

use crate::stages::{Shared, looks_alike, project, stops};
use crate::support::{Checkout, Run, require_tool};

/// Builds, and stops at every place.
fn debugs(here: &Checkout<'_>, settings: &[(&str, &str)]) -> String {
    let build = settings.iter().fold(here.cargo("build"), |cargo, (name, value)| cargo.env(name, value));
    build.ok();
    let program = here.path("target/debug/app");
    assert!(memchr::memmem::find(&here.bytes("target/debug/app"), b"/thymos.5d0c9f7e.").is_none());
    format!("gdb\n{}lldb\n{}", gdb(here, &program), lldb(here, &program))
}

fn gdb(here: &Checkout<'_>, program: &Path) -> String {
    let mut gdb = here.command("gdb".as_ref());
    gdb.current_dir("/").args(["-q", "-nx", "-batch", "-ex", "set filename-display absolute"]);
    let stops = stops(here);
    for (path, line) in &stops {
        gdb.args(["-ex", &format!("break {path}:{line}")]);
    }
    gdb.args(["-ex", "run"]);
    for _ in &stops {
        gdb.args(["-ex", "backtrace 1", "-ex", "info source", "-ex", "continue"]);
    }
    let said = Run::of(gdb.arg(program)).stdout;
    let tells = |line: &&str| {
        let source = line.trim_start_matches(|letter: char| letter.is_ascii_digit());
        line.starts_with("#0")
            || line.starts_with("Located in")
            || source.starts_with('\t')
            || line.starts_with("Compilation directory")
            || line.starts_with("Contains")
    };
    let told: String = said.lines().filter(tells).map(|line| format!("{line}\n")).collect();
    assert_eq!(told.matches("#0").count(), stops.len(), "gdb stops everywhere: {said}");
    told
}

fn lldb(here: &Checkout<'_>, program: &Path) -> String {
    let mut lldb = here.command("lldb".as_ref());
    lldb.current_dir("/").args(["--no-lldbinit", "-b"]);
    let format = "settings set frame-format \"at ${line.file.fullpath}:${line.number}\\n\"";
    lldb.args(["-o", format, "-o", "settings set target.disable-aslr false"]);
    let stops = stops(here);
    for (path, line) in &stops {
        lldb.args(["-o", &format!("breakpoint set -f \"{path}\" -l {line}")]);
    }
    lldb.args(["-o", "run"]);
    for _ in &stops {
        lldb.args(["-o", "continue"]);
    }
    let said = Run::of(lldb.arg(program)).stdout;
    let tells = |line: &&str| line.contains("at /") || line.starts_with("-> ");
    let told: String = said.lines().filter(tells).map(|line| format!("{}\n", line.trim_start())).collect();
    assert_eq!(told.matches("-> ").count(), stops.len(), "lldb stops everywhere and shows the line: {said}");
    told
}

fn every_time(settings: &[(&str, &str)], shared: Shared) {
    if require_tool("gdb") && require_tool("lldb") {
        looks_alike(&project(), shared, |here| debugs(here, settings));
    }
}

#[test]
fn breakpoints_by_absolute_path_stop() {
    every_time(&[], Shared::Everywhere);
}

#[test]
fn breakpoints_stop_with_debug_information_in_packages() {
    every_time(&[("CARGO_PROFILE_DEV_SPLIT_DEBUGINFO", "packed")], Shared::Everywhere);
}

#[test]
fn breakpoints_stop_with_debug_information_in_files_of_its_own() {
    every_time(&[("CARGO_PROFILE_DEV_SPLIT_DEBUGINFO", "unpacked")], Shared::Everywhere);
}

#[test]
fn breakpoints_stop_with_line_tables_only() {
    every_time(&[("CARGO_PROFILE_DEV_DEBUG", "line-tables-only")], Shared::Everywhere);
}

#[test]
fn breakpoints_stop_in_merged_tables_of_the_newer_dwarf() {
    let flags = "-Cdwarf-version=5 -Clink-arg=-fuse-ld=bfd -Clink-arg=-Wl,-O2";
    every_time(&[("RUSTFLAGS", flags)], Shared::Everywhere);
}

#[test]
fn breakpoints_stop_in_compressed_sections() {
    let flags = "-Clink-arg=-fuse-ld=bfd -Clink-arg=-Wl,--compress-debug-sections=zlib";
    every_time(&[("RUSTFLAGS", flags)], Shared::Here);
}

#[test]
fn breakpoints_stop_after_an_edit_that_is_compiled_incrementally() {
    if !(require_tool("gdb") && require_tool("lldb")) {
        return;
    }
    looks_alike(&project(), Shared::InPart, |here| {
        let settings = [("CARGO_INCREMENTAL", "1")];
        let first = debugs(here, &settings);
        here.edit("app/src/main.rs", "fn main() {", "fn main() { // edited");
        let second = debugs(here, &settings);
        here.edit("app/src/main.rs", "fn main() { // edited", "fn main() {");
        first + &second
    });
}
