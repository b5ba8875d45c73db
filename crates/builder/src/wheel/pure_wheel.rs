//! The wheel of a project or of a source distribution: built by uv in a scratch folder, for every platform or not at all.

use std::path::{Path, PathBuf};

use shipwheel_python::wheel::WheelName;

use crate::error::BuildError;
use crate::program::uv;
use crate::session::Session;

/// 1980, in seconds: a zip archive has no earlier time. No layer has it.
const EARLIEST: &str = "315532800";

/// A wheel that was built; it is gone with its scratch folder.
pub(crate) struct PureWheel {
    pub(crate) path: PathBuf,
    pub(crate) file_name: String,
    pub(crate) name: WheelName,
}

/// Builds the wheel of a folder or an archive; `fail` and `native` say what it is that failed or is native.
///
/// # Errors
/// When the build fails, gives anything but one wheel, or one that is not for every platform.
pub(crate) fn build(
    session: &Session<'_>,
    scratch: &Path,
    source: &Path,
    fail: &dyn Fn(String) -> BuildError,
    native: &dyn Fn(&PureWheel) -> BuildError,
) -> Result<PureWheel, BuildError> {
    let out = scratch.join("out");
    uv::build_wheel(session, scratch, source, &out, EARLIEST).map_err(|error| match error {
        BuildError::Program { output, .. } => fail(format!("its build failed: {output}")),
        other => other,
    })?;
    let entries = fs_err::read_dir(&out).map_err(BuildError::file("read", &out))?.flatten();
    let mut wheels: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    wheels.retain(|path| path.extension().is_some_and(|extension| extension == "whl"));
    let [path] = &wheels[..] else { return Err(fail(format!("its build gave {} wheels", wheels.len()))) };
    let file_name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let name: WheelName = file_name.parse().map_err(|error| fail(format!("{error}")))?;
    let wheel = PureWheel { path: path.clone(), file_name, name };
    match wheel.name.compressed_tags().ends_with("-none-any") {
        true => Ok(wheel),
        false => Err(native(&wheel)),
    }
}
