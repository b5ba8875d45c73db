//! The texts of the files that say what an image depends on, each read from disk once.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// Texts by the absolute paths of their files.
#[derive(Debug, Clone, Default)]
pub(crate) struct TextFiles {
    read: BTreeMap<PathBuf, Arc<str>>,
}

impl TextFiles {
    /// Keeps a text that was read already.
    pub(crate) fn insert(&mut self, path: &Path, text: &str) {
        self.read.insert(normal(path), text.into());
    }

    /// The text of a file, from disk only the first time.
    ///
    /// # Errors
    /// When the file cannot be read or is not UTF-8.
    pub(crate) fn read(&mut self, path: &Path) -> io::Result<Arc<str>> {
        match self.read.entry(normal(path)) {
            Entry::Occupied(known) => Ok(known.get().clone()),
            Entry::Vacant(entry) => Ok(entry.insert(fs_err::read_to_string(path)?.into()).clone()),
        }
    }
}

/// A path without `.` and `..`, as it is written: links are not followed.
pub(crate) fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(normal.pop()),
            Component::CurDir => {}
            other => normal.push(other),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_once_by_whatever_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pyproject.toml");
        let mut texts = TextFiles::default();
        assert!(texts.read(&path).is_err());
        std::fs::write(&path, "one").unwrap();
        assert_eq!(&*texts.read(&path).unwrap(), "one");
        std::fs::write(&path, "two").unwrap();
        assert_eq!(&*texts.read(&folder.path().join("./a/../pyproject.toml")).unwrap(), "one");
    }
}
