//! What hangs on a manifest or an index: documents, children first, and the blobs they name.

use serde::Deserialize;
use shipwheel_oci::{Descriptor, Digest, media_type};

use crate::error::{Result, StoreError};
use crate::registry::LARGEST_MANIFEST;
use crate::transfer::Source;

/// How deep indexes may lie in one another.
const DEPTH: usize = 4;

/// No image has more documents than this, signatures and all.
const MOST_DOCUMENTS: usize = 2000;

/// No image's documents are together longer than this: they are held in memory.
const MOST_BYTES: usize = 32 << 20;

/// A manifest or an index with its very bytes.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    pub(crate) descriptor: Descriptor,
    pub(crate) bytes: Vec<u8>,
    /// Config and layers; none for an index.
    pub(crate) blobs: Vec<Descriptor>,
    children: Vec<Descriptor>,
}

impl Document {
    pub(crate) fn is_index(&self) -> bool {
        !self.children.is_empty() || media_type::is_index(&self.descriptor.media_type)
    }
}

/// The keys that lead on, in manifests, indexes and artifact manifests.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Links {
    schema_version: Option<u64>,
    #[serde(default)]
    manifests: Vec<Descriptor>,
    config: Option<Descriptor>,
    #[serde(default)]
    layers: Vec<Descriptor>,
    #[serde(default)]
    blobs: Vec<Descriptor>,
}

/// Documents in an order in which each comes after those that it names.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    documents: Vec<Document>,
    bytes: usize,
}

impl Graph {
    pub(crate) fn documents(&self) -> &[Document] {
        &self.documents
    }

    pub(crate) fn document(&self, digest: &Digest) -> Option<&Document> {
        self.documents.iter().find(|document| document.descriptor.digest == *digest)
    }

    /// The blobs of all documents, each once, large ones first: the last to finish is then a small one.
    pub(crate) fn blobs(&self) -> Vec<&Descriptor> {
        let mut all: Vec<&Descriptor> = self.documents.iter().flat_map(|document| &document.blobs).collect();
        all.sort_by_key(|blob| (std::cmp::Reverse(blob.size), blob.digest));
        all.dedup_by_key(|blob| blob.digest);
        all
    }

    /// Adds a document and all that it names.
    pub(crate) fn add(&mut self, source: &dyn Source, descriptor: &Descriptor) -> Result<()> {
        self.add_below(source, descriptor, DEPTH)
    }

    fn add_below(&mut self, source: &dyn Source, descriptor: &Descriptor, depth: usize) -> Result<()> {
        if self.document(&descriptor.digest).is_some() {
            return Ok(());
        }
        let what = || format!("document {}", descriptor.digest);
        let refuse = |cause: &str| Err(StoreError::Image { what: what(), cause: cause.into() });
        if depth == 0 {
            return refuse("indexes lie in one another too deep");
        }
        if descriptor.size > LARGEST_MANIFEST {
            return Err(StoreError::TooLarge { what: what(), limit: LARGEST_MANIFEST });
        }
        let bytes = source.document(descriptor)?;
        self.bytes += bytes.len();
        if self.documents.len() >= MOST_DOCUMENTS || self.bytes > MOST_BYTES {
            return refuse("the image has more manifests than any image should");
        }
        let document = read(descriptor, bytes)?;
        for child in &document.children {
            self.add_below(source, child, depth - 1)?;
        }
        self.documents.push(document);
        Ok(())
    }
}

fn read(descriptor: &Descriptor, bytes: Vec<u8>) -> Result<Document> {
    let what = format!("document {}", descriptor.digest);
    let links: Links = serde_json::from_slice(&bytes).map_err(StoreError::image(&what))?;
    if links.schema_version == Some(1) {
        let cause = "it has Docker's old schema version 1".into();
        return Err(StoreError::Image { what, cause });
    }
    let blobs: Vec<Descriptor> = links.config.into_iter().chain(links.layers).chain(links.blobs).collect();
    refuse_foreign(&blobs)?;
    Ok(Document { descriptor: descriptor.clone(), bytes, blobs, children: links.manifests })
}

/// Layers that no registry may hand on are at no address that shipwheel would trust.
pub(crate) fn refuse_foreign(layers: &[Descriptor]) -> Result<()> {
    let is_foreign = |media_type: &str| media_type.contains(".foreign.") || media_type.contains(".nondistributable.");
    match layers.iter().find(|layer| is_foreign(&layer.media_type)) {
        Some(layer) => Err(StoreError::Foreign { digest: layer.digest, media_type: layer.media_type.clone() }),
        None => Ok(()),
    }
}
