//! Output files that a reader never sees half written.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use tempfile::NamedTempFile;

use crate::error::{Result, StoreError};
use crate::file_action::FileAction;

/// How the names of files begin that are not complete yet.
pub(crate) const UNFINISHED: &str = ".shipwheel-";

/// Writes a file under another name beside it and renames it, with the permissions that the umask gives.
pub(crate) fn write_renamed(path: &Path, fill: impl FnOnce(&mut File) -> io::Result<()>) -> Result<()> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = create_beside(folder).map_err(StoreError::file(FileAction::CreateIn, folder))?;
    fill(file.as_file_mut()).map_err(StoreError::file(FileAction::Write, path))?;
    file.persist(path).map_err(|error| error.error).map(|_| ()).map_err(StoreError::file(FileAction::Write, path))
}

/// Temporary files are private; the user's umask decides who may read an output.
fn create_beside(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}
