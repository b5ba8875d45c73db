//! An image as outputs take it: manifests and configs at hand, layers in the cache or still at their origin.

use std::collections::BTreeSet;
use std::path::PathBuf;

use shipwheel_oci::{Descriptor, Index, Manifest, Platform, Reference, media_type};

use crate::cache::Cache;
use crate::error::{Result, StoreError};
use crate::fetch::in_parallel;
use crate::progress::Progress;
use crate::registry::Registry;

/// One platform's image: a base that was resolved, or what was built on it.
#[derive(Debug, Clone)]
pub struct PlatformImage {
    /// The platform.
    pub platform: Platform,
    /// The manifest, with its very bytes.
    pub manifest: Manifest,
    /// The config's very bytes.
    pub config: Vec<u8>,
    /// The repository that has the layers which the cache lacks.
    pub origin: Option<Reference>,
}

/// A whole image: one platform alone, or an index over several.
#[derive(Debug, Clone)]
pub struct StoredImage {
    images: Vec<PlatformImage>,
    index: Option<Index>,
}

/// A blob that an image needs, and where to get it if the cache lacks it.
#[derive(Debug, Clone)]
pub(crate) struct NeededBlob<'a> {
    pub(crate) descriptor: &'a Descriptor,
    pub(crate) origin: Option<&'a Reference>,
}

impl StoredImage {
    /// One platform without an index: what a tag, a layout or an archive holds is the manifest itself.
    pub fn single(image: PlatformImage) -> Self {
        Self { images: vec![image], index: None }
    }

    /// An index and the image of each of its platforms.
    pub fn with_index(index: Index, images: Vec<PlatformImage>) -> Self {
        Self { images, index: Some(index) }
    }

    /// The image of each platform.
    pub fn images(&self) -> &[PlatformImage] {
        &self.images
    }

    /// The index, if there is one.
    pub fn index(&self) -> Option<&Index> {
        self.index.as_ref()
    }

    /// What a reference to the image names: the index, or else the one manifest.
    pub fn root(&self) -> &Descriptor {
        match &self.index {
            Some(index) => index.descriptor(),
            None => self.images[0].manifest.descriptor(),
        }
    }

    /// The layers of all platforms, each once.
    pub(crate) fn layers(&self) -> Vec<NeededBlob<'_>> {
        let mut seen = BTreeSet::new();
        let all = self.images.iter().flat_map(|image| {
            let origin = image.origin.as_ref();
            image.manifest.layers().iter().map(move |descriptor| NeededBlob { descriptor, origin })
        });
        all.filter(|blob| seen.insert(blob.descriptor.digest)).collect()
    }

    /// The configs of all platforms, each once.
    pub(crate) fn configs(&self) -> Vec<(&Descriptor, &[u8])> {
        let mut seen = BTreeSet::new();
        let all = self.images.iter().map(|image| (image.manifest.config(), image.config.as_slice()));
        all.filter(|(descriptor, _)| seen.insert(descriptor.digest)).collect()
    }

    /// Manifests, and the index behind them.
    pub(crate) fn documents(&self) -> Vec<(&Descriptor, &[u8])> {
        let mut seen = BTreeSet::new();
        let manifests = self.images.iter().map(|image| (image.manifest.descriptor(), image.manifest.raw()));
        let index = self.index.iter().map(|index| (index.descriptor(), index.raw()));
        manifests.chain(index).filter(|(descriptor, _)| seen.insert(descriptor.digest)).collect()
    }
}

/// Where an output gets its blobs: the cache, filled from the base's registry as needed.
#[derive(Clone, Copy)]
pub struct Blobs<'a> {
    /// The cache.
    pub cache: &'a Cache,
    /// What fetches blobs from their origin.
    pub registry: &'a Registry,
    /// How many are fetched at a time.
    pub concurrency: usize,
    /// Who wants to know.
    pub progress: &'a dyn Progress,
}

