//! The workspace of uv that a folder is a member of: the nearest pyproject.toml above that names it.

use std::path::{Path, PathBuf};

use shipwheel_plan::derive::MemberOf;
use shipwheel_python::pyproject::Pyproject;
use shipwheel_store::limits::{MAX_LOCK, MAX_SETTINGS};
use shipwheel_store::read_small_text;

use crate::error::BuildError;
use shipwheel_store::FileAction;

/// The top of the workspace that names a folder as its member, and the folder's path below it. The folder is a real
/// path, without links.
pub(crate) fn top(folder: &Path) -> Option<(PathBuf, String)> {
    for top in folder.ancestors().skip(1).filter(|top| top.parent().is_some()) {
        let path = top.join("pyproject.toml");
        // What a link leads to is somebody else's.
        let is_file = std::fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_file());
        let text = Some(path).filter(|_| is_file).and_then(|path| read_small_text(&path, MAX_SETTINGS).ok());
        let workspace = text.and_then(|text| Pyproject::parse(&text).ok()).and_then(|pyproject| pyproject.uv.workspace);
        if let Some(workspace) = workspace {
            // uv looks no further either.
            let below = folder.strip_prefix(top).ok().and_then(Path::to_str)?;
            return workspace.has(below).then(|| (top.to_owned(), below.to_owned()));
        }
    }
    None
}

/// The lock of the workspace that a folder is a member of.
///
/// # Errors
/// When the lock is there and cannot be read.
pub(crate) fn above(folder: &Path) -> Result<Option<MemberOf>, BuildError> {
    let Some((top, member)) = folder.canonicalize().ok().as_deref().and_then(top) else { return Ok(None) };
    let path = top.join("uv.lock");
    if !std::fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_file()) {
        return Ok(None);
    }
    let lock = read_small_text(&path, MAX_LOCK).map_err(BuildError::file(FileAction::Read, &path))?;
    let up = "../".repeat(Path::new(&member).components().count());
    Ok(Some(MemberOf { path: format!("{up}uv.lock"), lock, member }))
}
