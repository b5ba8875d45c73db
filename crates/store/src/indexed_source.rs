//! An image whose index lists attestations beside its platforms, as BuildKit has them, as a source.

use shipwheel_oci::{Descriptor, Digest, Reference, media_type};

use crate::blob_file::BlobFile;
use crate::cache::Cache;
use crate::error::Result;
use crate::image::ImageSource;

/// The documents of an image's attestations, small enough to be in memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IndexedAttestations {
    /// The index over the image's platforms and the attestations.
    pub index: Vec<u8>,
    /// The attestations' manifests.
    pub manifests: Vec<Vec<u8>>,
    /// The blobs that they name.
    pub blobs: Vec<Vec<u8>>,
}

/// An image under another index.
pub struct IndexedSource<'a> {
    image: &'a dyn ImageSource,
    attestations: &'a IndexedAttestations,
    cache: &'a Cache,
}

impl<'a> IndexedSource<'a> {
    /// The image with its attestations, whose blobs go into the cache.
    ///
    /// # Errors
    /// When the cache cannot be written.
    pub fn new(image: &'a dyn ImageSource, attestations: &'a IndexedAttestations, cache: &'a Cache) -> Result<Self> {
        for blob in &attestations.blobs {
            cache.insert_bytes(blob)?;
        }
        Ok(Self { image, attestations, cache })
    }

    fn has_blob(&self, digest: &Digest) -> bool {
        self.attestations.blobs.iter().any(|blob| Digest::of(blob) == *digest)
    }
}

impl ImageSource for IndexedSource<'_> {
    fn name(&self) -> String {
        self.image.name()
    }

    fn root(&self) -> Result<Descriptor> {
        Ok(Descriptor::of(media_type::INDEX, &self.attestations.index))
    }

    fn document(&self, descriptor: &Descriptor) -> Result<Vec<u8>> {
        let mut own = self.attestations.manifests.iter().chain([&self.attestations.index]);
        match own.find(|bytes| Digest::of(bytes) == descriptor.digest) {
            Some(bytes) => Ok(bytes.clone()),
            None => self.image.document(descriptor),
        }
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<BlobFile> {
        match self.has_blob(&descriptor.digest) {
            true => self.cache.require_blob(&descriptor.digest).map(BlobFile::cached),
            false => self.image.blob(descriptor),
        }
    }

    fn origin(&self, blob: &Descriptor) -> Option<Reference> {
        if self.has_blob(&blob.digest) { None } else { self.image.origin(blob) }
    }
}
