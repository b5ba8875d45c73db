//! A commit in a repository of git → a pure wheel in the cache, where the user allows it by name.
//!
//! As for a source distribution, the setup code of the distribution runs on this machine. What is built is what the
//! commit's digest says, wherever it is fetched from.

use std::path::{Path, PathBuf};

use shipwheel_oci::Hasher;
use shipwheel_python::Repository;
use shipwheel_python::lock::{LockedPackage, LockedWheel};
use shipwheel_python::project::version_tool;

use super::project_error::{BuildInput, ProjectError};
use super::pure_wheel::{self, BuiltWheel};
use crate::disk::text::text_if_there;
use crate::error::BuildError;
use crate::program::git::Checkout;
use crate::program::uv;
use crate::session::Session;

/// Raise this when a commit is built in another way.
const GIT_RECIPE: u32 = 1;

/// Builds the wheel of a locked commit, or finds it in the cache.
///
/// # Errors
/// When the commit is not named in full or cannot be fetched, its build fails, or gives anything but one pure wheel.
pub(crate) fn build(
    session: &Session<'_>,
    package: &LockedPackage,
    repository: &Repository,
) -> Result<LockedWheel, BuildError> {
    let name = || package.name.clone();
    let no_commit = || ProjectError::NoCommit { name: name(), repository: repository.to_string() };
    let commit = repository.commit().ok_or_else(no_commit)?.to_ascii_lowercase();
    let input = BuildInput::Commit(name(), commit.clone());
    let mut hasher = Hasher::new();
    hasher.field(GIT_RECIPE.to_le_bytes()).field(uv::pinned().as_bytes()).field(&commit);
    hasher.field(repository.subdirectory.as_deref().unwrap_or_default());
    let built = BuiltWheel::remembered(session, "git", &hasher.finish(), || {
        session.report.step(&format!(
            "git: building a wheel of {name} at {commit}: its own code runs on this machine",
            name = name()
        ));
        run(session, &input, repository, &commit)
    })?;
    Ok(built.locked(&input, package)?)
}

fn run(
    session: &Session<'_>,
    input: &BuildInput,
    repository: &Repository,
    commit: &str,
) -> Result<BuiltWheel, BuildError> {
    let scratch = session.cache.scratch_dir()?;
    let checkout = Checkout::of(session, scratch.path().join("source"), &repository.url, commit)?;
    let source = source(input, &checkout.folder, repository)?;
    let pyproject = text_if_there(&source.join("pyproject.toml"))?.unwrap_or_default();
    if version_tool(&pyproject).is_some() {
        // The backend asks for the tags before the commit.
        checkout.fetch_history(session)?;
    }
    let built = pure_wheel::build(session, input, (scratch.path(), &source), None)?;
    BuiltWheel::keep(session, input, &built)
}

/// The project's folder in a checkout: a link in it must not lead elsewhere.
fn source(input: &BuildInput, checkout: &Path, repository: &Repository) -> Result<PathBuf, BuildError> {
    let folder = checkout.join(repository.subdirectory.as_deref().unwrap_or_default());
    let real = folder.canonicalize().ok().filter(|real| checkout.canonicalize().is_ok_and(|top| real.starts_with(top)));
    let is_project =
        |folder: &PathBuf| ["pyproject.toml", "setup.cfg", "setup.py"].iter().any(|it| folder.join(it).is_file());
    let real = real.filter(is_project);
    real.ok_or_else(|| {
        let subdirectory = repository.subdirectory.clone();
        ProjectError::NotInRepository { input: input.clone(), subdirectory }.into()
    })
}
