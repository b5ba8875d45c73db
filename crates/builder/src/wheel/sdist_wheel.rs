//! A locked source distribution → a pure wheel in the cache, where the user allows it by name.
//!
//! This runs the distribution's own setup code on this machine: no code of a wheel ever runs, and this is
//! no wheel yet. What comes out must fit every platform; anything native is refused.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};
use shipwheel_oci::{Digest, Hasher};
use shipwheel_python::lock::{LockedPackage, LockedSdist, LockedWheel};
use shipwheel_python::wheel::WheelName;

use crate::error::BuildError;
use crate::program::uv;
use crate::session::Session;
use crate::wheel::origins::{Wanted, WheelPlaces, take};
use crate::wheel::pure_wheel::{self, PureWheel};

/// Raise this when a source distribution is built in another way.
const SDIST_RECIPE: u32 = 1;

/// No member of a pure wheel unpacks to more.
const LARGEST_MEMBER: u64 = 1 << 30;

/// What is remembered of a source distribution that was built.
#[derive(Serialize, Deserialize)]
struct BuiltSdist {
    file_name: String,
    size: u64,
    digest: Digest,
}

/// Builds the wheel of a locked source distribution, or finds it in the cache.
///
/// `lock_folder` is what a path in the lock is relative to.
///
/// # Errors
/// When it cannot be had or verified, its build fails, or gives anything but one pure wheel.
pub(crate) fn build(
    session: &Session<'_>,
    places: &WheelPlaces,
    lock_folder: &Path,
    package: &LockedPackage,
    sdist: &LockedSdist,
) -> Result<LockedWheel, BuildError> {
    let fail = |reason: String| BuildError::Sdist { name: package.name.to_string(), reason };
    let sha256 = sdist.sha256.ok_or_else(|| fail("the lock has no sha256 for it".to_owned()))?;
    let mut hasher = Hasher::new();
    hasher.field(SDIST_RECIPE.to_le_bytes()).field(uv::pinned().as_bytes()).field(sha256.as_bytes());
    let key = hasher.finish();
    let _hold = session.cache.hold("sdist", &key)?;
    let known = session.cache.record::<BuiltSdist>("sdist", &key);
    let built = match known.filter(|built| session.cache.blob_size(&built.digest) == Some(built.size)) {
        Some(built) => built,
        None => {
            let file_name = fetch(session, places, lock_folder, sdist, sha256, &fail)?;
            session.report.step(&format!("sdist: building a wheel of {file_name}: its own code runs on this machine"));
            let built = run(session, &sha256, &file_name, &fail)?;
            session.cache.put_record("sdist", &key, &built)?;
            built
        }
    };
    let name: WheelName = built.file_name.parse().map_err(|error| fail(format!("{error}")))?;
    if name.distribution != package.name || package.version.as_ref().is_some_and(|version| *version != name.version) {
        let version = package.version.as_ref().map(ToString::to_string).unwrap_or_default();
        return Err(fail(format!("its build gave {}, and {} {version} is locked", built.file_name, package.name)));
    }
    Ok(LockedWheel { name, url: None, path: None, size: Some(built.size), sha256: Some(built.digest) })
}

/// Puts the verified archive into the cache; its file name.
fn fetch(
    session: &Session<'_>,
    places: &WheelPlaces,
    lock_folder: &Path,
    sdist: &LockedSdist,
    digest: Digest,
    fail: &dyn Fn(String) -> BuildError,
) -> Result<String, BuildError> {
    let place = sdist.path.as_deref().or(sdist.url.as_deref()).unwrap_or_default();
    let name = place.split(['?', '#']).next().unwrap_or_default().rsplit('/').next().unwrap_or_default().to_owned();
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._+-%".contains(&byte));
    if !is_plain || !(name.ends_with(".tar.gz") || name.ends_with(".zip")) {
        return Err(fail(format!("`{name}` is no source distribution: expected NAME-VERSION.tar.gz or .zip")));
    }
    match &sdist.path {
        Some(path) if session.cache.blob_size(&digest).is_none() => {
            let path = lock_folder.join(path);
            let file = File::open(&path).map_err(BuildError::file("open", &path))?;
            take(session, &file, &path, &digest, None)?;
        }
        Some(_) => {}
        None => {
            let wanted = Wanted { file_name: name.clone(), url: sdist.url.clone(), digest, size: None };
            places.fetch(session, &[wanted])?;
        }
    }
    Ok(name)
}

fn run(
    session: &Session<'_>,
    sdist: &Digest,
    file_name: &str,
    fail: &dyn Fn(String) -> BuildError,
) -> Result<BuiltSdist, BuildError> {
    let scratch = session.cache.scratch_dir()?;
    let source = scratch.path().join(file_name);
    let mut blob = session.cache.open_blob(sdist)?;
    let mut copy = File::create(&source).map_err(BuildError::file("create", &source))?;
    std::io::copy(&mut blob, &mut copy).map_err(BuildError::file("write", &source))?;
    let native = |wheel: &PureWheel| BuildError::NativeSdist {
        name: wheel.name.distribution.to_string(),
        wheel: wheel.file_name.clone(),
    };
    let PureWheel { path, file_name, .. } = pure_wheel::build(session, scratch.path(), &source, fail, &native)?;
    let bytes =
        normalised(&path).map_err(|error| fail(format!("its build gave {file_name}, which is broken: {error}")))?;
    let digest = session.cache.insert_bytes(&bytes)?;
    Ok(BuiltSdist { file_name, size: bytes.len() as u64, digest })
}

/// The same wheel whoever built it and when: members sorted, one time, one of two modes.
fn normalised(wheel: &Path) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    use zip::write::SimpleFileOptions;
    let mut archive = zip::ZipArchive::new(File::open(wheel)?)?;
    let names = archive.file_names().map(|name| name.map(std::borrow::Cow::into_owned));
    let mut names: Vec<String> = names.collect::<Result<_, _>>()?;
    names.retain(|name| !name.ends_with('/'));
    // As the standard asks for: the metadata comes last.
    names.sort_by_key(|name| (name.contains(".dist-info/"), name.clone()));
    let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for name in names {
        let member = archive.by_name(&name)?;
        let executable = member.unix_mode().is_some_and(|mode| mode & 0o111 != 0);
        let options = SimpleFileOptions::default()
            .last_modified_time(zip::DateTime::default())
            .unix_permissions(if executable { 0o755 } else { 0o644 });
        let mut bytes = Vec::new();
        member.take(LARGEST_MEMBER).read_to_end(&mut bytes)?;
        out.start_file(&name, options)?;
        out.write_all(&bytes)?;
    }
    Ok(out.finish()?.into_inner())
}
