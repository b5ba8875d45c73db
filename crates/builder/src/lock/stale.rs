//! Whether a lock is older than the files that it was made from, without running its tool.

use std::collections::BTreeMap;

use shipwheel_python::lock::{LockTool, StaleError, Staleness, differences};

use super::lock_error::LockError;
use super::lock_file::LockFile;
use crate::error::BuildError;
use crate::project::pyprojects::Pyprojects;
use crate::project::text_files::normal;

/// Compares each folder of the user's own that a uv.lock names with what was locked of it, and what other locks were made
/// from with the digest in them.
///
/// # Errors
/// When a requirement differs: all of them, with both sides.
pub(crate) fn check(file: &LockFile, pyprojects: &Pyprojects) -> Result<(), BuildError> {
    match file.form.staleness() {
        Staleness::Compared => {}
        Staleness::Hashed => return Ok(file.tool_lock().map_or(Ok(()), |it| it.check(&file.path, file.origins()))?),
        // What is kept beside an input is compared when it is read.
        Staleness::Recorded | Staleness::Unknown => return Ok(()),
    }
    let Some((lock, _)) = file.uv_lock() else { return Ok(()) };
    let own = [".".to_owned()].into_iter().chain(lock.local_packages().map(|(_, folder)| folder.path.clone()));
    let mut found = BTreeMap::new();
    for folder in own {
        // A folder without a pyproject.toml has no requirements that could have changed.
        if let Some((_, pyproject)) = pyprojects.of(&file.folder().join(&folder))? {
            found.insert(folder, pyproject);
        }
    }
    let compared = differences(lock, |folder| found.get(folder).copied());
    let differences = compared.map_err(|StaleError { folder, cause }| {
        let path = normal(&file.folder().join(folder)).join("pyproject.toml");
        LockError::Pyproject { path, cause }
    })?;
    match differences.is_empty() {
        true => Ok(()),
        false => Err(LockError::Stale { lock: file.path.clone(), differences, tool: LockTool::Uv }.into()),
    }
}
