//! Folders that are private to their user: who owns them, and who may write to them.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use rustix::fs::Mode;

use super::above::{make_above, require_safe};
use super::folder::Folder;
use super::place_error::PlaceError;
use super::user::{PRIVATE, user_name};
use crate::error::{Result, StoreError};
use crate::file_action::FileAction;

impl Folder {
    /// Opens a folder that is private to the user, and makes it if it is not there.
    ///
    /// # Errors
    /// When it is a link, belongs to somebody else, or others could write to it or replace it.
    pub(crate) fn create_private(path: &Path) -> Result<Self> {
        make_above(path)?;
        match DirBuilder::new().mode(PRIVATE).create(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(StoreError::file(FileAction::Create, path)(error));
            }
            Ok(()) | Err(_) => {}
        }
        Self::open_private(path)
    }

    /// Opens a folder that is there and private to the user.
    ///
    /// # Errors
    /// As [`Folder::create_private`], and when it is not there.
    pub(crate) fn open_private(path: &Path) -> Result<Self> {
        if let Some(parent) = path.parent() {
            require_safe(path, parent)?;
        }
        let folder = Self::open_no_link(path)?;
        folder.require_private()?;
        Ok(folder)
    }

    /// A folder below that is private to the user, made if it is not there.
    ///
    /// # Errors
    /// As [`Folder::create_private`].
    pub(crate) fn private_below(&self, name: &str) -> Result<Self> {
        let folder = self.make_below(name, PRIVATE)?;
        folder.require_private()?;
        Ok(folder)
    }

    /// Refuses a folder that another user owns, or has filled or could fill. One that others can only read is closed
    /// to them.
    pub(crate) fn require_private(&self) -> Result<()> {
        let stat = rustix::fs::fstat(self.handle()).map_err(io::Error::from);
        let stat = stat.map_err(StoreError::file(FileAction::Read, self.path()))?;
        let user = rustix::process::geteuid().as_raw();
        let path = || self.path().to_owned();
        if stat.st_uid != user {
            return Err(PlaceError::Owner { path: path(), owner: user_name(stat.st_uid), user: user_name(user) }.into());
        }
        let mode = stat.st_mode & 0o7777;
        if mode & 0o022 != 0 && !self.names()?.is_empty() {
            return Err(PlaceError::Writable { path: path(), mode }.into());
        }
        if mode & 0o077 != 0 {
            let closed = rustix::fs::fchmod(self.handle(), Mode::from_raw_mode(mode & PRIVATE));
            // A file system that is only read stays as it is; one that others can write to is not used.
            if mode & 0o022 != 0 && (closed.is_err() || !self.names()?.is_empty()) {
                return Err(PlaceError::Writable { path: path(), mode }.into());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn folders_that_others_can_write_to_are_refused_unless_they_are_empty() {
        let scratch = tempfile::tempdir().unwrap();
        for (old, is_full, new) in [
            (0o755, true, Some(0o700)),
            (0o700, true, Some(0o700)),
            (0o555, true, Some(0o500)),
            (0o775, true, None),
            (0o757, true, None),
            (0o1777, true, None),
            (0o777, false, Some(0o700)),
        ] {
            let path = scratch.path().join(format!("{old:o}-{is_full}"));
            fs::create_dir(&path).unwrap();
            if is_full {
                fs::create_dir(path.join("records")).unwrap();
            }
            fs::set_permissions(&path, fs::Permissions::from_mode(old)).unwrap();
            let opened = Folder::create_private(&path);
            assert_eq!(opened.is_ok(), new.is_some(), "{old:o}: {opened:?}");
            assert_eq!(mode(&path), new.unwrap_or(old), "{old:o}");
        }
    }

    #[test]
    fn a_link_is_refused_and_what_is_made_is_closed_to_others() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("a/b/cache");
        let folder = Folder::create_private(&path).unwrap();
        folder.private_below("tmp").unwrap();
        assert_eq!((mode(&path), mode(&path.join("tmp"))), (0o700, 0o700));
        let link = scratch.path().join("link");
        symlink(&path, &link).unwrap();
        let refused = |error: StoreError| matches!(error, StoreError::Place(PlaceError::Link { .. }));
        assert!(Folder::create_private(&link).is_err_and(refused));
        symlink(scratch.path(), path.join("records")).unwrap();
        assert!(folder.private_below("records").is_err_and(refused));
    }
}
