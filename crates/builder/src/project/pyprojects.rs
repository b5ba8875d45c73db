//! The pyproject.toml files that an image depends on, each read once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use shipwheel_python::pyproject::{Pyproject, PyprojectError};

use super::text_files::{TextFiles, normal};
use crate::error::BuildError;
use crate::lock::lock_error::LockError;

/// pyproject.toml files by their paths.
#[derive(Default)]
pub(crate) struct Pyprojects {
    files: BTreeMap<PathBuf, Result<Pyproject, PyprojectError>>,
}

impl Pyprojects {
    /// Reads those of some folders; a folder without one is passed over.
    ///
    /// One that does not parse is an error only where it is needed.
    ///
    /// # Errors
    /// When one is there and cannot be read.
    pub(crate) fn read(folders: impl IntoIterator<Item = PathBuf>, texts: &mut TextFiles) -> Result<Self, BuildError> {
        let mut files = BTreeMap::new();
        for path in folders.into_iter().map(|folder| normal(&folder).join("pyproject.toml")) {
            if !files.contains_key(&path)
                && let Some(text) = texts.read_if_there(&path)?
            {
                files.insert(path, Pyproject::parse(&text));
            }
        }
        Ok(Self { files })
    }

    /// The path and the content of a folder's file, if it has one.
    ///
    /// # Errors
    /// When it is broken.
    pub(crate) fn of(&self, folder: &Path) -> Result<Option<(&Path, &Pyproject)>, LockError> {
        match self.files.get_key_value(&normal(folder).join("pyproject.toml")) {
            None => Ok(None),
            Some((path, Ok(pyproject))) => Ok(Some((path, pyproject))),
            Some((path, Err(cause))) => Err(LockError::Pyproject { path: path.clone(), cause: cause.clone() }),
        }
    }
}
