//! When the files of a layer were last changed, as their tar headers say it.

/// 1980-01-01T00:00:00Z.
const EARLIEST: i64 = 315_532_800;

/// 2107-12-31T23:59:58Z.
const LATEST: i64 = 4_354_819_198;

/// A time of modification, within what a zip archive can say (APPNOTE 4.4.6: 1980 to 2107): Python's `zipfile` refuses
/// to pack a file that is older.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileTime(i64);

impl FileTime {
    /// The time of every file whose layer is shared between images: the earliest one.
    pub const EARLIEST: Self = Self(EARLIEST);

    /// The nearest possible time to `seconds` since 1970.
    pub fn nearest(seconds: i64) -> Self {
        Self(seconds.clamp(EARLIEST, LATEST))
    }

    /// Seconds since 1970.
    pub fn seconds(self) -> u64 {
        self.0.unsigned_abs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_what_a_zip_archive_can_say() {
        for (asked, given) in [
            (i64::MIN, EARLIEST),
            (0, EARLIEST),
            (315_532_799, EARLIEST),
            (315_532_801, 315_532_801),
            (1_700_000_000, 1_700_000_000),
            (4_354_819_199, LATEST),
            (i64::MAX, LATEST),
        ] {
            assert_eq!(FileTime::nearest(asked), FileTime(given), "{asked}");
        }
        assert_eq!(FileTime::EARLIEST.seconds(), 315_532_800);
    }
}
