//! A world: a store, a home and a Cargo home that nobody else uses, and the places where checkouts stand.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::{Checkout, Directory, Files, Run, Stats, assert_same_outputs, outputs};

/// Which compiler call the builds of a world make.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Plain cargo: the oracle.
    Plain,
    /// Through `thymos`.
    Cached,
    /// Through `thymos` with these guards, comma-separated, switched off: the negative control.
    Without(&'static str),
}

pub struct World {
    directory: Directory,
    root: PathBuf,
    mode: Mode,
    extra: RefCell<Vec<(String, String)>>,
}

impl World {
    pub fn cached() -> World {
        World::new(Mode::Cached)
    }

    pub fn new(mode: Mode) -> World {
        let directory = Directory::new();
        let root = directory.path("");
        let world = World { directory, root, mode, extra: RefCell::default() };
        world.know_the_compiler();
        world
    }

    /// Gives the store what an earlier one has learnt of the compiler, whose identity is the content of some hundred
    /// megabytes. A store of another make would not use it, and only be slower.
    fn know_the_compiler(&self) {
        static LEARNT: OnceLock<PathBuf> = OnceLock::new();
        let learnt = LEARNT.get_or_init(|| {
            let place = of_all_worlds().join("learning");
            fs::create_dir_all(place.join("out")).expect("the target directory is writable");
            fs::write(place.join("lib.rs"), "").expect("the target directory is writable");
            let mut command = Command::new(env!("CARGO_BIN_EXE_thymos"));
            command.args(
                "rustc --crate-type lib --crate-name learnt lib.rs --emit=dep-info,metadata --out-dir".split(' '),
            );
            command.arg(place.join("out"));
            self.prepare(&mut command);
            Run::of(command.current_dir(&place).env("THYMOS_DIR", place.join("store"))).ok();
            place.join("store/v1")
        });
        let store = self.store().join("v1");
        private_directory(&self.store());
        private_directory(&store);
        for entry in fs::read_dir(learnt).expect("the compile has made a store") {
            let entry = entry.expect("a store can be listed");
            if entry.path().is_dir() {
                private_directory(&store.join(entry.file_name()));
            }
        }
        for entry in fs::read_dir(learnt.join("compilers")).into_iter().flatten().filter_map(Result::ok) {
            fs::copy(entry.path(), store.join("compilers").join(entry.file_name())).expect("the world is writable");
        }
    }

