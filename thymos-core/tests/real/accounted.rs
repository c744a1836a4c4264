//! Every file that a compile opened is accounted for, by a witness of its own: strace, which knows neither the observer nor the
//! rules that say what is no input.
//!
//! The project is built plainly under strace, and then through an empty cache at the same place. Whatever a compile opened for
//! reading must be an input of its manifest with the content that it has, an extern (the key holds it), a file of the compiler's
//! identity, something that the compile made itself, or stand in [`EXCUSED`] or [`RUNTIME`].

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use thymos_core::compiler;
use thymos_core::digest::Digest;
use thymos_core::manifest::{Input, Manifest};

use crate::projects::Project;
use crate::support::{Checkout, Mode, World, require_tool};

/// What no manifest names, and why that is right.
const EXCUSED: [(&str, &str); 6] = [
    ("/dev/", "devices have no content"),
    ("/proc/", "the kernel's account of the process, which its allocator and its threads ask for"),
    ("/sys/", "the same"),
    ("/etc/ld.so.cache", "tells the loader where libraries are, and the libraries count"),
    ("/usr/lib/locale/", "the language of messages that nobody keeps"),
    ("/usr/share/locale/", "the same"),
];

/// The system's libraries that the compiler's own process runs on; what a link puts into a program is another matter.
const RUNTIME: [&str; 7] =
    ["libc.so.", "libdl.so.", "libgcc_s.so.", "libm.so.", "libpthread.so.", "librt.so.", "libz.so."];

/// Puts strace in front of the compiler and tells which unit it is.
const WITNESS: &str = "#!/bin/sh\ncase \" $* \" in *' --out-dir '*) ;; *) exec \"$@\" ;; esac\n\
                       { pwd; printf '%s\\n' \"$@\"; } > \"$TRACES/$$.unit\"\n\
                       exec strace -f -qq -y -s 4096 -e trace=openat,open,creat,rename,renameat,renameat2,link,linkat,execve -o \"$TRACES/$$.trace\" \"$@\"\n";

/// Builds the project twice and compares what strace saw with what the manifests say.
pub fn check(project: &Project) {
    if !require_tool("strace") {
        return;
    }
    let mut world = World::new(Mode::Plain);
    let here = project.lay(&world, "here");
    here.cargo("fetch").with_registry().ok();
    world.share_registry();
    let witness = here.executable("../witness", WITNESS);
    let traces = world.at("traces").root().to_owned();
    here.cargo("build --locked").env("RUSTC_WRAPPER", witness).env("TRACES", &traces).ok();
    here.remove("target");
    drop(here);

    world.set_mode(Mode::Cached);
    let here = world.at("here");
    here.cargo("build --locked").ok();
    let known = Known::gather(&world, &here);
    let mut units = 0;
    let mut strange = Vec::new();
    for unit in traced(&traces) {
        // What failed under strace, a probe, failed in the cache and is not stored.
        let Some(inputs) = known.inputs.get(&unit.stem) else { continue };
        units += 1;
        strange.extend(unit.strange(inputs, &known.compiler).into_iter().map(|path| format!("{}: {path}", unit.stem)));
    }
    assert!(units > 3, "the units of the two builds have the same names: {units}");
    assert!(strange.is_empty(), "read, and in no manifest:\n{}", strange.join("\n"));
    eprintln!("{}: every file that {units} compiles opened is accounted for", project.name());
}

/// What the store says.
struct Known {
    /// By the stem of a unit's outputs: its files with their content.
    inputs: HashMap<String, HashMap<PathBuf, Digest>>,
    /// The compiler's files.
    compiler: HashSet<PathBuf>,
}

impl Known {
    fn gather(world: &World, here: &Checkout<'_>) -> Known {
        let store = world.at("store/v1");
        let files = |part: &str| store.files_below(part).into_iter().map(|path| store.bytes(&path)).collect::<Vec<_>>();
        let records: Vec<_> = files("compilers").iter().filter_map(|bytes| compiler::decode(bytes)).collect();
        let sysroot = records.first().expect("a compiler was used").sysroot.clone();
        let cargo_home = crate::support::users_directory("CARGO_HOME", ".cargo");
        let roots = [('W', here.root().to_owned()), ('T', here.path("target")), ('C', cargo_home), ('S', sysroot)];
        let concrete = |rooted: &[u8]| {
            let text = String::from_utf8_lossy(rooted).into_owned();
            let rest = |(letter, root): &(char, PathBuf)| {
                Some(format!("{}{}", root.display(), text.strip_prefix(&format!("\0{letter}"))?))
            };
            PathBuf::from(roots.iter().find_map(rest).unwrap_or(text.clone()))
        };
        let mut inputs: HashMap<String, HashMap<PathBuf, Digest>> = HashMap::new();
        for entry in
            files("actions").iter().filter_map(|bytes| Manifest::decode(bytes)).flat_map(|manifest| manifest.entries)
        {
            let read = entry.inputs.iter().filter_map(|input| match input {
                Input::File(path, digest) => Some((concrete(path), *digest)),
                _ => None,
            });
            let read: HashMap<PathBuf, Digest> = read.collect();
            let stems: HashSet<String> = entry.outputs.iter().map(|output| stem_of(&output.name)).collect();
            stems.into_iter().for_each(|stem| inputs.entry(stem).or_default().extend(read.clone()));
        }
        let compiler = records.into_iter().flat_map(|record| record.files).map(|(path, _)| path).collect();
        Known { inputs, compiler }
    }
}

