//! What a finished image is made of, as users see it.

use std::collections::BTreeMap;

use shipwheel_oci::{Digest, LayerDescriptor, Platform};
use shipwheel_plan::image_lock::ImageLock;
use shipwheel_plan::layer::LayerKind;
use shipwheel_store::StoredImage;

/// Where a layer came from in this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LayerStatus {
    /// Made in this run.
    Built,
    /// Known from an earlier run, or the base's own.
    Cached,
    /// The very blob of a platform above it in the list.
    Shared,
}

/// One layer of a finished image, as users see it.
#[derive(Debug, Clone)]
pub struct LayerReport {
    /// What it is for.
    pub kind: LayerKind,
    /// What it holds.
    pub title: String,
    /// The distributions in it, with their versions.
    pub members: Vec<String>,
    /// Its blob and diff id.
    pub layer: LayerDescriptor,
    /// Stands for all that it was made from; a base's own layers have none.
    pub inputs: Option<Digest>,
    /// Where it came from.
    pub status: LayerStatus,
}

/// One platform of a finished image, as users see it.
#[derive(Debug, Clone)]
pub struct PlatformReport {
    /// The platform.
    pub platform: Platform,
    /// Its manifest.
    pub manifest: Digest,
    /// Its layers, bottom to top.
    pub layers: Vec<LayerReport>,
}

/// A finished image: all of it is in the cache, except base layers that a registry has.
#[derive(Debug, Clone)]
pub struct Built {
    /// The image, ready for any output.
    pub image: StoredImage,
    /// What it is made of.
    pub platforms: Vec<PlatformReport>,
    /// The same as image.lock has it.
    pub lock: ImageLock,
    /// For each platform that was built before: what became of the base and of each layer since, and why.
    pub reasons: BTreeMap<Platform, Vec<String>>,
}
