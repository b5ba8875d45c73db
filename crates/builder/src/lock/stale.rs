//! Whether a uv.lock is older than the pyproject.toml files that it was made from; asks no Python.

use std::path::Path;

use shipwheel_python::lock::{LockTool, UvLock, differences};
use shipwheel_python::pyproject::Pyproject;

use crate::error::BuildError;

/// Compares each folder of the user's own that a uv.lock names with what was locked of it.
///
/// # Errors
/// When a requirement differs: all of them, with both sides.
pub(super) fn check(path: &Path, text: &str) -> Result<(), BuildError> {
    let lock = UvLock::parse(text, &path.display().to_string())?;
    let mut found = Vec::new();
    for (package, folder) in lock.local_packages() {
        let file = path.parent().unwrap_or(Path::new("")).join(&folder.path).join("pyproject.toml");
        // A folder without one has no requirements that could have changed.
        let Ok(text) = fs_err::read_to_string(&file) else { continue };
        let unreadable = |reason: String| BuildError::LockForm { path: file.clone(), reason };
        let pyproject = Pyproject::parse(&text).map_err(|error| unreadable(error.to_string()))?;
        let of_package = differences(&lock, package, &pyproject).map_err(|error| unreadable(error.to_string()))?;
        let member = if folder.path == "." { String::new() } else { format!("{}: ", folder.path) };
        found.extend(of_package.iter().map(|difference| format!("{member}{difference}")));
    }
    if found.is_empty() {
        return Ok(());
    }
    let command = LockTool::Uv.lock_command();
    Err(BuildError::StaleLock { lock: path.to_owned(), differences: found, command })
}
