//! A file or folder of this machine that cannot be read or written.

use std::io;
use std::path::{Path, PathBuf};

use shipwheel_store::{ErrorKind, FileAction, SmallFileError};

/// An operation on a file that failed.
#[derive(Debug, thiserror::Error)]
#[error("failed to {action} {}", .path.display())]
pub struct FileError {
    /// What was tried.
    pub action: FileAction,
    /// The file or folder.
    pub path: PathBuf,
    /// The cause.
    #[source]
    pub cause: io::Error,
}

impl FileError {
    /// Who can fix it.
    pub fn kind(&self) -> ErrorKind {
        self.action.kind(&self.cause)
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        SmallFileError::hint_of(&self.cause).map(str::to_owned)
    }
}

/// For `map_err` on file operations.
pub(crate) fn file_error(action: FileAction, path: &Path) -> impl FnOnce(io::Error) -> FileError {
    let path = path.to_owned();
    move |cause| FileError { action, path, cause }
}
