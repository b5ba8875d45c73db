//! The folders of a cache, opened and checked once: private to the user, and not one of them a link.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::presence::Presence;
use crate::disk::{Folder, FolderHold, UNFINISHED, unfinished_name};
use crate::error::{Result, StoreError};
use crate::file_action::FileAction;

/// Where uv keeps its own cache; uv makes it.
pub(super) const UV: &str = "uv";

/// The areas that `clear` removes, without what was downloaded.
///
/// Blobs are fetched or made; records say which is which, so keeping blobs keeps downloads, and without its record a
/// layer is made anew.
const MADE: [&str; 3] = ["records", "entries", "folders"];

/// The areas of what was downloaded.
const DOWNLOADED: [&str; 2] = ["blobs", UV];

/// The folder of what is not complete: written until it is, or removed.
const TMP: &str = "tmp";

/// The folder of the processes that use the cache.
const RUNNING: &str = "running";

/// While others use the cache, leftovers of killed processes are removed at this age: no process writes one file for
/// longer.
const LEFTOVER_AGE: Duration = Duration::from_secs(24 * 3600);

/// A cache's folders.
#[derive(Debug)]
pub(super) struct Areas {
    pub(super) root: Folder,
    /// `blobs/sha256`.
    pub(super) blobs: Folder,
    pub(super) records: Folder,
    pub(super) entries: Folder,
    pub(super) folders: Folder,
    pub(super) locks: Folder,
    pub(super) tmp: Folder,
    /// Says that `tmp` is in use. `None` where the file system has no locks.
    _in_use: Option<FolderHold>,
    /// Says since when this process uses the cache.
    pub(super) presence: Presence,
}

impl Areas {
    /// Opens the folders, and makes those that are not there.
    ///
    /// # Errors
    /// When one of them cannot be made, is a link, belongs to somebody else, or others could write to it.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let root = Folder::create_private(&absolute(path)?)?;
        let area = |name: &str| {
            let area = root.private_below(name)?;
            area.names()?
                .iter()
                .filter(|kind| area.leads_on(kind))
                .try_for_each(|kind| area.below(kind)?.map_or(Ok(()), |kind| kind.require_private()))?;
            Ok::<_, StoreError>(area)
        };
        if let Some(uv) = root.below(UV)? {
            uv.require_private()?;
        }
        let (tmp, running) = (root.private_below(TMP)?, root.private_below(RUNNING)?);
        let in_use = swept(&tmp, &running)?;
        Ok(Self {
            blobs: area("blobs")?.private_below("sha256")?,
            records: area("records")?,
            entries: area("entries")?,
            folders: area("folders")?,
            locks: area("locks")?,
            _in_use: in_use,
            // After `tmp` is in use: whoever finds itself alone there removes all that others left.
            presence: Presence::announce(running)?,
            tmp,
            root,
        })
    }

    /// Removes the areas with all that is in them, through the handle of a root that is the user's own.
    ///
    /// Each goes away as a whole before anything in it is removed. Half of an interpreter's folder would be taken for
    /// all of it.
    ///
    /// # Errors
    /// As [`Areas::open`], and when something cannot be removed.
    pub(super) fn clear(path: &Path, keep_downloads: bool) -> Result<()> {
        let root = match Folder::open_private(&absolute(path)?) {
            Err(StoreError::File { cause, .. }) if cause.kind() == io::ErrorKind::NotFound => return Ok(()),
            root => root?,
        };
        let cleared = MADE.iter().chain(DOWNLOADED.iter().filter(|_| !keep_downloads));
        // Something that is not ours has its name: the areas go nevertheless.
        let Ok(tmp) = root.private_below(TMP) else {
            return cleared.copied().try_for_each(|area| root.remove_tree(area));
        };
        let aside = set_aside(&root, &tmp, cleared)?;
        aside.iter().try_for_each(|name| tmp.remove_tree(name))?;
        swept(&tmp, &root.private_below(RUNNING)?).map(|_| ())
    }
}

/// Moves the areas to `tmp`, or removes those that cannot be moved; the names that they have there.
fn set_aside<'a>(
    root: &Folder,
    tmp: &Folder,
    areas: impl IntoIterator<Item = &'a &'static str>,
) -> Result<Vec<OsString>> {
    let mut aside = Vec::new();
    for area in areas {
        let name = unfinished_name();
        match root.rename(area.as_ref(), tmp, &name) {
            Ok(()) => aside.push(name),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            // An area may be on another file system.
            Err(_) => root.remove_tree(area)?,
        }
    }
    Ok(aside)
}

/// Says that `tmp` is in use, after the leftovers of killed processes were removed: all of them if nobody else uses it.
fn swept(tmp: &Folder, running: &Folder) -> Result<Option<FolderHold>> {
    let in_use = tmp.share(|| [tmp, running].iter().for_each(|folder| remove_leftovers(folder, Duration::ZERO)))?;
    remove_leftovers(tmp, LEFTOVER_AGE);
    Ok(in_use)
}

fn remove_leftovers(tmp: &Folder, age: Duration) {
    for name in tmp.names().unwrap_or_default() {
        let is_own = name.to_str().is_some_and(|name| name.starts_with(UNFINISHED));
        if is_own && (age.is_zero() || tmp.age(&name).is_some_and(|found| found > age)) {
            // The first process removes it; what cannot be removed is left to the next run.
            let _ = tmp.remove_tree(&name);
        }
    }
}

/// The working directory may change later; the folder must not. A link at the end of a path with a `/` behind it
/// would be followed.
fn absolute(path: &Path) -> Result<PathBuf> {
    let path = std::path::absolute(path).map_err(StoreError::file(FileAction::Locate, path))?;
    Ok(path.components().collect())
}

#[cfg(test)]
mod tests {
    use shipwheel_oci::Digest;

    use super::*;
    use crate::cache::Cache;

    #[test]
    fn what_is_cleared_is_gone_as_a_whole_and_a_kill_leaves_it_to_the_next_run() {
        let folder = tempfile::tempdir().unwrap();
        let (key, root) = (Digest::of(b"interpreter"), folder.path());
        let fill = |path: &Path| {
            std::fs::write(path.join("file"), b"").unwrap();
            Ok::<(), StoreError>(())
        };
        Cache::open(root).unwrap().publish_folder("rootfs", &key, fill).unwrap();
        let (open, tmp) = (Folder::open(root).unwrap(), Folder::open(&root.join(TMP)).unwrap());
        let aside = set_aside(&open, &tmp, &MADE).unwrap();
        // A kill may come here, or when a part of them is removed.
        assert_eq!(aside.len(), MADE.len());
        assert_eq!(tmp.names().unwrap().len(), MADE.len());
        let cache = Cache::open(root).unwrap();
        assert_eq!(cache.folder("rootfs", &key), None);
        assert_eq!(tmp.names().unwrap().len(), 0, "the next run removes it");
        assert!(root.join("blobs").is_dir(), "downloads are kept");
        Cache::clear(root, false).unwrap();
        assert!(!root.join("blobs").exists());
    }
}
