//! Interpreters that are installed on this machine, looked for by their full version.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use shipwheel_bytecode::PythonVersion;

use crate::program::uv;
use crate::session::Session;

/// Prints which CPython it is and its real path: a name on PATH may be a script that selects one.
const IDENTIFY: &str = "import sys; print(sys.implementation.name, '%d.%d.%d' % sys.version_info[:3], sys.executable)";

/// An interpreter of this full version: on `PATH`, or known to uv. Nothing is downloaded.
pub(crate) fn find(session: &Session<'_>, version: PythonVersion) -> Option<PathBuf> {
    let names = [format!("python{}.{}", version.major, version.minor), "python3".to_owned(), "python".to_owned()];
    let mut candidates = names.iter().flat_map(|name| session.on_path(name));
    let on_path = candidates.find_map(|path| identify(session, &path, Some(version)));
    on_path.or_else(|| identify(session, &uv::find_python(session, version)?, Some(version))).map(|(path, _)| path)
}

/// The real path of an interpreter and its version; `None` if it is not a CPython or not the version `wanted`.
pub(crate) fn identify(
    session: &Session<'_>,
    path: &Path,
    wanted: Option<PythonVersion>,
) -> Option<(PathBuf, PythonVersion)> {
    let mut command = Command::new(path);
    // With the whole environment: a script that selects an interpreter needs it.
    command.args(["-s", "-S", "-c", IDENTIFY]).env_clear().envs(&session.environment);
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut words = text.trim_end().splitn(3, ' ');
    let (implementation, version, executable) = (words.next()?, words.next()?.parse().ok()?, words.next()?);
    let fits = implementation == "cpython" && wanted.is_none_or(|wanted| wanted == version);
    fits.then(|| (executable.into(), version))
}
