//! What strace saw of a compile.
//!
//! It knows what system calls mean, and nothing of Thymos.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Puts strace in front of the compiler and tells which unit it is.
pub const WITNESS: &str = "#!/bin/sh\ncase \" $* \" in *' --out-dir '*) ;; *) exec \"$@\" ;; esac\n\
                           { pwd; printf '%s\\n' \"$@\"; } > \"$TRACES/$$.unit\"\n\
                           exec strace -f -qq -y -s 4096 --seccomp-bpf -e trace=%file,getdents64 -o \"$TRACES/$$.trace\" \"$@\"\n";

/// One compile. Paths are absolute and as they were spelled.
pub struct Unit {
    /// What its outputs are named after: `serde-0123`.
    pub stem: String,
    /// Directories that it works in: the current one and the one that it writes to.
    pub works_in: [PathBuf; 2],
    /// What it was given by `--extern`.
    pub externs: HashSet<PathBuf>,
    /// The directories of `-L dependency`.
    pub dependencies: HashSet<PathBuf>,
    /// What was opened for reading, or started.
    pub read: HashSet<PathBuf>,
    /// What was written, made or renamed.
    pub made: HashSet<PathBuf>,
    /// What was asked about and was there.
    pub found: HashSet<PathBuf>,
    /// What was looked for and was not there.
    pub vain: HashSet<PathBuf>,
    /// Directories whose names were read.
    pub listed: HashSet<PathBuf>,
}

/// Returns every compile that [`WITNESS`] saw.
pub fn traced(traces: &Path) -> Vec<Unit> {
    let names = fs::read_dir(traces).unwrap().map(|entry| entry.unwrap().path());
    names
        .filter(|path| path.extension().is_some_and(|ending| ending == "unit"))
        .map(|path| Unit::parse(&path))
        .collect()
}

impl Unit {
    fn parse(told: &Path) -> Unit {
        let text = fs::read_to_string(told).unwrap();
        let (directory, arguments) = text.split_once('\n').unwrap();
        let directory = Path::new(directory);
        let arguments: Vec<&str> = arguments.lines().collect();
        let all = |option: &'static str| arguments.windows(2).filter(move |pair| pair[0] == option).map(|pair| pair[1]);
        let extra = arguments.iter().find_map(|argument| argument.strip_prefix("extra-filename=")).unwrap_or_default();
        let dependencies = all("-L").filter_map(|value| value.strip_prefix("dependency="));
        let mut unit = Unit {
            stem: format!("{}{extra}", all("--crate-name").next().unwrap_or_default()),
            works_in: [directory.to_owned(), directory.join(all("--out-dir").next().unwrap_or_default())],
            externs: all("--extern")
                .filter_map(|value| value.split_once('='))
                .map(|(_, path)| directory.join(path))
                .collect(),
            dependencies: dependencies.map(|path| directory.join(path)).collect(),
            read: HashSet::new(),
            made: HashSet::new(),
            found: HashSet::new(),
            vain: HashSet::new(),
            listed: HashSet::new(),
        };
        for call in calls(&fs::read_to_string(told.with_extension("trace")).unwrap()) {
            unit.call(&call, directory);
        }
        unit
    }

    /// `openat(AT_FDCWD</ws>, "src/lib.rs", O_RDONLY|O_CLOEXEC) = 3</ws/src/lib.rs>`
    fn call(&mut self, line: &str, directory: &Path) {
        let Some((call, rest)) = line.split_once('(') else { return };
        let quoted: Vec<&str> = rest.split('"').skip(1).step_by(2).collect();
        // A relative path is relative to the descriptor in front of it, which strace names.
        let named = |text: &str| Some(PathBuf::from(text.split_once('<')?.1.split_once('>')?.0));
        let base = rest.split_once('"').and_then(|(before, _)| named(before)).unwrap_or_else(|| directory.to_owned());
        let path = |text: &&str| base.join(text);
        if rest.contains(" = -1 ENOENT") || rest.contains(" = -1 ENOTDIR") {
            // What a descriptor already leads to has no name.
            self.vain.extend(quoted.first().filter(|text| !text.is_empty()).map(path));
            return;
        }
        if rest.contains(" = -1 ") {
            return;
        }
        match call {
            "open" | "openat" => {
                let writes = ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC"].iter().any(|flag| rest.contains(flag));
                let set = if writes { &mut self.made } else { &mut self.read };
                set.extend(quoted.first().map(path));
            }
            "execve" => self.read.extend(quoted.first().map(path)),
            "creat" | "mkdir" | "mkdirat" | "rename" | "renameat" | "renameat2" | "link" | "linkat" => {
                self.made.extend(quoted.iter().take(2).map(path));
            }
            "stat" | "lstat" | "newfstatat" | "statx" | "access" | "faccessat" | "faccessat2" | "readlink"
            | "readlinkat" => {
                self.found.extend(quoted.first().filter(|text| !text.is_empty()).map(path));
            }
            "getdents64" => self.listed.extend(named(rest)),
            _ => {}
        }
    }
}

/// Returns the calls of a trace, each as one line without its process; where another thread came in between, strace tells
/// one in two parts: `123 openat(… <unfinished ...>` and `123 <... openat resumed>…`.
fn calls(trace: &str) -> Vec<String> {
    let mut begun: HashMap<&str, &str> = HashMap::new();
    let mut calls = Vec::new();
    for (process, line) in trace.lines().filter_map(|line| line.split_once(' ')) {
        let line = line.trim_start();
        if let Some(first) = line.strip_suffix(" <unfinished ...>") {
            begun.insert(process, first);
        } else if let Some((_, second)) = line.strip_prefix("<... ").and_then(|line| line.split_once(" resumed>")) {
            calls.push(format!("{}{second}", begun.remove(process).unwrap_or_default()));
        } else {
            calls.push(line.to_owned());
        }
    }
    // A process that was replaced or killed does not come back.
    calls.extend(begun.into_values().map(str::to_owned));
    calls
}
