//! Which wheels a lock gives for each platform: all that is missing is known before anything is fetched.

use std::collections::BTreeMap;

use shipwheel_oci::{Digest, Hasher, Platform};
use shipwheel_plan::spec::PythonSpec;
use shipwheel_python::Target;
use shipwheel_python::lock::{Lock, LockedPackage, LockedSdist, LockedWheel};
use shipwheel_python::marker::Environment;
use shipwheel_python::select::{CoverageError, Reason, SelectProblem, SelectedWheel, Selection, select_all};

use super::origins::WheelOrigins;
use super::sdist_wheel;
use crate::error::BuildError;
use crate::lock::lock_error::LockError;
use crate::lock::lock_file::LockFile;
use crate::lock::pinned_lock::PinnedLock;
use crate::lock::unlocked;
use crate::session::Session;

/// Raise this when a lock gives other wheels than before.
const SELECT_RECIPE: u32 = 5;

/// The wheels that are selected for each platform, sorted by name.
pub(crate) type SelectedWheels = BTreeMap<Platform, Vec<SelectedWheel>>;

/// A lock, what is wanted of it, and where source distributions come from that may be built.
pub(crate) struct Selector<'a> {
    pub(crate) session: &'a Session<'a>,
    pub(crate) python: &'a PythonSpec,
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
    pub(crate) fn select(&self, targets: &BTreeMap<Platform, Target>) -> Result<SelectedWheels, BuildError> {
        let mut by_minor: BTreeMap<u32, Vec<Target>> = BTreeMap::new();
        for target in targets.values() {
            by_minor.entry(target.python.minor).or_default().push(target.clone());
        }
        let mut selected = SelectedWheels::new();
        let mut errors = CoverageError { errors: Vec::new() };
        // The oldest first: a lock that is made for it serves the others.
        for (minor, targets) in by_minor {
            match self.select_for_minor(minor, &targets) {
                Ok(lists) => selected.extend(targets.into_iter().map(|target| target.platform).zip(lists)),
                Err(BuildError::Lock(LockError::Coverage(error))) => errors.errors.extend(error.errors),
                Err(error) => return Err(error),
            }
        }
        if errors.errors.is_empty() { Ok(selected) } else { Err(errors.into()) }
    }

    fn select_for_minor(&self, minor: u32, targets: &[Target]) -> Result<Vec<Vec<SelectedWheel>>, BuildError> {
        let pinned = self.pinned(minor, targets)?;
        let key = self.key(&pinned, targets);
        if let Some(known) = self.session.cache.record::<Vec<Vec<SelectedWheel>>>("selected", &key)
            && known.iter().flatten().all(|wheel| self.can_be_had(wheel))
        {
            return Ok(known);
        }
        // Folders are projects: they are built and come with the application.
        let locks = pinned.locks(self.session, self.python, targets)?.into_iter().zip(targets);
        let locks = locks.map(|(lock, target)| (lock.without_directories(&Environment::new(target)).0, target));
        let locks: Vec<(Lock, &Target)> = locks.collect();
        let each = || locks.iter().map(|(lock, target)| (lock, *target));
        let mut selection = self.lock.selection(self.python);
        let accepted = self.python.accept.values().map(|wheel| LockedWheel {
            name: wheel.name.clone(),
            url: None,
            path: None,
            size: None,
            sha256: Some(wheel.sha256),
        });
        selection.added.extend(accepted);
        let selected = match select_all(each(), &selection) {
            Ok(selected) => selected,
            Err(error) => {
                self.build_allowed(&locks, error, &mut selection)?;
                select_all(each(), &selection)?
            }
        };
        // An address with a password in it is kept nowhere.
        if !selected.iter().flatten().any(|wheel| wheel.url.as_deref().is_some_and(shipwheel_store::has_secret)) {
            self.session.cache.put_record("selected", &key, &selected)?;
        }
        Ok(selected)
    }

    /// The lock with hashes; where wheels are missing for one, the error lists all that have none.
    fn pinned(&self, minor: u32, targets: &[Target]) -> Result<PinnedLock<'_>, BuildError> {
        PinnedLock::of(self.session, self.lock, self.python, minor).or_else(|error| match error {
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
        hasher.field("package").fields(python.package.iter().map(|package| &package.value));
        hasher.field("build").fields(python.allow_build.iter().map(|name| name.as_str()));
        for (name, wheel) in &python.accept {
            hasher.field(name).field(wheel.sha256.as_bytes());
        }
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
        let rest = error.clone().only(|problem| self.sdist_of(locks, problem).is_none());
        if !rest.errors.is_empty() {
            return Err(rest.into());
        }
        let mut lines: Vec<usize> = Vec::new();
        for problem in error.errors.iter().flat_map(|error| &error.problems) {
            let Some((package, sdist)) = self.sdist_of(locks, problem) else { continue };
            if !lines.contains(&package.line) {
                lines.push(package.line);
                selection.added.push(sdist_wheel::build(self.session, self.origins, package, sdist)?);
            }
        }
        Ok(())
    }

    /// The source distribution that would solve a problem, where the user allows building it.
    fn sdist_of<'l>(
        &self,
        locks: &'l [(Lock, &Target)],
        problem: &SelectProblem,
    ) -> Option<(&'l LockedPackage, &'l LockedSdist)> {
        let SelectProblem::Package { name, line, reason: Reason::OnlySdist | Reason::NoneFits(_), .. } = problem else {
            return None;
        };
        let mut packages = locks.iter().flat_map(|(lock, _)| &lock.packages);
        let package = packages.find(|package| package.line == *line && package.name == *name)?;
        let sdist = package.sdist.as_ref().filter(|_| self.python.allow_build.contains(name))?;
        Some((package, sdist))
    }
}
