//! What the rules say of a path, whoever asks for it and whatever is there.
//!
//! A linker asks about two thousand paths in a hundred directories, and nearly all of what the rules ask of a path is asked
//! of the directories above it. So it is asked once for each directory.
//!
//! Invariant: what is remembered for a directory is what [`Facts::of`] says of any path in it that no rule names by itself. One
//! that some rule does name is asked about by itself.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf, is_separator};

use super::{Rules, places};
use crate::compile::observe::Seen;

/// What holds of a path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// It is the kernel's and has no content that could be compared.
    pub kernels: bool,
    /// It is the compiler's own, or held by the key, or one of the outputs.
    pub own: bool,
    /// This compile made it, or a directory above it.
    pub made: bool,
    /// It belongs to the loader's search for variants of a library.
    pub hwcaps: bool,
    /// It lies in the sysroot.
    pub sysroot: bool,
    /// It lies below a `-L dependency` directory.
    pub in_dependencies: bool,
    /// It is such a directory.
    pub is_dependencies: bool,
    /// It lies in a directory of `PATH`.
    pub searched: bool,
}

const HWCAPS: &str = "glibc-hwcaps";
/// The paths that `places::is_kernels` names.
const KERNELS: [&str; 6] = ["/proc", "/sys", "/dev/fd", "/dev/stdin", "/dev/stdout", "/dev/stderr"];

impl Facts {
    /// A path with a step back is nothing that a rule names, unless it stays in the sysroot, where no link is anybody's own.
    fn of(path: &Path, rules: &Rules<'_>, written: &HashMap<&Path, Seen>) -> Self {
        if places::is_plain(path) {
            return Self::of_plain(path, rules, written);
        }
        let normal = places::normal(path);
        if path.starts_with(&rules.sysroot) && normal.starts_with(&rules.sysroot) {
            return Self::of_plain(&normal, rules, written);
        }
        Self { kernels: places::is_kernels(path), ..Self::default() }
    }

    fn of_plain(path: &Path, rules: &Rules<'_>, written: &HashMap<&Path, Seen>) -> Self {
        let under = |dir: &Path| path.starts_with(dir);
        Self {
            kernels: places::is_kernels(path),
            own: rules.compiler.contains(path)
                || rules.keyed.contains(path)
                || rules.incremental.as_deref().is_some_and(under)
                || (rules.is_output)(path),
            made: rules.is_made(path, written),
            hwcaps: path.components().any(|part| part.as_os_str() == HWCAPS),
            sysroot: under(&rules.sysroot),
            in_dependencies: path.ancestors().skip(1).any(|parent| rules.dependencies.contains(parent)),
            is_dependencies: rules.dependencies.contains(path),
            searched: path.parent().is_some_and(|parent| rules.search.contains(parent)),
        }
    }
}

/// The facts of paths, remembered by the directory that they lie in.
pub struct ByDirectory<'a> {
    rules: &'a Rules<'a>,
    written: &'a HashMap<&'a Path, Seen>,
    /// Every path that some rule names.
    named: HashSet<&'a Path>,
    /// The last names of these.
    names: HashSet<&'a [u8]>,
    of_directory: HashMap<&'a [u8], Option<Facts>>,
}

impl<'a> ByDirectory<'a> {
    pub fn new(rules: &'a Rules<'a>, written: &'a HashMap<&'a Path, Seen>) -> Self {
        let fixed = KERNELS.iter().map(Path::new);
        let sets = rules.compiler.iter().chain(&rules.keyed).copied().chain(written.keys().copied());
        let single = rules.dependencies.iter().chain(&rules.search).chain(&rules.incremental);
        let single = single.chain([&rules.sysroot, &rules.out_dir]).map(PathBuf::as_path);
        let named: HashSet<&Path> = fixed.chain(sets).chain(single).collect();
        let names = named.iter().filter_map(|path| path.file_name()).map(OsStr::as_encoded_bytes).collect();
        Self { rules, written, named, names, of_directory: HashMap::new() }
    }

    /// Returns what holds of a path.
    pub fn facts(&mut self, path: &'a Path) -> Facts {
        let unnamed = split(path).filter(|(_, name)| !self.names(path, name) && places::is_plain(path));
        let remembered = unnamed.and_then(|(directory, _)| self.of_unnamed(directory, path));
        remembered.unwrap_or_else(|| self.of(path))
    }

    fn of(&self, path: &Path) -> Facts {
        Facts::of(path, self.rules, self.written)
    }

