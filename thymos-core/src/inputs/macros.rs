//! Which proc macros a compile may load, told by the metadata of the crates that it was given.
//!
//! A crate's metadata names every crate that it stands on, proc macros included, by the suffix of its file name (`-C
//! extra-filename`, which Cargo gives each unit). So a unit loads a macro of the search directories only if one of its externs
//! is a shared object or holds the suffix of one.
//!
//! Source: `CrateRoot::crate_deps` in rustc's `rustc_metadata/src/rmeta/mod.rs`, which lists every loaded crate with its
//! `extra_filename`. Metadata is not compressed in an `.rmeta`, nor in an `.rlib`.
//!
//! Invariant: a doubt counts as yes. This reads whole artifacts, and is asked on a miss where nothing can watch or more macros were
//! opened than can be meant, never on a hit.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use memchr::memmem;

use crate::invocation::Invocation;
use crate::system::files::list_if_there;

/// Returns whether a compile in `directory` may load a proc macro.
pub fn may_load(invocation: &Invocation, directory: &Path) -> bool {
    let externs: Vec<PathBuf> = invocation.externs.iter().map(|external| directory.join(&external.path)).collect();
    if externs.iter().any(|path| is_shared_object(path)) {
        return true;
    }
    let Ok(suffixes) = suffixes(invocation, directory) else { return true };
    externs.iter().any(|path| fs::read(path).map_or(true, |bytes| holds_one(&bytes, &suffixes)))
}

/// Returns those of the opened files that rustc only looked at and did not use.
///
/// Of a proc macro below an extern rustc opens every file with the crate's name in the search directories, for its first search is
/// for a library and finds none. Which of them are there depends on what else was built: the one that was used is named by
/// an extern, and the others are no inputs. Source: `CrateLocator::maybe_load_library_crate` and `load_proc_macro` in rustc's
/// `rustc_metadata/src/{locator,creader}.rs`.
pub fn only_looked_at<'a>(
    invocation: &Invocation,
    directory: &Path,
    opened: impl Iterator<Item = &'a PathBuf>,
) -> HashSet<PathBuf> {
    let places: HashSet<PathBuf> = invocation.search_paths.iter().map(|(_, path)| directory.join(path)).collect();
    let mut of_one_name: HashMap<&str, Vec<&Path>> = HashMap::new();
    for path in opened.filter(|path| is_shared_object(path) && path.parent().is_some_and(|dir| places.contains(dir))) {
        if let Some((name, _)) = path.file_stem().and_then(|stem| stem.to_str()?.rsplit_once('-')) {
            of_one_name.entry(name).or_default().push(path);
        }
    }
    of_one_name.retain(|_, paths| paths.len() > 1);
    if of_one_name.is_empty() {
        return HashSet::new();
    }
    let externs = invocation.externs.iter().map(|external| fs::read(directory.join(&external.path)));
    let Ok(externs) = externs.collect::<Result<Vec<_>, _>>() else { return HashSet::new() };
    let is_named = |path: &&&Path| {
        let suffix = path.file_stem().and_then(|stem| suffix(stem.to_str()?));
        suffix.is_none_or(|suffix| externs.iter().any(|bytes| holds_one(bytes, std::slice::from_ref(&suffix))))
    };
    let not_named = |paths: Vec<&Path>| {
        let left: Vec<PathBuf> = paths.iter().filter(|path| !is_named(path)).map(|path| path.to_path_buf()).collect();
        // Where none is named, all may be meant.
        if left.len() < paths.len() { left } else { Vec::new() }
    };
    of_one_name.into_values().flat_map(not_named).collect()
}

