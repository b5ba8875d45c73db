//! How much there is in a folder.

use std::path::Path;

/// The bytes of all files below a folder.
///
/// # Panics
/// When it cannot be read.
pub fn bytes_below(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let sizes = entries.map(|entry| {
        let entry = entry.expect("an entry");
        match entry.file_type().expect("its kind").is_dir() {
            true => bytes_below(&entry.path()),
            false => entry.metadata().expect("its size").len(),
        }
    });
    sizes.sum()
}
