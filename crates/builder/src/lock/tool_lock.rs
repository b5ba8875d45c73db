//! poetry.lock, pdm.lock and Pipfile.lock as they are read here: what is chosen of them, and whether they are of the project
//! beside them.

use std::collections::BTreeSet;
use std::path::Path;

use shipwheel_plan::spec::{Located, PythonSpec};
use shipwheel_python::lock::{Chosen, LockForm, LockTool, PdmLock, PipfileLock, PoetryLock};
use shipwheel_python::marker::Environment;
use shipwheel_python::normalized;
use shipwheel_python::pyproject::project_groups;

use super::lock_error::LockError;
use crate::error::BuildError;

/// A lock of one of these tools.
pub(crate) enum ToolLock {
    Poetry(PoetryLock),
    Pdm(PdmLock),
    Pipfile(PipfileLock),
}

/// The files of a project that a lock was made from.
#[derive(Clone, Copy)]
pub(crate) struct Origins<'o> {
    /// The text of its pyproject.toml.
    pub(crate) pyproject: Option<&'o str>,
    /// The text of its Pipfile.
    pub(crate) pipfile: Option<&'o str>,
}

impl ToolLock {
    /// Parses the text of a lock of a form; `None` for one of another kind.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn parse(form: LockForm, text: &str, file: &str) -> Result<Option<Self>, BuildError> {
        Ok(match form {
            LockForm::Poetry => Some(Self::Poetry(PoetryLock::parse(text, file)?)),
            LockForm::Pdm => Some(Self::Pdm(PdmLock::parse(text, file)?)),
            LockForm::Pipfile => Some(Self::Pipfile(PipfileLock::parse(text, file)?)),
            LockForm::Pylock | LockForm::Uv | LockForm::Requirements | LockForm::Project => None,
        })
    }

    /// Whether the pyproject.toml beside it decides what is chosen, too.
    pub(crate) fn needs_project(&self) -> bool {
        match self {
            Self::Poetry(lock) => lock.needs_project(),
            Self::Pdm(lock) => lock.needs_project(),
            Self::Pipfile(_) => false,
        }
    }

    /// Checks that it was made from the files of the project as they are; those that are not there cannot tell.
    ///
    /// # Errors
    /// When it is older than one of them.
    pub(super) fn check(&self, path: &Path, origins: Origins<'_>) -> Result<(), LockError> {
        let stale = |tool| LockError::Stale { lock: path.to_owned(), differences: Vec::new(), tool };
        let error = match (self, origins.pyproject, origins.pipfile) {
            (Self::Poetry(lock), Some(pyproject), _) => (!lock.is_of(pyproject)).then(|| stale(LockTool::Poetry)),
            (Self::Pdm(lock), Some(pyproject), _) => (!lock.is_of(pyproject)).then(|| stale(LockTool::Pdm)),
            (Self::Pipfile(lock), _, Some(pipfile)) => {
                lock.is_older_than(pipfile).then(|| LockError::StalePipfile { lock: path.to_owned() })
            }
            (Self::Poetry(_) | Self::Pdm(_) | Self::Pipfile(_), ..) => None,
        };
        error.map_or(Ok(()), Err)
    }

    /// What is wanted of it in an environment.
    ///
    /// # Errors
    /// When it has no such extra or group, or its pyproject.toml is needed and not there.
    pub(super) fn choose(
        &self,
        path: &Path,
        python: &PythonSpec,
        pyproject: Option<&str>,
        environment: &Environment,
    ) -> Result<Chosen, BuildError> {
        if self.needs_project() && pyproject.is_none() {
            return Err(LockError::NoPyproject { lock: path.to_owned() }.into());
        }
        let project = pyproject.unwrap_or_default();
        let (extras, groups) = (names(&python.extras), names(python.groups.as_deref().unwrap_or_default()));
        let check = |kind, names: &BTreeSet<String>, known: BTreeSet<String>| match names.difference(&known).next() {
            Some(name) => {
                Err(BuildError::from(LockError::NotInLock { lock: path.to_owned(), kind, name: name.clone(), known }))
            }
            None => Ok(()),
        };
        // A group may need nothing, and older locks name none.
        let declared = project_groups(project);
        match self {
            Self::Poetry(lock) => {
                check("extra", &extras, lock.extras())?;
                check("group", &groups, lock.groups().into_iter().chain(declared.groups).collect())?;
                Ok(lock.choose(&extras, &groups, environment, project))
            }
            Self::Pdm(lock) => {
                let known = |declared: BTreeSet<String>| lock.groups().unwrap_or(declared);
                check("extra", &extras, known(declared.extras))?;
                check("group", &groups, known(declared.groups))?;
                let all = extras.into_iter().chain(groups).collect();
                Ok(lock.choose(&all, environment, project))
            }
            Self::Pipfile(lock) => {
                check("extra", &extras, BTreeSet::new())?;
                let sections = groups.iter().map(|group| PipfileLock::section(group).to_owned()).collect();
                check("group", &sections, lock.groups())?;
                Ok(lock.choose(&sections, environment))
            }
        }
    }
}

fn names(texts: &[Located<String>]) -> BTreeSet<String> {
    texts.iter().map(|text| normalized(&text.value)).collect()
}
