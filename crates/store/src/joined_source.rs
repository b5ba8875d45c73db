//! Images of single platforms, which several machines made, as one image: by digest, under the index that one machine makes.

use std::collections::BTreeMap;

use shipwheel_oci::{Descriptor, Digest, Index, Platform, Reference};

use crate::blob_file::BlobFile;
use crate::cache::Cache;
use crate::error::{Result, StoreError};
use crate::image::{Document, ImageGraph, ImageSource, PlatformImage, Referrer, subject_of};
use crate::join_error::JoinError;

/// What a manifest says of its own base; the bases of two platforms differ, and the index has none.
const BASE_DIGEST: &str = "org.opencontainers.image.base.digest";

type Annotations = BTreeMap<String, String>;

/// Several images under one new index, each platform once.
///
/// Manifests, configs and layers stay what they are and where they are: what a destination has is neither fetched nor
/// sent, and what another repository of the same registry has can be mounted from there.
pub struct JoinedSource<'a> {
    parts: Vec<Part<'a>>,
    index: Index,
}

/// One of the images, and all its documents.
struct Part<'a> {
    source: Box<dyn ImageSource + 'a>,
    graph: ImageGraph,
}

/// A manifest's place in the index: images by platform, and behind them what refers to them.
struct Entry {
    descriptor: Descriptor,
    part: usize,
}

impl<'a> JoinedSource<'a> {
    /// Joins images; the order in which they are named does not matter.
    ///
    /// Configs are read, because they say which platform a manifest is for; layers are not.
    ///
    /// # Errors
    /// When a manifest or a config is missing or broken, a platform is there twice, or what the index would say of all
    /// of them differs between them.
    pub fn join(sources: Vec<Box<dyn ImageSource + 'a>>, cache: &Cache) -> Result<Self> {
        let parts = sources.into_iter().map(|source| {
            let graph = ImageGraph::read(&*source, &source.root()?)?;
            Ok(Part { source, graph })
        });
        let parts: Vec<Part<'a>> = parts.collect::<Result<_>>()?;
        let mut images: BTreeMap<Platform, Entry> = BTreeMap::new();
        for (part, one) in parts.iter().enumerate() {
            for document in one.graph.manifests() {
                let (platform, descriptor) = one.entry(document, cache)?;
                let entry = Entry { descriptor, part };
                if let Some(former) = images.insert(platform.clone(), entry) {
                    let [first, second] = [former.part, part].map(|part| parts[part].source.name());
                    return Err(JoinError::SamePlatform { platform, first, second }.into());
                }
            }
        }
        if images.len() < 2 {
            return Err(JoinError::TooFew { count: images.len() }.into());
        }
        let annotations = agreed(&parts)?;
        let attestations = parts.iter().flat_map(|part| part.graph.documents()).filter(|d| d.is_attestation());
        let entries = images.into_values().map(|entry| entry.descriptor);
        let entries = entries.chain(attestations.map(|document| document.descriptor.clone())).collect();
        Ok(Self { index: Index::assemble(entries, &annotations), parts })
    }

    /// The part that has a document.
    fn part(&self, digest: &Digest) -> Option<&Part<'a>> {
        self.parts.iter().find(|part| part.graph.document(digest).is_some())
    }

    /// The part with a manifest that names a blob.
    fn owner(&self, blob: &Descriptor) -> Option<&Part<'a>> {
        let names = |document: &Document| document.blobs().any(|own| own.digest == blob.digest);
        self.parts.iter().find(|part| part.graph.documents().iter().any(names))
    }
}

