//! The files of an OCI image layout of any tool, to read.

use std::path::{Path, PathBuf};

use shipwheel_oci::{Descriptor, Digest};

use super::index_json::TopIndex;
use crate::disk::small_file::{SmallFileError, read_small};
use crate::error::{Result, StoreError, check_bytes};
use crate::file_action::FileAction;
use crate::limits::MAX_MANIFEST;

/// An OCI image layout in a folder.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    path: PathBuf,
}

impl Layout {
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
        TopIndex::parse(read_document(&path)?, &path.display().to_string())
    }

    pub(super) fn blob_path(&self, digest: &Digest) -> PathBuf {
        self.path.join("blobs/sha256").join(digest.hex())
    }

    /// Reads a manifest or an index, and verifies it.
    pub(super) fn document(&self, descriptor: &Descriptor) -> Result<Vec<u8>> {
        let path = self.blob_path(&descriptor.digest);
        if !path.is_file() {
            return Err(StoreError::missing(descriptor.digest, self.path.display().to_string()));
        }
        let bytes = read_document(&path)?;
        check_bytes(&bytes, descriptor, &path.display().to_string())?;
        Ok(bytes)
    }
}

fn read_document(path: &Path) -> Result<Vec<u8>> {
    read_small(path, MAX_MANIFEST).map_err(|error| match error.downcast::<SmallFileError>() {
        Ok(SmallFileError::TooLarge { limit }) => StoreError::TooLarge { what: path.display().to_string(), limit },
        Ok(other) => StoreError::file(FileAction::Read, path)(other.into()),
        Err(error) => StoreError::file(FileAction::Read, path)(error),
    })
}
