//! `thymos ci`: the linters accept what it writes, and its steps do what they say when they are run.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "support/mod.rs"]
mod support;

use std::path::{Path, PathBuf};

use support::{Checkout, Run, Spy, World, package, require_tool};

fn project(world: &World) -> Checkout<'_> {
    let files = package("app").file("src/main.rs", "fn main() { println!(\"built\") }");
    let here = world.checkout("a workspace", &files);
    here.cargo("generate-lockfile").ok();
    here
}

fn thymos(here: &Checkout<'_>, arguments: &str) -> Run {
    let mut command = here.command(env!("CARGO_BIN_EXE_thymos").as_ref());
    command.args(arguments.split_whitespace());
    Run::of(&mut command)
}

const FILES: [(&str, &str, &str); 2] = [
    ("github", ".github/workflows/thymos.yml", "vendor.github-workflows"),
    ("gitlab", ".gitlab-ci.yml", "vendor.gitlab-ci"),
];

#[test]
fn a_file_is_written_once_and_checked_from_then_on() {
    let world = World::cached();
    let here = project(&world);
    for (system, file, _) in FILES {
        let shown = thymos(&here, &format!("ci {system} --dry-run")).ok();
        assert!(shown.stdout.contains("+++ ") && !here.path(file).exists(), "{shown:#?}");
        assert_eq!(thymos(&here, &format!("ci {system} --check")).status.code(), Some(1));
        let unasked = thymos(&here, &format!("ci {system}"));
        assert_eq!(unasked.status.code(), Some(2), "there is nobody to ask: {unasked:#?}");
        assert!(!here.path(file).exists());
        thymos(&here, &format!("ci {system} --yes")).ok();
        thymos(&here, &format!("ci {system} --check")).ok();

        let mine = format!("{}# mine\n", here.read(file));
        here.write(file, &mine);
        let check = thymos(&here, &format!("ci {system} --check"));
        assert_eq!(check.status.code(), Some(1));
        assert!(check.stdout.contains("-# mine"), "{}", check.stdout);
        assert_eq!(here.read(file), mine, "a check writes nothing");
    }
    let outside = Run::of(world.at("outside").command(env!("CARGO_BIN_EXE_thymos").as_ref()).args(["ci", "github"]));
    assert_eq!(outside.status.code(), Some(2));
    assert!(outside.stderr.contains("Cargo.toml"), "{}", outside.stderr);
}

#[test]
fn the_linters_accept_what_is_written() {
    if !require_tool("check-jsonschema") || !require_tool("zizmor") {
        return;
    }
    let world = World::cached();
    let here = project(&world);
    let lint = |program: &str, arguments: &[&str]| {
        let run = Run::of(here.command(program.as_ref()).args(arguments));
        assert!(run.status.success(), "{program} {arguments:?}: {run:#?}");
    };
    for (system, file, schema) in FILES {
        thymos(&here, &format!("ci {system} --yes")).ok();
        lint("check-jsonschema", &["--builtin-schema", schema, file]);
    }
    lint("zizmor", &["--offline", "--no-progress", FILES[0].1]);
    let action = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("action.yml");
    lint("zizmor", &["--offline", "--no-progress", action.to_str().unwrap()]);
    lint("check-jsonschema", &["--builtin-schema", "vendor.github-actions", action.to_str().unwrap()]);
}

/// Returns the script of the step of this name, as YAML's block literals hold it.
fn script(text: &str, step: &str) -> String {
    let from = text.find(&format!("- name: {step}\n")).unwrap_or_else(|| panic!("there is a step {step:?}"));
    block(&text[from..], "run: |")
}

/// Returns the block literal behind `key`.
fn block(text: &str, key: &str) -> String {
    let (before, rest) = text.split_once(&format!("{key}\n")).expect("the key is there");
    let indent = before.lines().last().unwrap_or_default().len()
        - before.lines().last().unwrap_or_default().trim_start().len()
        + 2;
    let lines = rest.lines().take_while(|line| line.trim().is_empty() || line.starts_with(&" ".repeat(indent)));
    lines.map(|line| line.get(indent..).unwrap_or_default().to_owned() + "\n").collect()
}

/// A machine that lives for one job.
struct Runner<'w> {
    here: Checkout<'w>,
    temp: PathBuf,
}

impl Runner<'_> {
    fn step(&self, script: &str) -> Run {
        let mut command = self.here.command("bash".as_ref());
        command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script]);
        command.env_remove("RUSTC_WRAPPER").env_remove("THYMOS_DIR").env("RUNNER_TEMP", &self.temp);
        command.env("THYMOS_VERSION", env!("CARGO_PKG_VERSION")).env("THYMOS_PACK_SIZE", "1G");
        for name in ["GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"] {
            command.env(name, self.temp.join(name));
        }
        for line in self.said("GITHUB_ENV").lines() {
            let (name, value) = line.split_once('=').unwrap();
            command.env(name, value);
        }
        Run::of(&mut command)
    }

    fn said(&self, name: &str) -> String {
        std::fs::read_to_string(self.temp.join(name)).unwrap_or_default()
    }
}

