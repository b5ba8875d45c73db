//! The folders of a cache, opened and checked once: private to the user, and not one of them a link.

use std::io;
use std::path::{Path, PathBuf};

use crate::disk::Folder;
use crate::error::{Result, StoreError};
use crate::file_action::FileAction;

/// Where uv keeps its own cache; uv makes it.
const UV: &str = "uv";

/// The areas that `clear` removes, without what was downloaded.
///
/// Blobs are fetched or made; records say which is which, so keeping blobs keeps downloads, and without its record a
/// layer is made anew.
const MADE: [&str; 3] = ["records", "entries", "folders"];

/// The areas of what was downloaded.
const DOWNLOADED: [&str; 2] = ["blobs", UV];

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
        Ok(Self {
            blobs: area("blobs")?.private_below("sha256")?,
            records: area("records")?,
            entries: area("entries")?,
            folders: area("folders")?,
            locks: area("locks")?,
            tmp: root.private_below("tmp")?,
            root,
        })
    }

    /// Removes the areas with all that is in them, through the handle of a root that is the user's own.
    ///
    /// # Errors
    /// As [`Areas::open`], and when something cannot be removed.
    pub(super) fn clear(path: &Path, keep_downloads: bool) -> Result<()> {
        let root = match Folder::open_private(&absolute(path)?) {
            Err(StoreError::File { cause, .. }) if cause.kind() == io::ErrorKind::NotFound => return Ok(()),
            root => root?,
        };
        let downloaded = DOWNLOADED.iter().filter(|_| !keep_downloads);
        MADE.iter().chain(downloaded).try_for_each(|area| root.remove_tree(area))
    }
}

/// The working directory may change later; the folder must not. A link at the end of a path with a `/` behind it
/// would be followed.
fn absolute(path: &Path) -> Result<PathBuf> {
    let path = std::path::absolute(path).map_err(StoreError::file(FileAction::Locate, path))?;
    Ok(path.components().collect())
}
