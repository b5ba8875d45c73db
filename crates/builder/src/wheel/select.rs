//! Which wheels a lock gives for each platform: all that is missing is known before anything is fetched.

use std::path::Path;

use shipwheel_oci::{Digest, Hasher};
use shipwheel_plan::PythonSpec;
use shipwheel_python::Target;
use shipwheel_python::lock::{Lock, LockedPackage, LockedSdist, LockedWheel};
use shipwheel_python::marker::Environment;
use shipwheel_python::select::{CoverageError, Reason, SelectProblem, Selection, select_all};

use super::chosen_wheel::ChosenWheel;
use crate::error::BuildError;
use crate::lock::lock_file::LockFile;
use crate::lock::userinfo::has_userinfo;
use crate::project::definition::Definition;
use crate::session::Session;
use crate::wheel::origins::WheelPlaces;
use crate::wheel::sdist_wheel;

/// Raise this when a lock gives other wheels than before.
const CHOOSE_RECIPE: u32 = 2;

/// Chooses the wheels of a definition's lock for some targets; each list is sorted by name.
///
/// Remembered for as long as the lock's text and what is wanted of it stay the same. Nothing is fetched but
/// source distributions that may be built.
///
/// # Errors
/// When the lock cannot be used, or distributions have no wheel: all of them, for every target.
pub(crate) fn choose(
    session: &Session<'_>,
    definition: &Definition,
    python: &PythonSpec,
    places: &WheelPlaces,
    targets: &[Target],
) -> Result<Vec<Vec<ChosenWheel>>, BuildError> {
    let mut minors: Vec<u32> = targets.iter().map(|target| target.python.minor).collect();
    minors.sort_unstable();
    minors.dedup();
    let mut chosen = vec![Vec::new(); targets.len()];
    // The oldest first: a lock that is made for it serves the others.
    let mut errors = CoverageError { errors: Vec::new() };
    for minor in minors {
        let (places_in_list, of_minor): (Vec<usize>, Vec<Target>) =
            targets.iter().cloned().enumerate().filter(|(_, target)| target.python.minor == minor).unzip();
        match choose_for_minor(session, definition, python, places, &of_minor) {
            Ok(lists) => places_in_list.into_iter().zip(lists).for_each(|(at, list)| chosen[at] = list),
            Err(BuildError::Coverage(error)) => errors.errors.extend(error.errors),
            Err(error) => return Err(error),
        }
    }
    if errors.errors.is_empty() { Ok(chosen) } else { Err(BuildError::Coverage(errors)) }
}

fn choose_for_minor(
    session: &Session<'_>,
    definition: &Definition,
    python: &PythonSpec,
    places: &WheelPlaces,
    targets: &[Target],
) -> Result<Vec<Vec<ChosenWheel>>, BuildError> {
    let minor = targets[0].python.minor;
    let file = LockFile::read(session, definition, python, minor)?;
    let key = key(&file, python, targets);
    if let Some(known) = session.cache.record::<Vec<Vec<ChosenWheel>>>("chosen", &key)
        && known.iter().flatten().all(|wheel| can_be_had(session, python, wheel))
    {
        return Ok(known);
    }
    // Folders are projects: they are built and come with the application.
    let (lock, _) = file.lock(session, python, minor)?.without_directories(&Environment::new(&targets[0]));
    let mut selection = file.selection(python);
    let accepted = python.accept.values().map(|wheel| LockedWheel {
        name: wheel.name.clone(),
        url: None,
        path: None,
        size: None,
        sha256: Some(wheel.sha256),
    });
    selection.added.extend(accepted);
    let lock_folder = definition.lock_folder();
    let selected = match select_all(&lock, targets, &selection) {
        Ok(selected) => selected,
        Err(error) => {
            build_allowed(session, places, &lock_folder, &lock, python, error, &mut selection)?;
            select_all(&lock, targets, &selection)?
        }
    };
    let chosen: Vec<Vec<ChosenWheel>> =
        selected.into_iter().map(|wheels| wheels.into_iter().map(ChosenWheel::from).collect()).collect();
    // An address with a password in it is kept nowhere.
    if !chosen.iter().flatten().any(|wheel| wheel.url.as_deref().is_some_and(has_userinfo)) {
        session.cache.put_record("chosen", &key, &chosen)?;
    }
    Ok(chosen)
}

fn key(file: &LockFile, python: &PythonSpec, targets: &[Target]) -> Digest {
    let mut hasher = Hasher::new();
    hasher.field(CHOOSE_RECIPE.to_le_bytes()).field(&python.lock.value).field(&file.text).field(&file.project);
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
fn can_be_had(session: &Session<'_>, python: &PythonSpec, wheel: &ChosenWheel) -> bool {
    wheel.url.is_some()
        || wheel.path.is_some()
        || python.accept.contains_key(&wheel.file_name)
        || session.cache.blob_size(&wheel.digest).is_some()
}

/// Builds what is missing and may be built; if anything else is missing too, that is said first.
fn build_allowed(
    session: &Session<'_>,
    places: &WheelPlaces,
    lock_folder: &Path,
    lock: &Lock,
    python: &PythonSpec,
    error: CoverageError,
    selection: &mut Selection,
) -> Result<(), BuildError> {
    let buildable = |problem: &SelectProblem| sdist_of(lock, python, problem).is_some();
    let rest = error.clone().only(|problem| !buildable(problem));
    if !rest.errors.is_empty() {
        return Err(BuildError::Coverage(rest));
    }
    let mut lines: Vec<usize> = Vec::new();
    for problem in error.errors.iter().flat_map(|error| &error.problems) {
        let Some((package, sdist)) = sdist_of(lock, python, problem) else { continue };
        if !lines.contains(&package.line) {
            lines.push(package.line);
            selection.added.push(sdist_wheel::build(session, places, lock_folder, package, sdist)?);
        }
    }
    Ok(())
}

/// The source distribution that would solve a problem, where the user allows to build it.
fn sdist_of<'l>(
    lock: &'l Lock,
    python: &PythonSpec,
    problem: &SelectProblem,
) -> Option<(&'l LockedPackage, &'l LockedSdist)> {
    let SelectProblem::Package { name, line, reason: Reason::OnlySdist | Reason::NoneFits(_), .. } = problem else {
        return None;
    };
    let package = lock.packages.iter().find(|package| package.line == *line && package.name == *name)?;
    let sdist = package.sdist.as_ref().filter(|_| python.allow_build.contains(name))?;
    Some((package, sdist))
}
