//! Whether a uv.lock is older than the pyproject.toml files that it was made from; asks no Python.

use std::path::Path;

use shipwheel_python::{StaleError, UvLock};

use crate::error::BuildError;

/// Compares each folder of the user's own that a uv.lock names with what was locked of it.
///
/// # Errors
/// When a requirement differs: all of them, with both sides.
pub(super) fn check(path: &Path, text: &str) -> Result<(), BuildError> {
    let unreadable = |error: StaleError| BuildError::LockForm { path: path.to_owned(), reason: error.to_string() };
    let lock = UvLock::parse(text).map_err(unreadable)?;
    let mut differences = Vec::new();
    for package in &lock.packages {
        let pyproject = path.parent().unwrap_or(Path::new("")).join(&package.folder).join("pyproject.toml");
        // A folder without one is no project whose requirements could have changed.
        let Ok(text) = fs_err::read_to_string(&pyproject) else { continue };
        let found = package.differences(&text).map_err(|error| BuildError::LockForm {
            path: if error.file == "uv.lock" { path.to_owned() } else { pyproject },
            reason: error.reason,
        })?;
        let member = if package.folder == "." { String::new() } else { format!("{}: ", package.folder) };
        differences.extend(found.iter().map(|difference| format!("{member}{difference}")));
    }
    if differences.is_empty() {
        return Ok(());
    }
    Err(BuildError::StaleLock { lock: path.to_owned(), differences, command: "uv lock" })
}
