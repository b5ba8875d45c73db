//! The texts of the files that say what an image depends on, each read from disk once.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use shipwheel_store::limits::MAX_LOCK;
use shipwheel_store::{FileAction, read_small_text};

use super::workspace::Workspace;
use crate::error::BuildError;

/// Texts by the absolute paths of their files.
#[derive(Debug, Clone, Default)]
pub(crate) struct TextFiles {
    read: BTreeMap<PathBuf, Arc<str>>,
    /// What may be read, if that is limited.
    workspace: Option<Workspace>,
}

impl TextFiles {
    /// Texts of the workspace alone: messages show lines of what cannot be understood.
    pub(crate) fn within(workspace: Workspace) -> Self {
        Self { workspace: Some(workspace), ..Self::default() }
    }

    /// Keeps a text that was read already.
    pub(crate) fn insert(&mut self, path: &Path, text: &str) {
        self.read.insert(normal(path), text.into());
    }

    /// The text of a file, from disk only the first time.
    ///
    /// # Errors
    /// When it is no regular file, too long, not UTF-8, a link out of the workspace, or cannot be read.
    pub(crate) fn read(&mut self, path: &Path) -> io::Result<Arc<str>> {
        match self.read.entry(normal(path)) {
            Entry::Occupied(known) => Ok(known.get().clone()),
            Entry::Vacant(_) if self.workspace.as_ref().is_some_and(|it| it.escape(path).is_some()) => {
                Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is outside of the workspace"))
            }
            Entry::Vacant(entry) => Ok(entry.insert(read_small_text(path, MAX_LOCK)?.into()).clone()),
        }
    }

    /// The same; `None` if nothing has the name.
    ///
    /// # Errors
    /// As [`TextFiles::read`]: what is there and cannot be read is not passed over.
    pub(crate) fn read_if_there(&mut self, path: &Path) -> Result<Option<Arc<str>>, BuildError> {
        match self.read(path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(BuildError::file(FileAction::Read, path)(error)),
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
        assert!(texts.read_if_there(&path).unwrap().is_none());
        assert!(texts.read_if_there(folder.path()).is_err(), "a folder is there");
        std::fs::write(&path, "one").unwrap();
        assert_eq!(&*texts.read(&path).unwrap(), "one");
        std::fs::write(&path, "two").unwrap();
        assert_eq!(&*texts.read(&folder.path().join("./a/../pyproject.toml")).unwrap(), "one");
    }
}
