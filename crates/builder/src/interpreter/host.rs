//! Interpreters that are installed on this machine, looked for by their full version.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use shipwheel_bytecode::PythonVersion;
use shipwheel_oci::{Digest, Hasher};
use shipwheel_store::open_regular;

use super::python;
use crate::disk::bytes::digest_of;
use crate::program::uv;
use crate::session::Session;

/// Prints which CPython it is and its real path: a name on PATH may be a script that selects one.
const IDENTIFY: &str = "import sys; print(sys.implementation.name, '%d.%d.%d' % sys.version_info[:3], sys.executable)";

/// Prints every file that it loads to compile: its executable, libraries, modules, and all codecs that a source may name.
const LOADED: &str = r#"
import gc, importlib.util, marshal, os, struct, sys, warnings, encodings
try: import unicodedata
except ImportError: pass
files = {os.path.realpath(sys.executable)}
for module in list(sys.modules.values()):
    spec = getattr(module, "__spec__", None)
    files |= {getattr(module, "__file__", None), getattr(spec, "cached", None)}
with open("/proc/self/maps", "rb") as maps:
    files |= {os.fsdecode(line.split(None, 5)[5].rstrip()) for line in maps if b"/" in line}
for folder in encodings.__path__:
    for here, _, names in os.walk(folder):
        files |= {os.path.join(here, name) for name in names}
files = sorted(file for file in files if file and os.path.isfile(file))
sys.stdout.buffer.write(b"\0".join(os.fsencode(file) for file in files))
"#;

/// The digest of everything that runs when an interpreter of this machine compiles; `None` if it does not run.
///
/// The files are read anew each time: a size or a time can be the same for other bytes.
pub(crate) fn identity(session: &Session<'_>, executable: &Path) -> Option<Digest> {
    let folder = session.cache.scratch_dir().ok()?;
    let mut command = python::host_command(executable);
    command.arg(LOADED).current_dir(folder.path());
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let mut hasher = Hasher::new();
    hasher.field("host");
    for path in output.stdout.split(|byte| *byte == 0).filter(|path| !path.is_empty()) {
        let file = open_regular(Path::new(OsStr::from_bytes(path))).ok()?;
        hasher.field(path).field(digest_of(&file).ok()?.as_bytes());
    }
    (output.status.success() && !output.stdout.is_empty()).then(|| hasher.finish())
}

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
