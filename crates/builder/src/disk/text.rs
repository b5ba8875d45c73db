//! The texts of files of this machine: what is there and cannot be read is an error, and never passed over.

use std::io::Write as _;
use std::path::Path;

use shipwheel_store::limits::MAX_LOCK;
use shipwheel_store::{FileAction, read_small_text, read_small_text_if_there, write_output};

use crate::error::BuildError;

/// The text of a file.
///
/// # Errors
/// When it is no regular file, longer than a lock may be, not UTF-8, or cannot be read.
pub(crate) fn text(path: &Path) -> Result<String, BuildError> {
    read_small_text(path, MAX_LOCK).map_err(BuildError::file(FileAction::Read, path))
}

/// The text of a file; `None` if nothing has the name.
///
/// # Errors
/// As [`text`].
pub(crate) fn text_if_there(path: &Path) -> Result<Option<String>, BuildError> {
    read_small_text_if_there(path, MAX_LOCK).map_err(BuildError::file(FileAction::Read, path))
}

/// Writes a text by one rename: who reads it at the same time gets the old one or the new one.
///
/// # Errors
/// When it cannot be written; then what was there is as it was.
pub(crate) fn write_text(path: &Path, text: &str) -> Result<(), BuildError> {
    Ok(write_output(path, |file| file.write_all(text.as_bytes()))?)
}
