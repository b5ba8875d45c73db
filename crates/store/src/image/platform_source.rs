//! One manifest of an image, as an image of its own.

use shipwheel_oci::{Descriptor, Digest, Reference};

use super::referrer::Referrer;
use super::source::ImageSource;
use crate::blob_file::BlobFile;
use crate::error::Result;

/// A source whose root is one manifest of another source's image.
pub struct PlatformSource<'a> {
    source: &'a dyn ImageSource,
    root: Descriptor,
}

impl<'a> PlatformSource<'a> {
    /// The image of a manifest that the source has.
    pub fn new(source: &'a dyn ImageSource, manifest: &Descriptor) -> Self {
        Self { source, root: manifest.clone() }
    }
}

impl ImageSource for PlatformSource<'_> {
    fn name(&self) -> String {
        self.source.name()
    }

    fn root(&self) -> Result<Descriptor> {
        Ok(self.root.clone())
    }

    fn document(&self, descriptor: &Descriptor) -> Result<Vec<u8>> {
        self.source.document(descriptor)
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<BlobFile> {
        self.source.blob(descriptor)
    }

    fn origin(&self, descriptor: &Descriptor) -> Option<Reference> {
        self.source.origin(descriptor)
    }

    fn referrers(&self, subject: &Digest) -> Result<Vec<Referrer>> {
        self.source.referrers(subject)
    }

    fn beside(&self, tag: &str) -> Result<Option<Descriptor>> {
        self.source.beside(tag)
    }
}
