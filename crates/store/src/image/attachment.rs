//! A manifest that is to be attached to an image, with its blobs: small enough to be in memory.

use shipwheel_oci::{Descriptor, Digest, media_type};

use super::referrer::Referrer;

/// A signature, an SBOM or the like on its way to an image.
#[derive(Debug, Clone, PartialEq)]
pub struct Attachment {
    subject: Digest,
    referrer: Referrer,
    manifest: Vec<u8>,
    blobs: Vec<Vec<u8>>,
}

impl Attachment {
    /// A manifest that names its subject, and the bytes of all blobs that it names; `None` if it names no subject.
    pub fn new(manifest: Vec<u8>, blobs: Vec<Vec<u8>>) -> Option<Self> {
        let descriptor = Descriptor::of(media_type::MANIFEST, &manifest);
        let (subject, referrer) = Referrer::of_document(&descriptor, &manifest)?;
        Some(Self { subject, referrer, manifest, blobs })
    }

    /// The manifest that it refers to.
    pub fn subject(&self) -> &Digest {
        &self.subject
    }

    /// Its own manifest.
    pub fn descriptor(&self) -> &Descriptor {
        &self.referrer.descriptor
    }

    pub(crate) fn referrer(&self) -> &Referrer {
        &self.referrer
    }

    pub(crate) fn manifest(&self) -> &[u8] {
        &self.manifest
    }

    pub(crate) fn blobs(&self) -> &[Vec<u8>] {
        &self.blobs
    }
}
