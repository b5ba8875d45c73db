//! Output files that a reader never sees half written.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::folder::Folder;
use super::place_error::PlaceError;
use crate::error::{Result, StoreError};
use crate::file_action::FileAction;

/// How the names of files begin that are not complete yet.
pub(crate) const UNFINISHED: &str = ".shipwheel-";

/// How many hexadecimal digits follow in such a name.
const DIGITS: usize = 16;

/// How often a new name is tried.
const TRIES: usize = 100;

/// A new name for something that is not complete yet, or not any more.
pub(crate) fn unfinished_name() -> OsString {
    // Each has keys of its own.
    let number = RandomState::new().hash_one(std::process::id());
    format!("{UNFINISHED}{number:016x}").into()
}

/// Whether a name is one of those.
pub(crate) fn is_unfinished(name: &OsStr) -> bool {
    let digits = name.to_str().and_then(|name| name.strip_prefix(UNFINISHED));
    digits.is_some_and(|digits| digits.len() == DIGITS && digits.bytes().all(|it| it.is_ascii_hexdigit()))
}

/// A file under a name of its own, until it is complete; removed unless finished.
#[derive(Debug)]
pub(crate) struct OutputFile {
    folder: Folder,
    name: OsString,
    file: File,
    is_finished: bool,
}

