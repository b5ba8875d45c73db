//! A locked source distribution → a pure wheel in the cache, where the user allows it by name.
//!
//! This runs the distribution's own setup code on this machine; code of a wheel never runs. The result must
//! fit every platform: native code is refused.

use std::fs::File;

use shipwheel_oci::{Digest, Hasher};
use shipwheel_python::lock::{LockedPackage, LockedSdist, LockedWheel};

use super::origins::{Wanted, WheelOrigins};
use super::project_error::{BuildInput, ProjectError};
use super::pure_wheel::{self, BuiltWheel};
use super::unhashed;
use crate::error::BuildError;
use crate::program::uv;
use crate::session::Session;
use shipwheel_store::FileAction;

/// Raise this when a source distribution is built in another way.
const SDIST_RECIPE: u32 = 1;

/// Builds the wheel of a locked source distribution, or finds it in the cache.
///
/// `lock_folder` is what a path in the lock is relative to.
///
/// # Errors
/// When it cannot be obtained or verified, its build fails, or gives anything but one pure wheel.
pub(crate) fn build(
    session: &Session<'_>,
    origins: &WheelOrigins,
    package: &LockedPackage,
    sdist: &LockedSdist,
) -> Result<LockedWheel, BuildError> {
    let name = || package.name.clone();
    let input = BuildInput::Sdist(name());
    let sha256 = match sdist.sha256 {
        Some(sha256) => sha256,
        None if sdist.stronger.is_empty() => return Err(ProjectError::NoHash { name: name() }.into()),
        None => unhashed::sha256_of_sdist(session, origins, sdist)?,
    };
    let mut hasher = Hasher::new();
    hasher.field(SDIST_RECIPE.to_le_bytes()).field(uv::pinned().as_bytes()).field(sha256.as_bytes());
    let key = hasher.finish();
    let built = BuiltWheel::remembered(session, "sdist", &key, || {
        let file_name = fetch(session, origins, package, sdist, sha256)?;
        session.report.step(&format!("sdist: building a wheel of {file_name}: its own code runs on this machine"));
        run(session, &input, &sha256, &file_name)
    })?;
    Ok(built.locked(&input, package)?)
}

/// Puts the verified archive into the cache, and gives its file name.
fn fetch(
    session: &Session<'_>,
    origins: &WheelOrigins,
    package: &LockedPackage,
    sdist: &LockedSdist,
    digest: Digest,
) -> Result<String, BuildError> {
    let address = sdist.path.as_deref().or(sdist.url.as_deref()).unwrap_or_default();
    let file_name = address.split(['?', '#']).next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
    let file_name = file_name.to_owned();
    let is_plain = file_name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._+-%".contains(&byte));
    if !is_plain || !(file_name.ends_with(".tar.gz") || file_name.ends_with(".zip")) {
        return Err(ProjectError::NotASdist { name: package.name.clone(), file_name }.into());
    }
    match &sdist.path {
        Some(path) => origins.take_in(session, path, &digest, None)?,
        None => {
            let wanted = Wanted { file_name: file_name.clone(), url: sdist.url.clone(), digest, size: None };
            origins.fetch(session, &[wanted])?;
        }
    }
    Ok(file_name)
}

fn run(session: &Session<'_>, input: &BuildInput, sdist: &Digest, file_name: &str) -> Result<BuiltWheel, BuildError> {
    let scratch = session.cache.scratch_dir()?;
    let source = scratch.path().join(file_name);
    let mut blob = session.cache.open_blob(sdist)?;
    let mut copy = File::create(&source).map_err(BuildError::file(FileAction::Create, &source))?;
    std::io::copy(&mut blob, &mut copy).map_err(BuildError::file(FileAction::Write, &source))?;
    let built = pure_wheel::build(session, input, (scratch.path(), &source), None)?;
    BuiltWheel::keep(session, input, &built)
}