/// Starts a machine on which the program is installed already, as a restored entry has it, with the entry of an earlier one.
fn runner<'w>(world: &'w World, name: &str, restored: Option<&Path>) -> Runner<'w> {
    let temp = world.root().join(name);
    let cache = temp.join("thymos-cache");
    std::fs::create_dir_all(cache.join("bin")).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_thymos"), cache.join("bin/thymos")).unwrap();
    if let Some(restored) = restored {
        std::fs::copy(restored, cache.join("cache.pack")).unwrap();
    }
    Runner { here: project(world), temp }
}

#[test]
fn a_second_job_compiles_nothing() {
    let world = World::cached();
    let spy = Spy::install(&world);
    thymos(&project(&world), "ci github --yes").ok();
    let text = project(&world).read(FILES[0].1);
    let job = |runner: &Runner<'_>| {
        runner.here.clean();
        runner.step(&script(&text, "Prepare the compile cache")).ok();
        runner.step("cargo build --offline --workspace --all-targets --locked").ok();
        let pack = runner.step(&script(&text, "Pack the compile cache")).ok();
        runner.step(&script(&text, "Show what the compile cache did")).ok();
        pack
    };
    let first = runner(&world, "first runner", None);
    job(&first);
    assert_eq!(first.said("GITHUB_OUTPUT"), "new=true\n");
    assert!(first.said("GITHUB_STEP_SUMMARY").contains("misses"), "{}", first.said("GITHUB_STEP_SUMMARY"));
    assert!(!spy.take().is_empty());

    let second = runner(&world, "second runner", Some(&first.temp.join("thymos-cache/cache.pack")));
    job(&second);
    assert_eq!(spy.take(), [""; 0], "{}", second.said("GITHUB_STEP_SUMMARY"));
    assert_eq!(second.said("GITHUB_OUTPUT"), "", "what compiled nothing saves nothing");

    let third = runner(&world, "third runner", None);
    std::fs::write(third.temp.join("thymos-cache/cache.pack"), "damaged").unwrap();
    let run = third.step(&script(&text, "Prepare the compile cache")).ok();
    assert!(run.stdout.contains("::warning::"), "{run:#?}");
}

#[test]
fn two_lines_with_the_action_make_the_next_job_compile_nothing() {
    let world = World::cached();
    let spy = Spy::install(&world);
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    world.env("GITHUB_ACTION_PATH", repository.to_str().unwrap());
    world.env("INPUT_SAVE", "true").env("INPUT_MAX_SIZE", "1G");
    let text = std::fs::read_to_string(repository.join("action.yml")).unwrap();
    let prepare = script(&text, "Prepare the compile cache");
    let version = prepare.lines().find_map(|line| line.strip_prefix("version=")).unwrap();
    let job = |runner: &Runner<'_>| {
        runner.here.clean();
        // The entry holds a program of these very sources, so none is built.
        runner.step(&format!("version={version}\necho \"$version\" > \"$RUNNER_TEMP/thymos-cache/version\"")).ok();
        runner.step(&prepare).ok();
        runner.step("cargo build --offline --locked").ok();
        runner.step(&script(&text, "Pack the compile cache and show what it did")).ok();
    };
    let first = runner(&world, "first runner", None);
    job(&first);
    assert_eq!(first.said("GITHUB_OUTPUT"), "new=true\n");
    let second = runner(&world, "second runner", Some(&first.temp.join("thymos-cache/cache.pack")));
    spy.take();
    job(&second);
    assert_eq!(spy.take(), [""; 0], "{}", second.said("GITHUB_STEP_SUMMARY"));
    assert_eq!(second.said("GITHUB_OUTPUT"), "");
    assert!(second.said("GITHUB_STEP_SUMMARY").starts_with("### Compile cache"));
}

#[test]
fn a_second_gitlab_job_compiles_nothing() {
    let world = World::cached();
    let spy = Spy::install(&world);
    let here = project(&world);
    thymos(&here, "ci gitlab --yes").ok();
    let text = here.read(FILES[1].1);
    let (before, after) = text.split_once("after_script:").unwrap();
    std::fs::create_dir_all(here.path(".thymos-cache/bin")).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_thymos"), here.path(".thymos-cache/bin/thymos")).unwrap();
    let shell = |store: &str, script: &str| {
        let mut command = here.command("sh".as_ref());
        command.args(["-ec", script]).env("CI_PROJECT_DIR", here.root()).env("THYMOS_DIR", world.root().join(store));
        command.env("CI_COMMIT_BRANCH", "main").env("CI_DEFAULT_BRANCH", "main").env("THYMOS_PACK_SIZE", "1G");
        Run::of(command.env("THYMOS_VERSION", env!("CARGO_PKG_VERSION"))).ok()
    };
    for store in ["one", "two"] {
        here.clean();
        spy.take();
        shell(
            store,
            &format!(
                "{}\ncargo build --offline --workspace --all-targets --locked",
                block(before, "before_script:\n    - |")
            ),
        );
        let finish = shell(store, &block(after, "    - |"));
        assert!(finish.stdout.contains("misses") && finish.stdout.contains("packed"), "{finish:#?}");
    }
    assert_eq!(spy.take(), [""; 0], "the second machine compiles nothing");
}
