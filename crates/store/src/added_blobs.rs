//! Blobs in the cache that an image gets besides its own, as a part of the source that brings both.

use std::collections::BTreeSet;

use shipwheel_oci::{Descriptor, Digest, Reference};

use crate::blob_file::BlobFile;
use crate::cache::Cache;
use crate::error::Result;
use crate::image::ImageSource;

/// Blobs that are in the cache, beside an image that has others.
pub(crate) struct AddedBlobs<'a> {
    cache: &'a Cache,
    digests: BTreeSet<Digest>,
}

impl<'a> AddedBlobs<'a> {
    /// Puts the blobs into the cache.
    ///
    /// # Errors
    /// When the cache cannot be written.
    pub(crate) fn insert<'b>(cache: &'a Cache, blobs: impl IntoIterator<Item = &'b Vec<u8>>) -> Result<Self> {
        let digests = blobs.into_iter().map(|blob| cache.insert_bytes(blob)).collect::<Result<_>>()?;
        Ok(Self { cache, digests })
    }

    /// A blob, of these or of the image.
    ///
    /// # Errors
    /// When it is not there.
    pub(crate) fn blob(&self, image: &dyn ImageSource, descriptor: &Descriptor) -> Result<BlobFile> {
        match self.digests.contains(&descriptor.digest) {
            true => self.cache.require_blob(&descriptor.digest).map(BlobFile::cached),
            false => image.blob(descriptor),
        }
    }

    /// Where a blob of the image can be mounted from; these are nowhere yet.
    pub(crate) fn origin(&self, image: &dyn ImageSource, blob: &Descriptor) -> Option<Reference> {
        if self.digests.contains(&blob.digest) { None } else { image.origin(blob) }
    }
}
