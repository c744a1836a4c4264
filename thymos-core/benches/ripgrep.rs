//! Builds ripgrep plainly, cold, warm and in a second checkout, round by round in one run, and prints ratios.
//!
//! `cargo bench -p thymos-core --bench ripgrep -- [--rounds N | --misses N] [--floor DIR]`
//!
//! `--misses` tells what a miss costs, where a machine's speed drifts by more than that between two builds: each unit is
//! compiled twice on the spot, plainly and as a miss, now the one first and now the other. Of each unit the fastest of
//! the rounds counts, for whatever else a machine does only adds; the sums are compared, of elapsed and of processor time. Each store has seen one unit before:
//! what the first one pays for reading the compiler's files, once for a toolchain and a store, is shown beside them.
//!
//! The floor is a wrapper that replays recorded outputs and validates nothing: what any wrapper would cost at the least. DIR
//! is its package; without one the warm builds are compared with plain cargo's only. Seconds drift from machine to machine
//! and from minute to minute, so each ratio is taken within its round and the median of them is what counts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

const PACKAGE: &str = "ripgrep";
const VERSION: &str = "15.2.0";

struct Bench {
    scratch: tempfile::TempDir,
    source: PathBuf,
    floor: Option<PathBuf>,
}

/// A compiler wrapper to build with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Wrapper {
    None,
    Thymos,
    Floor,
}

/// Names the file in which this program, started as the wrapper of a build, notes what each unit took.
const PAIRS: &str = "THYMOS_BENCH_PAIRS";

