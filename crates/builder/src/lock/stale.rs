//! Whether a uv.lock is older than the pyproject.toml files that it was made from, without running Python.

use shipwheel_python::lock::{LockTool, Staleness, differences};

use super::lock_error::LockError;
use super::lock_file::LockFile;
use crate::error::BuildError;
use crate::project::pyprojects::Pyprojects;

/// Compares each folder of the user's own that a uv.lock names with what was locked of it.
///
/// # Errors
/// When a requirement differs: all of them, with both sides.
pub(crate) fn check(file: &LockFile, pyprojects: &Pyprojects) -> Result<(), BuildError> {
    match file.form.staleness() {
        Staleness::Compared => {}
        // The tool is asked when it exports; what is kept beside an input is compared when it is read.
        Staleness::Asked(_) | Staleness::Recorded | Staleness::Unknown => return Ok(()),
    }
    let Some(lock) = file.uv_lock() else { return Ok(()) };
    let mut found = Vec::new();
    for (package, folder) in lock.local_packages() {
        // A folder without a pyproject.toml has no requirements that could have changed.
        let Some((path, pyproject)) = pyprojects.of(&file.folder().join(&folder.path))? else { continue };
        let compared = differences(lock, package, pyproject);
        let compared = compared.map_err(|cause| LockError::Comparison { path: path.to_owned(), cause })?;
        let member = (folder.path != ".").then(|| folder.path.clone());
        found.extend(compared.into_iter().map(|difference| (member.clone(), difference)));
    }
    if found.is_empty() {
        return Ok(());
    }
    Err(LockError::Stale { lock: file.path.clone(), differences: found, tool: LockTool::Uv }.into())
}
