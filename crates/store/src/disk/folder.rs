//! A folder that is held open: what is below it is reached by its handle, and no link below it is followed.
//!
//! Paths are looked up again at each use, so that a link can be planted between a check and a use. A handle stays
//! with the folder that was checked.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat, Timespec, Timestamps, UTIME_NOW};

use super::place_error::PlaceError;
use super::small_file::{TO_READ, check_regular, read_all};
use crate::error::{Result, StoreError};
use crate::file_action::FileAction;

/// How folders are opened; links at their end are followed unless `NOFOLLOW` is added.
const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// Both times of a file, set to now by the clock of its file system.
pub(crate) const NOW: Timestamps = {
    let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
    Timestamps { last_access: now, last_modification: now }
};

/// When something was changed; a time before 1970 is 1970.
pub(crate) fn changed(stat: &Stat) -> SystemTime {
    let (seconds, nanoseconds) = (u64::try_from(stat.st_mtime), u32::try_from(stat.st_mtime_nsec));
    SystemTime::UNIX_EPOCH + Duration::new(seconds.unwrap_or_default(), nanoseconds.unwrap_or_default())
}

/// The size of a regular file.
pub(crate) fn file_size(stat: &Stat) -> Option<u64> {
    let size = u64::try_from(stat.st_size).ok()?;
    FileType::from_raw_mode(stat.st_mode).is_file().then_some(size)
}

/// An open folder. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    handle: Arc<OwnedFd>,
    /// For errors, and for reading by path.
    path: PathBuf,
}

