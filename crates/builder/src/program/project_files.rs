//! The files that uv reads of a project and of all members of its workspace: regular files, or uv waits for ever.

use std::io;
use std::path::Path;

use ignore::WalkBuilder;
use shipwheel_plan::leftovers;
use shipwheel_store::{FileAction, open_regular};

use crate::error::BuildError;

/// What uv opens wherever a workspace has a member.
const NAMES: [&str; 5] = ["pyproject.toml", "uv.toml", "uv.lock", ".python-version", ".python-versions"];

/// Members are not deeper.
const MAX_DEPTH: usize = 8;

/// Refuses a folder where one of these files is a pipe, a device or a socket, or a link to one.
///
/// # Errors
/// When there is one; it is named.
pub(crate) fn require_regular(folder: &Path) -> Result<(), BuildError> {
    let mut walk = WalkBuilder::new(folder);
    walk.standard_filters(false).max_depth(Some(MAX_DEPTH)).filter_entry(|entry| {
        let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
        !is_folder || entry.depth() == 0 || !leftovers::is_left_out_folder(&entry.path().to_string_lossy())
    });
    for entry in walk.build().filter_map(Result::ok) {
        if !entry.file_name().to_str().is_some_and(|name| NAMES.contains(&name)) || entry.path().is_dir() {
            continue;
        }
        match open_regular(entry.path()) {
            // Nothing waits for these, and uv tells whether it needs them.
            Ok(_) => {}
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied) => {}
            Err(error) => return Err(BuildError::file(FileAction::Open, entry.path())(error)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use rustix::fs::{FileType, Mode};

    use super::*;

    #[test]
    fn what_uv_would_wait_for_is_refused_wherever_a_member_may_be() {
        for name in ["pyproject.toml", "packages/a/pyproject.toml", "packages/a/uv.toml", "a/.python-version"] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            require_regular(folder.path()).unwrap();
            let pipe = folder.path().join("pipe");
            rustix::fs::mknodat(rustix::fs::CWD, &pipe, FileType::Fifo, Mode::RWXU, 0).unwrap();
            require_regular(folder.path()).unwrap();
            symlink(&pipe, &path).unwrap();
            let error = require_regular(folder.path()).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
            std::fs::remove_file(&path).unwrap();
            std::fs::rename(&pipe, &path).unwrap();
            assert!(require_regular(folder.path()).is_err(), "{name}");
        }
    }
}
