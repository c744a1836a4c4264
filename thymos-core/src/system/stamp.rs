//! A file's identity as `stat` tells it.
//!
//! Invariant: two equal stamps of a file that was not too young when the first was taken stand for equal bytes. A stamp
//! holds the change time, which no program can set, so a restored modification time does not hide an edit.

use std::fs::{self, Metadata};
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Nanoseconds since the epoch; negative before it.
pub(crate) type Nanos = i128;

/// What `stat` says about a regular file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stamp {
    /// Device number.
    pub device: u64,
    /// Inode number.
    pub inode: u64,
    /// Size in bytes.
    pub size: u64,
    /// Modification time.
    pub modified: Nanos,
    /// Change time of the inode.
    pub changed: Nanos,
}

/// Two ticks of the slowest clock in use (HZ=100): a file changed more recently may change again under the same stamp.
pub(crate) const TICKS: Nanos = 20_000_000;
/// The coarsest granularity of file systems in use (FAT), assumed where a stamp has no fraction of a second.
const COARSE: Nanos = 2_000_000_000;

impl Stamp {
    /// Returns the stamp of the file at `path`, links followed.
    ///
    /// # Errors
    /// Whatever `stat` gives.
    pub fn of(path: &Path) -> io::Result<Self> {
        Ok(Self::from(&fs::metadata(path)?))
    }

    /// Returns the stamp of what the name itself stands for, links not followed.
    pub(crate) fn of_name(path: &Path) -> io::Result<Self> {
        Ok(Self::from(&fs::symlink_metadata(path)?))
    }

    /// Returns whether both stamps are of one file under two names.
    pub(crate) fn is_same_file(&self, other: &Self) -> bool {
        (self.device, self.inode, self.size) == (other.device, other.inode, other.size)
    }

    /// Returns the stamp without what moves when the file gets or loses a name.
    pub(crate) fn unlinked(&self) -> Self {
        Self { changed: 0, ..*self }
    }

    /// Returns whether a later change could leave this stamp as it is, seen at the time `now`.
    pub(crate) fn is_young(&self, now: Nanos) -> bool {
        let newest = self.modified.max(self.changed);
        let whole_seconds = self.modified % 1_000_000_000 == 0 && self.changed % 1_000_000_000 == 0;
        now - newest < if whole_seconds { COARSE } else { TICKS }
    }

    /// Returns how long a later change could leave this stamp as it is, seen at the time `now`; nothing where it shows at once.
    /// After a change of the future, which a clock that was put back has made, every other one shows.
    pub(crate) fn settles_in(&self, now: Nanos) -> Option<Duration> {
        let granularity = if self.changed % 1_000_000_000 == 0 { COARSE } else { TICKS };
        let left = self.changed + granularity - now;
        (0 < left && left <= granularity).then(|| Duration::from_nanos(u64::try_from(left).unwrap_or_default()))
    }

    /// Returns the stamp as bytes, for hashing and for records.
    pub(crate) fn bytes(&self) -> [u8; 56] {
        let Self { device, inode, size, modified, changed } = *self;
        let mut bytes = [0; 56];
        bytes[..8].copy_from_slice(&device.to_le_bytes());
        bytes[8..16].copy_from_slice(&inode.to_le_bytes());
        bytes[16..24].copy_from_slice(&size.to_le_bytes());
        bytes[24..40].copy_from_slice(&modified.to_le_bytes());
        bytes[40..].copy_from_slice(&changed.to_le_bytes());
        bytes
    }
}

impl Stamp {
    /// Reads what [`Stamp::bytes`] wrote.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; 56] = bytes.try_into().ok()?;
        let number = |at: usize| bytes[at..at + 8].try_into().map(u64::from_le_bytes).ok();
        let time = |at: usize| bytes[at..at + 16].try_into().map(Nanos::from_le_bytes).ok();
        Some(Self { device: number(0)?, inode: number(8)?, size: number(16)?, modified: time(24)?, changed: time(40)? })
    }
}

impl From<&Metadata> for Stamp {
    fn from(metadata: &Metadata) -> Self {
        crate::system::os::stamp(metadata)
    }
}

/// Returns the time. File systems stamp with the same clock, up to a tick behind.
pub(crate) fn now() -> Nanos {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |since| since.as_nanos() as Nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(modified: Nanos, changed: Nanos) -> Stamp {
        Stamp { device: 1, inode: 2, size: 3, modified, changed }
    }

    #[test]
    fn a_file_is_young_for_two_ticks_after_its_last_change() {
        let second = 1_000_000_000;
        assert!(stamp(5, 7 * second + 1).is_young(7 * second + TICKS));
        assert!(!stamp(5, 7 * second + 1).is_young(7 * second + 1 + TICKS));
        assert!(stamp(5, 7 * second + 1).is_young(6 * second), "a clock that jumped back makes everything young");
    }

    #[test]
    fn a_stamp_settles_two_ticks_after_the_change_and_at_once_where_that_is_still_to_come() {
        let second = 1_000_000_000;
        let left = |now: Nanos| stamp(9 * second, 7 * second + 1).settles_in(now);
        assert_eq!(left(7 * second + 1), Some(Duration::from_nanos(20_000_000)));
        assert_eq!(left(7 * second + TICKS), Some(Duration::from_nanos(1)));
        assert_eq!((left(7 * second + 1 + TICKS), left(7 * second)), (None, None));
        assert_eq!(stamp(0, 7 * second).settles_in(8 * second), Some(Duration::from_secs(1)));
    }

    #[test]
    fn a_stamp_without_fraction_is_young_for_two_seconds() {
        let second = 1_000_000_000;
        assert!(stamp(7 * second, 7 * second).is_young(8 * second));
        assert!(!stamp(7 * second, 7 * second).is_young(9 * second));
    }
}
