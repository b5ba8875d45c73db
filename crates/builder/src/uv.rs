//! uv, found on this machine or bootstrapped as an ordinary package; asked only to convert locks.

use std::path::{Path, PathBuf};
use std::process::Command;

use shipwheel_oci::Digest;
use shipwheel_python::PythonVersion;

use crate::error::BuildError;
use crate::session::Session;

/// The version that is bootstrapped, and the hashes of all its wheels.
const PINNED: &str = include_str!("uv.txt");

/// The oldest version whose `pip compile` writes pylock.toml as it is read here.
const OLDEST: (u32, u32) = (0, 8);

/// Variables that uv is given: those that say where packages come from and how to get there.
const PASSED_ON: [&str; 17] = [
    "HOME",
    "PATH",
    "NETRC",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "SSL_CLIENT_CERT",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "SSH_AUTH_SOCK",
    "TMPDIR",
    "LANG",
];

/// The same, by how they begin.
const PASSED_ON_PREFIXES: [&str; 7] = ["UV_", "XDG_", "PIP_", "GIT_", "PYENV_", "POETRY_", "PDM_"];

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
    fs_err::write(&requirements, PINNED).map_err(BuildError::file("write", &requirements))?;
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
    fs_err::read_to_string(&output).map_err(BuildError::file("read", &output))
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

/// Runs a program with the variables that it may see, and gives its standard output.
///
/// # Errors
/// When it does not start or fails; the end of what it said is in the error.
pub(crate) fn run(session: &Session<'_>, mut command: Command, name: &str) -> Result<String, BuildError> {
    let own: Vec<_> = command.get_envs().map(|(name, value)| (name.to_owned(), value.map(ToOwned::to_owned))).collect();
    command.env_clear();
    let passed = session.environment.iter().filter(|(name, _)| {
        PASSED_ON.contains(&name.as_str()) || PASSED_ON_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
    });
    command.envs(passed);
    command.envs(own.into_iter().filter_map(|(name, value)| Some((name, value?))));
    // They contradict `--frozen`, or would have the user's lock written.
    command.env_remove("UV_FROZEN").env_remove("UV_LOCKED");
    if session.variable("SSL_CERT_FILE").is_none() && session.variable("UV_SYSTEM_CERTS").is_none() {
        // uv has authorities of its own, and shipwheel the system's: what one may fetch, the other may too.
        command.env("UV_SYSTEM_CERTS", "1");
    }
    if session.variable("UV_CACHE_DIR").is_none() {
        command.env("UV_CACHE_DIR", session.cache.root().join("uv"));
    }
    let failed = |output: String| BuildError::Program { program: name.to_owned(), output };
    let output = command.output().map_err(|error| failed(format!("it does not start: {error}")))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = said.lines().collect();
    Err(failed(lines[lines.len().saturating_sub(20)..].join("\n")))
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
