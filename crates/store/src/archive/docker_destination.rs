//! A docker-archive, to write to: one platform's image as `docker save` writes it, for `docker load`, `podman load`
//! and skopeo.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde_json::json;
use shipwheel_oci::{Descriptor, Digest, Reference, canonical_value};

use super::tar_writer::TarWriter;
use crate::blob_file::BlobFile;
use crate::disk::write_output;
use crate::error::{Result, StoreError};
use crate::image::{Destination, Document, ImageGraph, Offer, PublishedImage, Pushed, Referrer};
use crate::sync::lock;

/// An archive to write. Layers stay compressed as they are: all three programs recognize compression by
/// its first bytes, and identify a layer by its diff id.
pub struct DockerArchiveDestination {
    path: PathBuf,
    name: Option<Reference>,
    blobs: Mutex<BTreeMap<Digest, BlobFile>>,
}

impl DockerArchiveDestination {
    /// An archive at a path; an existing file stays until the new one is complete.
    pub fn new(path: &Path, name: Option<&Reference>) -> Self {
        Self { path: path.to_owned(), name: name.cloned(), blobs: Mutex::default() }
    }

    /// `manifest.json`: the name of the image, and its parts.
    fn manifest(&self, config: &Descriptor, layers: &[Descriptor]) -> Vec<u8> {
        let full = |name: &Reference| name.tag().map(|tag| format!("{}/{}:{tag}", name.registry(), name.repository()));
        let tag = self.name.as_ref().and_then(full);
        canonical_value(json!([{
            "Config": config_name(config),
            "RepoTags": tag.into_iter().collect::<Vec<_>>(),
            "Layers": layers.iter().map(layer_name).collect::<Vec<_>>(),
        }]))
    }
}

fn layer_name(layer: &Descriptor) -> String {
    format!("{}.tar", layer.digest.hex())
}

fn config_name(config: &Descriptor) -> String {
    format!("{}.json", config.digest.hex())
}

/// The one platform of an image, with its config.
fn single<'g>(mut manifests: impl Iterator<Item = &'g Document>) -> Result<(&'g Document, &'g Descriptor)> {
    match (manifests.next().map(|manifest| (manifest, &manifest.config)), manifests.count()) {
        (Some((manifest, Some(config))), 0) => Ok((manifest, config)),
        (first, more) => Err(StoreError::OnePlatformOnly { count: usize::from(first.is_some()) + more }),
    }
}

impl Destination for DockerArchiveDestination {
    fn accepts(&self, image: &ImageGraph) -> Result<()> {
        single(image.manifests()).map(|_| ())
    }

    fn put_blob(&self, offer: Offer<'_>) -> Result<Pushed> {
        let file = (offer.file)()?;
        lock(&self.blobs).insert(offer.descriptor.digest, file);
        Ok(Pushed::Sent(offer.descriptor.size))
    }

    fn put_document(&self, _: &Descriptor, _: &[u8]) -> Result<()> {
        // This format has no manifests of its own.
        Ok(())
    }

    fn attach(&self, _: &Digest, _: &Referrer) -> Result<()> {
        Ok(())
    }

    fn put_beside(&self, _: &str, _: &Document) -> Result<()> {
        Ok(())
    }

    fn publish(&self, image: &PublishedImage<'_>) -> Result<()> {
        // What refers to the image is in the graph as well, and not in the archive.
        let (manifest, config) = single(image.manifests().into_iter())?;
        let files = lock(&self.blobs);
        let file_of =
            |blob: &Descriptor| files.get(&blob.digest).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound));
        let write = |file: &mut File| {
            let mut tar = TarWriter::new(file);
            let mut seen = BTreeSet::new();
            for layer in manifest.layers.iter().filter(|layer| seen.insert(layer.digest)) {
                tar.blob(&layer_name(layer), layer, file_of(layer)?)?;
            }
            tar.blob(&config_name(config), config, file_of(config)?)?;
            tar.bytes("manifest.json", &self.manifest(config, &manifest.layers))?;
            tar.finish()
        };
        write_output(&self.path, write).map_err(StoreError::unwrapped)
    }
}
