//! A file of requirements with those that it includes, as they are on disk.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use shipwheel_oci::Hasher;
use shipwheel_python::DistributionName;
use shipwheel_python::requirements::{Requirements, includes};

use super::input_files::{self, MAX_DEPTH};
use super::lock_error::LockError;
use super::placed_requirement::{PlacedRequirement, Places};
use crate::error::BuildError;
use crate::project::text_files::{TextFiles, normal};
use shipwheel_store::FileAction;

/// Requirements, the file that includes the others first; constraints are not among them.
pub(crate) struct RequirementFiles {
    files: Vec<(PathBuf, Arc<str>)>,
}

impl RequirementFiles {
    /// Reads a file and those that it includes.
    ///
    /// # Errors
    /// When one cannot be read, or they include each other too deeply.
    pub(crate) fn read(path: &Path, texts: &mut TextFiles) -> Result<Self, BuildError> {
        let mut this = Self { files: Vec::new() };
        this.add(path, texts, 0)?;
        Ok(this)
    }

    /// A file by itself.
    pub(crate) fn one(path: &Path, text: &str) -> Self {
        Self { files: vec![(path.to_owned(), text.into())] }
    }

    /// All of them, with their texts.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&Path, &str)> {
        self.files.iter().map(|(path, text)| (path.as_path(), &**text))
    }

    /// The paths of all of them, and of what they name as constraints.
    pub(crate) fn named(&self) -> impl Iterator<Item = PathBuf> {
        self.files.iter().flat_map(|(path, text)| {
            let included = includes(text).into_iter().map(|include| input_files::beside(path, &include.path));
            included.chain([path.clone()])
        })
    }

    /// Whether any of them was ever locked: one with hashes for some lines only is broken, and not an input.
    pub(crate) fn has_any_hash(&self) -> bool {
        self.files.iter().any(|(_, text)| text.contains("--hash"))
    }

    /// What they ask for, pinned.
    ///
    /// # Errors
    /// When lines are not pins.
    pub(crate) fn requirements(&self) -> Result<Requirements, BuildError> {
        let mut files = self.files.iter().map(|(path, text)| Requirements::parse(text, &path.display().to_string()));
        let mut all = files.next().ok_or_else(|| BuildError::internal("requirements without a file"))??;
        for file in files {
            all.include(file?);
        }
        Ok(all)
    }

    /// The lines of all files, as uv is given them.
    ///
    /// # Errors
    /// When some would run code.
    pub(crate) fn lines(&self, allowed: &BTreeSet<DistributionName>) -> Result<String, BuildError> {
        self.files.iter().map(|(path, text)| input_files::own_lines(path, text, allowed)).collect()
    }

    /// What of them says where it is.
    ///
    /// # Errors
    /// As [`Places::find`].
    pub(crate) fn placed(&self, places: Places<'_>) -> Result<Vec<PlacedRequirement>, BuildError> {
        places.find(&self.files)
    }

    /// Their lines on where files are found, as uv is given them.
    pub(crate) fn lookups(&self) -> String {
        self.files.iter().map(|(path, text)| input_files::lookups(path, text)).collect()
    }

    /// Adds all that they say to a key.
    pub(crate) fn add_to(&self, hasher: &mut Hasher) {
        hasher.fields(self.files.iter().map(|(_, text)| &**text));
    }

    fn add(&mut self, path: &Path, texts: &mut TextFiles, depth: usize) -> Result<(), BuildError> {
        if depth > MAX_DEPTH {
            return Err(LockError::Includes { path: path.to_owned(), limit: MAX_DEPTH }.into());
        }
        let path = normal(path);
        if self.files.iter().any(|(known, _)| *known == path) {
            return Ok(());
        }
        let text = texts.read(&path).map_err(BuildError::file(FileAction::Read, &path))?;
        self.files.push((path.clone(), text.clone()));
        for include in includes(&text).into_iter().filter(|include| !include.constrains) {
            let included = input_files::beside(&path, &include.path);
            if !included.exists() {
                let (file, line, named) = (path, include.line, include.path);
                return Err(LockError::NoInclude { file, line, named }.into());
            }
            self.add(&included, texts, depth + 1)?;
        }
        Ok(())
    }
}
