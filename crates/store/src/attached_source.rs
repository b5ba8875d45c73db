//! An image with what is to be attached to it, as a source: one copy brings both, and names change last.

use shipwheel_oci::{Descriptor, Digest, Reference};

use crate::added_blobs::AddedBlobs;
use crate::blob_file::BlobFile;
use crate::cache::Cache;
use crate::error::Result;
use crate::image::{Attachment, ImageSource, Referrer};

/// An image and its new attachments. What else refers to the image stays where it is.
pub struct AttachedSource<'a> {
    image: &'a dyn ImageSource,
    attachments: &'a [Attachment],
    added: AddedBlobs<'a>,
}

impl<'a> AttachedSource<'a> {
    /// The image with the attachments, whose blobs go into the cache.
    ///
    /// # Errors
    /// When the cache cannot be written.
    pub fn new(image: &'a dyn ImageSource, attachments: &'a [Attachment], cache: &'a Cache) -> Result<Self> {
        let added = AddedBlobs::insert(cache, attachments.iter().flat_map(Attachment::blobs))?;
        Ok(Self { image, attachments, added })
    }
}

impl ImageSource for AttachedSource<'_> {
    fn name(&self) -> String {
        self.image.name()
    }

    fn root(&self) -> Result<Descriptor> {
        self.image.root()
    }

    fn document(&self, descriptor: &Descriptor) -> Result<Vec<u8>> {
        let own = self.attachments.iter().find(|attachment| attachment.descriptor().digest == descriptor.digest);
        own.map_or_else(|| self.image.document(descriptor), |attachment| Ok(attachment.manifest().to_vec()))
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<BlobFile> {
        self.added.blob(self.image, descriptor)
    }

    fn origin(&self, blob: &Descriptor) -> Option<Reference> {
        self.added.origin(self.image, blob)
    }

    fn referrers(&self, subject: &Digest) -> Result<Vec<Referrer>> {
        let own = self.attachments.iter().filter(|attachment| attachment.subject() == subject);
        Ok(own.map(|attachment| attachment.referrer().clone()).collect())
    }
}