/// Returns what tells apart the shared objects in the unit's search directories: their suffix, or the whole name without one.
fn suffixes(invocation: &Invocation, directory: &Path) -> io::Result<Vec<String>> {
    let mut suffixes = Vec::new();
    for (_, searched) in &invocation.search_paths {
        let files = list_if_there(&directory.join(searched))?.into_iter().map(|entry| entry.path());
        let shared = files.filter(|path| is_shared_object(path));
        suffixes.extend(shared.filter_map(|path| suffix(path.file_stem()?.to_str()?)));
    }
    Ok(suffixes)
}

fn suffix(stem: &str) -> Option<String> {
    let name = stem.strip_prefix(std::env::consts::DLL_PREFIX).unwrap_or(stem);
    let told_apart = name.rfind('-').map_or(name, |at| &name[at..]);
    (!told_apart.is_empty()).then(|| told_apart.to_owned())
}

fn holds_one(bytes: &[u8], suffixes: &[String]) -> bool {
    suffixes.iter().any(|suffix| memmem::find(bytes, suffix.as_bytes()).is_some())
}

fn is_shared_object(path: &Path) -> bool {
    path.to_str().is_none_or(|path| path.ends_with(std::env::consts::DLL_SUFFIX))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use crate::invocation::Extern;

    fn may_load_with(extern_name: &str, content: &str, macro_name: &str) -> bool {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(extern_name), content).unwrap();
        fs::write(dir.path().join(macro_name), "").unwrap();
        let invocation = Invocation {
            externs: vec![Extern { name: "a".into(), path: extern_name.into() }],
            search_paths: vec![("dependency".into(), PathBuf::new())],
            ..Invocation::default()
        };
        may_load(&invocation, dir.path())
    }

    #[test]
    fn an_extern_that_stands_on_a_macro_is_told_from_one_that_does_not() {
        let check = |extern_name: &str, content: &str, macro_name: &str, may: bool| {
            assert_eq!(may_load_with(extern_name, content, macro_name), may, "{extern_name} {content} {macro_name}");
        };
        check("libserde-1.rmeta", "rust\0 serde_derive -22", "libserde_derive-22.so", true);
        check("libserde-1.rmeta", "rust\0 serde_core -33", "libserde_derive-22.so", false);
        check("libserde_derive-22.so", "", "libserde_derive-22.so", true);
        check("libserde-1.rmeta", "rust\0 nothing", "none.txt", false);
        check("libserde-1.rmeta", "rust\0 made", "libmade.so", true);
    }

    #[test]
    fn of_several_macros_of_one_name_the_one_that_an_extern_names_counts() {
        let check = |content: &str, opened: &[&str], looked_at: &[&str]| {
            let dir = tempfile::tempdir().unwrap();
            fs::write(dir.path().join("liba.rmeta"), content).unwrap();
            let invocation = Invocation {
                externs: vec![Extern { name: "a".into(), path: "liba.rmeta".into() }],
                search_paths: vec![("dependency".into(), dir.path().to_owned())],
                ..Invocation::default()
            };
            let paths = |names: &[&str]| names.iter().map(|name| dir.path().join(name)).collect::<Vec<_>>();
            let found = only_looked_at(&invocation, dir.path(), paths(opened).iter());
            assert_eq!(found, paths(looked_at).into_iter().collect(), "{content} {opened:?}");
        };
        check("m -11", &["libm-11.so", "libm-22.so"], &["libm-22.so"]);
        check("m -11 m -22", &["libm-11.so", "libm-22.so"], &[]);
        check("nothing", &["libm-11.so", "libm-22.so"], &[]);
        check("m -11", &["libm-11.so", "libn-22.so"], &[]);
        check("m -11", &["libm-11.so", "libm-22.rmeta"], &[]);
    }

    #[test]
    fn an_extern_that_cannot_be_read_may_stand_on_anything() {
        let externs = vec![Extern { name: "a".into(), path: "/no/such/liba.rmeta".into() }];
        assert!(may_load(&Invocation { externs, ..Invocation::default() }, Path::new("/")));
        assert!(!may_load(&Invocation::default(), Path::new("/")));
    }
}
