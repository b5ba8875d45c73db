//! An image in a registry, to read from.

use std::sync::OnceLock;

use shipwheel_oci::{Descriptor, Digest, Reference};

use super::client::{Registry, manifest_type};
use crate::blob_file::BlobFile;
use crate::cache::Cache;
use crate::error::{Result, StoreError};
use crate::image::{ImageSource, Referrer};
use crate::progress::Progress;

/// An image in a registry. Blobs come by way of the cache, and only those that are wanted.
pub struct RegistrySource<'a> {
    registry: &'a Registry,
    reference: Reference,
    cache: &'a Cache,
    progress: &'a dyn Progress,
    /// What the reference pointed to when it was first resolved; its tag may move a moment later.
    root: OnceLock<Descriptor>,
}

impl<'a> RegistrySource<'a> {
    /// The image that a reference points to now.
    pub fn new(registry: &'a Registry, reference: Reference, cache: &'a Cache, progress: &'a dyn Progress) -> Self {
        Self { registry, reference, cache, progress, root: OnceLock::new() }
    }

    /// The root's media type and bytes; one that is pinned and in the cache is not asked for again.
    fn root_document(&self) -> Result<(String, Vec<u8>)> {
        if let Some(digest) = self.reference.digest()
            && self.cache.blob_size(&digest).is_some()
            && let Ok(bytes) = self.cache.read_blob(&digest)
        {
            return Ok((manifest_type(&bytes, None), bytes));
        }
        let (media_type, bytes) = self.registry.fetch_manifest(&self.reference)?;
        self.cache.insert_bytes(&bytes)?;
        Ok((media_type, bytes))
    }
}

impl ImageSource for RegistrySource<'_> {
    fn name(&self) -> String {
        self.reference.to_string()
    }

    fn root(&self) -> Result<Descriptor> {
        if let Some(root) = self.root.get() {
            return Ok(root.clone());
        }
        let (media_type, bytes) = self.root_document()?;
        Ok(self.root.get_or_init(|| Descriptor::of(&media_type, &bytes)).clone())
    }

    fn document(&self, descriptor: &Descriptor) -> Result<Vec<u8>> {
        if self.cache.has(descriptor)
            && let Ok(bytes) = self.cache.read_blob(&descriptor.digest)
        {
            return Ok(bytes);
        }
        let (_, bytes) = self.registry.fetch_manifest(&self.reference.pinned(descriptor.digest))?;
        if bytes.len() as u64 != descriptor.size {
            let (what, found) = (format!("document {}", descriptor.digest), bytes.len() as u64);
            return Err(StoreError::Size { what, expected: descriptor.size, found });
        }
        self.cache.insert_bytes(&bytes)?;
        Ok(bytes)
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<BlobFile> {
        self.registry.fetch_blob(&self.reference, descriptor, self.cache, self.progress)?;
        // An earlier run may have fetched it: a copy checks what the disk has made of it.
        self.cache.require_blob(&descriptor.digest).map(BlobFile::cached)
    }

    fn origin(&self, _: &Descriptor) -> Option<Reference> {
        Some(self.reference.clone())
    }

    fn referrers(&self, subject: &Digest) -> Result<Vec<Referrer>> {
        self.registry.referrers(&self.reference, subject)
    }

    fn beside(&self, tag: &str) -> Result<Option<Descriptor>> {
        let reference = self.reference.with_tag(tag).map_err(StoreError::image("the tag"))?;
        match self.registry.fetch_manifest(&reference) {
            Ok((media_type, bytes)) => {
                self.cache.insert_bytes(&bytes)?;
                Ok(Some(Descriptor::of(&media_type, &bytes)))
            }
            Err(error) if error.status() == Some(404) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
