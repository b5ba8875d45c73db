//! An image that a build or a retrofit made, as a source: its layers are in the cache or still at their origin.

use std::collections::BTreeMap;

use shipwheel_oci::{Descriptor, Digest, Reference};

use crate::blob_file::BlobFile;
use crate::cache::Cache;
use crate::error::{Result, StoreError};
use crate::image::{ImageSource, StoredImage};
use crate::progress::Progress;
use crate::registry::Registry;

/// An image made on this machine. A layer of its base is fetched only if a destination wants its bytes.
pub struct StoredSource<'a> {
    image: &'a StoredImage,
    cache: &'a Cache,
    registry: &'a Registry,
    progress: &'a dyn Progress,
    origins: BTreeMap<Digest, &'a Reference>,
}

impl<'a> StoredSource<'a> {
    /// The image, whose configs go into the cache.
    ///
    /// # Errors
    /// When the cache cannot be written.
    pub fn new(
        image: &'a StoredImage,
        cache: &'a Cache,
        registry: &'a Registry,
        progress: &'a dyn Progress,
    ) -> Result<Self> {
        let mut origins = BTreeMap::new();
        for platform in image.images() {
            for layer in platform.manifest.layers() {
                if let Some(origin) = &platform.origin {
                    origins.entry(layer.digest).or_insert(origin);
                }
            }
        }
        for (_, bytes) in image.configs() {
            cache.insert_bytes(bytes)?;
        }
        Ok(Self { image, cache, registry, progress, origins })
    }
}

impl ImageSource for StoredSource<'_> {
    fn name(&self) -> String {
        "the image".to_owned()
    }

    fn root(&self) -> Result<Descriptor> {
        Ok(self.image.root().clone())
    }

    fn document(&self, descriptor: &Descriptor) -> Result<Vec<u8>> {
        let found = self.image.documents().find(|(own, _)| own.digest == descriptor.digest);
        let missing = || StoreError::missing(descriptor.digest, "the image");
        found.map(|(_, bytes)| bytes.to_vec()).ok_or_else(missing)
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<BlobFile> {
        if let Some(origin) = self.origins.get(&descriptor.digest).filter(|_| !self.cache.has(descriptor)) {
            self.registry.fetch_blob(origin, descriptor, self.cache, self.progress)?;
        }
        self.cache.require_blob(&descriptor.digest).map(BlobFile::built)
    }

    fn origin(&self, descriptor: &Descriptor) -> Option<Reference> {
        let origin = self.origins.get(&descriptor.digest).map(|origin| (*origin).clone());
        origin.or_else(|| self.cache.origin(&descriptor.digest))
    }
}
