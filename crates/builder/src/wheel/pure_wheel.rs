//! The wheel of a project or of a source distribution: built by uv in a scratch folder, for every platform or not at all.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use shipwheel_oci::Digest;
use shipwheel_python::wheel::WheelName;

use super::project_error::{BuildInput, ProjectError};
use crate::error::BuildError;
use crate::program::uv::{self, WheelBuild};
use crate::session::Session;
use shipwheel_store::FileAction;

/// 1980, in seconds: the earliest time that a zip archive can hold. It reaches no layer.
const EARLIEST: &str = "315532800";

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
    let build = WheelBuild { scratch, source, out: &out, epoch: EARLIEST, version };
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
