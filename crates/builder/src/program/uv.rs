//! uv: found on this machine or installed into the cache; it converts locks, builds wheels and finds Pythons.

use std::path::{Path, PathBuf};
use std::process::Command;

use shipwheel_bytecode::PythonVersion;
use shipwheel_layer::FileTime;
use shipwheel_oci::Digest;
use shipwheel_python::project::VersionTool;
use shipwheel_python::pyproject::Pyproject;
use tempfile::TempDir;

use super::program_error::ProgramError;
use super::run::run;
use crate::disk::text::{text, text_if_there};
use crate::error::BuildError;
use crate::session::Session;
use shipwheel_store::FileAction;

/// The version that is bootstrapped, and the hashes of all its wheels.
const PINNED: &str = include_str!("uv.txt");

/// The oldest version whose `pip compile` writes pylock.toml as it is read here.
const OLDEST: (u32, u32) = (0, 8);

/// How uv is called, every time: it runs no code but what the user names.
///
/// It starts in a folder of its own, whose uv.toml keeps it from looking for settings and environments in others. The
/// settings of the user's own account hold. It takes a Python that it is told and looks for none.
pub(crate) struct Uv<'s> {
    session: &'s Session<'s>,
    program: PathBuf,
    scratch: TempDir,
}

impl<'s> Uv<'s> {
    /// A usable uv; `settings` is the text of a uv.toml that it reads.
    ///
    /// # Errors
    /// When none is on `PATH` and pip cannot get the pinned one.
    pub(crate) fn new(session: &'s Session<'s>, settings: &str) -> Result<Self, BuildError> {
        Self::with(session, find(session)?, settings)
    }

    fn with(session: &'s Session<'s>, program: PathBuf, settings: &str) -> Result<Self, BuildError> {
        let scratch = session.cache.scratch_dir()?;
        let this = Self { session, program, scratch };
        this.write("uv.toml", settings)?;
        Ok(this)
    }

    /// Its folder.
    pub(crate) fn folder(&self) -> &Path {
        self.scratch.path()
    }

    /// Writes a file into its folder; the path of the file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<PathBuf, BuildError> {
        let path = self.scratch.path().join(name);
        fs_err::write(&path, text).map_err(BuildError::file(FileAction::Write, &path))?;
        Ok(path)
    }

    /// A command; its words come first.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(words).arg("--no-python-downloads").current_dir(self.scratch.path());
        // An environment that does not exist is not asked for its Python.
        command.env("UV_PROJECT_ENVIRONMENT", self.scratch.path().join("none"));
        if self.session.offline {
            command.arg("--offline");
        }
        command
    }

    /// The same, with a Python of this machine; of these versions where some are asked for.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn command_with_python(&self, words: &[&str], request: Option<&str>) -> Result<Command, BuildError> {
        let python =
            self.python(request).ok_or_else(|| ProgramError::NoPython { request: request.map(str::to_owned) })?;
        let mut command = self.command(words);
        command.arg("--python").arg(python);
        Ok(command)
    }

    /// An interpreter of this machine that is not in a virtual environment.
    fn python(&self, request: Option<&str>) -> Option<PathBuf> {
        let words = ["python", "find", "--no-project", "--system", "--no-config"];
        let mut command = self.command(&words);
        command.args(request.filter(|request| !request.trim().is_empty()));
        let said = self.run(command, "uv python find").ok()?;
        Some(PathBuf::from(said.trim())).filter(|path| path.is_file())
    }

    /// Runs a command; what it says.
    ///
    /// # Errors
    /// When it fails; the end of what it said is in the error.
    pub(crate) fn run(&self, command: Command, name: &str) -> Result<String, BuildError> {
        run(self.session, command, name)
    }
}

/// The path of a usable uv.
///
/// # Errors
/// When none is on `PATH` and pip cannot get the pinned one.
fn find(session: &Session<'_>) -> Result<PathBuf, BuildError> {
    if let Some(path) = known(session) {
        return Ok(path);
    }
    if session.outside.is_bundle() {
        return Err(session.lacking("uv, which this build has to run,").into());
    }
    let key = pinned();
    session.report.step("uv: not on PATH; installing the pinned version into the cache with pip");
    let folder = session.cache.publish_folder("uv", &key, |folder| bootstrap(session, folder))?;
    Ok(folder.join("bin/uv"))
}

/// The uv of this machine, or the one in the cache, with its version; nothing is downloaded.
pub(crate) fn on_machine(session: &Session<'_>) -> Option<String> {
    let path = known(session)?;
    let output = Command::new(&path).arg("--version").output().ok()?;
    let said = String::from_utf8_lossy(&output.stdout);
    Some(format!("{}: {}", path.display(), said.lines().next().unwrap_or_default().trim()))
}

