//! uv: found on this machine or installed into the cache; it converts locks, builds wheels and finds Pythons.

use std::path::{Path, PathBuf};
use std::process::Command;

use shipwheel_bytecode::PythonVersion;
use shipwheel_oci::Digest;

use super::run::run;
use crate::error::BuildError;
use crate::session::Session;
use shipwheel_store::FileAction;

/// The version that is bootstrapped, and the hashes of all its wheels.
const PINNED: &str = include_str!("uv.txt");

/// The oldest version whose `pip compile` writes pylock.toml as it is read here.
const OLDEST: (u32, u32) = (0, 8);

/// The path of a usable uv.
///
/// # Errors
/// When none is on `PATH` and pip cannot get the pinned one.
pub(crate) fn find(session: &Session<'_>) -> Result<PathBuf, BuildError> {
    if let Some(path) = accepted(session) {
        return Ok(path);
    }
    if let Some(path) = bootstrapped(session) {
        return Ok(path);
    }
    let key = pinned();
    session.report.step("uv: not on PATH; installing the pinned version into the cache with pip");
    let folder = session.cache.publish_folder("uv", &key, |folder| bootstrap(session, folder))?;
    Ok(folder.join("bin/uv"))
}

/// An interpreter of a full version that a uv of this machine knows; nothing is downloaded.
pub(crate) fn find_python(session: &Session<'_>, version: PythonVersion) -> Option<PathBuf> {
    let uv = accepted(session).or_else(|| bootstrapped(session))?;
    let mut command = Command::new(uv);
    command.args(["python", "find", "--quiet", "--no-project", "--no-python-downloads", "--offline"]);
    command.arg(version.to_string());
    let said = run(session, command, "uv python find").ok()?;
    Some(PathBuf::from(said.trim())).filter(|path| path.is_file())
}

fn bootstrapped(session: &Session<'_>) -> Option<PathBuf> {
    session.cache.folder("uv", &pinned()).map(|folder| folder.join("bin/uv"))
}

fn accepted(session: &Session<'_>) -> Option<PathBuf> {
    session.on_path("uv").find(|path| {
        let output = Command::new(path).arg("--version").output();
        let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
        version(&text).is_some_and(|version| version >= OLDEST)
    })
}

/// Stands for the pinned version in keys.
pub(crate) fn pinned() -> Digest {
    Digest::of(PINNED.as_bytes())
}

/// Major and minor of `uv 0.13.9 (…)`.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.strip_prefix("uv ")?.split(['.', ' ']).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

fn bootstrap(session: &Session<'_>, folder: &Path) -> Result<(), BuildError> {
    let requirements = folder.join("requirements.txt");
    fs_err::write(&requirements, PINNED).map_err(BuildError::file(FileAction::Write, &requirements))?;
    let mut command = Command::new("python3");
    command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes"]);
    command.args(["--only-binary", ":all:", "--no-compile", "--target"]).arg(folder).arg("-r").arg(&requirements);
    run(session, command, "python3 -m pip install uv").map(|_| ())
}

/// Converts `requirements.txt` to pylock.toml for every platform; the text of the lock.
///
/// # Errors
/// When uv fails; what it said is in the error.
pub(crate) fn convert_requirements(
    session: &Session<'_>,
    requirements: &Path,
    minor: u32,
) -> Result<String, BuildError> {
    let uv = find(session)?;
    let folder = session.cache.scratch_dir()?;
    let output = folder.path().join("pylock.toml");
    let mut command = Command::new(uv);
    command.args(["pip", "compile", "--universal", "--no-deps", "--format", "pylock.toml", "--no-header", "--quiet"]);
    command.args(["--python-version", &format!("3.{minor}"), "--no-python-downloads", "--output-file"]).arg(&output);
    command.arg(requirements);
    if session.offline {
        command.arg("--offline");
    }
    run(session, command, "uv pip compile")?;
    fs_err::read_to_string(&output).map_err(BuildError::file(FileAction::Read, &output))
}

/// Builds the wheel of a project into a folder; the project's folder may be written to.
///
/// # Errors
/// When uv or the project's build backend fails; what they said is in the error.
pub(crate) fn build_wheel(
    session: &Session<'_>,
    scratch: &Path,
    project: &Path,
    out: &Path,
    epoch: &str,
) -> Result<(), BuildError> {
    let mut command = Command::new(find(session)?);
    command.args(["build", "--wheel", "--no-sources", "--no-python-downloads", "--out-dir"]);
    command.arg(out).arg(project);
    // Backends and uv leave files behind in it.
    command.env("SOURCE_DATE_EPOCH", epoch).env("TMPDIR", scratch);
    if session.offline {
        command.arg("--offline");
    }
    run(session, command, "uv build").map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_out_of_what_uv_says() {
        for (text, expected) in [
            ("uv 0.13.9 (x86_64-unknown-linux-gnu)\n", Some((0, 13))),
            ("uv 1.0", Some((1, 0))),
            ("uvx", None),
            ("", None),
        ] {
            assert_eq!(version(text), expected, "{text}");
        }
    }
}
