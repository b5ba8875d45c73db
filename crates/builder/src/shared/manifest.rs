//! The manifests of a shared cache: artifacts in OCI's form, so that any registry keeps and mounts what they name.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use shipwheel_oci::{Descriptor, canonical_json, media_type};

/// What a manifest lists: the layers of a build and its records.
pub(crate) const BUILD_TYPE: &str = "application/vnd.shipwheel.build.v1+json";

/// What a manifest lists: one layer under the key of its inputs.
pub(crate) const LAYER_TYPE: &str = "application/vnd.shipwheel.layer.v1+json";

/// The whole key of a layer; its tag has a part of it.
pub(crate) const KEY: &str = "dev.shipwheel.cache.key";

/// What is remembered of a layer.
pub(crate) const RECORD: &str = "dev.shipwheel.cache.record";

/// The platforms of a build, with commas between them.
pub(crate) const PLATFORMS: &str = "dev.shipwheel.cache.platforms";

/// The config of artifacts that have none (OCI image spec 1.1, "Guidance for an Empty Descriptor").
pub(crate) const EMPTY: &[u8] = b"{}";
const EMPTY_TYPE: &str = "application/vnd.oci.empty.v1+json";

/// A manifest of a shared cache.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CacheManifest {
    pub(crate) schema_version: u32,
    pub(crate) media_type: String,
    pub(crate) artifact_type: String,
    pub(crate) config: Descriptor,
    pub(crate) layers: Vec<Descriptor>,
    #[serde(default)]
    pub(crate) annotations: BTreeMap<String, String>,
}

impl CacheManifest {
    /// A manifest over blobs.
    pub(crate) fn new(artifact_type: &str, layers: Vec<Descriptor>, annotations: &[(&str, String)]) -> Self {
        Self {
            schema_version: 2,
            media_type: media_type::MANIFEST.to_owned(),
            artifact_type: artifact_type.to_owned(),
            config: Descriptor::of(EMPTY_TYPE, EMPTY),
            layers,
            annotations: annotations.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        }
    }

    /// Reads one that a stranger may have written; `None` for anything else.
    pub(crate) fn parse(bytes: &[u8], artifact_type: &str) -> Option<Self> {
        let manifest: Self = serde_json::from_slice(bytes).ok()?;
        let is_ours = manifest.schema_version == 2
            && manifest.media_type == media_type::MANIFEST
            && manifest.artifact_type == artifact_type;
        is_ours.then_some(manifest)
    }

    /// Its bytes, the same for the same manifest.
    pub(crate) fn to_json(&self) -> Vec<u8> {
        canonical_json(self)
    }
}
