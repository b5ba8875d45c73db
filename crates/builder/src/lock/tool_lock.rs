//! poetry.lock and pdm.lock as they are read here: what is chosen of them, and whether they are of the project beside them.

use std::collections::BTreeSet;
use std::path::Path;

use shipwheel_plan::spec::{Located, PythonSpec};
use shipwheel_python::lock::{Chosen, LockTool, PdmLock, PoetryLock};
use shipwheel_python::marker::Environment;
use shipwheel_python::normalized;
use shipwheel_python::pyproject::project_groups;

use super::lock_error::LockError;
use crate::error::BuildError;

/// A lock of one of these tools.
pub(crate) enum ToolLock {
    Poetry(PoetryLock),
    Pdm(PdmLock),
}

impl ToolLock {
    /// Whether the pyproject.toml beside it decides what is chosen, too.
    pub(crate) fn needs_project(&self) -> bool {
        match self {
            Self::Poetry(lock) => lock.needs_project(),
            Self::Pdm(lock) => lock.needs_project(),
        }
    }

    /// The tool that wrote it, where it was made from another pyproject.toml than this one.
    pub(super) fn stale(&self, pyproject: &str) -> Option<LockTool> {
        let (is_of, tool) = match self {
            Self::Poetry(lock) => (lock.is_of(pyproject), LockTool::Poetry),
            Self::Pdm(lock) => (lock.is_of(pyproject), LockTool::Pdm),
        };
        (!is_of).then_some(tool)
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
        }
    }
}

fn names(texts: &[Located<String>]) -> BTreeSet<String> {
    texts.iter().map(|text| normalized(&text.value)).collect()
}
