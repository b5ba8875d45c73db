//! Files of outputs that were hashed, as the file system says of them: what has not changed is not read again.

use std::fs::File;
use std::io;
use std::time::SystemTime;

use shipwheel_oci::{Descriptor, Digest};

use super::Cache;
use crate::disk::FileStat;

/// The kind of the records.
const KIND: &str = "hashed";

/// The files that had a blob's digest when they were hashed: of each digest the last one. An output that shares its files
/// with the cache, or with another output, has the very same ones.
#[derive(Debug, Clone)]
pub(crate) struct HashedFiles {
    cache: Cache,
}

impl HashedFiles {
    /// Those that a cache remembers.
    pub(crate) fn of(cache: &Cache) -> Self {
        Self { cache: cache.clone() }
    }

    /// Whether an open file has the bytes of a blob.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn has(&self, file: &File, blob: &Descriptor) -> io::Result<bool> {
        // Both are asked before it is read: what changes meanwhile is not remembered.
        let (stat, now) = (FileStat::of(&file.metadata()?), now());
        if self.cache.record(KIND, &blob.digest).as_ref() == Some(&stat) {
            return Ok(true);
        }
        if Digest::of_reader(file)?.0 != blob.digest {
            return Ok(false);
        }
        if stat.is_settled(now) {
            // A cache that cannot be written remembers nothing.
            let _ = self.cache.put_record(KIND, &blob.digest, &stat);
        }
        Ok(true)
    }
}

/// Seconds since 1970; 0, where nothing is settled, for a clock before that.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_file_that_was_hashed_is_not_read_again_until_anything_of_it_changes() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(&folder.path().join("cache")).unwrap();
        let (path, hashed) = (folder.path().join("blob"), HashedFiles::of(&cache));
        let (one, two) = (Digest::of(b"one"), Digest::of(b"two"));
        let has = |digest| hashed.has(&File::open(&path).unwrap(), &Descriptor::new("x/y", digest, 3)).unwrap();
        std::fs::write(&path, "one").unwrap();
        assert!(has(one) && !has(two));
        assert_eq!(cache.record::<FileStat>(KIND, &one), None, "it has just changed");
        // What a run of long ago would have remembered.
        let stat = || FileStat::of(&std::fs::metadata(&path).unwrap());
        cache.put_record(KIND, &two, &stat()).unwrap();
        assert!(has(two), "it is believed");
        // Coarse clocks tick every few milliseconds.
        std::thread::sleep(Duration::from_millis(50));
        std::fs::write(&path, "one").unwrap();
        assert!(!has(two) && has(one), "the same size, another time");
        std::thread::sleep(Duration::from_secs(3));
        assert!(has(one));
        assert_eq!(cache.record(KIND, &one), Some(stat()), "it has not changed for a while");
    }
}
