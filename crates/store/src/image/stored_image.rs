//! A whole image as a build or a retrofit makes it: manifests and configs in memory, layers in the cache or at their origin.

use std::collections::BTreeSet;

use shipwheel_oci::{Descriptor, Index};

use super::platform_image::PlatformImage;

/// One platform without an index, or indexes over several platforms.
#[derive(Debug, Clone)]
pub struct StoredImage {
    images: Vec<PlatformImage>,
    /// Children first: the last one is the root.
    indexes: Vec<Index>,
}

impl StoredImage {
    /// One platform without an index: a tag, a layout or an archive then names the manifest itself.
    pub fn single(image: PlatformImage) -> Self {
        Self { images: vec![image], indexes: Vec::new() }
    }

    /// An index and the image of each of its platforms.
    pub fn with_index(index: Index, images: Vec<PlatformImage>) -> Self {
        Self { images, indexes: vec![index] }
    }

    /// Indexes that list one another, children first, and the image of each platform; `None` without any of both.
    pub fn with_indexes(indexes: Vec<Index>, images: Vec<PlatformImage>) -> Option<Self> {
        (!indexes.is_empty() || !images.is_empty()).then_some(Self { images, indexes })
    }

    /// The image of each platform.
    pub fn images(&self) -> &[PlatformImage] {
        &self.images
    }

    /// The index that lists all platforms, if there is one.
    pub fn index(&self) -> Option<&Index> {
        self.indexes.last()
    }

    /// What a reference to the image names: the index, or else the one manifest.
    pub fn root(&self) -> &Descriptor {
        match self.indexes.last() {
            Some(index) => index.descriptor(),
            None => self.images[0].manifest.descriptor(),
        }
    }

    /// The configs of all platforms, each once.
    pub(crate) fn configs(&self) -> Vec<(&Descriptor, &[u8])> {
        let mut seen = BTreeSet::new();
        let all = self.images.iter().map(|image| (image.manifest.config(), image.config.as_slice()));
        all.filter(|(descriptor, _)| seen.insert(descriptor.digest)).collect()
    }

    /// Manifests and indexes.
    pub(crate) fn documents(&self) -> impl Iterator<Item = (&Descriptor, &[u8])> {
        let manifests = self.images.iter().map(|image| (image.manifest.descriptor(), image.manifest.raw()));
        manifests.chain(self.indexes.iter().map(|index| (index.descriptor(), index.raw())))
    }
}
