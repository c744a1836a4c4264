//! What a file is, who may use it, and reading and writing at a place in it.

use std::ffi::OsString;
use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::system::stamp::{Nanos, Stamp};

const SECOND: Nanos = 1_000_000_000;

/// Returns the stamp that `metadata` holds.
pub(crate) fn stamp(metadata: &Metadata) -> Stamp {
    Stamp {
        device: metadata.dev(),
        inode: metadata.ino(),
        size: metadata.size(),
        modified: Nanos::from(metadata.mtime()) * SECOND + Nanos::from(metadata.mtime_nsec()),
        changed: Nanos::from(metadata.ctime()) * SECOND + Nanos::from(metadata.ctime_nsec()),
    }
}

/// Returns what is told of something besides its content.
#[must_use]
pub fn metadata(told: &Metadata) -> crate::system::metadata::Metadata {
    let Stamp { modified, changed, .. } = stamp(told);
    crate::system::metadata::Metadata {
        place: [told.dev(), told.ino()],
        permissions: [told.mode(), told.uid(), told.gid()],
        numbers: [told.nlink(), told.rdev(), told.size()],
        times: [modified, changed],
    }
}

/// Returns whether this is a device that bytes go through, such as `/dev/null`.
#[must_use]
pub fn is_character_device(told: &Metadata) -> bool {
    std::os::unix::fs::FileTypeExt::is_char_device(&told.file_type())
}

/// Returns the number of names that the file has.
pub(crate) fn link_count(metadata: &Metadata) -> u64 {
    metadata.nlink()
}

/// Returns the permission bits.
pub(crate) fn mode(metadata: &Metadata) -> u32 {
    metadata.mode() & 0o777
}

/// Returns whether this is a file that this user may start as a program. A search of `PATH` passes over any other.
pub(crate) fn is_program(path: &Path) -> bool {
    path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
}

/// Returns the numeric id of the user that this process runs as.
pub(crate) fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Returns the numeric id of the user that owns the file.
pub(crate) fn owner(metadata: &Metadata) -> u32 {
    metadata.uid()
}

/// Returns the mode that a new file of the given kind gets from this process.
pub(crate) fn new_file_mode(recorded: u32) -> u32 {
    let all = if recorded & 0o111 == 0 { 0o666 } else { 0o777 };
    all & !current_umask()
}

#[allow(clippy::useless_conversion, reason = "mode_t has 16 bits on macOS")]
fn current_umask() -> u32 {
    // The mask can only be read by setting it; this process has one thread when it restores.
    let mask = rustix::process::umask(rustix::fs::Mode::empty());
    rustix::process::umask(mask);
    u32::from(mask.bits())
}

/// Sets the permission bits.
pub(crate) fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    std::fs::set_permissions(path, Permissions::from_mode(mode))
}

/// Makes files that only their owner can read.
pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options.mode(0o600)
}

/// Makes a directory, and its parents, that only its owner can enter.
pub(crate) fn create_private_dir(path: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Returns whether this is a directory, and no link to one, that belongs to this user and that nobody else can enter.
pub(crate) fn is_private_dir(path: &Path) -> bool {
    std::fs::symlink_metadata(path)
        .is_ok_and(|metadata| metadata.is_dir() && owner(&metadata) == user() && mode(&metadata) & 0o077 == 0)
}

/// Returns whether everybody in the directory's group may write to it, and what is made in it belongs to that group too.
pub(crate) fn is_for_group(metadata: &Metadata) -> bool {
    metadata.mode() & 0o2070 == 0o2070
}

/// Lets a directory's group use it, and what will be made in it.
pub(crate) fn give_to_group(directory: &Path) -> io::Result<()> {
    set_mode(directory, 0o2770)
}

/// Lets the group use what was just made in a directory that is for the group.
pub(crate) fn share_like_directory(path: &Path) -> io::Result<()> {
    match path.parent().map(std::fs::metadata).transpose()? {
        Some(directory) if is_for_group(&directory) && path.is_dir() => give_to_group(path),
        Some(directory) if is_for_group(&directory) => set_mode(path, 0o660),
        _ => Ok(()),
    }
}

/// Reads at an offset without moving the file's position.
pub(crate) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    file.read_at(buffer, offset)
}

/// Writes at an offset without moving the file's position.
pub(crate) fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
    file.write_at(bytes, offset)
}

/// Reads bytes as a path.
pub(crate) fn path_from_bytes(bytes: Vec<u8>) -> PathBuf {
    PathBuf::from(OsString::from_vec(bytes))
}

/// Reads bytes as an argument or the value of a variable.
#[must_use]
pub fn os_string(bytes: Vec<u8>) -> OsString {
    OsString::from_vec(bytes)
}

/// Puts a program at another place under another name, as a link to it.
pub(crate) fn alias(program: &Path, place: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(program, place)
}