impl Folder {
    /// Opens a folder; links on the way to it, and the folder itself being one, are the user's choice.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let handle = rustix::fs::open(path, FOLDER, Mode::empty());
        let handle = handle.map_err(io::Error::from).map_err(StoreError::file(FileAction::Create, path))?;
        Ok(Self { handle: Arc::new(handle), path: path.to_owned() })
    }

    /// Opens a folder, and makes it if it is not there.
    pub(crate) fn create(path: &Path) -> Result<Self> {
        fs::create_dir_all(path).map_err(StoreError::file(FileAction::Create, path))?;
        Self::open(path)
    }

    /// Opens a folder that must not be a link itself.
    pub(crate) fn open_no_link(path: &Path) -> Result<Self> {
        if let Ok(target) = fs::read_link(path) {
            return Err(PlaceError::Link { path: path.to_owned(), target }.into());
        }
        let handle = rustix::fs::open(path, FOLDER | OFlags::NOFOLLOW, Mode::empty());
        let handle = handle.map_err(io::Error::from).map_err(StoreError::file(FileAction::Create, path))?;
        Ok(Self { handle: Arc::new(handle), path: path.to_owned() })
    }

    /// The path that the folder was opened by.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn handle(&self) -> BorrowedFd<'_> {
        self.handle.as_fd()
    }

    /// A second handle, with file locks of its own.
    pub(super) fn reopened(&self) -> io::Result<OwnedFd> {
        Ok(rustix::fs::openat(&self.handle, ".", FOLDER, Mode::empty())?)
    }

    /// Whether the path still leads to the folder that is open.
    pub(crate) fn is_in_place(&self) -> bool {
        let identity = |stat: Stat| (stat.st_dev, stat.st_ino);
        let own = rustix::fs::fstat(&self.handle).map(identity);
        own.is_ok() && own == rustix::fs::stat(&self.path).map(identity)
    }

    /// Opens a folder below, which must not be a link; `None` if nothing has the name.
    pub(crate) fn below(&self, name: impl AsRef<OsStr>) -> Result<Option<Self>> {
        let (name, path) = (name.as_ref(), self.path.join(name.as_ref()));
        match rustix::fs::openat(&self.handle, name, FOLDER | OFlags::NOFOLLOW, Mode::empty()) {
            Ok(handle) => Ok(Some(Self { handle: Arc::new(handle), path })),
            Err(rustix::io::Errno::NOENT) => Ok(None),
            Err(error) => match rustix::fs::readlinkat(&self.handle, name, Vec::new()) {
                Ok(target) => {
                    let target = PathBuf::from(OsStr::from_bytes(target.as_bytes()));
                    Err(PlaceError::Link { path, target }.into())
                }
                Err(_) => Err(StoreError::file(FileAction::Create, &path)(error.into())),
            },
        }
    }

    /// Opens a folder below, and makes it with these permissions, less the umask, if it is not there.
    pub(crate) fn make_below(&self, name: impl AsRef<OsStr>, mode: u32) -> Result<Self> {
        let (name, path) = (name.as_ref(), self.path.join(name.as_ref()));
        if let Some(there) = self.below(name)? {
            return Ok(there);
        }
        match rustix::fs::mkdirat(&self.handle, name, Mode::from_raw_mode(mode)) {
            Ok(()) | Err(rustix::io::Errno::EXIST) => {}
            Err(error) => return Err(StoreError::file(FileAction::Create, &path)(error.into())),
        }
        let missing = || StoreError::file(FileAction::Create, &path)(io::ErrorKind::NotFound.into());
        self.below(name)?.ok_or_else(missing)
    }

    /// What is in the folder.
    pub(crate) fn names(&self) -> Result<Vec<OsString>> {
        self.read_names().map_err(StoreError::file(FileAction::Read, &self.path))
    }

    fn read_names(&self) -> io::Result<Vec<OsString>> {
        let mut names = Vec::new();
        for entry in Dir::read_from(&self.handle)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                names.push(OsStr::from_bytes(name).to_owned());
            }
        }
        Ok(names)
    }

    /// What a name is; links are not followed.
    pub(crate) fn stat(&self, name: &OsStr) -> io::Result<Stat> {
        Ok(rustix::fs::statat(&self.handle, name, AtFlags::SYMLINK_NOFOLLOW)?)
    }

    /// Whether a regular file of this size is there, that no other name can be used to write to: it has none, or is
    /// the user's own and read-only, as those are that the cache shares.
    pub(crate) fn has_file(&self, name: impl AsRef<OsStr>, size: u64) -> bool {
        let user = rustix::process::geteuid().as_raw();
        let is_it = |stat: Stat| {
            file_size(&stat) == Some(size) && (stat.st_nlink == 1 || (stat.st_mode & 0o222 == 0 && stat.st_uid == user))
        };
        self.stat(name.as_ref()).is_ok_and(is_it)
    }

    /// Opens a regular file to read.
    pub(crate) fn open_file(&self, name: impl AsRef<OsStr>) -> io::Result<File> {
        let flags = TO_READ | OFlags::NOFOLLOW;
        let file = File::from(rustix::fs::openat(&self.handle, name.as_ref(), flags, Mode::empty())?);
        check_regular(&file.metadata()?)?;
        Ok(file)
    }

    /// Opens a file that only locks are taken on, and makes it if it is not there.
    pub(crate) fn open_lock(&self, name: &str) -> io::Result<File> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = File::from(rustix::fs::openat(&self.handle, name, flags, Mode::from_raw_mode(0o600))?);
        check_regular(&file.metadata()?)?;
        Ok(file)
    }

    /// Reads a regular file of at most `limit` bytes.
    pub(crate) fn read_small(&self, name: &str, limit: u64) -> io::Result<Vec<u8>> {
        read_all(self.open_file(name)?, limit)
    }

    /// Makes a file that must not be there before.
    pub(super) fn create_new(&self, name: &OsStr, mode: u32) -> io::Result<File> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(rustix::fs::openat(&self.handle, name, flags, Mode::from_raw_mode(mode))?.into())
    }

    /// Gives an open file another name here, which nothing may have. An error where the file system cannot.
    pub(crate) fn link(&self, file: &File, name: &OsStr) -> io::Result<()> {
        // By its handle: another file may have the name by now that it was opened by.
        let open = format!("/proc/self/fd/{}", file.as_raw_fd());
        Ok(rustix::fs::linkat(rustix::fs::CWD, open, &self.handle, name, AtFlags::SYMLINK_FOLLOW)?)
    }

    /// Moves a name to a folder of the same file system, in place of what has the name there.
    pub(crate) fn rename(&self, from: &OsStr, folder: &Self, to: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::renameat(&self.handle, from, &folder.handle, to)?)
    }

    /// The size of a regular file, if one is there.
    pub(crate) fn size_of(&self, name: impl AsRef<OsStr>) -> Option<u64> {
        file_size(&self.stat(name.as_ref()).ok()?)
    }

    /// Whether a folder or a link has the name.
    pub(crate) fn leads_on(&self, name: &OsStr) -> bool {
        let kind = self.stat(name).map(|stat| FileType::from_raw_mode(stat.st_mode));
        kind.is_ok_and(|kind| kind.is_dir() || kind.is_symlink())
    }

    /// Whether a device, a FIFO or a socket has a name: what is neither file, folder nor link.
    pub(crate) fn is_special(&self, name: &OsStr) -> bool {
        let kind = self.stat(name).map(|stat| FileType::from_raw_mode(stat.st_mode));
        kind.is_ok_and(|kind| !matches!(kind, FileType::RegularFile | FileType::Directory | FileType::Symlink))
    }

    /// How long ago what has the name was changed; links are not followed.
    pub(crate) fn age(&self, name: &OsStr) -> Option<Duration> {
        changed(&self.stat(name).ok()?).elapsed().ok()
    }

    /// Says that what has the name was changed now; of a link the link itself.
    pub(crate) fn touch(&self, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::utimensat(&self.handle, name, &NOW, AtFlags::SYMLINK_NOFOLLOW)?)
    }

    /// How many bytes there are below a name, and when the last of all that is there was changed; no link is followed.
    pub(crate) fn extent(&self, name: &OsStr) -> io::Result<(u64, SystemTime)> {
        let stat = self.stat(name)?;
        let mut extent = (u64::try_from(stat.st_size).unwrap_or_default(), changed(&stat));
        if FileType::from_raw_mode(stat.st_mode).is_dir() {
            let handle = rustix::fs::openat(&self.handle, name, FOLDER | OFlags::NOFOLLOW, Mode::empty())?;
            let folder = Self { handle: Arc::new(handle), path: self.path.join(name) };
            extent.0 = 0;
            for inner in folder.read_names()? {
                // Another process may remove it.
                if let Ok((bytes, used)) = folder.extent(&inner) {
                    extent = (extent.0 + bytes, extent.1.max(used));
                }
            }
        }
        Ok(extent)
    }

    /// Removes a regular file or a link; of a link the link itself.
    pub(super) fn unlink(&self, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.handle, name, AtFlags::empty())?)
    }

    /// Removes a name if it is a regular file; anything else stays.
    pub(crate) fn remove_file(&self, name: impl AsRef<OsStr>) -> Result<()> {
        let name = name.as_ref();
        let is_file = |stat: Stat| FileType::from_raw_mode(stat.st_mode).is_file();
        let removed = match self.stat(name) {
            Ok(stat) if is_file(stat) => self.unlink(name),
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        };
        match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(StoreError::file(FileAction::Remove, &self.path.join(name))(error))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Removes a name with everything below it; links are removed and not followed.
    pub(crate) fn remove_tree(&self, name: impl AsRef<OsStr>) -> Result<()> {
        let name = name.as_ref();
        match self.remove_below(name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(StoreError::file(FileAction::Remove, &self.path.join(name))(error))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Gives the user the rights to a folder below that it takes to empty it; no link is followed.
    fn unlock(&self, name: &OsStr) -> io::Result<()> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let handle = rustix::fs::openat(&self.handle, name, flags, Mode::empty())?;
        // What cannot be changed (another user's, a file system that is only read) cannot be removed, and says so.
        let _ = rustix::fs::chmod(format!("/proc/self/fd/{}", handle.as_raw_fd()), Mode::RWXU);
        Ok(())
    }

    fn remove_below(&self, name: &OsStr) -> io::Result<()> {
        let mode = self.stat(name)?.st_mode;
        if !FileType::from_raw_mode(mode).is_dir() {
            return self.unlink(name);
        }
        if mode & 0o700 != 0o700 {
            self.unlock(name)?;
        }
        let handle = rustix::fs::openat(&self.handle, name, FOLDER | OFlags::NOFOLLOW, Mode::empty())?;
        let folder = Self { handle: Arc::new(handle), path: self.path.join(name) };
        for inner in folder.read_names()? {
            match folder.remove_below(&inner) {
                // Another process removes the same folder.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                other => other?,
            }
        }
        Ok(rustix::fs::unlinkat(&self.handle, name, AtFlags::REMOVEDIR)?)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn nothing_below_a_folder_is_reached_through_a_link() {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("thesis"), b"words").unwrap();
        let scratch = tempfile::tempdir().unwrap();
        let folder = Folder::open(scratch.path()).unwrap();
        symlink(outside.path(), scratch.path().join("folder")).unwrap();
        symlink(outside.path().join("thesis"), scratch.path().join("file")).unwrap();
        symlink("nowhere", scratch.path().join("dangling")).unwrap();
        for name in ["folder", "dangling", "file"] {
            let refused = |error: StoreError| matches!(error, StoreError::Place(PlaceError::Link { .. }));
            assert!(folder.below(name).is_err_and(refused), "{name}");
            assert!(folder.make_below(name, 0o755).is_err_and(refused), "{name}");
        }
        assert!(folder.read_small("file", 100).is_err());
        assert!(!folder.has_file("file", 5), "a link is not a file");
        folder.remove_file("file").unwrap();
        assert!(scratch.path().join("file").is_symlink(), "only regular files are removed");
        folder.remove_tree("folder").unwrap();
        assert!(!scratch.path().join("folder").is_symlink());
        assert_eq!(fs::read(outside.path().join("thesis")).unwrap(), b"words");
    }

    #[test]
    fn a_tree_is_removed_with_the_links_in_it_and_not_with_what_they_lead_to() {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("thesis"), b"words").unwrap();
        let scratch = tempfile::tempdir().unwrap();
        fs::create_dir_all(scratch.path().join("tree/a/b")).unwrap();
        fs::write(scratch.path().join("tree/a/b/c"), b"").unwrap();
        symlink(outside.path(), scratch.path().join("tree/a/link")).unwrap();
        let folder = Folder::open(scratch.path()).unwrap();
        folder.remove_tree("tree").unwrap();
        folder.remove_tree("tree").unwrap();
        assert_eq!(folder.names().unwrap(), Vec::<OsString>::new());
        assert!(outside.path().join("thesis").exists());
    }

    #[test]
    fn a_tree_is_removed_whatever_its_permissions_are() {
        use std::os::unix::fs::PermissionsExt as _;

        let scratch = tempfile::tempdir().unwrap();
        fs::create_dir_all(scratch.path().join("tree/a/b")).unwrap();
        fs::write(scratch.path().join("tree/a/b/c"), b"").unwrap();
        for (name, mode) in [("tree/a/b/c", 0), ("tree/a/b", 0), ("tree/a", 0o500), ("tree", 0)] {
            fs::set_permissions(scratch.path().join(name), fs::Permissions::from_mode(mode)).unwrap();
        }
        // Root may do all; as another user the rights are needed.
        let folder = Folder::open(scratch.path()).unwrap();
        folder.unlock("tree".as_ref()).unwrap();
        assert_eq!(fs::metadata(scratch.path().join("tree")).unwrap().permissions().mode() & 0o777, 0o700);
        folder.remove_tree("tree").unwrap();
        assert!(!scratch.path().join("tree").exists());
    }

    #[test]
    fn a_folder_that_was_replaced_by_a_link_is_still_the_one_that_was_opened() {
        let outside = tempfile::tempdir().unwrap();
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("output");
        let folder = Folder::create(&path).unwrap();
        assert!(folder.is_in_place());
        fs::rename(&path, scratch.path().join("moved")).unwrap();
        symlink(outside.path(), &path).unwrap();
        assert!(!folder.is_in_place());
        folder.make_below("blobs", 0o755).unwrap();
        folder.create_new("file".as_ref(), 0o644).unwrap();
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
        assert_eq!(fs::read_dir(scratch.path().join("moved")).unwrap().count(), 2);
    }
}
