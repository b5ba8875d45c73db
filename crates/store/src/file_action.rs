//! What was tried with a file of this machine, for errors that name it.

use std::error::Error;
use std::fmt;
use std::io;

use crate::error_kind::ErrorKind;

/// What was tried with a file or a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileAction {
    /// Make it.
    Create,
    /// Make a temporary file in it.
    CreateIn,
    /// Open it to read from it.
    Open,
    /// Read it.
    Read,
    /// Write it.
    Write,
    /// Remove it.
    Remove,
    /// Wait until no other process holds it.
    Hold,
    /// Find out its absolute path.
    Locate,
}

impl FileAction {
    /// Who can fix a failure: what is read is what the user named, what is written is an output.
    pub fn kind(self, cause: &io::Error) -> ErrorKind {
        if is_full(cause) {
            return ErrorKind::Output;
        }
        match self {
            Self::Locate | Self::Open | Self::Read => ErrorKind::Configuration,
            Self::Create | Self::CreateIn | Self::Write | Self::Remove | Self::Hold => ErrorKind::Output,
        }
    }
}

/// Whether an error or one of its causes is a disk that takes no more bytes: a copy fails for either of its two files.
pub fn is_full(error: &(dyn Error + 'static)) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    let io = error.downcast_ref::<io::Error>();
    io.is_some_and(|io| matches!(io.kind(), StorageFull | QuotaExceeded | ReadOnlyFilesystem | FileTooLarge))
        || error.source().is_some_and(is_full)
}

impl fmt::Display for FileAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Create => "create",
            Self::CreateIn => "create a file in",
            Self::Open => "open",
            Self::Read => "read",
            Self::Write => "write",
            Self::Remove => "remove",
            Self::Hold => "lock",
            Self::Locate => "locate",
        })
    }
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
            assert_eq!(action.kind(&cause.into()), expected, "{action}: {cause}");
        }
    }
}