fn known(session: &Session<'_>) -> Option<PathBuf> {
    accepted(session).or_else(|| bootstrapped(session))
}

/// An interpreter of a full version that a uv of this machine knows; nothing is downloaded.
pub(crate) fn find_python(session: &Session<'_>, version: PythonVersion) -> Option<PathBuf> {
    Uv::with(session, known(session)?, "").ok()?.python(Some(&version.to_string()))
}

/// An interpreter of a minor version that a uv of this machine knows; nothing is downloaded.
pub(crate) fn find_minor(session: &Session<'_>, minor: u32) -> Option<PathBuf> {
    Uv::with(session, known(session)?, "").ok()?.python(Some(&format!("3.{minor}")))
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
    let python = session.on_path("python3").next().unwrap_or_else(|| "python3".into());
    let mut command = Command::new(python);
    // `-m` imports from the working directory first.
    command.current_dir(folder);
    command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes"]);
    command.args(["--only-binary", ":all:", "--no-compile", "--target"]).arg(folder).arg("-r").arg(&requirements);
    run(session, command, "python3 -m pip install uv").map(|_| ())
}

/// Converts pinned requirements to pylock.toml for every platform; the text of the lock.
///
/// `--no-deps` asks for no metadata: nothing is built, and source distributions stay in the lock.
///
/// # Errors
/// When uv fails; what it said is in the error.
pub(crate) fn convert_requirements(
    session: &Session<'_>,
    requirements: &str,
    settings: &str,
    minor: u32,
) -> Result<String, BuildError> {
    convert(session, settings, minor, |uv| uv.write("requirements.txt", requirements))
}

/// Converts requirements that were written into the folder of uv to pylock.toml, without what they depend on.
///
/// # Errors
/// When uv fails; what it said is in the error.
pub(crate) fn convert(
    session: &Session<'_>,
    settings: &str,
    minor: u32,
    input: impl FnOnce(&Uv<'_>) -> Result<PathBuf, BuildError>,
) -> Result<String, BuildError> {
    let uv = Uv::new(session, settings)?;
    let input = input(&uv)?;
    let output = uv.write("pylock.toml", "")?;
    let python = format!("3.{minor}");
    let words = ["pip", "compile", "--universal", "--no-deps", "--format", "pylock.toml", "--no-header", "--quiet"];
    let mut command = uv.command_with_python(&words, None)?;
    command.args(["--python-version", &python, "--output-file"]).arg(&output).arg(input);
    fs_err::remove_file(&output).map_err(BuildError::file(FileAction::Remove, &output))?;
    uv.run(command, "uv pip compile")?;
    text(&output)
}

/// What a wheel is built from and into.
pub(crate) struct WheelBuild<'b> {
    /// The folder for temporary files.
    pub(crate) scratch: &'b Path,
    /// The folder or the archive; a folder may be written to.
    pub(crate) source: &'b Path,
    /// The folder for the wheel.
    pub(crate) out: &'b Path,
    /// The version, for a backend that would ask git.
    pub(crate) version: Option<&'b str>,
}

/// Builds the wheel of a project or a source distribution that the user named.
///
/// # Errors
/// When uv or the project's build backend fails; what they said is in the error.
pub(crate) fn build_wheel(session: &Session<'_>, build: &WheelBuild<'_>) -> Result<(), BuildError> {
    // An archive has none.
    let text = text_if_there(&build.source.join("pyproject.toml"))?.unwrap_or_default();
    // What is wrong with it, the backend says better.
    let pyproject = Pyproject::parse(&text).unwrap_or_default();
    let uv = Uv::new(session, &pyproject.uv.lookup(build.source))?;
    let python = pyproject.project.and_then(|project| project.requires_python).map(|versions| versions.text);
    let mut command = uv.command_with_python(&["build", "--wheel", "--no-sources"], python.as_deref())?;
    command.arg("--out-dir").arg(build.out).arg(build.source);
    // Backends and uv leave files behind in it.
    // The time in the wheel, which reaches no layer.
    let time = FileTime::EARLIEST.seconds().to_string();
    command.env("SOURCE_DATE_EPOCH", time).env("TMPDIR", build.scratch);
    // The copy has no repository.
    let version = VersionTool::VARIABLES.into_iter().zip(build.version.into_iter().cycle());
    command.envs(version);
    uv.run(command, "uv build").map(|_| ())
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
