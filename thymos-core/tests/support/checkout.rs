//! One checkout of a project: a directory in which cargo, rustc and the programs they made can be run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use super::files::write;
#[cfg(unix)]
use super::files::write_executable;
use super::{Cargo, Run, World, c_tool};

pub struct Checkout<'w> {
    world: &'w World,
    root: PathBuf,
}

impl<'w> Checkout<'w> {
    pub(super) fn new(world: &'w World, root: PathBuf) -> Checkout<'w> {
        Checkout { world, root }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn world(&self) -> &'w World {
        self.world
    }

    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    pub fn write(&self, path: &str, contents: impl AsRef<[u8]>) -> &Self {
        write(&self.path(path), contents.as_ref());
        self
    }

    /// Writes a script that can be started, and returns its absolute path.
    #[cfg(unix)]
    pub fn executable(&self, path: &str, script: &str) -> String {
        write_executable(&self.path(path), script);
        self.path(path).display().to_string()
    }

    /// Runs one of the C tools here.
    pub fn c_tool(&self, program: &str, words: &str) -> &Self {
        c_tool(self.command(Path::new(program)).args(words.split_whitespace()));
        self
    }

    /// Replaces text in a file; the text must be there.
    pub fn edit(&self, path: &str, old: &str, new: &str) -> &Self {
        let text = self.read(path);
        assert!(text.contains(old), "`{path}` contains {old:?}");
        self.write(path, text.replace(old, new))
    }

    pub fn read(&self, path: &str) -> String {
        let path = self.path(path);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("read `{}`: {error}", path.display()))
    }

    pub fn bytes(&self, path: &str) -> Vec<u8> {
        let path = self.path(path);
        fs::read(&path).unwrap_or_else(|error| panic!("read `{}`: {error}", path.display()))
    }

    pub fn remove(&self, path: &str) -> &Self {
        let path = self.path(path);
        if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) }
            .unwrap_or_else(|error| panic!("remove `{}`: {error}", path.display()));
        self
    }

    pub fn rename(&self, old: &str, new: &str) -> &Self {
        let (old, new) = (self.path(old), self.path(new));
        fs::create_dir_all(new.parent().expect("a file has a directory")).expect("the checkout is writable");
        fs::rename(&old, &new).unwrap_or_else(|error| panic!("rename `{}`: {error}", old.display()));
        self
    }

    pub fn modified(&self, path: &str) -> SystemTime {
        fs::metadata(self.path(path)).and_then(|metadata| metadata.modified()).expect("the file is there")
    }

    pub fn set_modified(&self, path: &str, time: SystemTime) -> &Self {
        let file = fs::File::options().append(true).open(self.path(path)).expect("the file is writable");
        file.set_modified(time).expect("the file system keeps times");
        self
    }

    /// Removes what builds left in the target directory. What cargo has learnt about the compiler stays, which saves each
    /// build the start of four compilers that have nothing to compile.
    pub fn clean(&self) -> &Self {
        let Ok(entries) = fs::read_dir(self.path("target")) else { return self };
        for entry in entries {
            let path = entry.expect("the target directory is readable").path();
            if path.is_dir() {
                fs::remove_dir_all(&path).unwrap_or_else(|error| panic!("remove `{}`: {error}", path.display()));
            }
        }
        self
    }

    /// Prepares `cargo <words>` here. Cargo is quiet and offline, so what it prints is the compiler's diagnostics.
    pub fn cargo(&self, words: &str) -> Cargo {
        let cargo = std::env::var_os("CARGO").expect("cargo test tells its own path");
        let mut words = words.split_whitespace();
        let mut command = self.command(Path::new(&cargo));
        command.args(words.next()).args(["--quiet", "--offline"]).args(words);
        Cargo::new(command)
    }

    /// Runs the `thymos` binary itself here.
    pub fn thymos(&self, arguments: &str) -> Run {
        let mut command = self.command(Path::new(env!("CARGO_BIN_EXE_thymos")));
        Run::of(command.args(arguments.split_whitespace()))
    }

    /// Prepares one compile without cargo: `rustc <words>`, through `thymos` unless this world is plain.
    pub fn rustc(&self, words: &str) -> Cargo {
        let mut command = match self.world.mode() {
            super::Mode::Plain => self.command(Path::new("rustc")),
            _ => {
                let mut command = self.command(Path::new(env!("CARGO_BIN_EXE_thymos")));
                command.arg("rustc");
                command
            }
        };
        command.args(words.split_whitespace());
        Cargo::new(command)
    }

    /// Prepares the compile of the crate `app` without cargo, with what cargo always passes.
    pub fn compile(&self, words: &str) -> Cargo {
        let out = self.path("target/debug/deps");
        fs::create_dir_all(&out).expect("the checkout is writable");
        let emit = if words.contains("--emit") { "" } else { "--emit=dep-info,link" };
        let rustc = self.rustc("--crate-name app --out-dir").arg(out).arg_list(emit).arg_list(words);
        rustc.env("CARGO_MANIFEST_DIR", &self.root).env("CARGO_PKG_NAME", "app").env("CARGO_CRATE_NAME", "app")
    }

    /// Builds the program `app`, which must print this line.
    pub fn builds(&self, line: &str) {
        self.cargo("build").ok();
        assert_eq!(self.program("app").ok().stdout, format!("{line}\n"));
    }

    /// Does what [`Checkout::builds`] does, after a clean.
    pub fn builds_anew(&self, line: &str) {
        self.clean();
        self.builds(line);
    }

    /// Runs a program of the dev profile that a build left in the target directory.
    pub fn program(&self, name: &str) -> Run {
        self.run(&format!("target/debug/{name}"))
    }

    /// Runs a program of this checkout.
    pub fn run(&self, path: &str) -> Run {
        Run::of(&mut self.command(&self.path(path)))
    }

    /// Returns a command with this world's environment that starts in this checkout.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        self.world.prepare(&mut command);
        command.current_dir(&self.root);
        command
    }

    /// The next `cargo build` must find every unit fresh, with the wrapper and without it.
    pub fn assert_fresh(&self, words: &str) {
        for wrapper in [None, Some("")] {
            let cargo = self.cargo(words).verbose();
            let run = match wrapper {
                Some(none) => cargo.env("RUSTC_WRAPPER", none).ok(),
                None => cargo.ok(),
            };
            let dirty: Vec<_> = run.stderr.lines().filter(|line| !line.trim_start().starts_with("Fresh ")).collect();
            let dirty: Vec<_> = dirty.into_iter().filter(|line| is_about_a_unit(line)).collect();
            assert!(dirty.is_empty(), "every unit is fresh (wrapper: {wrapper:?}):\n{}", run.stderr);
        }
    }

    /// Returns every regular file below a directory of this checkout, as sorted relative paths.
    pub fn files_below(&self, directory: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut open = vec![self.path(directory)];
        while let Some(directory) = open.pop() {
            for entry in fs::read_dir(&directory).expect("the directory is readable") {
                let path = entry.expect("the directory is readable").path();
                let kind = path.symlink_metadata().expect("the entry is there").file_type();
                match kind.is_dir() {
                    true => open.push(path),
                    false => found.push(path.strip_prefix(&self.root).expect("below").display().to_string()),
                }
            }
        }
        found.sort();
        found
    }
}

fn is_about_a_unit(line: &str) -> bool {
    ["Compiling", "Dirty", "Checking", "Running", "Documenting"].iter().any(|word| line.trim_start().starts_with(word))
}
