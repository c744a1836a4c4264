//! Docker as the tests use it: base images without a registry, and projects that share nothing with other builds.
//!
//! Invariant: the cache mounts and volumes of the machine's own builds are never touched, for the files that the tests build
//! from get names of their own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::support::{Checkout, Files, Run, World, skip, workspace};

pub const RUST: &str = "thymos-test/rust:bookworm";
pub const DEBIAN: &str = "thymos-test/debian:bookworm";
/// Holds the program under test.
const WRAPPER: &str = "thymos-test/wrapper:latest";

/// Returns a docker that builds with BuildKit: the same search as the script's.
pub fn docker() -> Option<&'static Path> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    let found = FOUND.get_or_init(|| {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path)
            .map(|directory| directory.join("docker"))
            .find(|it| it.is_file() && has_buildkit(it))
    });
    found.as_deref()
}

fn has_buildkit(docker: &Path) -> bool {
    let run = |arguments: &[&str]| Command::new(docker).args(arguments).stdin(Stdio::null()).output().ok();
    let Some(version) = run(&["--version"]) else { return false };
    let text = String::from_utf8_lossy(&version.stdout).into_owned();
    let major: Option<u32> =
        text.split(|c: char| !c.is_ascii_digit()).find(|it| !it.is_empty()).and_then(|it| it.parse().ok());
    major.is_some_and(|major| major < 23) || run(&["buildx", "version"]).is_some_and(|output| output.status.success())
}

/// Tells whether images can be built here, and prepares the one that holds the program under test.
pub fn ready() -> bool {
    static READY: OnceLock<Result<(), String>> = OnceLock::new();
    READY.get_or_init(prepare).as_ref().map_or_else(|why| skip(why), |()| true)
}

fn prepare() -> Result<(), String> {
    let docker = docker().ok_or("there is no docker with BuildKit in PATH")?;
    let asked = Command::new(docker).args(["image", "inspect", RUST, DEBIAN]).output().map_err(|it| it.to_string())?;
    if !asked.status.success() {
        return Err(format!("{RUST} is missing or Docker does not answer; thymos-core/tests/docker/base.sh makes it"));
    }
    let context = tempfile::tempdir().expect("the temporary directory is writable");
    std::fs::copy(env!("CARGO_BIN_EXE_thymos"), context.path().join("thymos")).expect("the program is there");
    let text = format!("FROM {DEBIAN}\nCOPY thymos /usr/local/bin/thymos\nRUN thymos --version\n");
    std::fs::write(context.path().join("Dockerfile"), text).expect("the temporary directory is writable");
    let mut build = Command::new(docker);
    build.env("DOCKER_BUILDKIT", "1").args(["build", "-t", WRAPPER, "."]).current_dir(context.path());
    let run = Run::of(&mut build);
    run.status
        .success()
        .then_some(())
        .ok_or_else(|| format!("the program under test does not run in {DEBIAN}: {}", run.stderr))
}

/// A workspace with a program, a library, a proc macro and a build script that generates code.
pub fn project(name: &str) -> Files {
    let depends = "[dependencies]\nleaf = { path = \"../leaf\" }\nderive = { path = \"../derive\" }\n";
    workspace(&[name, "leaf", "derive"])
        .append(&format!("{name}/Cargo.toml"), depends)
        .file(&format!("{name}/src/main.rs"), "fn main() { println!(\"{} {}\", leaf::value(), derive::two!()); }\n")
        .file("leaf/build.rs", LEAF_BUILD)
        .file("leaf/src/lib.rs", "pub fn value() -> u32 { include!(concat!(env!(\"OUT_DIR\"), \"/value.rs\")) }\n")
        .append("derive/Cargo.toml", "[lib]\nproc-macro = true\n")
        .file("derive/src/lib.rs", DERIVE)
}

