//! A locked source distribution → a pure wheel in the cache, where the user allows it by name.
//!
//! This runs the distribution's own setup code on this machine; code of a wheel never runs. The result must
//! fit every platform: native code is refused.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;

use shipwheel_oci::{Digest, Hasher};
use shipwheel_python::lock::{LockedPackage, LockedSdist, LockedWheel};
use zip::result::ZipError;

use super::origins::{Wanted, WheelOrigins};
use super::project_error::{BuildInput, ProjectError};
use super::pure_wheel::{self, BuiltWheel, PureWheel};
use crate::error::BuildError;
use crate::program::uv;
use crate::session::Session;
use shipwheel_store::{FileAction, open_regular};

/// Raise this when a source distribution is built in another way.
const SDIST_RECIPE: u32 = 1;

/// The most bytes that a member of a pure wheel may unpack to.
const MAX_MEMBER: u64 = 1 << 30;

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
    let sha256 = sdist.sha256.ok_or_else(|| ProjectError::NoHash { name: name() })?;
    let mut hasher = Hasher::new();
    hasher.field(SDIST_RECIPE.to_le_bytes()).field(uv::pinned().as_bytes()).field(sha256.as_bytes());
    let key = hasher.finish();
    let built: BuiltWheel = session.cache.remember(
        "sdist",
        &key,
        |built: &BuiltWheel| built.is_kept(session),
        || {
            let file_name = fetch(session, origins, package, sdist, sha256)?;
            session.report.step(&format!("sdist: building a wheel of {file_name}: its own code runs on this machine"));
            run(session, &input, &sha256, &file_name)
        },
    )?;
    let wheel = built.name(&input)?;
    let is_locked = package.version.as_ref().is_none_or(|version| *version == wheel.version);
    if wheel.distribution != package.name || !is_locked {
        let (version, wheel) = (package.version.clone(), built.file_name);
        return Err(ProjectError::OtherDistribution { name: name(), version, wheel }.into());
    }
    Ok(LockedWheel { name: wheel, url: None, path: None, size: Some(built.size), sha256: Some(built.digest) })
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
    let PureWheel { path, name } = pure_wheel::build(session, input, (scratch.path(), &source), None)?;
    let file_name = name.file_name().to_owned();
    let broken = |cause| ProjectError::BrokenWheel { input: input.clone(), wheel: file_name.clone(), cause };
    let bytes = normalized(&path).map_err(broken)?;
    let digest = session.cache.insert_bytes(&bytes)?;
    Ok(BuiltWheel { file_name, size: bytes.len() as u64, digest })
}

/// The same bytes on any machine at any time: members sorted, one time, one of two modes.
fn normalized(wheel: &Path) -> Result<Vec<u8>, ZipError> {
    use zip::write::SimpleFileOptions;
    let mut archive = zip::ZipArchive::new(open_regular(wheel)?)?;
    let names = archive.file_names().map(|name| name.map(std::borrow::Cow::into_owned));
    let mut names: Vec<String> = names.collect::<Result<_, _>>()?;
    names.retain(|name| !name.ends_with('/'));
    // The wheel specification recommends that the metadata comes last.
    names.sort_by_key(|name| (name.contains(".dist-info/"), name.clone()));
    let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for name in names {
        let member = archive.by_name(&name)?;
        let executable = member.unix_mode().is_some_and(|mode| mode & 0o111 != 0);
        let options = SimpleFileOptions::default()
            .last_modified_time(zip::DateTime::default())
            .unix_permissions(if executable { 0o755 } else { 0o644 });
        let mut bytes = Vec::new();
        member.take(MAX_MEMBER).read_to_end(&mut bytes)?;
        out.start_file(&name, options)?;
        out.write_all(&bytes)?;
    }
    Ok(out.finish()?.into_inner())
}
