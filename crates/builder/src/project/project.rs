//! The user's files that say what an image depends on: read from disk once, before anything else happens.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use shipwheel_python::project::NotStatic;
use shipwheel_python::pyproject::{PackageIndex, Pyproject, UvSettings};
use shipwheel_python::setup::Setup;
use shipwheel_python::{DistributionName, Target};

use super::definition::Definition;
use super::pyprojects::Pyprojects;
use super::text_files::normal;
use super::workspace::Workspace;
use crate::disk::text::text_if_there;
use crate::error::BuildError;
use crate::lock::lock_error::LockError;
use crate::lock::lock_file::LockFile;
use crate::lock::stale;
use crate::wheel::project_error::ProjectError;

/// A definition's lock, and the pyproject.toml files around it.
pub(crate) struct Project {
    /// The lock, where the definition names one.
    pub(crate) lock: Option<LockFile>,
    /// The folder of the application's own project, where `app.project` names one.
    own: Option<PathBuf>,
    /// Whether the build backends of that project and of those that it needs may run.
    may_build: bool,
    /// What `app.version` says.
    version: Option<String>,
    /// The distributions whose code may run when they are built.
    allow_build: BTreeSet<DistributionName>,
    /// The definition's folder.
    folder: PathBuf,
    /// What its paths may reach.
    workspace: Workspace,
    pyprojects: Pyprojects,
    /// The package indexes that the settings of uv beside the lock name.
    pub(crate) indexes: Vec<PackageIndex>,
}

impl Project {
    /// Reads the files of a definition.
    ///
    /// # Errors
    /// When the lock cannot be used, or is older than a pyproject.toml that it was made from.
    pub(crate) fn read(definition: &Definition) -> Result<Self, BuildError> {
        match definition.unallowed_build() {
            Some(error) => Err(error.into()),
            None => Self::read_to_lock(definition),
        }
    }

    /// The same to lock what it needs, whether or not its build backend may run.
    ///
    /// # Errors
    /// As [`Project::read`].
    pub(crate) fn read_to_lock(definition: &Definition) -> Result<Self, BuildError> {
        let folder = definition.folder.clone();
        let own = definition.spec.app.as_ref().and_then(|app| app.project.as_ref());
        let own = own.map(|project| Ok::<_, BuildError>(normal(&definition.path(project)?))).transpose()?;
        let mut texts = definition.texts.clone();
        let python = definition.spec.python.as_ref();
        let lock = python.map(|python| LockFile::read(definition, python, &mut texts)).transpose()?;
        let mut folders: Vec<PathBuf> = own.iter().cloned().chain([folder.clone()]).collect();
        folders.extend(lock.iter().map(|lock| lock.folder().to_owned()));
        folders.extend(lock.iter().flat_map(|lock| lock.local_folders().map(|local| lock.folder().join(local))));
        let pyprojects = Pyprojects::read(folders, &mut texts)?;
        if let Some(lock) = &lock {
            stale::check(lock, &pyprojects)?;
        }
        let indexes = lock.as_ref().map(|lock| indexes(lock, &pyprojects)).transpose()?.unwrap_or_default();
        let allow_build = definition.spec.python.as_ref().map(|python| python.allow_build.clone()).unwrap_or_default();
        let version = definition.spec.app.as_ref().and_then(|app| app.version.as_ref());
        let (version, workspace) = (version.map(|version| version.value.clone()), definition.workspace.clone());
        let may_build = definition.may_build_project;
        Ok(Self { lock, own, may_build, version, allow_build, folder, workspace, pyprojects, indexes })
    }

    /// Checks that a project is in the workspace.
    ///
    /// # Errors
    /// When it is not.
    pub(crate) fn check_place(&self, folder: &Path) -> Result<(), BuildError> {
        Ok(self.workspace.check(folder)?)
    }

    /// Checks that the user named a project before its build backend runs: by `app.project`, which takes the local
    /// projects that it needs along, or by `allow-build`.
    ///
    /// # Errors
    /// When nothing names it; `why` says why the backend would have to run.
    pub(crate) fn check_may_build(&self, folder: &Path, why: NotStatic) -> Result<(), BuildError> {
        let pyproject = self.pyproject(folder)?.map(|(_, pyproject)| pyproject);
        let is_named = self.name_of(folder).is_some_and(|name| self.allow_build.contains(&name));
        let folder = folder.to_owned();
        match self.own.is_some() {
            _ if is_named => Ok(()),
            true if self.may_build => Ok(()),
            true => {
                let backend = pyproject.and_then(|it| it.build_backend.clone()).unwrap_or("setuptools".to_owned());
                Err(ProjectError::NotAllowed { folder, backend, why }.into())
            }
            false => Err(ProjectError::NotNamed { folder, why }.into()),
        }
    }