impl Part<'_> {
    /// How the new index describes a manifest: with the platform that the config names, without other annotations
    /// than those that its own index gave it.
    fn entry(&self, document: &Document, cache: &Cache) -> Result<(Platform, Descriptor)> {
        let PlatformImage { platform, manifest, .. } = PlatformImage::read(&*self.source, document, cache)?;
        if let Some(listed) = document.platform().filter(|listed| **listed != platform) {
            return Err(
                JoinError::Mislabeled { image: self.source.name(), listed: listed.clone(), found: platform }.into()
            );
        }
        let annotations = match self.graph.documents().iter().any(Document::is_index) {
            true => document.descriptor.annotations.clone(),
            // What a layout says of its only image is the image's name there.
            false => BTreeMap::new(),
        };
        let own = manifest.descriptor();
        let descriptor = Descriptor { platform: Some(platform.clone()), annotations, ..own.clone() };
        Ok((platform, descriptor))
    }

    /// What the image says of itself as a whole: by its index, or by its manifest.
    fn annotations(&self) -> Result<Annotations> {
        let root = self.graph.documents().last();
        root.map_or_else(|| Ok(Annotations::new()), |root| Annotated::of(&self.source.name(), root))
    }
}

/// The key of a manifest or an index that the new index takes over.
#[derive(serde::Deserialize)]
struct Annotated {
    #[serde(default)]
    annotations: Option<Annotations>,
}

impl Annotated {
    fn of(name: &str, document: &Document) -> Result<Annotations> {
        let parsed: Self = serde_json::from_slice(&document.bytes).map_err(StoreError::image(name))?;
        Ok(parsed.annotations.unwrap_or_default())
    }
}

/// The annotations of the new index: those that all of the images have.
///
/// Where one of them is a manifest, the digest of its base says nothing of the others.
fn agreed(parts: &[Part<'_>]) -> Result<Annotations> {
    let mut all: Vec<Annotations> = parts.iter().map(Part::annotations).collect::<Result<_>>()?;
    let is_everywhere = all.windows(2).all(|pair| pair[0].get(BASE_DIGEST) == pair[1].get(BASE_DIGEST));
    if !is_everywhere {
        all.iter_mut().for_each(|annotations| drop(annotations.remove(BASE_DIGEST)));
    }
    let Some(first) = all.first() else { return Ok(Annotations::new()) };
    for (number, other) in all.iter().enumerate().skip(1) {
        if let Some(name) = first.keys().chain(other.keys()).find(|name| first.get(*name) != other.get(*name)) {
            let [first_name, second_name] = [0, number].map(|part| parts[part].source.name());
            let [at_first, at_second] = [first, other].map(|annotations| annotations.get(name).cloned());
            let name = name.clone();
            let (first, second) = (first_name, second_name);
            return Err(JoinError::Annotation { name, first, at_first, second, at_second }.into());
        }
    }
    Ok(first.clone())
}

impl ImageSource for JoinedSource<'_> {
    fn name(&self) -> String {
        self.parts.iter().map(|part| part.source.name()).collect::<Vec<_>>().join(" and ")
    }

    fn root(&self) -> Result<Descriptor> {
        Ok(self.index.descriptor().clone())
    }

    fn document(&self, descriptor: &Descriptor) -> Result<Vec<u8>> {
        if descriptor.digest == self.index.descriptor().digest {
            return Ok(self.index.raw().to_vec());
        }
        let document = self.parts.iter().find_map(|part| part.graph.document(&descriptor.digest));
        let missing = || StoreError::missing(descriptor.digest, self.name());
        document.map(|document| document.bytes.clone()).ok_or_else(missing)
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<BlobFile> {
        let missing = || StoreError::missing(descriptor.digest, self.name());
        self.owner(descriptor).ok_or_else(missing)?.source.blob(descriptor)
    }

    fn origin(&self, blob: &Descriptor) -> Option<Reference> {
        self.owner(blob)?.source.origin(blob)
    }

    fn referrers(&self, subject: &Digest) -> Result<Vec<Referrer>> {
        // The new index has none yet.
        self.part(subject).map_or_else(|| Ok(Vec::new()), |part| part.source.referrers(subject))
    }

    fn beside(&self, tag: &str) -> Result<Option<Descriptor>> {
        let part = subject_of(tag).and_then(|subject| self.part(&subject));
        part.map_or(Ok(None), |part| part.source.beside(tag))
    }
}
