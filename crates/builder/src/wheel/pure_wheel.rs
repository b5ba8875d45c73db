//! The wheel of a project or of a source distribution: built by uv in a scratch folder, for every platform or not at all.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use shipwheel_oci::Digest;
use shipwheel_python::lock::{LockedPackage, LockedWheel};
use shipwheel_python::wheel::WheelName;
use zip::result::ZipError;

use super::project_error::{BuildInput, ProjectError};
use crate::bundled::answers::About;
use crate::bundled::input::InputKind;
use crate::error::BuildError;
use crate::program::uv::{self, WheelBuild};
use crate::session::Session;
use shipwheel_store::{FileAction, open_regular};

/// The most bytes that a member of a pure wheel may unpack to.
const MAX_MEMBER: u64 = 1 << 30;

/// A wheel that was built; it is gone with its scratch folder.
pub(crate) struct PureWheel {
    pub(crate) path: PathBuf,
    pub(crate) name: WheelName,
}

/// A wheel that was built and kept: what is remembered of its input.
#[derive(Serialize, Deserialize)]
pub(crate) struct BuiltWheel {
    pub(crate) file_name: String,
    pub(crate) size: u64,
    pub(crate) digest: Digest,
}

impl BuiltWheel {
    /// Whether the cache still has the wheel.
    pub(crate) fn is_kept(&self, session: &Session<'_>) -> bool {
        session.cache.blob_size(&self.digest) == Some(self.size)
    }

    /// Keeps the wheel of a distribution that is not the user's own: the same bytes whoever builds it.
    ///
    /// # Errors
    /// When it is not an archive, or has pointers in place of files.
    pub(crate) fn keep(session: &Session<'_>, input: &BuildInput, built: &PureWheel) -> Result<Self, BuildError> {
        let file_name = built.name.file_name().to_owned();
        let broken = |cause| ProjectError::BrokenWheel { input: input.clone(), wheel: file_name.clone(), cause };
        let bytes = normalized(&built.path).map_err(broken)?;
        if let Some(file) = pointer(&bytes).map_err(broken)? {
            return Err(ProjectError::Pointer { input: input.clone(), file }.into());
        }
        let digest = session.cache.insert_bytes(&bytes)?;
        Ok(Self { file_name, size: bytes.len() as u64, digest })
    }

    /// The wheel that was built of what a key stands for, or what `build` gives, which is kept; a bundle brings its own.
    ///
    /// # Errors
    /// The error of `build`, and when the cache cannot be written.
    pub(crate) fn remembered(
        session: &Session<'_>,
        kind: &str,
        key: &Digest,
        build: impl FnOnce() -> Result<Self, BuildError>,
    ) -> Result<Self, BuildError> {
        let question = format!("{kind} {}", key.hex());
        if let Some(known) = session.outside.known::<Self>(About::Wheel, &question).filter(|it| it.is_kept(session)) {
            session.report.step(&format!("bundle: {} was built where the bundle was made", known.file_name));
            return Ok(known);
        }
        let built = session.cache.remember(kind, key, |built: &Self| built.is_kept(session), build)?;
        session.outside.note(About::Wheel, &question, &built);
        session.outside.note_input(InputKind::Wheel, &built.file_name, built.digest);
        Ok(built)
    }

    /// The same as a wheel of a lock.
    ///
    /// # Errors
    /// When it is not the wheel of the distribution and the version that are locked.
    pub(crate) fn locked(self, input: &BuildInput, package: &LockedPackage) -> Result<LockedWheel, ProjectError> {
        let name = self.name(input)?;
        let is_locked = package.version.as_ref().is_none_or(|version| *version == name.version);
        if name.distribution != package.name || !is_locked {
            let (input, wheel) = (input.clone(), self.file_name);
            let (name, version) = (package.name.clone(), package.version.clone());
            return Err(ProjectError::OtherDistribution { input, name, version, wheel });
        }
        let (size, sha256) = (Some(self.size), Some(self.digest));
        Ok(LockedWheel { name, url: None, path: None, size, sha256, stronger: Vec::new() })
    }

    /// Its name.
    ///
    /// # Errors
    /// When the file is not named as a wheel is.
    pub(crate) fn name(&self, input: &BuildInput) -> Result<WheelName, ProjectError> {
        self.file_name.parse().map_err(|cause| ProjectError::WheelName { input: input.clone(), cause })
    }
}

/// Builds the wheel of a folder or an archive at `source` in a scratch folder; `version` is for what takes it from tags.
///
/// # Errors
/// When the build fails, gives anything but one wheel, or one that does not fit every platform.
pub(crate) fn build(
    session: &Session<'_>,
    input: &BuildInput,
    (scratch, source): (&Path, &Path),
    version: Option<&str>,
) -> Result<PureWheel, BuildError> {
    let input = || input.clone();
    let out = scratch.join("out");
    let build = WheelBuild { scratch, source, out: &out, version };
    uv::build_wheel(session, &build).map_err(|error| match error {
        BuildError::Program(cause) => ProjectError::Build { input: input(), cause }.into(),
        other => other,
    })?;
    let entries = fs_err::read_dir(&out).map_err(BuildError::file(FileAction::Read, &out))?.flatten();
    let mut wheels: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    wheels.retain(|path| path.extension().is_some_and(|extension| extension == "whl"));
    let [path] = &wheels[..] else {
        return Err(ProjectError::WheelCount { input: input(), count: wheels.len() }.into());
    };
    let file_name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let name: WheelName = file_name.parse().map_err(|cause| ProjectError::WheelName { input: input(), cause })?;
    match name.compressed_tags().ends_with("-none-any") {
        true => Ok(PureWheel { path: path.clone(), name }),
        false => Err(ProjectError::Native { input: input(), wheel: file_name }.into()),
    }
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

/// How a file begins that stands for one in a store of large files.
const LFS_POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";

/// The first file of a wheel that only stands for one elsewhere.
fn pointer(wheel: &[u8]) -> Result<Option<String>, ZipError> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(wheel))?;
    for index in 0..archive.len() {
        let member = archive.by_index(index)?;
        let name = member.name().to_owned()?.to_string();
        let mut head = Vec::new();
        member.take(LFS_POINTER.len() as u64).read_to_end(&mut head)?;
        if head == LFS_POINTER {
            return Ok(Some(name));
        }
    }
    Ok(None)
}
