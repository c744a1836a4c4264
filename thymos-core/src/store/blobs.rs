//! Artifact bytes, content addressed.
//!
//! Invariant: a blob that is given out has the content that its name says. A blob's inode may be shared with the one output
//! that it was published from or restored to, and somebody may write to that output in place. So a blob is believed by its whole
//! stamp, change time included, as the store itself left it; where the stamp is another one, the blob is read.
//!
//! One thing moves the change time in every clean build: a target directory is removed, and the blob loses its second name.
//! Reading every artifact then would cost more than all the rest of a hit. So a blob that may have had a second name, has none now
//! and is larger than [`SMALL`] is believed by inode, size and modification time. What remains: such a file is edited in place,
//! keeps its size, gets its modification time back to the nanosecond, and is removed from its target directory before anybody
//! looks it up. Nothing does that to an `.rlib` by accident, and `verify store` finds it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Store;
use crate::settings::Shared;
use crate::system::digest::Digest;
use crate::system::files::{make_dir, overwrite};
use crate::system::guard::Guard;
use crate::system::os;
use crate::system::stamp::Stamp;
use crate::system::step::Step;

/// A file of this size is read faster than the compile's other inputs are looked at: about a tenth of a millisecond. Of rlibs a
/// fifth are no larger, of rmetas two thirds.
const SMALL: u64 = 256 * 1024;

/// Whether a blob and an output may be one inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// Compilers replace such files by rename, and nobody edits them.
    Linked,
    /// People strip, sign and patch such files in place.
    Private,
}

/// How a blob becomes an output.
#[derive(Clone, Debug)]
pub struct Shape {
    /// Whether the two may be one inode.
    pub sharing: Sharing,
    /// The permission bits that were recorded.
    pub mode: u32,
    /// What is written over it, and where.
    pub patches: Vec<(u64, Vec<u8>)>,
}

/// A file whose content was read, on its way into the store.
#[derive(Clone, Debug)]
pub struct Made {
    /// Where it lies.
    pub path: PathBuf,
    /// What was read.
    pub digest: Digest,
    /// Its stamp from before it was read.
    pub stamp: Stamp,
    /// How it may be kept.
    pub sharing: Sharing,
}

/// A blob whose content was checked.
#[derive(Debug)]
pub struct Blob {
    path: PathBuf,
    digest: Digest,
    stamp: Stamp,
    alone: bool,
}

impl Blob {
    /// Returns where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns its size in bytes.
    pub fn size(&self) -> u64 {
        self.stamp.size
    }
}

/// Returns how an output may be shared with the store.
pub fn sharing(name: &[u8]) -> Sharing {
    // rustc writes these beside their place and renames; everything else is written, stripped or signed in place.
    if name.ends_with(b".rlib") || name.ends_with(b".rmeta") { Sharing::Linked } else { Sharing::Private }
}

impl Store {
    pub(crate) fn blob_path(&self, digest: &Digest) -> PathBuf {
        let hex = digest.hex();
        self.root.join("blobs").join(&hex[..2]).join(hex)
    }

    /// Returns the blob if it is there and sound, for an output that may be shared with it like this. A damaged one is removed, and
    /// is an error.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] for a missing blob, [`io::ErrorKind::InvalidData`] for a damaged one.
    pub fn blob(&self, digest: &Digest, sharing: Sharing) -> io::Result<Blob> {
        let path = self.blob_path(digest);
        let metadata = fs::metadata(&path)?;
        let stamp = Stamp::from(&metadata);
        let alone = os::link_count(&metadata) == 1;
        let lost_a_name = self.sharing(sharing) == Sharing::Linked && alone && stamp.size > SMALL;
        let is_known = |stamp: &Stamp| self.memo.recall(stamp) == Some(*digest);
        let is_believed = || {
            let by_less = lost_a_name || !Guard::BlobChangeTime.on();
            is_known(&stamp) || (by_less && is_known(&stamp.unlinked()))
        };
        if Guard::BlobCheck.on() && !is_believed() {
            if Digest::of_file(&path)? != *digest {
                // Whoever shares the inode keeps it; only the name goes.
                let _ = fs::remove_file(&path);
                return Err(io::ErrorKind::InvalidData.into());
            }
            self.memo.remember(&stamp, digest);
            self.memo.remember(&stamp.unlinked(), digest);
        }
        Ok(Blob { path, digest: *digest, stamp, alone })
    }

    /// Reads the blob and returns whether it has the content that its name says, whatever the memo remembers. One that has not
    /// is removed.
    pub fn is_sound(&self, digest: &Digest) -> io::Result<bool> {
        let path = self.blob_path(digest);
        let sound = Digest::of_file(&path)? == *digest;
        if !sound {
            fs::remove_file(&path)?;
        }
        Ok(sound)
    }