impl OutputFile {
    /// A new file in a folder, with these permissions, less the umask.
    ///
    /// # Errors
    /// When no file can be made.
    pub(crate) fn begin(folder: &Folder, mode: u32) -> io::Result<Self> {
        for _ in 0..TRIES {
            let name = unfinished_name();
            match folder.create_new(&name, mode) {
                Ok(file) => return Ok(Self { folder: folder.clone(), name, file, is_finished: false }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// A new file in a folder of the user, held until it is finished: what nobody holds was left by a kill.
    pub(crate) fn begin_held(folder: &Folder) -> io::Result<Self> {
        for _ in 0..TRIES {
            let file = Self::begin(folder, 0o666)?;
            let held = flock(&file.file, FlockOperation::NonBlockingLockExclusive);
            // Before it was held, another process may have found it and removed it.
            if held != Err(Errno::WOULDBLOCK) && rustix::fs::fstat(&file.file)?.st_nlink > 0 {
                return Ok(file);
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Where it is until it is finished, for errors.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join(&self.name)
    }

    /// The name that it has until it is finished.
    pub(crate) fn name(&self) -> &OsStr {
        &self.name
    }

    /// The file, to read from.
    pub(crate) fn as_file(&self) -> &File {
        &self.file
    }

    /// Gives it its name, in place of whatever has the name: of a link the link itself.
    ///
    /// # Errors
    /// When it cannot be renamed.
    pub(crate) fn finish(self, name: &OsStr) -> io::Result<()> {
        let folder = self.folder.clone();
        self.finish_in(&folder, name)
    }

    /// Moves it to another folder of the same file system, in place of whatever has the name there.
    ///
    /// # Errors
    /// When it cannot be moved.
    pub(crate) fn finish_in(mut self, folder: &Folder, name: &OsStr) -> io::Result<()> {
        self.folder.rename(&self.name, folder, name)?;
        self.is_finished = true;
        Ok(())
    }

    /// The file without any name: it is gone with its last user.
    ///
    /// # Errors
    /// When the name cannot be removed.
    pub(crate) fn into_nameless(mut self) -> io::Result<File> {
        self.folder.unlink(&self.name)?;
        self.is_finished = true;
        self.file.try_clone()
    }
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for OutputFile {
    fn drop(&mut self) {
        if !self.is_finished {
            // What cannot be removed is left to the next run.
            let _ = self.folder.unlink(&self.name);
        }
    }
}

/// Writes a file under another name and renames it, with the permissions that the umask gives.
pub(crate) fn write_renamed(
    folder: &Folder,
    name: impl AsRef<OsStr>,
    fill: impl FnOnce(&mut File) -> io::Result<()>,
) -> Result<()> {
    let path = folder.path().join(name.as_ref());
    let mut file = OutputFile::begin_held(folder).map_err(StoreError::file(FileAction::CreateIn, folder.path()))?;
    fill(&mut file.file).map_err(StoreError::file(FileAction::Write, &path))?;
    file.finish(name.as_ref()).map_err(StoreError::file(FileAction::Write, &path))
}

/// Removes the files that killed processes of this user left in a folder: they have our names, and nobody holds them.
///
/// What cannot be removed, or held because the file system has no locks, stays.
fn remove_abandoned(folder: &Folder) {
    let user = rustix::process::geteuid().as_raw();
    for name in folder.names().unwrap_or_default().iter().filter(|name| is_unfinished(name)) {
        let Ok(file) = folder.open_file(name) else { continue };
        let is_own = rustix::fs::fstat(&file).is_ok_and(|stat| stat.st_uid == user);
        if is_own && flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok() {
            let _ = folder.unlink(name);
        }
    }
}

/// Writes a file at a path that the user named, in one step. Links on the way to its folder are followed, and a link
/// that has its name is replaced. What killed processes left unfinished beside it is removed.
///
/// # Errors
/// When it cannot be written.
pub fn write_output(path: &Path, fill: impl FnOnce(&mut File) -> io::Result<()>) -> Result<()> {
    let (folder, name) = place(path)?;
    remove_abandoned(&folder);
    write_renamed(&folder, name, fill)
}

/// Whether [`write_output`] has a place to write to: before anything is made that would be in vain.
///
/// # Errors
/// When it has none.
pub fn check_output(path: &Path) -> Result<()> {
    place(path).map(drop)
}

/// The folder of an output, and its name there.
fn place(path: &Path) -> Result<(Folder, &OsStr)> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().ok_or_else(|| io::ErrorKind::IsADirectory.into());
    let name = name.map_err(StoreError::file(FileAction::Write, path))?;
    let failed = |error| match error {
        StoreError::File { cause, .. } => StoreError::file(FileAction::CreateIn, folder)(cause),
        other => other,
    };
    let folder = Folder::open(folder).map_err(failed)?;
    if folder.is_special(name) {
        // Everybody would miss /dev/null.
        return Err(PlaceError::Special { path: path.to_owned() }.into());
    }
    Ok((folder, name))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use rustix::fs::FileType;

    use super::*;

    #[test]
    fn a_link_or_a_hard_link_of_the_name_is_replaced_and_what_it_leads_to_stays() {
        let scratch = tempfile::tempdir().unwrap();
        let path = |name: &str| scratch.path().join(name);
        for name in ["one", "two"] {
            fs::write(path(&format!("{name}.original")), b"original").unwrap();
        }
        std::os::unix::fs::symlink("one.original", path("one")).unwrap();
        fs::hard_link(path("two.original"), path("two")).unwrap();
        for name in ["one", "two", "three"] {
            write_output(&path(name), |file| file.write_all(b"image")).unwrap();
            assert_eq!(fs::read(path(name)).unwrap(), b"image");
            assert!(!path(name).is_symlink());
        }
        for name in ["one.original", "two.original"] {
            assert_eq!(fs::read(path(name)).unwrap(), b"original");
        }
    }

    #[test]
    fn a_fifo_or_a_socket_of_the_name_stays_and_is_an_error() {
        let scratch = tempfile::tempdir().unwrap();
        let path = |name: &str| scratch.path().join(name);
        rustix::fs::mknodat(rustix::fs::CWD, path("fifo"), FileType::Fifo, 0o600.into(), 0).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(path("socket")).unwrap();
        for name in ["fifo", "socket"] {
            let refused = write_output(&path(name), |file| file.write_all(b"image")).unwrap_err();
            assert!(matches!(&refused, StoreError::Place(PlaceError::Special { path: found }) if *found == path(name)));
            assert!(!fs::symlink_metadata(path(name)).unwrap().is_file());
        }
        assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 2, "nothing is left beside them");
    }

    #[test]
    fn what_a_killed_process_left_is_removed_and_what_another_one_writes_stays() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = Folder::open(scratch.path()).unwrap();
        let path = |name: &str| scratch.path().join(name);
        let others = [".shipwheel-unfinished", ".shipwheel-0123", "x.shipwheel-0123456789abcdef"];
        for name in others.iter().chain(&[".shipwheel-0123456789abcdef"]) {
            fs::write(path(name), b"").unwrap();
        }
        std::os::unix::fs::symlink("image", path(".shipwheel-fedcba9876543210")).unwrap();
        let written = OutputFile::begin_held(&folder).unwrap();
        write_output(&path("image"), |file| file.write_all(b"image")).unwrap();
        assert!(!path(".shipwheel-0123456789abcdef").exists());
        assert!(written.path().exists() && others.iter().all(|name| path(name).exists()));
        assert!(path(".shipwheel-fedcba9876543210").is_symlink(), "a link is none of ours");
        // A kill lets go of it.
        let left = written.path();
        let copy = written.file.try_clone().unwrap();
        std::mem::forget(written);
        flock(&copy, FlockOperation::Unlock).unwrap();
        write_output(&path("image"), |file| file.write_all(b"image")).unwrap();
        assert!(!left.exists());
    }

    #[test]
    fn a_file_that_fails_leaves_nothing() {
        let scratch = tempfile::tempdir().unwrap();
        let failed = write_output(&scratch.path().join("x"), |_| Err(io::ErrorKind::StorageFull.into()));
        assert!(failed.is_err());
        assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 0);
    }
}
