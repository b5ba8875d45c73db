//! A file or folder of this machine that cannot be read or written.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use shipwheel_store::{ErrorKind, FileAction};

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
    /// Who can fix it: what is read is the user's, what is written is an output.
    pub fn kind(&self) -> ErrorKind {
        if is_full(&self.cause) {
            return ErrorKind::Output;
        }
        match self.action {
            FileAction::Locate | FileAction::Open | FileAction::Read => ErrorKind::Configuration,
            FileAction::Create | FileAction::CreateIn | FileAction::Write | FileAction::Remove | FileAction::Hold => {
                ErrorKind::Output
            }
        }
    }
}

/// Whether the cause of an error is a disk that takes no more bytes: a copy fails for either of its two files.
pub(crate) fn is_full(error: &(dyn Error + 'static)) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    let io = error.downcast_ref::<io::Error>();
    io.is_some_and(|io| matches!(io.kind(), StorageFull | QuotaExceeded | ReadOnlyFilesystem | FileTooLarge))
        || error.source().is_some_and(is_full)
}

/// For `map_err` on file operations.
pub(crate) fn file_error(action: FileAction, path: &Path) -> impl FnOnce(io::Error) -> FileError {
    let path = path.to_owned();
    move |cause| FileError { action, path, cause }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_the_outputs_fault_even_when_a_copy_names_the_file_it_reads() {
        for (action, cause, expected) in [
            (FileAction::Read, io::ErrorKind::NotFound, ErrorKind::Configuration),
            (FileAction::Open, io::ErrorKind::PermissionDenied, ErrorKind::Configuration),
            (FileAction::Locate, io::ErrorKind::InvalidInput, ErrorKind::Configuration),
            (FileAction::Read, io::ErrorKind::StorageFull, ErrorKind::Output),
            (FileAction::Create, io::ErrorKind::PermissionDenied, ErrorKind::Output),
            (FileAction::Write, io::ErrorKind::ReadOnlyFilesystem, ErrorKind::Output),
            (FileAction::Remove, io::ErrorKind::PermissionDenied, ErrorKind::Output),
        ] {
            let error = file_error(action, Path::new("/a"))(cause.into());
            assert_eq!(error.kind(), expected, "{error}: {cause}");
        }
    }
}
