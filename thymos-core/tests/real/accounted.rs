//! Everything that a compile looked at is accounted for, by a witness of its own: strace, which knows neither the observer nor the
//! rules that say what is no input.
//!
//! The project is built plainly under strace, and then through an empty cache at the same place. Whatever a compile opened for
//! reading must be an input of its manifest with the content that it has, an extern (the key holds it), a file of the compiler's
//! identity, something that the compile made itself, or stand in [`EXCUSED`] or [`RUNTIME`]. Whatever it looked for in vain must be
//! an input as absent, or as a program where the search of `PATH` looked for it; a directory that it listed as a listing; and what
//! it only asked about and was there as whatever it is. What rustc looks for in its sysroot and in `-L dependency` directories is
//! no input: see `inputs.rs`.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use thymos_core::action::compiler;
use thymos_core::action::manifest::{Input, Manifest};
use thymos_core::system::digest::Digest;

use crate::projects::Project;
use crate::support::{Checkout, Mode, World, require_tool, users_directory};
use crate::witness::{Unit, WITNESS, traced};

/// What no manifest names, and why that is right.
const EXCUSED: [(&str, &str); 8] = [
    ("/dev/", "devices have no content"),
    ("/proc/", "the kernel's account of the process, which its allocator and its threads ask for"),
    ("/sys/", "the same"),
    ("/etc/ld.so.cache", "tells the loader where libraries are, and the libraries count"),
    ("/etc/ld.so.preload", "names libraries for every process of the system"),
    ("/etc/malloc.conf", "the settings of the compiler's allocator"),
    ("/usr/lib/locale/", "the language of messages that nobody keeps"),
    ("/usr/share/locale/", "the same"),
];

/// The system's libraries that the compiler's own process runs on; what a link puts into a program is another matter.
const RUNTIME: [&str; 7] =
    ["libc.so.", "libdl.so.", "libgcc_s.so.", "libm.so.", "libpthread.so.", "librt.so.", "libz.so."];

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
    let (mut units, mut seen) = (0, [0; 4]);
    let mut strange = Vec::new();
    for unit in traced(&traces) {
        // What failed under strace, a probe, failed in the cache and is not stored.
        let Some(inputs) = known.inputs.get(&unit.stem) else { continue };
        units += 1;
        let told = |inputs| {
            let [read, found] = [known.read(&unit, inputs), known.found(&unit, inputs)];
            [read, found, known.vain(&unit, inputs), known.listed(&unit, inputs)]
        };
        strange.extend(told(inputs).concat().into_iter().map(|what| format!("{}: {what}", unit.stem)));
        told(&Inputs::default()).iter().zip(&mut seen).for_each(|(noticed, seen)| *seen += noticed.len());
    }
    assert!(units > 3, "the units of the two builds have the same names: {units}");
    // If no manifest named anything, the witness would notice.
    assert!(seen[..3].iter().all(|kind| *kind > units), "the witness sees: {seen:?} by {units} units");
    assert!(strange.is_empty(), "in no manifest:\n{}", strange.join("\n"));
    eprintln!("{}: everything that {units} compiles looked at is accounted for: {seen:?}", project.name());
}

/// What the store says.
struct Known {
    /// By the stem of a unit's outputs.
    inputs: HashMap<String, Inputs>,
    /// The compiler's files.
    compiler: HashSet<PathBuf>,
    sysroot: PathBuf,
    /// The directories of `PATH`.
    search: Vec<PathBuf>,
}

/// What the manifests of one stem name.
#[derive(Clone, Default)]
struct Inputs {
    files: HashMap<PathBuf, Digest>,
    absent: HashSet<PathBuf>,
    listings: HashSet<PathBuf>,
    /// Directories and links, which were there.
    others: HashSet<PathBuf>,
    programs: HashSet<PathBuf>,
}

impl Inputs {
    fn add(&mut self, input: &Input, concrete: impl Fn(&[u8]) -> PathBuf) {
        match input {
            Input::File(path, digest) => drop(self.files.insert(concrete(path), *digest)),
            Input::Absent(path) => drop(self.absent.insert(concrete(path))),
            Input::Listing(path, _) => drop(self.listings.insert(concrete(path))),
            Input::Directory(path) | Input::Link(path, _) | Input::Metadata(path, ..) => {
                self.others.insert(concrete(path));
            }
            Input::Program(name, _) => drop(self.programs.insert(concrete(name))),
            _ => {}
        }
    }
}

