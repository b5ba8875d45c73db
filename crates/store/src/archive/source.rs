//! An image in an OCI archive, to read from.

use std::path::Path;

use shipwheel_oci::{Descriptor, Digest};

use super::members::Members;
use crate::blob_file::BlobFile;
use crate::error::{Result, StoreError, check_bytes};
use crate::image::{ImageSource, Referrer};
use crate::layout::TopIndex;
use crate::limits::MAX_MANIFEST;

/// An image in an archive of any tool: a layout in a tar.
pub struct ArchiveSource {
    members: Members,
    index: TopIndex,
    root: Descriptor,
}

impl ArchiveSource {
    /// The image of this tag; without one, the only image there is.
    ///
    /// # Errors
    /// When the file is not an OCI archive, or does not hold exactly one such image.
    pub fn open(path: &Path, tag: Option<&str>) -> Result<Self> {
        Self::of(Members::open(path)?, tag)
    }

    pub(crate) fn of(members: Members, tag: Option<&str>) -> Result<Self> {
        let name = members.path().display().to_string();
        if !members.has("index.json") {
            let cause = "it has no index.json, so it is not an OCI archive".into();
            return Err(StoreError::Image { what: name, cause });
        }
        let index = TopIndex::parse(members.read("index.json", MAX_MANIFEST)?, &format!("index.json in {name}"))?;
        let root = index.select(tag, &name)?;
        Ok(Self { members, index, root })
    }
}

impl ImageSource for ArchiveSource {
    fn name(&self) -> String {
        self.members.path().display().to_string()
    }

    fn root(&self) -> Result<Descriptor> {
        Ok(self.root.clone())
    }

    fn reference(&self) -> Option<String> {
        self.index.full_name(&self.root.digest)
    }

    fn document(&self, descriptor: &Descriptor) -> Result<Vec<u8>> {
        if let Some(bytes) = self.index.bytes_of(descriptor) {
            return Ok(bytes);
        }
        self.blob(descriptor)?;
        let bytes = self.members.read(&member(&descriptor.digest), MAX_MANIFEST)?;
        check_bytes(&bytes, descriptor, &format!("blob {} of {}", descriptor.digest.short(), self.name()))?;
        Ok(bytes)
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<BlobFile> {
        let found = self.members.file(&member(&descriptor.digest));
        let (file, size) = found.ok_or_else(|| StoreError::missing(descriptor.digest, self.name()))?;
        if size != descriptor.size {
            let what = format!("blob {} of {}", descriptor.digest.short(), self.name());
            return Err(StoreError::Size { what, expected: descriptor.size, found: size });
        }
        Ok(file)
    }

    fn referrers(&self, subject: &Digest) -> Result<Vec<Referrer>> {
        self.index.referrers(subject, |descriptor| self.document(descriptor))
    }

    fn beside(&self, tag: &str) -> Result<Option<Descriptor>> {
        Ok(self.index.beside(tag))
    }
}

/// The name of a blob in an archive.
pub(super) fn member(digest: &Digest) -> String {
    format!("blobs/sha256/{}", digest.hex())
}
