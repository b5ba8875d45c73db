//! A folder held against other processes that write to it, or together with them.

use std::os::fd::OwnedFd;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::folder::Folder;
use super::place_error::PlaceError;
use crate::error::{Result, StoreError};
use crate::file_action::FileAction;

/// How long to sleep between two tries.
const PAUSE: Duration = Duration::from_millis(20);

/// A folder that is held, until dropped or until the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct FolderHold {
    _handle: OwnedFd,
}

impl Folder {
    /// Waits until no other process or thread holds the folder, and holds it.
    ///
    /// The lock is on the folder itself, so that no file of it is left behind. `None` if the file system has no such
    /// locks (some network file systems): then nobody may remove anything.
    ///
    /// # Errors
    /// When another process does not let go in time: anyone who may read a folder can hold it.
    pub(crate) fn hold(&self, patience: Duration) -> Result<Option<FolderHold>> {
        let handle = self.reopened().map_err(StoreError::file(FileAction::Hold, self.path()))?;
        let begun = Instant::now();
        loop {
            match flock(&handle, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Some(FolderHold { _handle: handle })),
                Err(Errno::WOULDBLOCK | Errno::INTR) if begun.elapsed() < patience => thread::sleep(PAUSE),
                Err(Errno::WOULDBLOCK | Errno::INTR) => {
                    return Err(PlaceError::Held { path: self.path().to_owned(), waited: patience }.into());
                }
                Err(_) => return Ok(None),
            }
        }
    }

    /// Waits until nobody holds the folder alone, and holds it together with all others who share it.
    ///
    /// `None` if the file system has no such locks.
    ///
    /// # Errors
    /// When the folder cannot be opened.
    pub(crate) fn hold_shared(&self) -> Result<Option<FolderHold>> {
        let handle = self.reopened().map_err(StoreError::file(FileAction::Hold, self.path()))?;
        Ok(shared(handle))
    }

    /// Holds the folder together with all who share it. Whoever finds that nobody else does calls `alone` first, and
    /// the others wait for it.
    ///
    /// `None` if the file system has no such locks: then nobody knows who is alone.
    ///
    /// # Errors
    /// When the folder cannot be opened.
    pub(crate) fn share(&self, alone: impl FnOnce()) -> Result<Option<FolderHold>> {
        let handle = self.reopened().map_err(StoreError::file(FileAction::Hold, self.path()))?;
        match flock(&handle, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => alone(),
            Err(Errno::WOULDBLOCK) => {}
            Err(_) => return Ok(None),
        }
        Ok(shared(handle))
    }
}

/// The hold on what is open, with all who share it; `None` if the file system has no locks.
fn shared(handle: OwnedFd) -> Option<FolderHold> {
    loop {
        match flock(&handle, FlockOperation::LockShared) {
            Ok(()) => return Some(FolderHold { _handle: handle }),
            Err(Errno::INTR) => {}
            Err(_) => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_folder_is_refused_in_time_and_free_when_let_go() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = Folder::open(scratch.path()).unwrap();
        let held = folder.hold(Duration::ZERO).unwrap();
        assert!(held.is_some());
        let again = Folder::open(scratch.path()).unwrap();
        let refused = again.hold(Duration::from_millis(50)).unwrap_err();
        assert!(matches!(refused, StoreError::Place(PlaceError::Held { .. })), "{refused}");
        drop(held);
        assert!(again.hold(Duration::ZERO).unwrap().is_some());
    }

    #[test]
    fn whoever_shares_a_folder_first_is_alone_and_all_others_are_not() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = Folder::open(scratch.path()).unwrap();
        let share = || {
            let mut is_alone = false;
            let hold = folder.share(|| is_alone = true).unwrap();
            (is_alone, hold)
        };
        let first = share();
        let second = share();
        assert!(first.0 && !second.0);
        drop(first);
        assert!(!share().0, "the second is there");
        drop(second);
        assert!(share().0);
    }
}