    /// An inode has one owner, and only that user may give it another mode or time; so users who share a store share no inode.
    fn sharing(&self, wanted: Sharing) -> Sharing {
        match self.shared {
            Shared::No => wanted,
            Shared::Group => Sharing::Private,
        }
    }

    /// Lays a blob out at `to` as a file of this process's own, under the current time, and remembers its digest if it still
    /// has that.
    pub fn restore(&self, blob: &Blob, to: &Path, shape: &Shape) -> io::Result<()> {
        let Shape { sharing, mode, patches } = shape;
        let sharing = if patches.is_empty() { self.sharing(*sharing) } else { Sharing::Private };
        let lay = || match lay_out(blob, to, sharing) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                // The output of an earlier restore, never touched since, is the blob itself.
                if sharing == Sharing::Linked && Stamp::of_name(to).is_ok_and(|stamp| stamp == blob.stamp) {
                    return Ok(());
                }
                fs::remove_file(to)?;
                lay_out(blob, to, sharing)
            }
            other => other,
        };
        let finish = || {
            let metadata = fs::metadata(to)?;
            let wanted = if Guard::RestoreMode.on() { os::new_file_mode(*mode) } else { 0o444 };
            if os::mode(&metadata) != wanted {
                os::set_mode(to, wanted)?;
            }
            overwrite(to, patches)?;
            if Guard::RestoreTime.on() {
                os::touch(to)?;
            }
            let stamp = Stamp::of(to)?;
            if patches.is_empty() {
                self.memo.remember(&stamp, &blob.digest);
                self.memo.remember(&stamp.unlinked(), &blob.digest);
            }
            Ok(())
        };
        let lay = || lay().inspect(|()| Step::RestoreOutputLaid.reached());
        let finish = || finish().inspect(|()| Step::RestoreOutputFinished.reached());
        lay().and_then(|()| finish()).inspect_err(|_| drop(fs::remove_file(to)))
    }

    /// Stores a file and returns the bytes that the store grew by.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] for a file that was changed since it was read, and whatever the file system gives; then
    /// the store is as before.
    pub fn keep(&self, made: &Made) -> io::Result<u64> {
        let Made { path: from, digest, .. } = made;
        if self.blob(digest, made.sharing).is_ok() {
            return Ok(0);
        }
        let sharing = self.sharing(made.sharing);
        let path = self.blob_path(digest);
        make_dir(path.parent().unwrap_or(&self.root))?;
        let temporary = tempfile::Builder::new().prefix("blob-").make_in(self.root.join("tmp"), |temporary| {
            match os::reflink(from, temporary) {
                Ok(()) => Ok(()),
                Err(_) if sharing == Sharing::Linked && link(from, temporary).is_ok() => Ok(()),
                Err(_) => fs::copy(from, temporary).map(drop),
            }
        })?;
        if self.shared == Shared::Group {
            os::share_like_directory(temporary.path())?;
        }
        // A name in the store is believed, so what bears it has to be what was read.
        if Stamp::of(from)?.unlinked() != made.stamp.unlinked() {
            let why = format!("{} was changed while it was stored", from.display());
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        Step::PublishBlobWritten.reached();
        temporary.persist(&path).map_err(|error| error.error)?;
        Step::PublishBlobRenamed.reached();
        let stamp = Stamp::of(&path)?;
        self.memo.remember(&stamp, digest);
        self.memo.remember(&stamp.unlinked(), digest);
        Ok(stamp.size)
    }
}

fn lay_out(blob: &Blob, to: &Path, sharing: Sharing) -> io::Result<()> {
    match os::reflink(&blob.path, to) {
        Ok(()) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
        Err(_) => {}
    }
    let private = Guard::RestorePrivate.on() && (sharing == Sharing::Private || !blob.alone);
    if !private && link(&blob.path, to).is_ok() {
        return Ok(());
    }
    if fs::symlink_metadata(to).is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    fs::copy(&blob.path, to).map(drop)
}