    /// Returns the same places with another mode and an empty store. What stood here before is gone.
    pub fn again(self, mode: Mode) -> World {
        for entry in fs::read_dir(&self.root).expect("the world is readable") {
            let path = entry.expect("the world is readable").path();
            if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) }
                .unwrap_or_else(|error| panic!("remove `{}`: {error}", path.display()));
        }
        self.know_the_compiler();
        World { mode, ..self }
    }

    pub fn set_mode(&mut self, mode: Mode) {
        self.mode = mode;
    }

    /// Sets a variable for every process started from now on.
    pub fn env(&self, name: &str, value: &str) -> &World {
        self.extra.borrow_mut().push((name.to_owned(), value.to_owned()));
        self
    }

    /// Builds from the crates that the user who runs the tests has downloaded.
    pub fn share_registry(&self) -> &World {
        self.env("CARGO_HOME", &users_directory("CARGO_HOME", ".cargo").display().to_string())
    }

    pub fn mode(&self) -> Mode {
        self.mode
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns a home with nothing in it. It is the same for all worlds, because rustup's toolchains depend on it.
    pub fn home(&self) -> PathBuf {
        of_all_worlds().join("home")
    }

    pub fn store(&self) -> PathBuf {
        self.root.join("store")
    }

    /// Lays a project at `name` in this world, over what may stand there already.
    pub fn checkout(&self, name: &str, files: &Files) -> Checkout<'_> {
        let checkout = self.at(name);
        files.write_to(checkout.root());
        checkout
    }

    /// Returns the place `name`, with whatever stands there.
    pub fn at(&self, name: &str) -> Checkout<'_> {
        let root = self.root.join(name);
        fs::create_dir_all(&root).expect("the world is writable");
        Checkout::new(self, root)
    }

    /// The oracle and the cold/warm law in one, for a project whose builds are reproducible. Plain cargo builds first; what is
    /// built through the cache at the same place, cold and warm, must be the same bytes under the same names.
    pub fn same_as_cargo(self, files: &Files, body: impl Fn(&Checkout<'_>)) {
        let mut world = self.again(Mode::Plain);
        // Only without remapping are the bytes those of plain cargo: paths of the workspace stand in debug information.
        world.env("THYMOS_REMAP", "off");
        let here = world.checkout("here", files);
        body(&here);
        let plain = outputs(&here);
        drop(here);

        world.set_mode(Mode::Cached);
        let here = world.at("here");
        for _ in ["cold", "warm"] {
            here.clean();
            world.zero();
            body(&here);
            assert_same_outputs(&plain, &outputs(&here));
        }
        let warm = world.stats();
        assert_eq!(warm.misses, 0, "{warm:#?}\n{}", world.events_text());
        warm.assert_nothing_degraded();
    }

    /// The cold/warm law. Runs `body` in an empty target directory, in another one of the same checkout, and in a second
    /// checkout at another path. The first time every compile is a miss; from then on every compile is a hit.
    pub fn cold_and_warm(&self, files: &Files, body: impl Fn(&Checkout<'_>)) -> Stats {
        let here = self.checkout("here", files);
        self.zero();
        body(&here);
        let cold = self.stats();
        assert!(cold.misses > 0, "the cold build went through the cache: {cold:#?}");
        cold.assert_nothing_degraded();

        here.clean();
        self.assert_warm(&cold, || body(&here));
        let there = self.checkout("there/and/deeper", files);
        self.assert_warm(&cold, || body(&there));
        cold
    }

    /// Runs `body`, all of whose compiles must be hits, as many as `cold` had in all.
    pub fn assert_warm(&self, cold: &Stats, body: impl Fn()) {
        self.zero();
        body();
        let warm = self.stats();
        assert_eq!(warm.misses, 0, "every compile is a hit: {warm:#?}\n{}", self.events_text());
        assert_eq!(warm.hits, cold.hits + cold.misses, "no compile was left out: cold {cold:#?}\nwarm {warm:#?}");
        warm.assert_nothing_degraded();
    }

    /// Runs the `thymos` binary itself.
    pub fn thymos(&self, arguments: &str) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_thymos"));
        command.args(arguments.split_whitespace()).current_dir(&self.root);
        self.prepare(&mut command);
        Run::of(&mut command)
    }

    pub fn stats(&self) -> Stats {
        Stats::parse(&self.thymos("stats --json").ok().stdout)
    }

    pub fn zero(&self) {
        self.thymos("stats --zero").ok();
    }

    /// Returns every line of the events files, oldest first within a file.
    pub fn events(&self) -> Vec<serde_json::Value> {
        let text = self.events_text();
        text.lines().map(|line| serde_json::from_str(line).expect("an event is one JSON object a line")).collect()
    }

    pub fn events_text(&self) -> String {
        let Ok(entries) = fs::read_dir(self.store().join("v1/events")) else { return String::new() };
        let files = entries.filter_map(|entry| Some(entry.ok()?.path()));
        files
            .filter(|path| path.extension().is_some_and(|ending| ending == "jsonl"))
            .filter_map(|path| fs::read_to_string(path).ok())
            .collect()
    }

    /// Gives a process the environment of this world and no other.
    pub fn prepare(&self, command: &mut Command) {
        command.env_clear();
        for name in ["PATH", "RUSTUP_TOOLCHAIN", "TMPDIR", "SystemRoot", "LIBRARY_PATH"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.env("RUSTUP_HOME", users_directory("RUSTUP_HOME", ".rustup"));
        // Crates of the registry bring a `rust-toolchain.toml`, for which rustup would change the user's own toolchains. A
        // toolchain that is named keeps it from looking, and cargo test names one; a test program that is started by hand
        // does not.
        command.env("RUSTUP_AUTO_INSTALL", "0");
        if std::env::var_os("RUSTUP_TOOLCHAIN").is_none()
            && let Some(toolchain) = own_toolchain()
        {
            command.env("RUSTUP_TOOLCHAIN", toolchain);
        }
        command.env("HOME", self.home()).env("CARGO_HOME", self.root.join("cargo-home"));
        command.env("CARGO_INCREMENTAL", "0").env("CARGO_TERM_COLOR", "never");
        match self.mode {
            Mode::Plain => command.env("RUSTC_WRAPPER", ""),
            Mode::Cached => command.env("RUSTC_WRAPPER", env!("CARGO_BIN_EXE_thymos")),
            Mode::Without(guards) => {
                command.env("RUSTC_WRAPPER", env!("CARGO_BIN_EXE_thymos")).env("THYMOS_TEST_WITHOUT", guards)
            }
        };
        command.env("THYMOS_DIR", self.store());
        command.envs(self.extra.borrow().iter().map(|(name, value)| (name, value)));
    }
}

/// Returns the toolchain that the tests run with, where it is one of rustup's.
fn own_toolchain() -> Option<PathBuf> {
    let cargo = PathBuf::from(std::env::var_os("CARGO")?);
    let toolchain = cargo.parent()?.parent()?;
    (toolchain.parent()?.ends_with("toolchains") && toolchain.join("lib").is_dir()).then(|| toolchain.to_owned())
}

/// Returns a directory of the user who runs the tests: from the variable, else below the home directory.
pub fn users_directory(variable: &str, below_home: &str) -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").expect("HOME is set")).join(below_home);
    std::env::var_os(variable).map_or_else(home, PathBuf::from)
}

/// Returns a directory that all worlds of this process share, and that no test writes to.
fn of_all_worlds() -> PathBuf {
    static SHARED: OnceLock<PathBuf> = OnceLock::new();
    let made = SHARED.get_or_init(|| {
        let shared = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("worlds-{}", std::process::id()));
        let _ = fs::remove_dir_all(&shared);
        fs::create_dir_all(shared.join("home")).expect("the target directory is writable");
        shared
    });
    made.clone()
}

/// Makes a directory that only its owner can enter, as the store does.
fn private_directory(path: &Path) {
    fs::create_dir_all(path).expect("the world is writable");
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o700)).expect("its owner may do so");
}
