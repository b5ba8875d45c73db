//! A lock in which everything has a hash: the user's own, or the one that is kept beside requirements without hashes.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use shipwheel_oci::Hasher;
use shipwheel_plan::spec::PythonSpec;
use shipwheel_python::lock::Lock;
use shipwheel_python::lock::LockReading;
use shipwheel_python::requirements::{Requirements, check_hashes};

use super::export;
use super::input_files::InputFiles;
use super::kept;
use super::lock_error::LockError;
use super::lock_file::{LockFile, has_any_hash};
use super::upgrade::Upgrade;
use crate::error::BuildError;
use crate::program::uv;
use crate::session::Session;

/// Raise this when the conversion changes.
const CONVERT_RECIPE: u32 = 1;

/// A lock with hashes, for a minor version of Python.
pub(crate) struct PinnedLock<'f> {
    file: &'f LockFile,
    /// The file that has the hashes: the kept lock where the user's has none.
    path: Cow<'f, Path>,
    /// Its text.
    pub(crate) text: Cow<'f, str>,
    /// Python 3.`minor`.
    minor: u32,
}

impl<'f> PinnedLock<'f> {
    /// The lock with hashes; requirements without any are locked first.
    ///
    /// # Errors
    /// When they cannot be locked.
    pub(crate) fn of(
        session: &Session<'_>,
        file: &'f LockFile,
        python: &PythonSpec,
        minor: u32,
    ) -> Result<Self, BuildError> {
        let is_locked = match file.form.reading() {
            LockReading::Native | LockReading::Export(_) => true,
            LockReading::Requirements => has_any_hash(&file.text),
            LockReading::LockFirst => false,
        };
        if is_locked {
            return Ok(Self { file, path: Cow::Borrowed(&file.path), text: Cow::Borrowed(&file.text), minor });
        }
        let (path, text): (PathBuf, String) = match kept::find(&file.path, python, minor)? {
            Some(kept) => kept,
            None => kept::make(session, &file.path, python, minor, &Upgrade::default())?,
        };
        Ok(Self { file, path: Cow::Owned(path), text: Cow::Owned(text), minor })
    }

    /// The text of the pyproject.toml that an exporter reads beside the lock; empty where none is read.
    pub(crate) fn exported_project(&self) -> &str {
        match self.file.form.reading() {
            LockReading::Native | LockReading::LockFirst => "",
            LockReading::Requirements if matches!(self.text, Cow::Owned(_)) => "",
            LockReading::Requirements | LockReading::Export(_) => self.file.pyproject.as_deref().unwrap_or_default(),
        }
    }

    /// The lock in the form that wheels are selected from.
    ///
    /// # Errors
    /// When it cannot be read or converted, or a hash is missing or differs.
    pub(crate) fn lock(&self, session: &Session<'_>, python: &PythonSpec) -> Result<Lock, BuildError> {
        let converted = match self.file.form.reading() {
            LockReading::Requirements | LockReading::LockFirst => return self.of_requirements(session, python),
            LockReading::Export(tool) => export::export(session, tool, self.file, python)?,
            LockReading::Native => {
                if let Some(lock) = self.file.pylock() {
                    return Ok(lock.clone());
                }
                self.text.clone().into_owned()
            }
        };
        Ok(Lock::parse(&converted, &format!("{} (converted)", self.path.display()))?)
    }

    fn of_requirements(&self, session: &Session<'_>, python: &PythonSpec) -> Result<Lock, BuildError> {
        let path = || self.path.clone().into_owned();
        let shown = self.path.display().to_string();
        let requirements = Requirements::parse(&self.text, &shown)?;
        if !requirements.has_all_hashes() {
            return Err(LockError::PartialHashes { path: path() }.into());
        }
        let mut hasher = Hasher::new();
        hasher.field(CONVERT_RECIPE.to_le_bytes()).field(self.minor.to_le_bytes()).field(&*self.text);
        let key = hasher.finish();
        let converted = match session.cache.record::<String>("pylock", &key) {
            Some(converted) => converted,
            None => {
                session.report.step(&format!("lock: converting {shown}"));
                let input = InputFiles::read_alone(&self.path, &self.text, &python.allow_build)?;
                let converted = uv::convert_requirements(session, &input, &self.file.lookup()?, self.minor)?;
                // A text with a password in it is kept nowhere.
                if !shipwheel_store::has_secret(&converted) {
                    session.cache.put_record("pylock", &key, &converted)?;
                }
                converted
            }
        };
        // Lines in messages are those of the conversion.
        let lock = Lock::parse(&converted, &format!("{shown} (converted)"))?;
        // uv looks the wheels up by name and version and does not compare the file's hashes.
        let checked = check_hashes(lock, &requirements);
        checked.map_err(|problems| LockError::Hashes { path: path(), problems }.into())
    }
}
