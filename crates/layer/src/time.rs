//! When the files of a layer were last changed, as their tar headers say it.

use std::fmt;

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

/// RFC 3339, in UTC: `1980-01-01T00:00:00Z`.
impl fmt::Display for FileTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, rest) = (self.seconds() / 86_400, self.seconds() % 86_400);
        let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
        // Years begin in March, so that the odd day is their last one; an era is the 400 years after which all repeats.
        let shifted = days + 719_468;
        let (era, day) = (shifted / 146_097, shifted % 146_097);
        let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let day = day - (153 * month + 2) / 5 + 1;
        let (year, month) = match month {
            0..=9 => (era * 400 + year, month + 3),
            _ => (era * 400 + year + 1, month - 9),
        };
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
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

    #[test]
    fn a_time_is_written_as_a_date() {
        for (seconds, expected) in [
            (0, "1980-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_078_099_200, "2004-03-01T00:00:00Z"),
            (1_700_000_000, "2023-11-14T22:13:20Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (i64::MAX, "2107-12-31T23:59:58Z"),
        ] {
            assert_eq!(FileTime::nearest(seconds).to_string(), expected);
        }
    }
}
