//! Where placeholders stand in the files that a compile made, and the paths of this place put in.
//!
//! Libraries keep their placeholders: other checkouts share them, and what links them gets the paths. A proc macro keeps them
//! too, for its content is part of what its users are filed under, and what it says goes through our streams.
//!
//! Invariant: no file is written to that has a second name.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use super::Recorder;
use crate::action::manifest::{Input, Output};
use crate::action::placeholder::{self, End, Places, Site};
use crate::compile::observe::elf;
use crate::invocation::Invocation;
use crate::system::files;
use crate::system::guard::Guard;
use crate::system::os;
use crate::system::stamp::{self, Nanos, Stamp};

/// The section of a shared library that rustc reads.
const METADATA: &[u8] = b".rustc";
/// How much of a file is searched at a time.
const PIECE: u64 = 1 << 20;

impl Recorder<'_> {
    /// Returns the inputs that placeholders are: paths of another class need other ones. Sites stay with those outputs that get
    /// paths.
    pub(super) fn placeholders(&self, outputs: &mut [Output]) -> Vec<Input> {
        let mut inputs = Vec::new();
        for output in outputs {
            for site in &output.sites {
                let input = Input::Placeholder(site.root, site.class);
                if Guard::BindPlaceholder.on() && !inputs.contains(&input) {
                    inputs.push(input);
                }
            }
            if stay_in(self.invocation, &output.name) {
                output.sites.clear();
            }
        }
        inputs
    }
}

/// Returns whether an output's placeholders stay in it.
pub(super) fn stay_in(invocation: &Invocation, name: &[u8]) -> bool {
    let is_macro = || {
        invocation.crate_types.iter().any(|kind| kind == "proc-macro")
            && name.ends_with(std::env::consts::DLL_SUFFIX.as_bytes())
    };
    name.ends_with(b".rlib") || name.ends_with(b".rmeta") || is_macro()
}

/// Returns the placeholders of a file.
pub(super) fn of(path: &Path) -> io::Result<Vec<Site>> {
    let mut file = File::open(path)?;
    let (mut sites, mut bytes, mut before) = (Vec::new(), Vec::new(), 0);
    loop {
        let read = (&mut file).take(PIECE).read_to_end(&mut bytes)?;
        let (found, open) = placeholder::find(&bytes);
        // One behind what may go on in the next piece is found again there.
        let found = found.into_iter().filter(|site| read == 0 || site.at < open as u64);
        sites.extend(found.map(|site| Site { at: before + site.at, ..site }));
        if read == 0 {
            break;
        }
        before += open as u64;
        bytes.drain(..open);
    }
    if !sites.is_empty() {
        see_ends(path, &file, &mut sites)?;
    }
    Ok(sites)
}

/// A placeholder is a whole string where a zero is behind it in a table of strings. In the metadata of a shared library each string
/// has a length, and its end is not known.
fn see_ends(path: &Path, file: &File, sites: &mut [Site]) -> io::Result<()> {
    let (tables, metadata) = (elf::string_tables(path), elf::section(path, METADATA));
    for site in sites {
        let behind = site.at + u64::from(site.class);
        let mut next = [1];
        if tables.iter().any(|table| table.contains(&site.at) && table.contains(&behind)) {
            os::read_at(file, &mut next, behind)?;
        }
        if next == [0] {
            site.end = End::Zeros;
        }
        if metadata.as_ref().is_some_and(|metadata| metadata.contains(&site.at)) {
            site.end = End::Metadata;
        }
    }
    Ok(())
}

/// Puts the paths of this place into what a compile has made since `began`, wherever the output directory holds it.
///
/// # Errors
/// Whatever reading and writing gives; then some file may still hold placeholders.
pub fn put_paths(invocation: &Invocation, directory: &Path, places: &Places, began: Nanos) -> io::Result<()> {
    for entry in fs::read_dir(directory.join(&invocation.out_dir))?.flatten() {
        let name = entry.file_name();
        let is_made = |metadata: &fs::Metadata| {
            metadata.is_file() && Stamp::from(metadata).changed >= began - stamp::TICKS - 1_000_000_000
        };
        let is_ours = invocation.owns(&name) && !stay_in(invocation, name.as_encoded_bytes());
        if is_ours && entry.metadata().is_ok_and(|metadata| is_made(&metadata)) {
            files::overwrite(&entry.path(), &places.patches(&of(&entry.path())?))?;
        }
    }
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use crate::action::roots::Root;

    #[test]
    fn placeholders_are_found_across_pieces_once_each() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        let name = placeholder::name(Root::Target, 128);
        for place in [0, PIECE - 200, PIECE - 127, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE - 64] {
            let mut bytes = vec![b'x'; usize::try_from(place).unwrap()];
            bytes.extend_from_slice(&name);
            bytes.extend_from_slice(&name[..40]);
            bytes.extend_from_slice(&name);
            fs::write(&path, &bytes).unwrap();
            let found: Vec<u64> = of(&path).unwrap().iter().map(|site| site.at).collect();
            assert_eq!(found, [place, place + 168], "{place}");
        }
    }
}