const LEAF_BUILD: &str = "fn main() {
    println!(\"cargo:rerun-if-changed=build.rs\");
    std::fs::write(format!(\"{}/value.rs\", std::env::var(\"OUT_DIR\").unwrap()), \"40\").unwrap();
}
";
const DERIVE: &str = "use proc_macro::TokenStream;
#[proc_macro]
pub fn two(_: TokenStream) -> TokenStream { \"2\".parse().unwrap() }
";

/// A project whose files were written, with names of its own for everything that Docker keeps.
pub struct Built<'w> {
    pub here: Checkout<'w>,
    /// Its image.
    pub tag: String,
}

impl<'w> Built<'w> {
    /// Writes the files of a project whose cache is called `cache`.
    pub fn new(world: &'w World, name: &str, cache: &str) -> Built<'w> {
        let here = world.checkout(name, &project(name));
        let mut lock = here.command("cargo".as_ref());
        Run::of(lock.args(["generate-lockfile", "--offline"])).ok();
        let image = format!("thymos-test-{name}");
        let mut write = here.command(env!("CARGO_BIN_EXE_thymos").as_ref());
        write.args([
            "docker",
            "--yes",
            "--image",
            &image,
            "--base",
            RUST,
            "--runtime-base",
            DEBIAN,
            "--wrapper",
            WRAPPER,
        ]);
        Run::of(&mut write).ok();
        here.edit("Dockerfile.sccache", "id=cargo-", &format!("id=thymos-test-{cache}-"));
        here.edit("Dockerfile.sccache", "id=thymos-${TARGETARCH}", &format!("id=thymos-test-{cache}"));
        here.edit("docker-compose.sccache.yml", "name: thymos-cache", &format!("name: thymos-test-{cache}"));
        here.edit(
            "docker-compose.sccache.yml",
            "name: thymos-cargo-registry",
            &format!("name: thymos-test-{cache}-registry"),
        );
        Built { here, tag: format!("{image}:latest") }
    }

    /// Runs the script, or another program, as this machine's user would.
    pub fn run(&self, program: &str, arguments: &[&str]) -> Run {
        Run::of(self.command(program).args(arguments))
    }

    pub fn command(&self, program: &str) -> Command {
        let mut command = self.here.command(program.as_ref());
        // docker-compose takes the first docker in PATH, which need not be one that has BuildKit.
        let directory = docker().and_then(Path::parent).expect("Docker is ready");
        let path = std::env::var_os("PATH").expect("there are programs");
        let paths = [directory.to_owned()].into_iter().chain(std::env::split_paths(&path));
        command.env("PATH", std::env::join_paths(paths).expect("they were joined before")).env_remove("THYMOS_DIR");
        command.env("DOCKER_BUILDKIT", "1").env_remove("RUSTC_WRAPPER");
        command
    }

    /// Builds the image by the script, and returns what the cache did.
    pub fn build(&self, arguments: &[&str]) -> Counts {
        let run = self.run("./docker-sccache-build.sh", arguments).ok();
        let line = run.stdout.lines().last().unwrap_or_default();
        assert!(line.starts_with(&format!("{}: built in ", self.tag)) && line.contains("from the cache"), "{run:#?}");
        // NAME: built in 3 s; 2 of 5 units from the cache (40 %) …
        let numbers: Vec<u64> =
            line.split_once("; ").map_or("", |it| it.1).split(' ').filter_map(|it| it.parse().ok()).collect();
        Counts { hits: numbers[0], misses: numbers[1] - numbers[0], degraded: 0 }
    }

    /// Runs the image and returns what it printed.
    pub fn output(&self, options: &[&str]) -> String {
        let run = self.run("docker", &[&["run", "--rm"], options, &[self.tag.as_str()]].concat());
        run.ok().stdout
    }
}

/// What the last table of statistics in a text says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts {
    pub hits: u64,
    pub misses: u64,
    pub degraded: u64,
}

impl Counts {
    pub fn of(text: &str) -> Counts {
        let value = |name: &str| {
            let of_line = |line: &str| {
                let mut words = line.split_whitespace().skip_while(|word| *word != name);
                words.next().and_then(|_| words.next()?.parse().ok())
            };
            text.lines().rev().find_map(of_line).unwrap_or_else(|| panic!("{name}: {text}"))
        };
        Counts { hits: value("hits"), misses: value("misses"), degraded: value("degraded") }
    }
}