    fn names(&self, path: &Path, name: &[u8]) -> bool {
        name == HWCAPS.as_bytes() || (self.names.contains(name) && self.named.contains(path))
    }

    /// Returns what holds of any path in a directory that no rule names, of which `path` is one.
    fn of_unnamed(&mut self, directory: &'a [u8], path: &'a Path) -> Option<Facts> {
        if let Some(known) = self.of_directory.get(directory) {
            return *known;
        }
        let facts = self.inherited(directory, path).or_else(|| {
            // Which names an output may have is the unit's to say.
            let outputs = path.parent() == Some(&self.rules.out_dir);
            (!outputs).then(|| self.of(&path.with_file_name(UNNAMED)))
        });
        self.of_directory.insert(directory, facts);
        facts
    }

    /// A directory that no rule names adds nothing to what holds of everything in the directory above it.
    fn inherited(&mut self, directory: &[u8], path: &'a Path) -> Option<Facts> {
        let directory = path.parent().filter(|parent| parent.as_os_str().as_encoded_bytes() == directory)?;
        let (above, name) = split(directory)?;
        if self.names(directory, name) {
            return None;
        }
        self.of_unnamed(above, directory).map(|facts| Facts { searched: false, ..facts })
    }
}

/// A name that no rule can name: no file has it.
const UNNAMED: &str = "\0";

/// Splits off the last name, where there is one and a directory before it.
fn split(path: &Path) -> Option<(&[u8], &[u8])> {
    let bytes = path.as_os_str().as_encoded_bytes();
    let at = bytes.iter().rposition(|byte| is_separator(char::from(*byte)))?;
    let (directory, name) = (&bytes[..at], &bytes[at + 1..]);
    (at > 0 && !matches!(name, b"" | b"." | b"..")).then_some((directory, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_for_a_directory_is_what_holds_of_each_path() {
        let compiler = Path::new("/tc/lib/librustc_driver.so");
        let rules = Rules {
            compiler: HashSet::from([compiler]),
            sysroot: "/tc".into(),
            keyed: HashSet::from([Path::new("/ws/keyed")]),
            dependencies: HashSet::from(["/ws/target/deps".into()]),
            search: HashSet::from(["/usr/bin".into(), "/tc".into()]),
            incremental: Some("/ws/target/inc".into()),
            out_dir: "/ws/target/out".into(),
            directory: "/ws".into(),
            libraries: HashSet::new(),
            known: vec!["/ws/target/out".into()],
            foreign_links: true,
            names_open_files: false,
            executable_is_known: false,
            shells_only_link: false,
            is_output: &|path| path.parent() == Some(Path::new("/ws/target/out")) && path.extension().is_some(),
            is_linker: &|_| false,
        };
        let written = ["/ws/made", "/ws/target/out", "/usr/lib/x", "/tc/lib/y/z"].map(Path::new);
        let written: HashMap<_, _> = written.map(|path| (path, Seen::Absent)).into();
        let directories = [
            "",
            "/",
            "/ws",
            "/ws/.",
            "/ws//target",
            "/ws/made",
            "/ws/made/deep/down",
            "/ws/target/deps",
            "/ws/target/deps/x",
            "/ws/target/out",
            "/ws/target/out/deep",
            "/ws/target/inc",
            "/ws/target/inc/s",
            "/tc",
            "/tc/lib",
            "/tc/lib/y",
            "/usr",
            "/usr/bin",
            "/usr/bin/deep",
            "/usr/lib",
            "/usr/lib/x",
            "/usr/lib/locale/C",
            "/usr/lib/glibc-hwcaps",
            "/etc",
            "/proc",
            "/proc/self",
            "/ws/..",
            "/ws/target/deps/..",
            "relative",
        ];
        let names = [
            "",
            ".",
            "..",
            "a",
            "a.o",
            "made",
            "target",
            "deps",
            "out",
            "inc",
            "keyed",
            "tc",
            "lib",
            "librustc_driver.so",
            "x",
            "y",
            "z",
            "bin",
            "locale",
            "glibc-hwcaps",
            "ld.so.cache",
            "localtime",
            "proc",
            "self",
            "a/",
            "a/.",
            "a//b",
        ];
        let paths: Vec<PathBuf> =
            directories.iter().flat_map(|dir| names.iter().map(move |name| format!("{dir}/{name}").into())).collect();
        let mut by_directory = ByDirectory::new(&rules, &written);
        for path in paths.iter().chain(paths.iter().rev()) {
            assert_eq!(by_directory.facts(path), Facts::of(path, &rules, &written), "{}", path.display());
        }
    }
}
