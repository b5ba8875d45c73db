//! Which wheels a lock gives for each platform: all that is missing is known before anything is fetched.

use std::collections::BTreeMap;
use std::path::PathBuf;

use shipwheel_oci::{Digest, Hasher, Platform};
use shipwheel_plan::spec::PythonSpec;
use shipwheel_python::lock::{Lock, LockedPackage, LockedSdist, LockedWheel, Origin};
use shipwheel_python::marker::Marker;
use shipwheel_python::select::{CoverageError, Reason, SelectProblem, SelectedWheel, Selection, select_all};
use shipwheel_python::{Repository, Target};

use super::origins::WheelOrigins;
use super::{git_wheel, sdist_wheel, unhashed};
use crate::error::BuildError;
use crate::lock::lock_error::LockError;
use crate::lock::lock_file::LockFile;
use crate::lock::pinned_lock::{PinnedLock, Reader};
use crate::lock::unlocked;
use crate::project::project::Project;
use crate::project::text_files::normal;
use crate::session::Session;

/// Raise this when a lock gives other wheels than before.
const SELECT_RECIPE: u32 = 6;

/// The wheels that are selected for each platform, sorted by name.
pub(crate) type SelectedWheels = BTreeMap<Platform, Vec<SelectedWheel>>;

/// What a lock gives for each platform.
#[derive(Default)]
pub(crate) struct Selected {
    /// The wheels.
    pub(crate) wheels: SelectedWheels,
    /// The folders of the user's own projects, absolute, in the order of the lock.
    pub(crate) folders: BTreeMap<Platform, Vec<PathBuf>>,
}

/// What a lock gives for one target.
type Picked = (Vec<SelectedWheel>, Vec<String>);

/// A lock, what is wanted of it, and where source distributions come from that may be built.
pub(crate) struct Selector<'a> {
    pub(crate) session: &'a Session<'a>,
    pub(crate) python: &'a PythonSpec,
    pub(crate) project: &'a Project,
    pub(crate) lock: &'a LockFile,
    pub(crate) origins: &'a WheelOrigins,
}

