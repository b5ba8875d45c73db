//! Descriptors: media type, digest and size of a blob (OCI image spec, `descriptor.md`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::{DiffId, Digest};
use crate::platform::Platform;

/// The media types that shipwheel reads and writes.
pub mod media_type {
    /// An image manifest.
    pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
    /// An image index.
    pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
    /// An image config.
    pub const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
    /// A layer, gzip.
    pub const LAYER_GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
    /// A layer, uncompressed.
    pub const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
    /// A layer, zstd.
    pub const LAYER_ZSTD: &str = "application/vnd.oci.image.layer.v1.tar+zstd";
    /// Docker's manifest, schema 2.
    pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
    /// Docker's manifest list.
    pub const DOCKER_INDEX: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
    /// Docker's image config.
    pub const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
    /// Docker's layer, gzip.
    pub const DOCKER_LAYER_GZIP: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";
    /// Docker's layer, uncompressed.
    pub const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar";
    /// Docker's layer, zstd.
    pub const DOCKER_LAYER_ZSTD: &str = "application/vnd.docker.image.rootfs.diff.tar.zstd";

    /// Whether this is one platform's manifest, of either family.
    pub fn is_manifest(media_type: &str) -> bool {
        matches!(media_type, MANIFEST | DOCKER_MANIFEST)
    }

    /// Whether this is an index over manifests, of either family.
    pub fn is_index(media_type: &str) -> bool {
        matches!(media_type, INDEX | DOCKER_INDEX)
    }

    /// Docker's name of a media type of layers; all others stay as they are.
    pub fn to_docker(media_type: &str) -> &str {
        match media_type {
            LAYER_GZIP => DOCKER_LAYER_GZIP,
            LAYER => DOCKER_LAYER,
            LAYER_ZSTD => DOCKER_LAYER_ZSTD,
            other => other,
        }
    }

    /// The OCI name of a media type of Docker's; all others stay as they are.
    ///
    /// An index that mixes the two families is refused by some registries (Quay), so a
    /// manifest that shipwheel writes speaks OCI throughout. Names, not bytes, change.
    pub fn to_oci(media_type: &str) -> &str {
        match media_type {
            DOCKER_MANIFEST => MANIFEST,
            DOCKER_INDEX => INDEX,
            DOCKER_CONFIG => CONFIG,
            DOCKER_LAYER_GZIP => LAYER_GZIP,
            DOCKER_LAYER => LAYER,
            DOCKER_LAYER_ZSTD => LAYER_ZSTD,
            other => other,
        }
    }
}

/// What a blob is and how to know that one has it.
///
/// Own type over `oci-spec`'s: its digest accepts any algorithm, its annotations are
/// unordered and its platform loses `os.version` on the way back out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// The blob's media type.
    pub media_type: String,
    /// The sha256 of its bytes.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
    /// For a manifest in an index: the platform it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// Free annotations, sorted.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Descriptor {
    /// A descriptor without platform and annotations.
    pub fn new(media_type: &str, digest: Digest, size: u64) -> Self {
        Self { media_type: media_type.to_owned(), digest, size, platform: None, annotations: BTreeMap::new() }
    }

    /// The descriptor of these very bytes.
    pub fn of(media_type: &str, bytes: &[u8]) -> Self {
        Self::new(media_type, Digest::of(bytes), bytes.len() as u64)
    }
}

/// A layer in the two forms that an image needs: the blob, and the diff id of what it unpacks to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerDescriptor {
    /// The compressed blob.
    pub blob: Descriptor,
    /// The uncompressed tar.
    pub diff_id: DiffId,
}

impl Descriptor {
    /// Takes over a descriptor that `oci-spec` parsed, if its digest is a sha256.
    pub(crate) fn from_spec(spec: &oci_spec::image::Descriptor) -> Result<Self, crate::DigestError> {
        let platform = spec
            .platform()
            .as_ref()
            .map(|p| Platform::normalized(&p.os().to_string(), &p.architecture().to_string(), p.variant().as_deref()));
        let annotations = spec.annotations().clone().unwrap_or_default().into_iter().collect();
        Ok(Self {
            media_type: spec.media_type().to_string(),
            digest: spec.digest().to_string().parse()?,
            size: spec.size(),
            platform,
            annotations,
        })
    }

    /// The same as `oci-spec` has it, for its manifest and index builders.
    pub(crate) fn to_spec(&self) -> oci_spec::image::Descriptor {
        let digest: oci_spec::image::Digest =
            self.digest.to_string().parse().expect("a sha256 digest is an OCI digest");
        let mut spec = oci_spec::image::Descriptor::new(self.media_type.as_str().into(), self.size, digest);
        if let Some(platform) = &self.platform {
            let mut target = oci_spec::image::Platform::default();
            target.set_os(platform.os.as_str().into());
            target.set_architecture(platform.architecture.as_str().into());
            target.set_variant(platform.variant.clone());
            spec.set_platform(Some(target));
        }
        if !self.annotations.is_empty() {
            spec.set_annotations(Some(self.annotations.clone().into_iter().collect()));
        }
        spec
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use media_type::*;

    #[test]
    fn a_media_type_is_a_manifest_an_index_or_neither_and_has_one_oci_name() {
        for (media_type, is_manifest, is_index, oci) in [
            (MANIFEST, true, false, MANIFEST),
            (DOCKER_MANIFEST, true, false, MANIFEST),
            (INDEX, false, true, INDEX),
            (DOCKER_INDEX, false, true, INDEX),
            (CONFIG, false, false, CONFIG),
            (DOCKER_CONFIG, false, false, CONFIG),
            (LAYER_GZIP, false, false, LAYER_GZIP),
            (DOCKER_LAYER_GZIP, false, false, LAYER_GZIP),
            (LAYER, false, false, LAYER),
            (DOCKER_LAYER, false, false, LAYER),
            (LAYER_ZSTD, false, false, LAYER_ZSTD),
            (DOCKER_LAYER_ZSTD, false, false, LAYER_ZSTD),
            ("application/json", false, false, "application/json"),
            ("", false, false, ""),
        ] {
            let found = (media_type::is_manifest(media_type), media_type::is_index(media_type), to_oci(media_type));
            assert_eq!(found, (is_manifest, is_index, oci), "{media_type}");
        }
    }

    #[test]
    fn a_descriptor_that_oci_spec_had_is_what_it_was() {
        let plain = Descriptor::of(MANIFEST, b"manifest");
        let platform = Some(Platform::normalized("linux", "arm", Some("v7")));
        let annotations: BTreeMap<_, _> = [("a", "1"), ("b", "2")].map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        for descriptor in [plain.clone(), Descriptor { platform, annotations, ..plain }] {
            let spec = descriptor.to_spec();
            assert_eq!(spec.annotations().is_some(), !descriptor.annotations.is_empty(), "no empty map is written");
            assert_eq!(Descriptor::from_spec(&spec).as_ref(), Ok(&descriptor));
        }
    }
}