/// `libserde-0123.rlib` and `app-0123` are of the units `serde-0123` and `app-0123`.
fn stem_of(output: &[u8]) -> String {
    let name = String::from_utf8_lossy(output).into_owned();
    let (stem, ending) = name.split_once('.').unwrap_or((&name, ""));
    if ending.is_empty() { stem.to_owned() } else { stem.strip_prefix("lib").unwrap_or(stem).to_owned() }
}

/// One compile, as strace saw it.
struct Unit {
    stem: String,
    externs: HashSet<PathBuf>,
    read: HashSet<PathBuf>,
    made: HashSet<PathBuf>,
}

fn traced(traces: &Path) -> Vec<Unit> {
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
        let arguments: Vec<&str> = arguments.lines().collect();
        let after = |option: &str| arguments.windows(2).find(|pair| pair[0] == option).map_or("", |pair| pair[1]);
        let extra = arguments.iter().find_map(|argument| argument.strip_prefix("extra-filename=")).unwrap_or_default();
        let externs = arguments.windows(2).filter(|pair| pair[0] == "--extern");
        let externs = externs.filter_map(|pair| pair[1].split_once('=')).map(|(_, path)| PathBuf::from(path)).collect();
        let mut unit = Unit {
            stem: format!("{}{extra}", after("--crate-name")),
            externs,
            read: HashSet::new(),
            made: HashSet::new(),
        };
        for line in fs::read_to_string(told.with_extension("trace")).unwrap().lines() {
            unit.line(line, Path::new(directory));
        }
        unit
    }

    /// `123 openat(AT_FDCWD</ws>, "src/lib.rs", O_RDONLY|O_CLOEXEC) = 3</ws/src/lib.rs>`, or its first half where another
    /// thread came in between.
    fn line(&mut self, line: &str, directory: &Path) {
        let failed = line.contains(" = -1 ");
        let Some((call, rest)) = line.split_once('(') else { return };
        let call = call.rsplit(' ').next().unwrap_or_default();
        let quoted: Vec<&str> = rest.split('"').skip(1).step_by(2).collect();
        // A relative path is relative to the descriptor in front of it, which strace names.
        let before = rest.split_once('"').and_then(|(before, _)| before.split_once('<')?.1.split_once('>'));
        let base = before.map_or(directory, |(base, _)| Path::new(base));
        let path = |text: &&str| base.join(text);
        match call {
            "open" | "openat" if !failed => {
                let writes = ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC"].iter().any(|flag| rest.contains(flag));
                let set = if writes { &mut self.made } else { &mut self.read };
                set.extend(quoted.first().map(path));
            }
            "execve" if !failed => self.read.extend(quoted.first().map(path)),
            "creat" | "rename" | "renameat" | "renameat2" | "link" | "linkat" if !failed => {
                self.made.extend(quoted.iter().take(2).map(path));
            }
            _ => {}
        }
    }

    /// Returns what was read and is nowhere accounted for.
    fn strange(&self, inputs: &HashMap<PathBuf, Digest>, compiler: &HashSet<PathBuf>) -> Vec<String> {
        let excused = |path: &Path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let system = ["/lib", "/lib64", "/usr/lib"].iter().any(|tree| path.starts_with(tree));
            EXCUSED.iter().any(|(tree, _)| path.to_string_lossy().starts_with(tree))
                || (system && RUNTIME.iter().any(|library| name.starts_with(library)))
        };
        let mut strange = Vec::new();
        for path in self.read.iter().filter(|path| path.is_file()) {
            let real = path.canonicalize().unwrap();
            let either = |set: &HashSet<PathBuf>| set.contains(path) || set.contains(&real);
            let same = |(known, digest): (&PathBuf, &Digest)| {
                known.canonicalize().is_ok_and(|known| known == real)
                    && Digest::of_file(&real).is_ok_and(|now| now == *digest)
            };
            let accounted = either(&self.externs) || either(compiler) || either(&self.made) || excused(path);
            if !accounted && !inputs.iter().any(same) {
                strange.push(path.display().to_string());
            }
        }
        strange.sort();
        strange
    }
}
