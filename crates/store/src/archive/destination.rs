//! An OCI archive, to write to. The file appears when it is complete.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde_json::{Value, json};
use shipwheel_oci::{Descriptor, Digest, Platform, Reference, canonical_value};

use super::source::member;
use super::tar_writer::TarWriter;
use crate::blob_file::BlobFile;
use crate::disk::write_output;
use crate::error::{Result, StoreError};
use crate::image::{Destination, Document, ImageGraph, Offer, PublishedImage, Pushed, Referrer};
use crate::layout::{OCI_LAYOUT, TopIndex, entry_beside};
use crate::sync::lock;

/// An archive to write. It is written at the end, so that only the image decides on the order of its entries.
pub struct ArchiveDestination {
    path: PathBuf,
    name: Option<Reference>,
    /// The platform whose image `manifest.json` names, if there is one: a docker-archive with the same blobs.
    docker: Option<Platform>,
    blobs: Mutex<BTreeMap<Digest, BlobFile>>,
    /// The entries of what refers to the image or is beside it.
    attached: Mutex<Vec<Value>>,
}

impl ArchiveDestination {
    /// An archive at a path; an existing file stays until the new one is complete.
    pub fn new(path: &Path, name: Option<&Reference>) -> Self {
        let (path, name) = (path.to_owned(), name.cloned());
        Self { path, name, docker: None, blobs: Mutex::default(), attached: Mutex::default() }
    }

    /// The same, which is a docker-archive of one platform as well, as Docker from version 25 on writes it: both of
    /// Docker's stores take it.
    #[must_use]
    pub fn for_docker(self, platform: &Platform) -> Self {
        Self { docker: Some(platform.clone()), ..self }
    }

    /// `manifest.json`, with the layers where the layout has them.
    fn docker_manifest(&self, graph: &ImageGraph, platform: &Platform) -> Option<Vec<u8>> {
        let fits = |document: &&Document| document.platform().is_none_or(|own| own == platform);
        let manifest = graph.manifests().find(fits)?;
        let tag = self.name.as_ref().map(ToString::to_string);
        Some(canonical_value(json!([{
            "Config": member(&manifest.config.as_ref()?.digest),
            "RepoTags": tag.into_iter().collect::<Vec<_>>(),
            "Layers": manifest.layers.iter().map(|layer| member(&layer.digest)).collect::<Vec<_>>(),
        }])))
    }
}

impl Destination for ArchiveDestination {
    fn put_blob(&self, offer: Offer<'_>) -> Result<Pushed> {
        let file = (offer.file)()?;
        lock(&self.blobs).insert(offer.descriptor.digest, file);
        Ok(Pushed::Sent(offer.descriptor.size))
    }

    fn put_document(&self, _: &Descriptor, _: &[u8]) -> Result<()> {
        // All of them come with the finished image.
        Ok(())
    }

    fn attach(&self, _: &Digest, referrer: &Referrer) -> Result<()> {
        lock(&self.attached).push(referrer.entry.clone());
        Ok(())
    }

    fn put_beside(&self, tag: &str, document: &Document) -> Result<()> {
        lock(&self.attached).push(entry_beside(tag, &document.descriptor));
        Ok(())
    }

    fn publish(&self, image: &PublishedImage<'_>) -> Result<()> {
        let index = TopIndex::write(image, self.name.as_ref(), &lock(&self.attached), false)?;
        let docker = self.docker.as_ref().and_then(|platform| self.docker_manifest(image.graph, platform));
        let files = lock(&self.blobs);
        let write = |file: &mut File| {
            let mut tar = TarWriter::new(file);
            tar.directory("blobs/")?;
            tar.directory("blobs/sha256/")?;
            for blob in blobs_in_order(image.graph) {
                let file = files.get(&blob.digest).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
                tar.blob(&member(&blob.digest), blob, file)?;
            }
            for document in image.graph.documents() {
                tar.bytes(&member(&document.descriptor.digest), &document.bytes)?;
            }
            tar.bytes("index.json", &index)?;
            if let Some(manifest) = &docker {
                tar.bytes("manifest.json", manifest)?;
            }
            tar.bytes("oci-layout", OCI_LAYOUT)?;
            tar.finish()
        };
        write_output(&self.path, write).map_err(StoreError::unwrapped)
    }
}

/// The layers of all manifests, then their configs, each once.
fn blobs_in_order(graph: &ImageGraph) -> impl Iterator<Item = &Descriptor> {
    let mut seen = BTreeSet::new();
    let layers = graph.documents().iter().flat_map(|document: &Document| &document.layers);
    let configs = graph.documents().iter().filter_map(|document| document.config.as_ref());
    layers.chain(configs).filter(move |blob| seen.insert(blob.digest))
}