impl Selector<'_> {
    /// Selects the wheels for some targets.
    ///
    /// Remembered for as long as the lock's text and what is wanted of it stay the same. Nothing is fetched
    /// except source distributions that may be built.
    ///
    /// # Errors
    /// When the lock cannot be used, or distributions do not have a wheel: all of them, for every target.
    pub(crate) fn select(&self, targets: &BTreeMap<Platform, Target>) -> Result<Selected, BuildError> {
        let mut by_minor: BTreeMap<u32, Vec<Target>> = BTreeMap::new();
        for target in targets.values() {
            by_minor.entry(target.python.minor).or_default().push(target.clone());
        }
        let mut selected = Selected::default();
        let mut errors = CoverageError { errors: Vec::new() };
        // The oldest first: a lock that is made for it serves the others.
        for (minor, targets) in by_minor {
            match self.select_for_minor(minor, &targets) {
                Ok(lists) => {
                    for (target, (wheels, folders)) in targets.into_iter().zip(lists) {
                        let folders = folders.iter().map(|folder| normal(&self.lock.folder().join(folder)));
                        selected.folders.insert(target.platform.clone(), folders.collect());
                        selected.wheels.insert(target.platform, wheels);
                    }
                }
                Err(BuildError::Lock(LockError::Coverage(error))) => errors.errors.extend(error.errors),
                Err(error) => return Err(error),
            }
        }
        if errors.errors.is_empty() { Ok(selected) } else { Err(errors.into()) }
    }

    fn select_for_minor(&self, minor: u32, targets: &[Target]) -> Result<Vec<Picked>, BuildError> {
        let pinned = self.pinned(minor, targets)?;
        let key = self.key(&pinned, targets);
        if let Some(known) = self.session.cache.record::<Vec<Picked>>("selected", &key)
            && known.iter().flat_map(|(wheels, _)| wheels).all(|wheel| self.can_be_had(wheel))
        {
            return Ok(known);
        }
        // Folders are projects: they are built and come with the application.
        let locks =
            pinned.locks(Reader { session: self.session, python: self.python, targets, origins: self.origins })?;
        let (locks, folders): (Vec<Lock>, Vec<_>) = locks.into_iter().map(Lock::without_directories).unzip();
        let locks: Vec<(Lock, &Target)> = locks.into_iter().zip(targets).collect();
        let each = || locks.iter().map(|(lock, target)| (lock, *target));
        let mut selection = self.lock.selection(self.python);
        let accepted = self.python.accept.values().map(|wheel| LockedWheel {
            name: wheel.name.clone(),
            url: None,
            path: None,
            size: None,
            sha256: Some(wheel.sha256),
            stronger: Vec::new(),
        });
        selection.added.extend(accepted);
        let selected = match select_all(each(), &selection) {
            Ok(selected) => selected,
            Err(error) => {
                let (unhashed, error) = error.without_unhashed();
                self.build_allowed(&locks, error, &mut selection)?;
                for wheel in unhashed {
                    let sha256 = unhashed::sha256_of_wheel(self.session, self.origins, &wheel)?;
                    selection.hashed.push((wheel, sha256));
                }
                select_all(each(), &selection)?
            }
        };
        let picked = each().zip(folders).zip(selected).map(|(((lock, target), folders), wheels)| {
            let environment = selection.environment(lock, target);
            let is_needed = |marker: &Option<Marker>| marker.as_ref().is_none_or(|it| it.evaluate(&environment));
            let folders = folders.into_iter().filter(|(_, marker)| is_needed(marker)).map(|(folder, _)| folder);
            (wheels, folders.collect())
        });
        let selected: Vec<Picked> = picked.collect();
        // An address with a password in it is kept nowhere.
        if !selected
            .iter()
            .flat_map(|(wheels, _)| wheels)
            .any(|wheel| wheel.url.as_deref().is_some_and(shipwheel_store::has_secret))
        {
            self.session.cache.put_record("selected", &key, &selected)?;
        }
        Ok(selected)
    }

    /// The lock with hashes; where wheels are missing for one, the error lists all that have none.
    fn pinned(&self, minor: u32, targets: &[Target]) -> Result<PinnedLock<'_>, BuildError> {
        PinnedLock::of(self.session, self.project, self.lock, self.python, minor).or_else(|error| match error {
            BuildError::Lock(LockError::NeedsBuild { .. }) => {
                let lacking = unlocked::lacking(self.session, self.lock, self.python, minor, targets)?;
                Err(lacking.map_or(error, BuildError::from))
            }
            other => Err(other),
        })
    }

    fn key(&self, pinned: &PinnedLock<'_>, targets: &[Target]) -> Digest {
        let python = self.python;
        let mut hasher = Hasher::new();
        hasher.field(SELECT_RECIPE.to_le_bytes()).field(&python.lock.value);
        pinned.add_to(&mut hasher);
        for target in targets {
            hasher.field(target.to_string());
        }
        hasher.field("extras").fields(python.extras.iter().map(|extra| &extra.value));
        match &python.groups {
            Some(groups) => hasher.field("groups").fields(groups.iter().map(|group| &group.value)),
            None => hasher.field("default groups"),
        };
        if !python.index.is_empty() {
            hasher.field("index").fields(&python.index);
        }
        hasher.field("package").fields(python.package.iter().map(|package| &package.value));
        hasher.field("build").fields(python.allow_build.iter().map(|name| name.as_str()));
        for (name, wheel) in &python.accept {
            hasher.field(name).field(wheel.sha256.as_bytes());
        }
        self.session.outside.add_to(&mut hasher);
        hasher.finish()
    }

    /// What was built here is nowhere else.
    fn can_be_had(&self, wheel: &SelectedWheel) -> bool {
        wheel.url.is_some()
            || wheel.path.is_some()
            || self.python.accept.contains_key(wheel.wheel.file_name())
            || self.session.cache.blob_size(&wheel.sha256).is_some()
    }

    /// Builds what is missing and may be built; if anything else is missing too, that is reported first.
    fn build_allowed(
        &self,
        locks: &[(Lock, &Target)],
        error: CoverageError,
        selection: &mut Selection,
    ) -> Result<(), BuildError> {
        let rest = error.clone().only(|problem| self.sources_of(locks, problem).is_none());
        if !rest.errors.is_empty() {
            return Err(rest.into());
        }
        let mut lines: Vec<usize> = Vec::new();
        for problem in error.errors.iter().flat_map(|error| &error.problems) {
            let Some((package, sources)) = self.sources_of(locks, problem) else { continue };
            if lines.contains(&package.line) {
                continue;
            }
            lines.push(package.line);
            selection.added.push(match sources {
                Sources::Sdist(sdist) => sdist_wheel::build(self.session, self.origins, package, sdist)?,
                Sources::Commit(repository) => git_wheel::build(self.session, package, repository)?,
            });
        }
        Ok(())
    }

    /// The sources whose build would solve a problem, where the user allows it.
    fn sources_of<'l>(
        &self,
        locks: &'l [(Lock, &Target)],
        problem: &SelectProblem,
    ) -> Option<(&'l LockedPackage, Sources<'l>)> {
        let SelectProblem::Package { name, line, reason, .. } = problem else { return None };
        if !self.python.allow_build.contains(name) {
            return None;
        }
        let mut packages = locks.iter().flat_map(|(lock, _)| &lock.packages);
        let package = packages.find(|package| package.line == *line && package.name == *name)?;
        let sources = match (reason, &package.origin) {
            (Reason::OnlySdist | Reason::NoneFits(_), _) => package.sdist.as_ref().map(Sources::Sdist),
            (Reason::NotAWheel(_), Some(Origin::Git(repository))) => Some(Sources::Commit(repository)),
            _ => None,
        };
        Some((package, sources?))
    }
}

/// What a wheel can be built from.
enum Sources<'l> {
    Sdist(&'l LockedSdist),
    Commit(&'l Repository),
}
