//! Each example is compiled and run.

mod support;

use std::process::Command;

use support::Temp;

/// Runs an example with the memo of this test, and returns what it printed.
#[track_caller]
fn run(name: &str, temp: &Temp, args: &[&str]) -> String {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR")).args(["run", "--quiet", "--offline", "--example", name, "--"]);
    let output =
        cargo.args(args).env("THYMOS_DIR", temp.path()).env_remove("THYMOS_LINKER").output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("examples print text")
}

#[test]
fn print_plan_explains_this_machine() {
    let said = run("print_plan", &Temp::new("examples-plan"), &[]);
    for word in ["target ", "host ", "toolchain ", "decision ", "summary "] {
        assert!(said.lines().any(|line| line.starts_with(word)), "{word}: {said}");
    }
}

#[test]
fn build_script_prints_directives_with_one_colon() {
    let said = run("build_script", &Temp::new("examples-script"), &[]);
    assert!(said.contains("cargo:rerun-if-env-changed=THYMOS_LINKER"), "{said}");
    assert!(said.contains("cargo:rustc-env=BUILD_SCRIPT_EXAMPLE_PLAN="), "{said}");
    assert!(said.lines().all(|line| line.starts_with("cargo:") && !line.starts_with("cargo::")), "{said}");
}

#[test]
fn write_cargo_config_writes_the_file_that_it_is_told_to() {
    let temp = Temp::new("examples-config");
    let path = temp.path().join("local.toml");
    run("write_cargo_config", &temp, &[path.to_str().expect("text")]);
    let written = std::fs::read_to_string(&path).expect("it was written");
    assert!(written.starts_with("# "), "{written}");
    assert_eq!(written, run("write_cargo_config", &temp, &[]));
}
