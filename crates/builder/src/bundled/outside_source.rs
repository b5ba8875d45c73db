//! An image that a build reads: what is read of it is noted, or comes from a bundle alone.

use shipwheel_oci::{Descriptor, Digest, Reference};
use shipwheel_store::image::{ImageSource, Referrer};
use shipwheel_store::{BlobFile, Cache, PlatformImage, StoreError};

use super::input::InputKind;
use super::outside::Outside;

/// An image of a registry.
pub(crate) struct OutsideSource<'a, S> {
    pub(crate) source: S,
    pub(crate) outside: &'a Outside,
    pub(crate) cache: &'a Cache,
}

impl<S: ImageSource> OutsideSource<'_, S> {
    /// Whether the network must not be asked for something that is not here.
    fn lacks(&self, digest: &Digest) -> bool {
        self.outside.is_bundle() && self.cache.blob_size(digest).is_none()
    }

    fn note(&self, what: &str, blob: &Descriptor) {
        self.outside.note_input(InputKind::Base, &format!("{}.{what}", blob.digest.short()), blob.digest);
    }

    /// Notes the blobs of an image that was read: what the cache has, nobody is asked for.
    pub(crate) fn note_blobs(&self, image: &PlatformImage) {
        self.note("document", image.manifest.descriptor());
        self.note("config", image.manifest.config());
        image.manifest.layers().iter().for_each(|layer| self.note("layer", layer));
    }
}

impl<S: ImageSource> ImageSource for OutsideSource<'_, S> {
    fn name(&self) -> String {
        self.source.name()
    }

    fn root(&self) -> Result<Descriptor, StoreError> {
        let root = self.source.root()?;
        self.note("document", &root);
        Ok(root)
    }

    fn document(&self, descriptor: &Descriptor) -> Result<Vec<u8>, StoreError> {
        if self.lacks(&descriptor.digest) {
            return Err(StoreError::missing(descriptor.digest, "the bundle"));
        }
        self.note("document", descriptor);
        self.source.document(descriptor)
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<BlobFile, StoreError> {
        if self.lacks(&descriptor.digest) {
            return Err(StoreError::missing(descriptor.digest, "the bundle"));
        }
        self.source.blob(descriptor)
    }

    fn origin(&self, blob: &Descriptor) -> Option<Reference> {
        self.source.origin(blob)
    }

    fn referrers(&self, subject: &Digest) -> Result<Vec<Referrer>, StoreError> {
        self.source.referrers(subject)
    }

    fn beside(&self, tag: &str) -> Result<Option<Descriptor>, StoreError> {
        self.source.beside(tag)
    }
}
