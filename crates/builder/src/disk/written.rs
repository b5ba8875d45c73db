//! A file of a tree, written to disk with one of two modes.

use std::io::BufWriter;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use fs_err as fs;
use shipwheel_layer::Content;
use shipwheel_store::FileAction;

use crate::error::BuildError;

/// Writes a file, with the mode 0755 or 0644 whatever the umask.
///
/// # Errors
/// When the content cannot be read or the disk not be written.
pub(crate) fn write_file(path: &Path, content: &Content, executable: bool) -> Result<(), BuildError> {
    let file = fs::File::create(path).map_err(BuildError::file(FileAction::Create, path))?;
    let mut out = BufWriter::new(file);
    content.copy_to(&mut out).map_err(BuildError::file(FileAction::Write, path))?;
    let file = out.into_inner().map_err(|error| BuildError::file(FileAction::Write, path)(error.into_error()))?;
    let mode = if executable { 0o755 } else { 0o644 };
    file.set_permissions(std::fs::Permissions::from_mode(mode)).map_err(BuildError::file(FileAction::Write, path))
}
