//! Files that others may read meanwhile: written beside their place and renamed. Directories, listed whole.
//!
//! Invariant: a reader sees the old bytes or the new ones, and what is made in a directory gets the access that the directory gives.
//! A listing is whole or an error.

use std::fs::{DirEntry, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use crate::system::guard::{self, Guard};
use crate::system::os;
use crate::system::step::Step;

/// What the names of files that are still being written begin with.
pub(crate) const TEMPORARY: &str = ".new-";

/// Replaces a file as a whole: readers see the old bytes or the new ones.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let parent = path.parent().unwrap_or(Path::new("."));
    let mut temporary = tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(parent)?;
    temporary.write_all(bytes)?;
    os::share_like_directory(temporary.path())?;
    Step::FileWritten.reached();
    temporary.persist(path).map_err(|error| error.error)?;
    Step::FileRenamed.reached();
    Ok(())
}

/// Returns everything that a directory holds, in no order. A part of it is never given for the whole.
pub(crate) fn list(directory: &Path) -> io::Result<Vec<DirEntry>> {
    let torn = guard::tears_listing(directory);
    let whole = std::fs::read_dir(directory)?.take(if torn { 1 } else { usize::MAX });
    let mut entries = whole.chain(torn.then(|| Err(io::Error::other("torn by a test"))));
    if Guard::ListingErrors.on() { entries.collect() } else { Ok(entries.by_ref().flatten().collect()) }
}

/// Returns everything that a directory holds, which is nothing for one that is not there.
pub(crate) fn list_if_there(directory: &Path) -> io::Result<Vec<DirEntry>> {
    or_absent(list(directory)).map(Option::unwrap_or_default)
}

/// Returns whether there is a regular file at `path`, links followed.
pub(crate) fn is_regular(path: &Path) -> io::Result<bool> {
    Ok(or_absent(std::fs::metadata(path))?.is_some_and(|metadata| metadata.is_file()))
}

/// Returns nothing where there is nothing.
fn or_absent<T>(found: io::Result<T>) -> io::Result<Option<T>> {
    match found {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        other => other.map(Some),
    }
}

/// Writes bytes over others in a file that is nobody else's. One that has a second name is replaced by a copy.
///
/// # Errors
/// Whatever copying or writing gives.
pub fn overwrite(path: &Path, patches: &[(u64, Vec<u8>)]) -> io::Result<()> {
    if patches.is_empty() {
        return Ok(());
    }
    let metadata = std::fs::metadata(path)?;
    if os::link_count(&metadata) > 1 {
        let parent = path.parent().unwrap_or(Path::new("."));
        let copy = tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(parent)?;
        std::fs::copy(path, copy.path())?;
        copy.persist(path).map_err(|error| error.error)?;
    }
    let file = OpenOptions::new().write(true).open(path)?;
    for (at, bytes) in patches {
        if os::write_at(&file, bytes, *at)? != bytes.len() {
            return Err(io::ErrorKind::WriteZero.into());
        }
    }
    Ok(())
}

/// Makes a directory of the store that may be there already, with the access that the one around it gives.
pub(crate) fn make_dir(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    os::create_private_dir(path)?;
    os::share_like_directory(path)
}

/// Opens a file of the store, and makes it where it is missing, with the access that its directory gives.
pub(crate) fn open_or_make(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let file = os::private(options.create(true)).open(path)?;
            os::share_like_directory(path)?;
            Ok(file)
        }
        other => other,
    }
}