impl Known {
    fn gather(world: &World, here: &Checkout<'_>) -> Known {
        let store = world.at("store/v1");
        let files = |part: &str| store.files_below(part).into_iter().map(|path| store.bytes(&path)).collect::<Vec<_>>();
        let records: Vec<_> = files("compilers").iter().filter_map(|bytes| compiler::decode(bytes)).collect();
        let sysroot = records.first().expect("a compiler was used").sysroot.clone();
        let cargo_home = users_directory("CARGO_HOME", ".cargo");
        let roots =
            [('W', here.root().to_owned()), ('T', here.path("target")), ('C', cargo_home), ('S', sysroot.clone())];
        let concrete = |rooted: &[u8]| {
            let text = String::from_utf8_lossy(rooted).into_owned();
            let rest = |(letter, root): &(char, PathBuf)| {
                Some(format!("{}{}", root.display(), text.strip_prefix(&format!("\0{letter}"))?))
            };
            PathBuf::from(roots.iter().find_map(rest).unwrap_or(text.clone()))
        };
        let mut inputs: HashMap<String, Inputs> = HashMap::new();
        let manifests = files("actions");
        for entry in manifests.iter().filter_map(|bytes| Manifest::decode(bytes)).flat_map(|manifest| manifest.entries)
        {
            let stems: HashSet<String> = entry.outputs.iter().map(|output| stem_of(&output.name)).collect();
            for stem in stems {
                let known = inputs.entry(stem).or_default();
                entry.inputs.iter().for_each(|input| known.add(input, concrete));
            }
        }
        let compiler = records.into_iter().flat_map(|record| record.files).map(|(path, _)| path).collect();
        let search = std::env::var_os("PATH").map(|list| std::env::split_paths(&list).collect());
        Known { inputs, compiler, sysroot, search: search.unwrap_or_default() }
    }

    /// Returns what was read and is nowhere accounted for.
    fn read(&self, unit: &Unit, inputs: &Inputs) -> Vec<String> {
        let mut strange = Vec::new();
        for path in unit.read.iter().filter(|path| path.is_file()) {
            let real = path.canonicalize().unwrap();
            let either = |set: &HashSet<PathBuf>| set.contains(path) || set.contains(&real);
            let same = |(known, digest): (&PathBuf, &Digest)| {
                known.canonicalize().is_ok_and(|known| known == real)
                    && Digest::of_file(&real).is_ok_and(|now| now == *digest)
            };
            let accounted = either(&unit.externs) || either(&self.compiler) || either(&unit.made) || excused(path);
            if !accounted && !inputs.files.iter().any(same) {
                strange.push(format!("read {}", path.display()));
            }
        }
        strange
    }

    /// Returns what was asked about, was there, and is nowhere accounted for.
    fn found(&self, unit: &Unit, inputs: &Inputs) -> Vec<String> {
        let named = |path: &Path| {
            inputs.files.contains_key(path) || inputs.others.contains(path) || inputs.listings.contains(path)
        };
        let keyed = |path: &Path| unit.externs.contains(path) || self.compiler.contains(path);
        let temporary = std::env::temp_dir();
        let works_in = |path: &Path| unit.works_in.iter().chain([&temporary]).any(|known| known.starts_with(path));
        let accounted = |path: &Path| named(path) || keyed(path) || works_in(path) || self.searched(path, inputs);
        let strange = unit.found.iter().filter(|path| !accounted(path) && !self.is_no_input(unit, path));
        strange.map(|path| format!("found {}", path.display())).collect()
    }

    /// Returns what was looked for in vain and is nowhere accounted for.
    fn vain(&self, unit: &Unit, inputs: &Inputs) -> Vec<String> {
        let accounted = |path: &Path| inputs.absent.contains(path) || self.searched(path, inputs);
        let strange = unit.vain.iter().filter(|path| !accounted(path) && !self.is_no_input(unit, path));
        strange.map(|path| format!("looked in vain for {}", path.display())).collect()
    }

    /// Returns what was listed and is nowhere accounted for.
    fn listed(&self, unit: &Unit, inputs: &Inputs) -> Vec<String> {
        let strange =
            unit.listed.iter().filter(|path| !inputs.listings.contains(*path) && !self.is_no_input(unit, path));
        strange.map(|path| format!("listed {}", path.display())).collect()
    }

    /// A search of `PATH` looked here.
    fn searched(&self, path: &Path, inputs: &Inputs) -> bool {
        self.search.iter().any(|directory| path.parent() == Some(directory))
            && path.file_name().is_some_and(|name| inputs.programs.contains(Path::new(name)))
    }

    /// What the compiler's identity covers, where rustc finds by hash what it then opens, and the unit's own outputs.
    fn is_no_input(&self, unit: &Unit, path: &Path) -> bool {
        path.starts_with(&self.sysroot)
            || path.ancestors().any(|above| unit.dependencies.contains(above) || unit.made.contains(above))
            || path.file_name().is_some_and(|name| stem_of(name.as_encoded_bytes()) == unit.stem)
            || excused(path)
    }
}

fn excused(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let system = ["/lib", "/lib64", "/usr/lib"].iter().any(|tree| path.starts_with(tree));
    EXCUSED.iter().any(|(tree, _)| path.to_string_lossy().starts_with(tree))
        || (system && RUNTIME.iter().any(|library| name.starts_with(library)))
}

/// `libserde-0123.rlib` and `app-0123` are of the units `serde-0123` and `app-0123`.
fn stem_of(output: &[u8]) -> String {
    let name = String::from_utf8_lossy(output).into_owned();
    let (stem, ending) = name.split_once('.').unwrap_or((&name, ""));
    if ending.is_empty() { stem.to_owned() } else { stem.strip_prefix("lib").unwrap_or(stem).to_owned() }
}
