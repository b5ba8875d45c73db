//! An image whose index lists attestations beside its platforms, as BuildKit has them, as a source.

use shipwheel_oci::{Descriptor, Digest, Reference, media_type};

use crate::added_blobs::AddedBlobs;
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
    added: AddedBlobs<'a>,
}

impl<'a> IndexedSource<'a> {
    /// The image with its attestations, whose blobs go into the cache.
    ///
    /// # Errors
    /// When the cache cannot be written.
    pub fn new(image: &'a dyn ImageSource, attestations: &'a IndexedAttestations, cache: &'a Cache) -> Result<Self> {
        let added = AddedBlobs::insert(cache, &attestations.blobs)?;
        Ok(Self { image, attestations, added })
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
        self.added.blob(self.image, descriptor)
    }

    fn origin(&self, blob: &Descriptor) -> Option<Reference> {
        self.added.origin(self.image, blob)
    }
}
