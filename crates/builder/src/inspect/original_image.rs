//! An image that is changed: its documents and manifests as they were found, and the image with others in their place.

use std::collections::BTreeMap;

use shipwheel_oci::{Descriptor, Digest, Index};
use shipwheel_store::image::{ImageGraph, Walk, is_attestation};
use shipwheel_store::{ImageSource, PlatformImage, StoredImage};

use super::image_error::ImageError;
use crate::error::BuildError;
use crate::session::Session;

/// An image as it was found, without its attestations.
pub(crate) struct OriginalImage {
    graph: ImageGraph,
    /// Those of its platforms.
    pub(crate) images: Vec<PlatformImage>,
}

impl OriginalImage {
    /// Reads it; its layers are in the cache where no repository has them.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn read(session: &Session<'_>, name: &str, source: &dyn ImageSource) -> Result<Self, BuildError> {
        let follows = |entry: &Descriptor| {
            if is_attestation(entry) {
                session.report.step(&format!("drops an attestation of {name}: it is about the image as it was"));
            }
            !is_attestation(entry)
        };
        let walk = Walk { follows: &follows, fault: &mut |error, _| Err(error) };
        let graph = ImageGraph::walk(source, &source.root()?, walk)?;
        let mut images = Vec::new();
        for document in graph.manifests() {
            let image = PlatformImage::read(source, document, &session.cache)?;
            image.import_layers(source, &session.cache)?;
            images.push(PlatformImage { platform: document.platform().cloned().unwrap_or(image.platform), ..image });
        }
        Ok(Self { graph, images })
    }

    /// The same image with other manifests, which are in the order of those it had, and with these annotations of its
    /// index: `None` removes one.
    ///
    /// # Errors
    /// When an index cannot be rewritten.
    pub(crate) fn replace(
        &self,
        name: &str,
        images: Vec<PlatformImage>,
        annotations: &BTreeMap<String, Option<String>>,
    ) -> Result<StoredImage, BuildError> {
        let mut new: BTreeMap<Digest, Descriptor> = (self.images.iter().zip(&images))
            .map(|(old, new)| (old.manifest.descriptor().digest, new.manifest.descriptor().clone()))
            .collect();
        let mut indexes = Vec::new();
        // Children come before their parents, which name them.
        for document in self.graph.documents().iter().filter(|document| document.is_index()) {
            let index = Index::parse(document.bytes.clone());
            // An attestation may name the image itself, and goes then too.
            let replaced = |entry: &Descriptor| new.get(&entry.digest).filter(|_| !is_attestation(entry)).cloned();
            let index = index.and_then(|index| index.map_manifests(replaced));
            let index =
                index.and_then(|index| if annotations.is_empty() { Ok(index) } else { index.annotated(annotations) });
            let index = index.map_err(|cause| ImageError::Index { image: name.to_owned(), cause })?;
            new.insert(document.descriptor.digest, index.descriptor().clone());
            indexes.push(index);
        }
        let image = StoredImage::with_indexes(indexes, images);
        image.ok_or_else(|| BuildError::Internal("an image without a manifest".to_owned()))
    }
}

#[cfg(test)]
mod tests;
