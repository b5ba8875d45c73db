//! An image that was built or resolved, as a source: its layers are in the cache or still at their origin.

use std::collections::BTreeMap;

use shipwheel_oci::{Descriptor, Digest, Reference};

use crate::error::{Result, StoreError};
use crate::image::{Blobs, NeededBlob, StoredImage};
use crate::referrers::Referrer;
use crate::transfer::{BlobFile, Source};

/// See the module.
pub(crate) struct StoredSource<'a> {
    image: &'a StoredImage,
    blobs: Blobs<'a>,
    origins: BTreeMap<Digest, Option<&'a Reference>>,
}

impl<'a> StoredSource<'a> {
    /// # Errors
    /// When the cache takes no config.
    pub(crate) fn new(image: &'a StoredImage, blobs: Blobs<'a>) -> Result<Self> {
        let mut origins = BTreeMap::new();
        origins.extend(image.layers().into_iter().map(|layer| (layer.descriptor.digest, layer.origin)));
        for (descriptor, bytes) in image.configs() {
            blobs.cache.insert_bytes(bytes)?;
            origins.entry(descriptor.digest).or_insert(None);
        }
        Ok(Self { image, blobs, origins })
    }
}

impl Source for StoredSource<'_> {
    fn root(&self) -> Result<Descriptor> {
        Ok(self.image.root().clone())
    }

    fn document(&self, descriptor: &Descriptor) -> Result<Vec<u8>> {
        let found = self.image.documents().into_iter().find(|(own, _)| own.digest == descriptor.digest);
        let missing = || StoreError::Missing { digest: descriptor.digest, place: "the image".to_owned() };
        found.map(|(_, bytes)| bytes.to_vec()).ok_or_else(missing)
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<BlobFile> {
        let origin = self.origins.get(&descriptor.digest).copied().flatten();
        self.blobs.path(&NeededBlob { descriptor, origin }).map(BlobFile::whole)
    }

    fn origin(&self, descriptor: &Descriptor) -> Option<Reference> {
        self.origins.get(&descriptor.digest).copied().flatten().cloned()
    }

    fn referrers(&self, _: &Digest) -> Result<Vec<Referrer>> {
        Ok(Vec::new())
    }
}