fn main() {
    if let Some(notes) = std::env::var_os(PAIRS) {
        compile_twice(Path::new(&notes));
    }
    let arguments: Vec<String> = std::env::args().collect();
    let after =
        |name: &str| arguments.iter().position(|argument| argument == name).and_then(|at| arguments.get(at + 1));
    let number = |name: &str| after(name).and_then(|text| text.parse::<usize>().ok());
    let rounds = number("--rounds").unwrap_or(3);
    let scratch = tempfile::tempdir().expect("a scratch directory can be made");
    let source = fetch(scratch.path());
    let floor = after("--floor").map(|dir| build_floor(Path::new(dir), scratch.path()));
    let bench = Bench { scratch, source, floor };
    if let Some(rounds) = number("--misses") {
        return bench.misses(rounds);
    }
    let mut rows: Vec<(&str, Vec<f64>, Vec<f64>)> = Vec::new();
    for round in 1..=rounds {
        eprintln!("round {round} of {rounds}");
        for (name, seconds, base) in bench.round() {
            match rows.iter_mut().find(|row| row.0 == name) {
                Some(row) => {
                    row.1.push(seconds);
                    row.2.push(seconds / base);
                }
                None => rows.push((name, vec![seconds], vec![seconds / base])),
            }
        }
    }
    println!("{PACKAGE} {VERSION}, dev profile, CARGO_INCREMENTAL=0, median of {rounds}");
    for (name, seconds, ratios) in rows {
        println!("  {name:<44} {:>7.2} s  × {:.3}", median(seconds), median(ratios));
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Returns the seconds of processor time that the children of this process took, as far as they were waited for.
#[cfg(unix)]
fn processor_time() -> f64 {
    // SAFETY: integers, for which zero is a value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: the structure outlives the call, which fills it in.
    unsafe { libc::getrusage(libc::RUSAGE_CHILDREN, &raw mut usage) };
    [usage.ru_utime, usage.ru_stime].map(|time| time.tv_sec as f64 + time.tv_usec as f64 / 1e6).iter().sum()
}

#[cfg(not(unix))]
fn processor_time() -> f64 {
    f64::NAN
}

/// Runs the compiler's command line plainly and through Thymos, notes the seconds of both, and ends like the second run.
fn compile_twice(notes: &Path) -> ! {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let plain = || {
        let mut command = Command::new(&arguments[0]);
        command.args(&arguments[1..]).env_remove(PAIRS);
        command
    };
    let thymos = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_thymos"));
        command.args(&arguments).env_remove(PAIRS);
        command
    };
    let exit = |command: &mut Command| -> ! {
        std::process::exit(command.status().ok().and_then(|status| status.code()).unwrap_or(1))
    };
    if !arguments.iter().any(|argument| argument == "--out-dir") {
        exit(&mut plain());
    }
    let before = std::fs::read_to_string(notes).unwrap_or_default();
    let plain_first = before.lines().count().is_multiple_of(2);
    // What Cargo tells the files of two units of one name apart by.
    let apart = |argument: &str| argument.strip_prefix("extra-filename=").map(str::to_owned);
    let apart = arguments.iter().filter_map(|argument| apart(argument.to_str()?)).next().unwrap_or_default();
    let unit = arguments.iter().skip_while(|argument| *argument != "--crate-name").nth(1);
    let unit = unit.map_or_else(String::new, |name| name.display().to_string()) + &apart;
    let mut commands = [plain(), thymos()];
    if !plain_first {
        commands.reverse();
    }
    let mut costs = commands.map(|mut command| {
        let (start, used) = (Instant::now(), processor_time());
        let output = command.stdin(Stdio::null()).output().expect("the compiler starts");
        (start.elapsed().as_secs_f64(), processor_time() - used, output)
    });
    if !plain_first {
        costs.reverse();
    }
    let [(plain, plain_used, _), (thymos, thymos_used, output)] = costs;
    let note = format!("{before}{unit} {plain} {thymos} {plain_used} {thymos_used}\n");
    std::fs::write(notes, note).expect("the scratch directory is writable");
    std::io::Write::write_all(&mut std::io::stderr(), &output.stderr).expect("Cargo listens");
    std::process::exit(output.status.code().unwrap_or(1))
}

/// Downloads the package and its dependencies and returns its unpacked source.
fn fetch(scratch: &Path) -> PathBuf {
    let puller = scratch.join("puller");
    std::fs::create_dir_all(puller.join("src")).expect("the scratch directory is writable");
    std::fs::write(puller.join("src/lib.rs"), "").expect("the scratch directory is writable");
    let manifest = format!(
        "[package]\nname = \"puller\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[workspace]\n[dependencies]\n{PACKAGE} = \"={VERSION}\"\n"
    );
    std::fs::write(puller.join("Cargo.toml"), manifest).expect("the scratch directory is writable");
    // A package without a library is no dependency that Cargo resolves further, but it is downloaded and unpacked.
    run(Command::new("cargo").arg("fetch").current_dir(&puller));
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo"))).expect("there is a home directory");
    let registries = std::fs::read_dir(home.join("registry/src")).expect("Cargo has unpacked packages").flatten();
    let places = registries.map(|registry| registry.path().join(format!("{PACKAGE}-{VERSION}")));
    let source = places.into_iter().find(|place| place.is_dir()).expect("Cargo has unpacked the package");
    run(Command::new("cargo").args(["fetch", "--locked"]).current_dir(copy(&source, &scratch.join("fetch"))));
    source
}

fn build_floor(package: &Path, scratch: &Path) -> PathBuf {
    let target = scratch.join("floor-target");
    let package = copy(package, &scratch.join("floor"));
    run(Command::new("cargo").args(["build", "--release", "--target-dir"]).arg(&target).current_dir(package));
    target.join("release").join(format!("floor{}", std::env::consts::EXE_SUFFIX))
}

fn copy(from: &Path, to: &Path) -> PathBuf {
    std::fs::create_dir_all(to).expect("the scratch directory is writable");
    for entry in std::fs::read_dir(from).expect("the source can be read").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::write(&target, std::fs::read(entry.path()).expect("the source can be read"))
                .expect("the scratch directory is writable");
        }
    }
    to.to_owned()
}

fn run(command: &mut Command) {
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("cargo starts");
    assert!(status.success(), "{command:?} failed");
}