    /// The name of the project in a folder, as far as its files say it.
    pub(crate) fn name_of(&self, folder: &Path) -> Option<DistributionName> {
        let text = |name: &str| text_if_there(&folder.join(name)).ok().flatten().unwrap_or_default();
        let known = self.pyproject(folder).ok().flatten().map(|(_, pyproject)| pyproject.clone());
        let pyproject = known.or_else(|| Pyproject::parse(&text("pyproject.toml")).ok()).unwrap_or_default();
        let name = pyproject.project_or_poetry().ok().and_then(|project| project.name);
        name.or_else(|| Setup::read(&text("setup.cfg"), &text("setup.py")).name?.parse().ok())
    }

    /// The version of a project, where its own files do not say it.
    pub(crate) fn version(&self, folder: &Path) -> Option<&str> {
        self.version.as_deref().filter(|_| self.own.as_deref() == Some(folder))
    }

    /// The folders of all projects that a target needs, absolute, the application's own first; `selected` are those that
    /// the lock gave with its wheels.
    pub(crate) fn folders(&self, target: &Target, selected: &[PathBuf]) -> Vec<PathBuf> {
        let mut folders: Vec<PathBuf> = self.own.iter().cloned().collect();
        if let Some(lock) = &self.lock {
            let beside = normal(lock.folder());
            let of = self.own.clone().unwrap_or_else(|| normal(&self.folder));
            let below = of.strip_prefix(&beside).ok().and_then(Path::to_str).unwrap_or_default();
            folders.extend(lock.project_folders(below, target).iter().map(|folder| normal(&beside.join(folder))));
        }
        folders.extend_from_slice(selected);
        let mut seen = BTreeSet::new();
        folders.retain(|folder| seen.insert(folder.clone()));
        folders
    }

    /// The pyproject.toml of a folder, with its path.
    ///
    /// # Errors
    /// When it is broken.
    pub(crate) fn pyproject(&self, folder: &Path) -> Result<Option<(&Path, &Pyproject)>, LockError> {
        self.pyprojects.of(folder)
    }

    /// The pyproject.toml whose dependencies the lock must have: the project's, or the one beside definition and lock.
    ///
    /// # Errors
    /// When it is broken.
    pub(crate) fn locked_for(&self) -> Result<Option<(&Path, &Pyproject)>, LockError> {
        let lock_is_beside = self.lock.as_ref().is_some_and(|lock| lock.folder() == self.folder);
        match &self.own {
            Some(own) => self.pyprojects.of(own),
            // A lock elsewhere belongs to another folder.
            None if lock_is_beside => self.pyprojects.of(&self.folder),
            None => Ok(None),
        }
    }
}

/// The indexes whose credentials are in the environment; what does not parse here is uv's to complain about.
///
/// # Errors
/// When a uv.toml is there and cannot be read.
fn indexes(lock: &LockFile, pyprojects: &Pyprojects) -> Result<Vec<PackageIndex>, BuildError> {
    let pyproject = pyprojects.of(lock.folder()).ok().flatten().map(|(_, file)| file.uv.clone());
    let uv_toml = text_if_there(&lock.folder().join("uv.toml"))?;
    let uv_toml = uv_toml.and_then(|text| UvSettings::parse(&text).ok());
    Ok(pyproject.into_iter().chain(uv_toml).flat_map(|settings| settings.indexes).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::definition::Places;

    #[test]
    fn a_derived_definition_reads_pyproject_and_lock_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("main.py"), "print()\n").unwrap();
        std::fs::write(path("pyproject.toml"), "[project]\nname = 'app'\nversion = '1'\n").unwrap();
        std::fs::write(path("pylock.toml"), "lock-version = '1.0'\ncreated-by = 'x'\npackages = []\n").unwrap();
        let given = folder.path().display().to_string();
        let places = Places { images: Path::new("images"), home: None };
        let definition = Definition::load(places, Some(&given), None, &Default::default()).unwrap();
        // Whoever reads them from disk once more does not find them.
        std::fs::remove_file(path("pyproject.toml")).unwrap();
        std::fs::remove_file(path("pylock.toml")).unwrap();
        let project = Project::read(&definition).unwrap();
        assert!(project.lock.as_ref().unwrap().pylock().is_some());
        assert_eq!(project.lock.as_ref().unwrap().pyproject.as_deref().map(|text| text.contains("'app'")), Some(true));
        assert!(project.pyproject(folder.path()).unwrap().is_some());
    }
}
