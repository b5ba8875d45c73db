//! An OCI archive, to write to. The file appears when it is complete.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use shipwheel_oci::{Descriptor, Digest, Reference};

use super::source::member;
use super::tar_writer::TarWriter;
use crate::blob_file::BlobFile;
use crate::disk::write_output;
use crate::error::{Result, StoreError};
use crate::image::{Destination, Document, ImageGraph, Offer, PublishedImage, Pushed, Referrer};
use crate::layout::{OCI_LAYOUT, TopIndex};
use crate::sync::lock;

/// An archive to write. It is written at the end, so that only the image decides on the order of its entries.
pub struct ArchiveDestination {
    path: PathBuf,
    name: Option<Reference>,
    blobs: Mutex<BTreeMap<Digest, BlobFile>>,
    referrers: Mutex<Vec<Referrer>>,
}

impl ArchiveDestination {
    /// An archive at a path; an existing file stays until the new one is complete.
    pub fn new(path: &Path, name: Option<&Reference>) -> Self {
        Self { path: path.to_owned(), name: name.cloned(), blobs: Mutex::default(), referrers: Mutex::default() }
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
        lock(&self.referrers).push(referrer.clone());
        Ok(())
    }

    fn publish(&self, image: &PublishedImage<'_>) -> Result<()> {
        let index = TopIndex::write(image, self.name.as_ref(), &lock(&self.referrers), false)?;
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
