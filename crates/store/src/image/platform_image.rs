//! One platform's image, read from any source: a base, or what was built on one.

use std::cell::RefCell;

use shipwheel_oci::{Descriptor, ImageConfig, Manifest, Platform, Reference};

use super::graph::{Document, ImageGraph, Walk, is_attestation, refuse_foreign};
use super::source::ImageSource;
use crate::cache::Cache;
use crate::error::{Result, StoreError};
use crate::limits::MAX_CONFIG;

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

impl PlatformImage {
    /// The image of a platform, with its config in the cache. Its layers stay at their origin;
    /// those that have no other origin than the source are taken into the cache as well.
    ///
    /// Manifests of other platforms are not read.
    ///
    /// # Errors
    /// When the source has no such image, or a blob differs from its descriptor.
    pub fn of(source: &dyn ImageSource, platform: &Platform, cache: &Cache) -> Result<Self> {
        let others = RefCell::new(Vec::new());
        // An entry without a platform may be any: its config says which.
        let follows = |entry: &Descriptor| {
            let is_wanted = entry.platform.as_ref().is_none_or(|own| own == platform) && !is_attestation(entry);
            if !is_wanted && !is_attestation(entry) {
                others.borrow_mut().extend(entry.platform.clone());
            }
            is_wanted
        };
        let walk = Walk { follows: &follows, fault: &mut |error, _| Err(error) };
        let graph = ImageGraph::walk(source, &source.root()?, walk)?;
        let (labeled, others_by_config): (Vec<&Document>, Vec<&Document>) =
            graph.manifests().partition(|document| document.platform() == Some(platform));
        for document in labeled.into_iter().chain(others_by_config) {
            let image = Self::read(source, document, cache)?;
            if image.platform == *platform {
                image.import_layers(source, cache)?;
                return Ok(image);
            }
            others.borrow_mut().push(image.platform);
        }
        let mut found = others.into_inner();
        found.sort();
        found.dedup();
        Err(StoreError::NoPlatform { what: source.name(), platform: platform.clone(), found })
    }

    /// The image of a manifest, with its config in the cache. The config names the platform.
    ///
    /// # Errors
    /// When manifest or config cannot be read, or differ from their descriptors.
    pub fn read(source: &dyn ImageSource, document: &Document, cache: &Cache) -> Result<Self> {
        let name = source.name();
        let manifest = Self::manifest(&name, document)?;
        let config = source.read(manifest.config(), MAX_CONFIG, cache)?;
        let (_, platform) = Self::config(&name, &config)?;
        let origin = manifest.layers().first().and_then(|layer| source.origin(layer));
        Ok(Self { platform, manifest, config, origin })
    }

    /// The manifest of a document of the image `name`.
    ///
    /// # Errors
    /// When it cannot be used: it is not a manifest of an image, or has layers that nobody may distribute.
    pub fn manifest(name: &str, document: &Document) -> Result<Manifest> {
        let manifest = Manifest::parse(document.bytes.clone()).map_err(StoreError::image(name))?;
        refuse_foreign(manifest.layers())?;
        Ok(manifest)
    }

    /// A config of the image `name`, and the platform that it names.
    ///
    /// # Errors
    /// When it cannot be used.
    pub fn config(name: &str, bytes: &[u8]) -> Result<(ImageConfig, Platform)> {
        let config = ImageConfig::parse(bytes).map_err(StoreError::image(name))?;
        let platform = config.platform().map_err(StoreError::image(name))?;
        Ok((config, platform))
    }

    /// Takes the layers into the cache, unless a repository has them: a layout may be gone when they are needed.
    ///
    /// # Errors
    /// When one cannot be read, or differs from its descriptor.
    pub fn import_layers(&self, source: &dyn ImageSource, cache: &Cache) -> Result<()> {
        if self.origin.is_some() {
            return Ok(());
        }
        self.manifest.layers().iter().try_for_each(|layer| source.import(layer, cache))
    }
}
