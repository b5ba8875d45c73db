//! The files of an OCI image layout: only a folder that shipwheel may write to is ever changed.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use shipwheel_oci::{Descriptor, Digest};

use super::index_json::TopIndex;
use crate::error::{Result, StoreError, check_bytes};
use crate::file_action::FileAction;
use crate::limits::MAX_MANIFEST;
use crate::output_file::UNFINISHED;

/// An OCI image layout in a folder.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    path: PathBuf,
}

impl Layout {
    /// A layout to write to: a folder that is new, empty, or was written by shipwheel before.
    ///
    /// # Errors
    /// When the folder holds anything else, or cannot be made.
    pub(super) fn create(path: &Path) -> Result<Self> {
        fs::create_dir_all(path).map_err(StoreError::file(FileAction::Create, path))?;
        let layout = Self { path: path.to_owned() };
        let occupied = |reason| Err(StoreError::Occupied { path: path.to_owned(), reason });
        let is_empty = fs::read_dir(path).map_err(StoreError::file(FileAction::Read, path))?.next().is_none();
        match (is_empty, layout.index()) {
            (true, _) => {}
            (false, Ok(index)) if index.is_own() => {}
            (false, Ok(_)) => return occupied("is an OCI layout that shipwheel did not write"),
            // A first write that was killed leaves blobs and no index.
            (false, Err(_)) if layout.is_unfinished()? => {}
            (false, Err(_)) => return occupied("is not empty and not an OCI layout"),
        }
        let blobs = layout.blobs();
        fs::create_dir_all(&blobs).map_err(StoreError::file(FileAction::Create, &blobs))?;
        Ok(layout)
    }

    /// A layout to read, of any tool.
    pub(super) fn open(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// The folder.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// `index.json`.
    ///
    /// # Errors
    /// When it is not there or not an index.
    pub(super) fn index(&self) -> Result<TopIndex> {
        let path = self.path.join("index.json");
        TopIndex::parse(read_small(&path)?, &path.display().to_string())
    }

    fn blobs(&self) -> PathBuf {
        self.path.join("blobs/sha256")
    }

    pub(super) fn blob_path(&self, digest: &Digest) -> PathBuf {
        self.blobs().join(digest.hex())
    }

    /// Whether a blob is there, in its full size.
    pub(super) fn has(&self, descriptor: &Descriptor) -> bool {
        let metadata = fs::symlink_metadata(self.blob_path(&descriptor.digest));
        metadata.is_ok_and(|metadata| metadata.is_file() && metadata.len() == descriptor.size)
    }

    /// Reads a manifest or an index, and verifies it.
    pub(super) fn document(&self, descriptor: &Descriptor) -> Result<Vec<u8>> {
        let path = self.blob_path(&descriptor.digest);
        if !path.is_file() {
            return Err(StoreError::missing(descriptor.digest, self.path.display().to_string()));
        }
        let bytes = read_small(&path)?;
        check_bytes(&bytes, descriptor, &path.display().to_string())?;
        Ok(bytes)
    }

    /// Whether the folder holds only what a write begins with.
    fn is_unfinished(&self) -> Result<bool> {
        let entries = fs::read_dir(&self.path).map_err(StoreError::file(FileAction::Read, &self.path))?;
        let known = |name: &str| name == "oci-layout" || name == "blobs" || name.starts_with(UNFINISHED);
        Ok(entries.flatten().all(|entry| known(&entry.file_name().to_string_lossy())))
    }

    /// Removes the blobs of an earlier image, and what a kill left behind.
    pub(super) fn remove_others(&self, kept: &BTreeSet<String>) -> Result<()> {
        remove_all(&self.blobs(), |name| !kept.contains(name))?;
        remove_all(&self.path, |name| name.starts_with(UNFINISHED))
    }
}

/// Removes files by their names.
fn remove_all(folder: &Path, is_stale: impl Fn(&str) -> bool) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(StoreError::file(FileAction::Read, folder))?.flatten() {
        if is_stale(&entry.file_name().to_string_lossy()) {
            let path = entry.path();
            fs::remove_file(&path).map_err(StoreError::file(FileAction::Remove, &path))?;
        }
    }
    Ok(())
}

fn read_small(path: &Path) -> Result<Vec<u8>> {
    let size = fs::metadata(path).map_err(StoreError::file(FileAction::Read, path))?.len();
    if size > MAX_MANIFEST {
        return Err(StoreError::TooLarge { what: path.display().to_string(), limit: MAX_MANIFEST });
    }
    fs::read(path).map_err(StoreError::file(FileAction::Read, path))
}
