//! One manifest with its blobs, all in memory, as a source: what a tag of its own names, such as signatures.

use shipwheel_oci::{Descriptor, Digest, media_type};

use crate::blob_file::BlobFile;
use crate::cache::Cache;
use crate::error::{Result, StoreError};
use crate::image::ImageSource;

/// A manifest that nothing else belongs to.
pub struct LoneSource<'a> {
    manifest: Vec<u8>,
    cache: &'a Cache,
}

impl<'a> LoneSource<'a> {
    /// The manifest; the blobs that are new go into the cache.
    ///
    /// # Errors
    /// When the cache cannot be written.
    pub fn new(manifest: Vec<u8>, blobs: &[Vec<u8>], cache: &'a Cache) -> Result<Self> {
        for blob in blobs {
            cache.insert_bytes(blob)?;
        }
        Ok(Self { manifest, cache })
    }
}

impl ImageSource for LoneSource<'_> {
    fn name(&self) -> String {
        "the manifest".to_owned()
    }

    fn root(&self) -> Result<Descriptor> {
        Ok(Descriptor::of(media_type::MANIFEST, &self.manifest))
    }

    fn document(&self, descriptor: &Descriptor) -> Result<Vec<u8>> {
        match Digest::of(&self.manifest) == descriptor.digest {
            true => Ok(self.manifest.clone()),
            false => Err(StoreError::missing(descriptor.digest, "the manifest")),
        }
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<BlobFile> {
        self.cache.require_blob(&descriptor.digest).map(BlobFile::cached)
    }
}
