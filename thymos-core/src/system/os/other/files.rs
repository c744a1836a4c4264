//! What a file is, and reading and writing at a place in it.

use std::ffi::OsString;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::system::stamp::{Nanos, Stamp};

fn nanos(time: io::Result<SystemTime>) -> Nanos {
    let since = time.ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.map_or(0, |since| since.as_nanos() as Nanos)
}

/// Returns the stamp that `metadata` holds; without inode numbers it is weaker, so it always counts as young.
pub(crate) fn stamp(metadata: &Metadata) -> Stamp {
    Stamp { device: 0, inode: 0, size: metadata.len(), modified: nanos(metadata.modified()), changed: Nanos::MAX / 2 }
}

/// Returns what is told of something besides its content; nothing is watched here.
#[must_use]
pub fn metadata(told: &Metadata) -> crate::system::metadata::Metadata {
    let Stamp { modified, changed, .. } = stamp(told);
    crate::system::metadata::Metadata {
        place: [0; 2],
        permissions: [0; 3],
        numbers: [0, 0, told.len()],
        times: [modified, changed],
    }
}

/// Returns whether this is a device; there are none by path.
#[must_use]
pub fn is_character_device(_told: &Metadata) -> bool {
    false
}

/// Returns the number of names that the file has; more than one, so that nothing is shared by link.
pub(crate) fn link_count(_metadata: &Metadata) -> u64 {
    2
}

/// Returns the permission bits.
pub(crate) fn mode(_metadata: &Metadata) -> u32 {
    0o644
}

/// Returns whether this is a file: nothing else tells programs apart.
pub(crate) fn is_program(path: &Path) -> bool {
    path.is_file()
}

/// Returns a number for the user that this process runs as.
pub(crate) fn user() -> u32 {
    0
}

/// Returns a number for the user that owns the file.
pub(crate) fn owner(_metadata: &Metadata) -> u32 {
    0
}

/// Returns the mode that a new file of the given kind gets from this process.
pub(crate) fn new_file_mode(recorded: u32) -> u32 {
    recorded
}

/// Does nothing: there are no permission bits.
///
/// # Errors
/// None.
pub(crate) fn set_mode(_path: &Path, _mode: u32) -> io::Result<()> {
    Ok(())
}

/// Returns the options as they are: the user's cache directory is private to the user.
pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// Makes a directory and its parents.
pub(crate) fn create_private_dir(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)
}

/// Returns whether this is a directory, and no link to one: the user's temporary directory is private to the user.
pub(crate) fn is_private_dir(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir())
}

/// Returns `false`: directories are not shared by group here.
pub(crate) fn is_for_group(_metadata: &Metadata) -> bool {
    false
}

/// Does nothing: there are no permission bits.
///
/// # Errors
/// None.
pub(crate) fn give_to_group(_directory: &Path) -> io::Result<()> {
    Ok(())
}

/// Does nothing: there are no permission bits.
///
/// # Errors
/// None.
pub(crate) fn share_like_directory(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Reads at an offset.
pub(crate) fn read_at(mut file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    file.seek(SeekFrom::Start(offset))?;
    file.read(buffer)
}

/// Writes at an offset.
pub(crate) fn write_at(mut file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
    file.seek(SeekFrom::Start(offset))?;
    file.write(bytes)
}

/// Reads bytes as a path; what is not UTF-8 names no file that exists.
pub(crate) fn path_from_bytes(bytes: Vec<u8>) -> PathBuf {
    PathBuf::from(os_string(bytes))
}

/// Reads bytes as an argument or the value of a variable.
#[must_use]
pub fn os_string(bytes: Vec<u8>) -> OsString {
    OsString::from(String::from_utf8_lossy(&bytes).into_owned())
}

/// Puts a program at another place under another name, as a copy of it.
pub(crate) fn alias(program: &Path, place: &Path) -> io::Result<()> {
    std::fs::copy(program, place).map(drop)
}

/// Refuses: block sharing is not used here.
///
/// # Errors
/// Always [`io::ErrorKind::Unsupported`].
pub(crate) fn reflink(_from: &Path, _to: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Returns false: block sharing is not used here.
pub(crate) fn clones(_directory: &Path) -> bool {
    false
}