/// Gives a file a second name, and takes that away again where it is a third one: somebody else has linked the file since its
/// names were counted, and two checkouts must not share an inode.
fn link(from: &Path, to: &Path) -> io::Result<()> {
    fs::hard_link(from, to)?;
    if Guard::RestorePrivate.on() && os::link_count(&fs::symlink_metadata(to)?) > 2 {
        fs::remove_file(to)?;
        return Err(io::ErrorKind::TooManyLinks.into());
    }
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn made(path: PathBuf, content: &str, sharing: Sharing) -> Made {
        fs::write(&path, content).unwrap();
        Made { stamp: Stamp::of(&path).unwrap(), digest: Digest::of(content.as_bytes()), path, sharing }
    }

    fn inode(path: &Path) -> u64 {
        Stamp::of(path).unwrap().inode
    }

    #[test]
    fn look_ups_that_counted_links_at_the_same_time_share_no_inode() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open_as(&dir.path().join("store"), Shared::No).unwrap();
        let output = made(dir.path().join("output"), "artifact", Sharing::Linked);
        store.keep(&output).unwrap();
        fs::remove_file(&output.path).unwrap();
        let places = ["one", "two", "three"].map(|name| dir.path().join(name));
        let blobs = [(); 3].map(|()| store.blob(&output.digest, Sharing::Linked).unwrap());
        for (blob, to) in blobs.iter().zip(&places) {
            store.restore(blob, to, &Shape { sharing: Sharing::Linked, mode: 0o644, patches: vec![] }).unwrap();
            assert_eq!(fs::read(to).unwrap(), b"artifact");
        }
        let inodes: std::collections::HashSet<u64> = places.iter().map(|place| inode(place)).collect();
        assert_eq!(inodes.len(), 3);
    }

    /// Writes into a file in place and puts its modification time back.
    fn edit(path: &Path) {
        let file = fs::File::options().write(true).open(path).unwrap();
        let modified = file.metadata().unwrap().modified().unwrap();
        os::write_at(&file, b"edited", 0).unwrap();
        file.set_modified(modified).unwrap();
    }

    #[test]
    fn an_edit_that_puts_the_time_back_is_found_while_its_file_is_there_or_where_it_is_small() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open_as(&dir.path().join("store"), Shared::No).unwrap();
        let large = "x".repeat(SMALL as usize + 1);
        for (content, removed, sound) in
            [("small", false, false), ("small", true, false), (large.as_str(), false, false), (&large, true, true)]
        {
            let output = made(dir.path().join("output"), content, Sharing::Linked);
            store.keep(&output).unwrap();
            fs::remove_file(&output.path).unwrap();
            let blob = store.blob(&output.digest, Sharing::Linked).unwrap();
            let shape = Shape { sharing: Sharing::Linked, mode: 0o644, patches: vec![] };
            store.restore(&blob, &output.path, &shape).unwrap();
            store.blob(&output.digest, Sharing::Linked).unwrap();
            edit(&output.path);
            if removed {
                fs::remove_file(&output.path).unwrap();
            }
            let size = content.len();
            assert_eq!(store.blob(&output.digest, Sharing::Linked).is_ok(), sound, "{size} bytes, removed: {removed}");
            assert!(store.blob(&output.digest, Sharing::Private).is_err());
            let _ = fs::remove_file(&output.path);
            let _ = fs::remove_file(store.blob_path(&output.digest));
        }
    }

    #[test]
    fn an_output_that_has_another_name_already_is_copied_into_the_store() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open_as(&dir.path().join("store"), Shared::No).unwrap();
        let output = made(dir.path().join("output"), "artifact", Sharing::Linked);
        fs::hard_link(&output.path, dir.path().join("elsewhere")).unwrap();
        let output = Made { stamp: Stamp::of(&output.path).unwrap(), ..output };
        store.keep(&output).unwrap();
        assert_ne!(inode(&store.blob_path(&output.digest)), inode(&output.path));
    }

    #[test]
    fn a_file_that_was_changed_since_it_was_read_is_not_kept_under_what_was_read() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open_as(&dir.path().join("store"), Shared::No).unwrap();
        for sharing in [Sharing::Linked, Sharing::Private] {
            let path = dir.path().join("output");
            fs::write(&path, "as it was read").unwrap();
            let made = Made { stamp: Stamp::of(&path).unwrap(), digest: Digest::of(b"as it was read"), path, sharing };
            fs::write(&made.path, "as it was changed").unwrap();
            assert_eq!(store.keep(&made).unwrap_err().kind(), io::ErrorKind::InvalidData);
            assert_eq!(store.blob(&made.digest, sharing).unwrap_err().kind(), io::ErrorKind::NotFound);
            assert_eq!(fs::read_dir(store.root().join("tmp")).unwrap().count(), 0);
            fs::write(&made.path, "as it was read").unwrap();
            let again = Made { stamp: Stamp::of(&made.path).unwrap(), ..made };
            assert_eq!(store.keep(&again).unwrap(), 14);
            fs::remove_file(store.blob_path(&again.digest)).unwrap();
        }
    }
}
