//! A repository of a registry, to write to.

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde_json::Value;
use shipwheel_oci::{Descriptor, Digest, Reference, media_type};

use super::client::Registry;
use super::put::mountable;
use super::quirks::quirks;
use crate::cache::Cache;
use crate::error::{Result, StoreError};
use crate::image::{Destination, Document, ImageGraph, Offer, Prospect, PublishedImage, Pushed, Referrer};
use crate::progress::Progress;
use crate::sync::lock;

/// A repository, and the tags that the image gets there.
pub struct RegistryDestination<'a> {
    registry: &'a Registry,
    target: Reference,
    tags: Vec<String>,
    /// Keeps the addresses of open uploads for the next process.
    cache: &'a Cache,
    progress: &'a dyn Progress,
    /// The tags that already pointed to the image when they were asked for.
    settled: Mutex<BTreeMap<String, Digest>>,
    /// Held while a list of referrers is read and written again: documents are put side by side.
    listing: Mutex<()>,
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
                    all.push(RegistryDestination {
                        registry,
                        target: target.clone(),
                        tags: tag.into_iter().collect(),
                        cache,
                        progress,
                        settled: Mutex::default(),
                        listing: Mutex::default(),
                    });
                }
            }
        }
        all
    }

    /// The repository, under the first of its references.
    pub fn target(&self) -> &Reference {
        &self.target
    }

    /// The bytes of the manifest that a tag of the repository names now, asked of the registry itself and of no mirror;
    /// `None` if there is none.
    ///
    /// # Errors
    /// When it cannot be asked for.
    pub fn named(&self, tag: &str) -> Result<Option<Vec<u8>>> {
        let reference = self.target.with_tag(tag).map_err(StoreError::image("the tag"))?;
        match self.registry.fetch_manifest_at(&reference) {
            Ok((_, bytes)) => Ok(Some(bytes)),
            Err(error) if error.status() == Some(404) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn digest_of(&self, version: &str) -> Result<Option<Digest>> {
        let repository = self.registry.repository_for(&self.target, true, None)?;
        self.registry.http.block_on(repository.version_digest(version))
    }
}

impl Destination for RegistryDestination<'_> {
    fn accepts(&self, image: &ImageGraph) -> Result<()> {
        if quirks(self.target.registry()).mixed_index {
            return Ok(());
        }
        match image.documents().iter().find(|document| document.is_index() && is_mixed(document)) {
            Some(index) => {
                let what = format!("index {}", index.descriptor.digest);
                let cause = "it lists both Docker and OCI manifests, which this registry refuses".into();
                Err(StoreError::Image { what, cause })
            }
            None => Ok(()),
        }
    }

    fn is_published(&self, root: &Descriptor) -> Result<bool> {
        if let Some(expected) = self.target.digest().filter(|expected| *expected != root.digest) {
            let what = format!("the image for {}", self.target);
            return Err(StoreError::Digest { what, expected, found: root.digest });
        }
        for tag in &self.tags {
            if self.digest_of(tag)? == Some(root.digest) {
                lock(&self.settled).insert(tag.clone(), root.digest);
            }
        }
        let settled = lock(&self.settled).len();
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
        // A repository that an earlier destination of the same command will fill does not have it yet.
        let has = origin.is_some_and(|origin| self.registry.has_blob(origin, digest).unwrap_or(false));
        Ok(if has { Prospect::Mountable } else { Prospect::Missing })
    }

    fn put_blob(&self, offer: Offer<'_>) -> Result<Pushed> {
        self.registry.put_blob(&self.target, offer, self.cache, self.progress)
    }

    fn put_document(&self, descriptor: &Descriptor, bytes: &[u8]) -> Result<()> {
        let version = descriptor.digest.to_string();
        let is_listed = self.registry.put_manifest(&self.target, &version, content_type(descriptor), bytes)?;
        // What names a subject is to be found from there, also where the registry keeps no such lists.
        let unlisted = if is_listed { None } else { Referrer::of_document(descriptor, bytes) };
        unlisted.map_or(Ok(()), |(subject, referrer)| self.attach(&subject, &referrer))
    }

    fn attach(&self, subject: &Digest, referrer: &Referrer) -> Result<()> {
        let _listing = lock(&self.listing);
        self.registry.attach_referrer(&self.target, subject, referrer)
    }

    fn put_beside(&self, tag: &str, document: &Document) -> Result<()> {
        let put = || {
            let kind = content_type(&document.descriptor);
            self.registry.put_manifest(&self.target, tag, kind, &document.bytes).map(|_| ())
        };
        let Some(known) = self.named(tag)? else { return put() };
        let (known, new) = (contents(&known), contents(&document.bytes));
        // What others signed there must not be lost, and a document is copied as it is or not at all.
        match (known.iter().all(|one| new.contains(one)), new.iter().all(|one| known.contains(one))) {
            (_, true) => Ok(()),
            (true, false) => put(),
            (false, false) => {
                let what = format!("{}/{}:{tag}", self.target.registry(), self.target.repository());
                Err(StoreError::OtherBeside { what })
            }
        }
    }

    fn publish(&self, image: &PublishedImage<'_>) -> Result<()> {
        for tag in &self.tags {
            let settled = lock(&self.settled).get(tag).copied();
            if settled != Some(image.root.digest) {
                self.registry.put_manifest(&self.target, tag, content_type(image.root), image.bytes())?;
            }
        }
        Ok(())
    }

    fn repository(&self) -> Option<&Reference> {
        Some(&self.target)
    }
}

/// The signatures, attestations or SBOMs of a document beside an image: its layers, with their annotations.
fn contents(document: &[u8]) -> Vec<Value> {
    let value: Value = serde_json::from_slice(document).unwrap_or_default();
    let of = |key: &str| value.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    [of("layers"), of("manifests")].concat()
}

/// Whether an index lists manifests of both families.
fn is_mixed(index: &Document) -> bool {
    let has = |kind: &str| index.children.iter().any(|entry| entry.media_type == kind);
    has(media_type::MANIFEST) && has(media_type::DOCKER_MANIFEST)
}

fn content_type(descriptor: &Descriptor) -> &str {
    if descriptor.media_type.is_empty() { media_type::MANIFEST } else { &descriptor.media_type }
}
