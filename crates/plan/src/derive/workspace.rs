//! Workspaces of uv: a member whose lock is above it, and the top that only holds members.

use shipwheel_python::lock::{LockForm, UvLock};

use crate::derive::error::DeriveError;
use crate::derive::known::Known;
use crate::derive::lock::Lock;

/// Locks in the folder that come before the workspace's.
const OWN: [&str; 4] = ["pylock.toml", "uv.lock", "poetry.lock", "pdm.lock"];

/// The lock of the workspace that a folder is a member of, where the folder has none of its own.
pub(super) fn lock(known: &Known<'_>) -> Option<Lock> {
    let workspace = known.folder.workspace.as_ref()?;
    if OWN.into_iter().any(|name| known.has(name)) {
        return None;
    }
    let lock = UvLock::parse(&workspace.lock, &workspace.path).ok();
    let distributions = lock.and_then(|lock| lock.needed(&workspace.member)).unwrap_or_default();
    let reason = "pyproject.toml above names this folder as a member of its workspace".to_owned();
    Some(Lock { path: workspace.path.clone(), form: LockForm::Uv, reason, distributions })
}

/// The members, where the folder is the top of a workspace and no application itself.
pub(super) fn members(known: &Known<'_>) -> Option<DeriveError> {
    let workspace = known.workspace.as_ref()?;
    let folders = known.folder.files.iter().filter_map(|path| path.strip_suffix("/pyproject.toml"));
    let members: Vec<String> = folders.filter(|below| workspace.has(below)).map(str::to_owned).collect();
    (!members.is_empty()).then_some(DeriveError::Members { members })
}
