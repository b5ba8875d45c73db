//! The user's own projects, as wheels: built, and held against the lock.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use shipwheel_oci::Platform;
use shipwheel_python::marker::Environment;
use shipwheel_python::select::SelectedWheel;
use shipwheel_python::{Dependency, Target, unmet};

use super::project_wheel;
use super::select::{Selected, SelectedWheels};
use super::wheels::Wheels;
use crate::error::BuildError;
use crate::lock::lock_error::LockError;
use crate::project::project::Project;
use crate::session::Session;

/// Builds the projects that each target needs, and checks what they ask for; each list is sorted by name.
///
/// # Errors
/// When the lock lacks what a project asks for, or a project cannot be built.
pub(crate) fn build(
    session: &Session<'_>,
    project: &Project,
    targets: &BTreeMap<Platform, Target>,
    selected: &Selected,
) -> Result<SelectedWheels, BuildError> {
    let mut built: BTreeMap<PathBuf, SelectedWheel> = BTreeMap::new();
    let mut local = SelectedWheels::new();
    for (platform, target) in targets {
        let selected_folders = selected.folders.get(platform).map(Vec::as_slice).unwrap_or_default();
        let folders = project.folders(target, selected_folders);
        let locked = selected.wheels.get(platform).map(Vec::as_slice).unwrap_or_default();
        check_lock(project, target, locked, &folders)?;
        let mut wheels = Vec::new();
        for folder in folders {
            let wheel = match built.get(&folder) {
                Some(wheel) => wheel.clone(),
                None => built.entry(folder.clone()).or_insert(project_wheel::wheel(session, project, &folder)?).clone(),
            };
            wheels.push(wheel);
        }
        wheels.sort_by(|a, b| a.name.cmp(&b.name));
        wheels.dedup_by(|a, b| a.sha256 == b.sha256);
        check_wheels(session, project, target, locked, &wheels)?;
        local.insert(platform.clone(), wheels);
    }
    Ok(local)
}

/// A lock must have what the pyproject.toml asks for that it was made from.
///
/// # Errors
/// Everything that is missing or in a version that will not do.
fn check_lock(
    project: &Project,
    target: &Target,
    locked: &[SelectedWheel],
    folders: &[PathBuf],
) -> Result<(), BuildError> {
    let Some((path, pyproject)) = project.locked_for()? else { return Ok(()) };
    let dependencies = pyproject.project.as_ref().map(|project| project.dependencies.clone());
    let mut dependencies = dependencies.unwrap_or_default();
    for folder in folders {
        let name = project.name_of(folder);
        dependencies.retain(|dependency| Some(&dependency.name) != name.as_ref());
    }
    check(project, target, path, &dependencies, locked.iter())
}

/// What the built wheels ask for, with what only their builds know.
fn check_wheels(
    session: &Session<'_>,
    project: &Project,
    target: &Target,
    locked: &[SelectedWheel],
    local: &[SelectedWheel],
) -> Result<(), BuildError> {
    let wheels = Wheels::new(Default::default(), local.iter().cloned());
    for wheel in local {
        let dependencies = wheels.open(session, &wheel.sha256)?.dependencies()?;
        let is_needed = |dependency: &Dependency| dependency.is_needed(&Environment::new(target));
        if project.lock.is_some() {
            let file = Path::new(wheel.wheel.file_name());
            check(project, target, file, &dependencies, locked.iter().chain(local))?;
        } else if dependencies.iter().any(is_needed) {
            return Err(LockError::NoLock { project: wheel.name.to_string() }.into());
        }
    }
    Ok(())
}

fn check<'w>(
    project: &Project,
    target: &Target,
    asked_by: &Path,
    dependencies: &[Dependency],
    locked: impl Iterator<Item = &'w SelectedWheel>,
) -> Result<(), BuildError> {
    let Some(lock) = &project.lock else { return Ok(()) };
    let locked = locked.map(|wheel| (&wheel.name, &wheel.version));
    let mut unmet = unmet(dependencies, &Environment::new(target), locked);
    if let Some((uv_lock, _)) = lock.uv_lock() {
        unmet.retain(|one| !uv_lock.decides_about(&one.dependency.name));
    }
    match unmet.is_empty() {
        true => Ok(()),
        false => Err(LockError::Outdated { lock: lock.path.clone(), asked_by: asked_by.to_owned(), unmet }.into()),
    }
}
