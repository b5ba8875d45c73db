//! The processes that use the cache now, and since when; and when each thing in it was last used.
//!
//! The time of the last use is the time at which a file was changed, set again when it is an hour old: a use costs no
//! write as a rule. Nothing that was used since an hour before the oldest process began is removed. The gate, a lock
//! on the folder of processes, orders the two: whoever begins or notes a use shares it, whoever removes has it alone.

use std::ffi::OsStr;
use std::fs::File;
use std::time::{Duration, SystemTime};

use rustix::fs::{FlockOperation, Stat, fstat, futimens};
use rustix::io::Errno;

use crate::disk::{Folder, FolderHold, NOW, OutputFile, PlaceError, changed};
use crate::error::{Result, StoreError};
use crate::file_action::FileAction;

/// How exactly the time of the last use is known.
pub(super) const EXACTNESS: Duration = Duration::from_secs(3600);

/// How long to wait for other processes at the gate: they pass it in a moment.
const PATIENCE: Duration = Duration::from_secs(60);

/// This process among those that use the cache, until dropped or killed.
#[derive(Debug)]
pub(super) struct Presence {
    folder: Folder,
    /// Held for as long as the process lives.
    own: OutputFile,
}

impl Presence {
    /// Says that this process uses the cache from now on.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub(super) fn announce(folder: Folder) -> Result<Self> {
        let _gate = folder.hold_shared()?;
        let own = OutputFile::begin_held(&folder).map_err(StoreError::file(FileAction::CreateIn, folder.path()))?;
        Ok(Self { folder, own })
    }

    /// Waits until nobody begins and nobody notes a use, and keeps it so.
    ///
    /// # Errors
    /// When the file system has no locks, or somebody stays in the gate.
    pub(super) fn gate(&self) -> Result<FolderHold> {
        let none = || PlaceError::NoLocks { path: self.folder.path().to_owned() }.into();
        self.folder.hold(PATIENCE)?.ok_or_else(none)
    }

    /// Since when the oldest of the processes uses the cache, this one left out unless `with_own`; `None` if there is
    /// none. The marks of killed ones are removed.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub(super) fn oldest(&self, with_own: bool) -> Result<Option<SystemTime>> {
        let mut oldest: Option<SystemTime> = None;
        for name in self.folder.names()? {
            let Ok(file) = self.folder.open_file(&name) else { continue };
            let is_own = name == self.own.name();
            let held = match is_own {
                true => with_own,
                false => rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) == Err(Errno::WOULDBLOCK),
            };
            if held {
                let begun = fstat(&file).map_or(SystemTime::UNIX_EPOCH, |stat| changed(&stat));
                oldest = Some(oldest.map_or(begun, |found| found.min(begun)));
            } else if !is_own {
                self.folder.remove_file(&name)?;
            }
        }
        Ok(oldest)
    }

    /// Notes that what has a name in a folder is used from now on, and tells what it is; `None` if nothing is there.
    pub(super) fn used(&self, folder: &Folder, name: &OsStr) -> Option<Stat> {
        let stat = folder.stat(name).ok()?;
        if !is_due(&stat) {
            return Some(stat);
        }
        // Where there are no locks, nothing is removed.
        let _gate = self.folder.hold_shared().ok()?;
        let stat = folder.stat(name).ok()?;
        // A cache that cannot be written is not cleaned up either.
        let _ = folder.touch(name);
        Some(stat)
    }
}

/// Notes the use of an open file, which nobody can take away any more.
pub(super) fn note_use(file: &File) {
    if fstat(file).is_ok_and(|stat| is_due(&stat)) {
        let _ = futimens(file, &NOW);
    }
}

/// Whether the noted use is so long ago that another one has to be noted.
fn is_due(stat: &Stat) -> bool {
    // A clock that was set back says nothing: it is used now.
    changed(stat).elapsed().map_or(true, |age| age >= EXACTNESS)
}
