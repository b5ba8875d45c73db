//! A repository of a registry, to copy from and to.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use shipwheel_oci::{Descriptor, Digest, Index, Reference, media_type};

use crate::cache::Cache;
use crate::error::{Result, StoreError};
use crate::progress::Progress;
use crate::push::{Pushed, mountable};
use crate::quirks::quirks;
use crate::referrers::Referrer;
use crate::registry::Registry;
use crate::transfer::{BlobFile, Destination, Offer, Prospect, Source};

/// An image in a registry. Blobs come by way of the cache, and only those that are wanted.
pub struct RegistrySource<'a> {
    registry: &'a Registry,
    reference: Reference,
    cache: &'a Cache,
    progress: &'a dyn Progress,
}

impl<'a> RegistrySource<'a> {
    /// The image that a reference names now.
    pub fn new(registry: &'a Registry, reference: Reference, cache: &'a Cache, progress: &'a dyn Progress) -> Self {
        Self { registry, reference, cache, progress }
    }
}

impl Source for RegistrySource<'_> {
    fn root(&self) -> Result<Descriptor> {
        // The bytes that were looked at are the ones that count, whatever the tag means a moment later.
        let (media_type, bytes) = self.registry.fetch_manifest(&self.reference)?;
        self.cache.insert_bytes(&bytes)?;
        Ok(Descriptor::of(&media_type, &bytes))
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
        let missing = || StoreError::Missing { digest: descriptor.digest, place: self.reference.to_string() };
        self.cache.blob_path(&descriptor.digest).map(BlobFile::whole).ok_or_else(missing)
    }

    fn origin(&self, _: &Descriptor) -> Option<Reference> {
        Some(self.reference.clone())
    }

    fn referrers(&self, subject: &Digest) -> Result<Vec<Referrer>> {
        self.registry.referrers(&self.reference, subject)
    }
}

/// A repository, and the tags that the image is to have there.
pub struct RegistryDestination<'a> {
    registry: &'a Registry,
    target: Reference,
    tags: Vec<String>,
    /// Where the addresses of open uploads outlive this process.
    cache: &'a Cache,
    progress: &'a dyn Progress,
    /// The tags that were right when they were asked for.
    settled: Mutex<BTreeMap<String, Digest>>,
}

impl<'a> RegistryDestination<'a> {
    /// The repositories of these references, each once, with the tags that the references name.
    pub fn of(
        registry: &'a Registry,
        targets: &[Reference],
        cache: &'a Cache,
        progress: &'a dyn Progress,
    ) -> Vec<RegistryDestination<'a>> {
        let mut all: Vec<RegistryDestination<'a>> = Vec::new();
        for target in targets {
            let same = |d: &&mut RegistryDestination<'a>| {
                d.target.registry() == target.registry() && d.target.repository() == target.repository()
            };
            let tag = target.tag().map(str::to_owned);
            match all.iter_mut().find(same) {
                Some(known) => known.tags.extend(tag.filter(|tag| !known.tags.contains(tag))),
                None => {
                    let (tags, settled) = (tag.into_iter().collect(), Mutex::default());
                    all.push(RegistryDestination { registry, target: target.clone(), tags, cache, progress, settled });
                }
            }
        }
        all
    }

    /// The repository, under the first of its references.
    pub fn target(&self) -> &Reference {
        &self.target
    }

    fn digest_of(&self, version: &str) -> Result<Option<Digest>> {
        let repository = self.registry.repository_for(&self.target, true, None)?;
        self.registry.http.block_on(repository.version_digest(version))
    }
}

impl Destination for RegistryDestination<'_> {
    fn is_published(&self, root: &Descriptor) -> Result<bool> {
        if let Some(expected) = self.target.digest().filter(|expected| *expected != root.digest) {
            let what = format!("the image for {}", self.target);
            return Err(StoreError::Digest { what, expected, found: root.digest });
        }
        for tag in &self.tags {
            if self.digest_of(tag)? == Some(root.digest) {
                self.settled.lock().unwrap_or_else(PoisonError::into_inner).insert(tag.clone(), root.digest);
            }
        }
        let settled = self.settled.lock().unwrap_or_else(PoisonError::into_inner).len();
        Ok(!self.tags.is_empty() && settled == self.tags.len())
    }

    fn has_document(&self, descriptor: &Descriptor) -> Result<bool> {
        Ok(self.digest_of(&descriptor.digest.to_string())? == Some(descriptor.digest))
    }

    fn survey_blob(&self, offer: Offer<'_>) -> Result<Prospect> {
        let digest = &offer.descriptor.digest;
        if self.registry.has_blob(&self.target, digest)? {
            return Ok(Prospect::Exists);
        }
        let Some(from) = mountable(&self.target, offer.origins).filter(|_| quirks(self.target.registry()).mounts)
        else {
            return Ok(Prospect::Missing);
        };
        let origin = offer.origins.iter().find(|origin| origin.repository() == from);
        // What another run of the same command will have put there by then is not there yet.
        let has = origin.is_some_and(|origin| self.registry.has_blob(origin, digest).unwrap_or(false));
        Ok(if has { Prospect::Mountable } else { Prospect::Missing })
    }

    fn put_blob(&self, offer: Offer<'_>) -> Result<Pushed> {
        self.registry.push_offer(&self.target, offer, Some(self.cache), self.progress)
    }

    fn put_document(&self, descriptor: &Descriptor, bytes: &[u8]) -> Result<()> {
        if !quirks(self.target.registry()).mixed_index && is_mixed(bytes) {
            let what = format!("index {}", descriptor.digest);
            let cause = "it lists manifests of Docker's and of OCI's types, which this registry refuses".into();
            return Err(StoreError::Image { what, cause });
        }
        let version = descriptor.digest.to_string();
        self.registry.put_manifest(&self.target, &version, content_type(descriptor), bytes)
    }

    fn attach(&self, subject: &Digest, referrer: &Referrer) -> Result<()> {
        self.registry.attach_referrer(&self.target, subject, referrer)
    }

    fn publish(&self, root: &Descriptor, bytes: &[u8]) -> Result<()> {
        for tag in &self.tags {
            let settled = self.settled.lock().unwrap_or_else(PoisonError::into_inner).get(tag).copied();
            if settled != Some(root.digest) {
                self.registry.put_manifest(&self.target, tag, content_type(root), bytes)?;
            }
        }
        Ok(())
    }

    fn place(&self) -> Option<&Reference> {
        Some(&self.target)
    }
}

/// Whether an index lists manifests of both families.
fn is_mixed(bytes: &[u8]) -> bool {
    let Ok(index) = Index::parse(bytes.to_vec()) else { return false };
    let has = |kind: &str| index.entries().iter().any(|entry| entry.media_type == kind);
    has(media_type::MANIFEST) && has(media_type::DOCKER_MANIFEST)
}

fn content_type(descriptor: &Descriptor) -> &str {
    if descriptor.media_type.is_empty() { media_type::MANIFEST } else { &descriptor.media_type }
}
