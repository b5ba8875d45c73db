//! What tells one state of a file from another without reading it.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// What tells a file from another at the same place, in one word.
pub(crate) fn identity(path: &Path) -> String {
    match fs::metadata(path) {
        Ok(it) => {
            let modified = format!("{}.{}", it.mtime(), it.mtime_nsec());
            let changed = format!("{}.{}", it.ctime(), it.ctime_nsec());
            format!("{}:{}:{}:{modified}:{changed}", it.dev(), it.ino(), it.size())
        }
        Err(_) => "absent".to_owned(),
    }
}
