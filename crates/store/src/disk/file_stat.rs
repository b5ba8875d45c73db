//! What the file system says of a file: a shortcut to its content that cannot lie.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;

use serde::{Deserialize, Serialize};

/// The bits of a mode that say what a file is (`inode(7)`).
const KIND: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;

/// Device, inode, mode, size in bytes, and both times with their nanoseconds.
///
/// Where all of it is the same, the content is: among it is the time of the last change of the inode, which no program can
/// set. A file that changed so lately that a second change might leave the same times (git calls it racy) is not
/// [settled](Self::is_settled), and says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileStat(u64, u64, u32, u64, [i64; 4]);

impl FileStat {
    /// The coarsest times that a file system keeps are so many seconds apart.
    pub const SETTLED: i64 = 2;

    /// Of an open or a named file.
    pub fn of(metadata: &Metadata) -> Self {
        let times = [metadata.mtime(), metadata.mtime_nsec(), metadata.ctime(), metadata.ctime_nsec()];
        Self(metadata.dev(), metadata.ino(), metadata.mode(), metadata.size(), times)
    }

    /// No more than what kind of file a mode says that it is; 0 for none.
    pub fn of_kind(mode: u32) -> Self {
        Self(0, 0, mode & KIND, 0, [0; 4])
    }

    /// Its kind and permissions.
    pub fn mode(&self) -> u32 {
        self.2
    }

    /// Its size in bytes.
    pub fn size(&self) -> u64 {
        self.3
    }

    /// Whether it is a regular file.
    pub fn is_file(&self) -> bool {
        self.mode() & KIND == REGULAR
    }

    /// Whether nothing has changed lately, seen from a time in seconds since 1970.
    pub fn is_settled(&self, now: i64) -> bool {
        let [modified, _, changed, _] = self.4;
        modified.max(changed) < now.saturating_sub(Self::SETTLED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_lately_or_in_the_future_is_not_settled() {
        for (modified, changed, settled) in
            [(90, 90, true), (97, 97, true), (98, 90, false), (90, 98, false), (90, 100, false), (200, 90, false)]
        {
            let stat = FileStat(1, 2, REGULAR | 0o644, 3, [modified, 0, changed, 0]);
            assert_eq!(stat.is_settled(100), settled, "{modified} {changed}");
        }
    }
}
