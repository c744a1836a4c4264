//! Projects whose programs show that the workspace and the target directory are remapped: `file!()` in generated code, most of all.
//!
//! They differ from what plain cargo makes, and must differ by nothing else. So plain cargo is told to remap as well, by a wrapper
//! that does only that, and what it makes is what the cache must give; and with `THYMOS_REMAP=off` the cache must give what plain
//! cargo makes. A project that says that it shows the remapping and does not fails here.

use crate::oracle::{HERE, Programs, THERE, build_with};
use crate::projects::Project;
use crate::support::{Stats, World};

/// Puts what ARCHITECTURE.md says about remapping in front of the compiler's arguments: paths are filled up to one length.
const REMAPPER: &str = "#!/bin/sh\nrustc=$1; shift\n\
                        exec \"$rustc\" \"--remap-path-prefix=$PLACE=$FILLED\" \"--remap-path-prefix=$PLACE/target=$FILLED_TARGET\" \"$@\"\n";

/// Fills a path up by `/.`.
fn filled(path: &std::path::Path) -> String {
    let mut path = path.display().to_string();
    let class = [64, 128, 256].into_iter().find(|class| path.len() <= *class).unwrap_or(path.len());
    if (class - path.len()) % 2 == 1 {
        path.push('/');
    }
    let rest = class - path.len();
    path + &"/.".repeat(rest / 2)
}

/// Returns what plain cargo makes at both places where it is told to remap.
pub fn wanted(project: &Project, world: &World, plain: &[Programs; 2], why: &str) -> [Programs; 2] {
    let name = project.name();
    let remapped = [HERE, THERE].map(|place| build(project, world, place));
    for (place, (remapped, plain)) in [HERE, THERE].iter().zip(remapped.iter().zip(plain)) {
        world.at(place).remove("target");
        assert_ne!(remapped, plain, "{name} at {place}: it is no longer true that {why}");
    }
    eprintln!("{name}: its programs show the remapping, because {why}");
    remapped
}

/// Builds with plain cargo, which is told to remap.
pub fn build(project: &Project, world: &World, place: &str) -> Programs {
    let here = world.at(place);
    let remapper = world.at("").executable("remapper", REMAPPER);
    build_with(project, &here, |cargo| {
        cargo
            .env("RUSTC_WRAPPER", &remapper)
            .env("PLACE", here.root())
            .env("FILLED", filled(here.root()))
            .env("FILLED_TARGET", filled(&here.path("target")))
    })
}

/// Without the remapping the programs are those of plain cargo at both places, and come back as such at the first. The store is the
/// one that holds remapped results.
pub fn assert_plain_without(project: &Project, world: &World, plain: &[Programs; 2]) {
    for (place, wanted) in [(HERE, &plain[0]), (THERE, &plain[1]), (HERE, &plain[0])] {
        let here = world.at(place);
        if here.path("target").exists() {
            here.remove("target");
        }
        world.zero();
        let programs = build_with(project, &here, |cargo| cargo.env("THYMOS_REMAP", "off"));
        assert_eq!(&programs, wanted, "{} at {place}, THYMOS_REMAP=off: plain cargo's programs", project.name());
        eprintln!("{} at {place}, THYMOS_REMAP=off: {}", project.name(), told(&world.stats()));
    }
    let stats = world.stats();
    assert_eq!(stats.misses, 0, "{}: without remapping, too, every compile comes back: {stats:#?}", project.name());
}

fn told(stats: &Stats) -> String {
    format!("{} hits, {} misses", stats.hits, stats.misses)
}