impl Blobs<'_> {
    /// The file of a blob, fetched if need be.
    pub(crate) fn path(&self, blob: &NeededBlob<'_>) -> Result<PathBuf> {
        let digest = blob.descriptor.digest;
        if !self.cache.has(blob.descriptor) {
            let origin = blob.origin.ok_or(StoreError::Missing { digest, place: "the cache".to_owned() })?;
            self.registry.fetch_blob(origin, blob.descriptor, self.cache, self.progress)?;
        }
        let missing = || StoreError::Missing { digest, place: self.cache.root().display().to_string() };
        self.cache.blob_path(&digest).ok_or_else(missing)
    }

    /// The files of all layers of an image, in the order of [`StoredImage::layers`].
    pub(crate) fn layer_paths(&self, image: &StoredImage) -> Result<Vec<PathBuf>> {
        in_parallel(&image.layers(), self.concurrency, |blob| self.path(blob))
    }
}

impl Registry {
    /// Resolves a reference to one platform's image; its layers stay where they are.
    ///
    /// What is pinned by digest and in the cache is not asked for again.
    ///
    /// # Errors
    /// When the image or the platform does not exist, or does not verify.
    pub fn resolve_image(&self, reference: &Reference, platform: &Platform, cache: &Cache) -> Result<PlatformImage> {
        let name = reference.to_string();
        let (mut media_type, mut bytes) = self.cached_manifest(reference, cache)?;
        if media_type::is_index(&media_type) {
            let index = Index::parse(bytes).map_err(StoreError::image(&name))?;
            let entry = index.for_platform(platform, &name).map_err(StoreError::image(&name))?;
            (media_type, bytes) = self.cached_manifest(&reference.pinned(entry.digest), cache)?;
        }
        if !media_type::is_manifest(&media_type) {
            let cause = format!("an index leads to `{media_type}`, expected an image manifest");
            return Err(StoreError::Image { what: name, cause: cause.into() });
        }
        let fetch = |descriptor: &Descriptor| {
            self.fetch_blob(reference, descriptor, cache, &crate::progress::NoProgress)?;
            cache.read_blob(&descriptor.digest)
        };
        PlatformImage::read(bytes, platform, &name, Some(reference.clone()), fetch)
    }

    fn cached_manifest(&self, reference: &Reference, cache: &Cache) -> Result<(String, Vec<u8>)> {
        if let Some(digest) = reference.digest()
            && cache.blob_size(&digest).is_some()
            && let Ok(bytes) = cache.read_blob(&digest)
        {
            return Ok((crate::registry::manifest_type(&bytes, None), bytes));
        }
        let (media_type, bytes) = self.fetch_manifest(reference)?;
        cache.insert_bytes(&bytes)?;
        Ok((media_type, bytes))
    }
}

impl PlatformImage {
    /// Makes an image of a manifest's bytes and of the config that `fetch` gives for it.
    pub(crate) fn read(
        manifest: Vec<u8>,
        platform: &Platform,
        name: &str,
        origin: Option<Reference>,
        fetch: impl FnOnce(&Descriptor) -> Result<Vec<u8>>,
    ) -> Result<Self> {
        let manifest = Manifest::parse(manifest).map_err(StoreError::image(name))?;
        let limit = crate::registry::LARGEST_MANIFEST;
        if manifest.config().size > limit {
            return Err(StoreError::TooLarge { what: format!("config of {name}"), limit });
        }
        crate::graph::refuse_foreign(manifest.layers())?;
        let config = fetch(manifest.config())?;
        let parsed = shipwheel_oci::ImageConfig::parse(&config).map_err(StoreError::image(name))?;
        let found = parsed.platform().map_err(StoreError::image(name))?;
        if found != *platform {
            let (platform, name) = (platform.clone(), name.to_owned());
            let cause = shipwheel_oci::IndexError::NoPlatform { platform, name: name.clone(), found: vec![found] };
            return Err(StoreError::Image { what: name, cause: cause.into() });
        }
        Ok(Self { platform: found, manifest, config, origin })
    }
}
