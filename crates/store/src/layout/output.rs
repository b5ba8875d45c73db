//! A layout folder that is written to, held against other writers.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use shipwheel_oci::{Descriptor, Digest};

use super::index_json::TopIndex;
use super::journal::{JOURNAL, Journal};
use super::replaced::Replaced;
use crate::cache::HashedFiles;
use crate::disk::{Folder, FolderHold, UNFINISHED, is_unfinished, unfinished_name, write_renamed};
use crate::error::{Result, StoreError};
use crate::file_action::FileAction;
use crate::limits::MAX_MANIFEST;
use crate::sync::lock;

/// How long to wait for another process that writes to the same folder.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// The permissions of folders in a layout, less the umask.
const FOLDER_MODE: u32 = 0o777;

/// An output folder: a reader finds the whole image in it, the one before or the new one, at any time.
#[derive(Debug)]
pub(super) struct OutputLayout {
    folder: Folder,
    blobs: Folder,
    journal: Mutex<Journal>,
    /// `None` where the file system has no locks: then nothing is removed, as another process may need it.
    hold: Option<FolderHold>,
}

impl OutputLayout {
    /// Waits for other writers, and opens a folder that is new, empty, or was written by shipwheel before.
    ///
    /// # Errors
    /// When the folder holds anything else, has links where its folders are, or cannot be made.
    pub(super) fn create(path: &Path) -> Result<Self> {
        let (folder, hold) = held(path)?;
        let names = replaceable(&folder)?;
        // Both are looked at before anything is written.
        if let Some(blobs) = folder.below("blobs")? {
            blobs.below("sha256")?;
        }
        let journal = Journal::begin(&folder, names).map_err(StoreError::file(FileAction::CreateIn, path))?;
        let blobs = folder.make_below("blobs", FOLDER_MODE)?.make_below("sha256", FOLDER_MODE)?;
        let output = Self { folder, blobs, journal: Mutex::new(journal), hold };
        output.remove_unfinished()?;
        Ok(output)
    }

    /// Whether a blob is there, in its full size.
    pub(super) fn has(&self, descriptor: &Descriptor) -> bool {
        self.blobs.has_file(descriptor.digest.hex(), descriptor.size)
    }

    /// Whether a blob is there with just its bytes: what others put into the folder, or left there, is not believed. A
    /// file that was hashed before is not read again, where `hashed` has it.
    pub(super) fn is_whole(&self, descriptor: &Descriptor, hashed: Option<&HashedFiles>) -> bool {
        let digest = || {
            let file = self.blobs.open_file(descriptor.digest.hex())?;
            match hashed {
                Some(hashed) => hashed.has(&file, descriptor),
                None => Ok(Digest::of_reader(file)?.0 == descriptor.digest),
            }
        };
        // One that cannot be read is written again.
        self.has(descriptor) && digest().unwrap_or(false)
    }

    /// Writes a blob.
    pub(super) fn write_blob(&self, digest: &Digest, fill: impl FnOnce(&mut File) -> io::Result<()>) -> Result<()> {
        let name = digest.hex();
        self.note(&name)?;
        write_renamed(&self.blobs, name, fill)
    }

    /// Gives a file of the cache the name of a blob, in place of any that has it; `false` where that cannot be. It is
    /// sealed only where it can be shared.
    pub(super) fn share_blob(&self, digest: &Digest, file: &File, seal: impl FnOnce() -> Result<bool>) -> Result<bool> {
        let (name, unfinished) = (digest.hex(), unfinished_name());
        self.note(&name)?;
        if self.blobs.link(file, &unfinished).is_err() {
            return Ok(false);
        }
        let sealed = seal();
        let named = match sealed {
            Ok(true) => self.blobs.rename(&unfinished, &self.blobs, name.as_ref()),
            _ => Ok(()),
        };
        // Of two names of one file, both stay.
        self.blobs.remove_file(&unfinished)?;
        named.map_err(StoreError::file(FileAction::Write, &self.blobs.path().join(&name)))?;
        sealed
    }

    fn note(&self, name: &str) -> Result<()> {
        let noted = lock(&self.journal).add(name);
        noted.map_err(StoreError::file(FileAction::Write, &self.folder.path().join(JOURNAL)))
    }

    /// Writes a file beside the blobs.
    pub(super) fn write_file(&self, name: &str, fill: impl FnOnce(&mut File) -> io::Result<()>) -> Result<()> {
        write_renamed(&self.folder, name, fill)
    }

    /// Removes the blobs that were noted and are not kept, and the mark of an unfinished write.
    pub(super) fn finish(&self, kept: &BTreeSet<String>) -> Result<()> {
        if self.hold.is_none() {
            return Ok(());
        }
        let journal = lock(&self.journal);
        journal.names().difference(kept).try_for_each(|name| self.blobs.remove_file(name))?;
        self.folder.remove_file(JOURNAL)
    }

    /// Removes files that a kill left half written: while the folder is held, nobody else writes any.
    fn remove_unfinished(&self) -> Result<()> {
        if self.hold.is_none() {
            return Ok(());
        }
        for folder in [&self.folder, &self.blobs] {
            let names = folder.names()?;
            let is_left = |name: &str| name.starts_with(UNFINISHED) && name != JOURNAL;
            let left = names.iter().filter(|name| name.to_str().is_some_and(is_left));
            left.into_iter().try_for_each(|name| folder.remove_file(name))?;
        }
        Ok(())
    }
}

/// The folder, held. One that was removed while this process waited is made anew.
fn held(path: &Path) -> Result<(Folder, Option<FolderHold>)> {
    loop {
        let folder = Folder::create(path)?;
        let hold = folder.hold(PATIENCE)?;
        if folder.is_in_place() {
            return Ok((folder, hold));
        }
    }
}

/// The names of the blobs that may be removed from a folder that may be replaced.
fn replaceable(folder: &Folder) -> Result<BTreeSet<String>> {
    let path = folder.path();
    let occupied = |reason| Err(StoreError::Occupied { path: path.to_owned(), reason });
    let names = folder.names()?;
    if names.is_empty() {
        return Ok(BTreeSet::new());
    }
    let unfinished = Journal::names_in(folder);
    let index = folder.read_small("index.json", MAX_MANIFEST).ok();
    match index.map(|bytes| TopIndex::parse(bytes, &path.join("index.json").display().to_string())) {
        Some(Ok(index)) if index.is_own() => {
            let mut names = unfinished.unwrap_or_default();
            names.extend(Replaced::open(folder)?.map(|image| image.names(&index)).unwrap_or_default());
            Ok(names)
        }
        Some(Ok(_)) => occupied("is an OCI layout that shipwheel did not write"),
        Some(Err(_)) | None => {
            // A first write that was killed leaves its mark, blobs, and no index.
            let known = |name: &str| name == "oci-layout" || name == "blobs" || name.starts_with(UNFINISHED);
            let is_ours = names.iter().all(|name| name.to_str().is_some_and(known));
            match unfinished.filter(|_| is_ours) {
                Some(names) => Ok(names),
                // It was killed before it had left its mark.
                None if names.iter().all(|name| is_unfinished(name)) => Ok(BTreeSet::new()),
                None => occupied("is not empty and not an OCI layout"),
            }
        }
    }
}