impl Bench {
    /// Compiles every unit plainly and as a miss, so many times, one unit after the other.
    fn misses(&self, rounds: usize) {
        let notes = self.scratch.path().join("pairs");
        let own = std::env::current_exe().expect("this program is a file");
        let mut units: BTreeMap<String, [Vec<f64>; 4]> = BTreeMap::new();
        let mut first = Vec::new();
        for round in 1..=rounds {
            let place = |name: &str| self.scratch.path().join(name);
            for name in ["one", "store"] {
                let _ = std::fs::remove_dir_all(place(name));
            }
            let empty = self.scratch.path().join("puller");
            first.push(self.build(Wrapper::Thymos, &empty) - self.build(Wrapper::None, &empty));
            // The units that come second in one round come first in the next.
            std::fs::write(&notes, if round % 2 == 0 { "\n" } else { "" }).expect("the scratch directory is writable");
            let mut command = Command::new("cargo");
            command
                .args(["build", "--locked", "--offline", "--jobs", "1"])
                .current_dir(copy(&self.source, &place("one")));
            command.env("CARGO_INCREMENTAL", "0").env("THYMOS_DIR", place("store"));
            run(command.env("RUSTC_WRAPPER", &own).env(PAIRS, &notes));
            let noted = std::fs::read_to_string(&notes).expect("the units were noted");
            let mut sums = [0.0; 4];
            for line in noted.lines().filter(|line| !line.is_empty()) {
                let (unit, numbers) = line.split_once(' ').expect("a name stands before the numbers");
                let numbers = numbers.split(' ').map(|text| text.parse::<f64>().expect("a number was noted"));
                let costs = &mut units.entry(unit.to_owned()).or_default();
                for (which, number) in numbers.enumerate() {
                    costs[which].push(number);
                    sums[which] += number;
                }
            }
            let [plain, thymos, plain_used, thymos_used] = sums;
            eprintln!(
                "round {round} of {rounds}: plain {plain:.2} s, a miss {thymos:.2} s, × {:.3}; processor time × {:.3}",
                thymos / plain,
                thymos_used / plain_used
            );
        }
        println!("{PACKAGE} {VERSION}, dev profile, {} units one by one, each the fastest of {rounds}", units.len());
        let mut sums = [0.0; 4];
        for (unit, costs) in units {
            let costs = costs.map(|costs| costs.into_iter().fold(f64::INFINITY, f64::min));
            let [plain, thymos, plain_used, thymos_used] = costs.map(|seconds| 1e3 * seconds);
            println!(
                "  {unit:<36} {plain:>8.1} → {thymos:>8.1} ms, processor {plain_used:>8.1} → {thymos_used:>8.1} ms"
            );
            costs.iter().zip(&mut sums).for_each(|(cost, sum)| *sum += cost);
        }
        println!("  {:<55} {:>7.1} ms", "an empty library, the first unit of a store, takes more", 1e3 * median(first));
        println!("  {:<55} × {:.3}", "a miss / plain rustc, time", sums[1] / sums[0]);
        println!("  {:<55} × {:.3}", "a miss / plain rustc, processor time", sums[3] / sums[2]);
    }

    /// One of each; every figure with the one that it is compared with.
    fn round(&self) -> Vec<(&'static str, f64, f64)> {
        for name in ["one", "two", "store", "recording"] {
            let _ = std::fs::remove_dir_all(self.scratch.path().join(name));
        }
        let [one, two] = ["one", "two"].map(|name| copy(&self.source, &self.scratch.path().join(name)));
        let plain = self.build(Wrapper::None, &one);
        let cold = self.build(Wrapper::Thymos, &one);
        let mut figures = vec![("plain cargo", plain, plain), ("thymos, empty cache / plain", cold, plain)];
        if self.floor.is_some() {
            self.build(Wrapper::Floor, &one);
        }
        for (name, against, dir) in [
            ("thymos, clean rebuild / plain", "thymos, clean rebuild / floor", &one),
            ("thymos, other checkout / plain", "thymos, other checkout / floor", &two),
        ] {
            // The other wrapper's build must not be what warms the page cache, so each is built twice.
            let warm = (0..3).map(|_| self.build(Wrapper::Thymos, dir)).collect();
            let warm = median(warm);
            figures.push((name, warm, plain));
            if self.floor.is_some() {
                let floor = median((0..3).map(|_| self.build(Wrapper::Floor, dir)).collect());
                figures.push((against, warm, floor));
            }
        }
        figures
    }

    /// Builds from a clean target directory and returns the seconds.
    fn build(&self, wrapper: Wrapper, dir: &Path) -> f64 {
        let _ = std::fs::remove_dir_all(dir.join("target"));
        let mut command = Command::new("cargo");
        command.args(["build", "--locked", "--offline"]).current_dir(dir).env("CARGO_INCREMENTAL", "0");
        command
            .env("THYMOS_DIR", self.scratch.path().join("store"))
            .env("FLOOR_DIR", self.scratch.path().join("recording"));
        match (wrapper, &self.floor) {
            (Wrapper::None, _) => command.env("RUSTC_WRAPPER", ""),
            (Wrapper::Thymos, _) => command.env("RUSTC_WRAPPER", env!("CARGO_BIN_EXE_thymos")),
            (Wrapper::Floor, floor) => command.env("RUSTC_WRAPPER", floor.as_deref().expect("the floor was built")),
        };
        let start = Instant::now();
        run(&mut command);
        start.elapsed().as_secs_f64()
    }
}
