//! A report on an assembled image: every place where config, manifest and layers disagree, at once.

use std::fmt;

use crate::descriptor::media_type;
use crate::{ImageConfig, LayerDescriptor, Manifest};

/// What of an image was compared. Layers are counted from 0, bottom to top.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MismatchKind {
    /// The config's digest, in the manifest.
    ConfigDigest,
    /// The config's size, in the manifest.
    ConfigSize,
    /// The number of layers, in the manifest.
    LayerCount,
    /// The number of diff ids, in the config.
    DiffIdCount,
    /// The digest of a layer, in the manifest.
    LayerDigest(usize),
    /// The diff id of a layer, in the config.
    DiffId(usize),
}

impl fmt::Display for MismatchKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ConfigDigest => f.write_str("config digest"),
            Self::ConfigSize => f.write_str("config size"),
            Self::LayerCount => f.write_str("number of layers"),
            Self::DiffIdCount => f.write_str("number of diff ids"),
            Self::LayerDigest(number) => write!(f, "digest of layer {number}"),
            Self::DiffId(number) => write!(f, "diff id of layer {number}"),
        }
    }
}

/// One disagreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// What was compared.
    pub kind: MismatchKind,
    /// What it should be.
    pub expected: String,
    /// What it is.
    pub found: String,
}

/// Compares a manifest with the bytes of its config and the layers it was made from, bottom to top.
///
/// An empty list means that they agree.
pub fn validate_image(manifest: &Manifest, config: &[u8], layers: &[LayerDescriptor]) -> Vec<Mismatch> {
    let mut report = Vec::new();
    let mut check = |kind: MismatchKind, expected: String, found: String| {
        if expected != found {
            report.push(Mismatch { kind, expected, found });
        }
    };
    let config_descriptor = crate::Descriptor::of(media_type::CONFIG, config);
    check(MismatchKind::ConfigDigest, config_descriptor.digest.to_string(), manifest.config().digest.to_string());
    check(MismatchKind::ConfigSize, config_descriptor.size.to_string(), manifest.config().size.to_string());
    check(MismatchKind::LayerCount, layers.len().to_string(), manifest.layers().len().to_string());
    let diff_ids = ImageConfig::parse(config).and_then(|config| config.diff_ids()).unwrap_or_default();
    check(MismatchKind::DiffIdCount, layers.len().to_string(), diff_ids.len().to_string());
    for (number, layer) in layers.iter().enumerate() {
        let blob = manifest.layers().get(number).map_or("none".into(), |l| l.digest.to_string());
        check(MismatchKind::LayerDigest(number), layer.blob.digest.to_string(), blob);
        let diff_id = diff_ids.get(number).map_or("none".into(), ToString::to_string);
        check(MismatchKind::DiffId(number), layer.diff_id.to_string(), diff_id);
    }
    report
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Descriptor, DiffId, Platform};

    #[test]
    fn all_mismatches_are_reported_together() {
        let layer =
            LayerDescriptor { blob: Descriptor::of(media_type::LAYER_GZIP, b"blob"), diff_id: DiffId::of(b"tar") };
        let mut config = ImageConfig::empty(&Platform::linux_amd64());
        config.push_layer(layer.diff_id, "1970-01-01T00:00:00Z", "test");
        let json = config.to_json();
        let manifest = Manifest::assemble(
            Descriptor::of(media_type::CONFIG, &json),
            vec![layer.blob.clone()],
            &Default::default(),
        );
        assert_eq!(validate_image(&manifest, &json, std::slice::from_ref(&layer)), []);
        config.push_layer(DiffId::of(b"other"), "1970-01-01T00:00:00Z", "test");
        let kinds = |report: &[Mismatch]| report.iter().map(|it| it.kind.to_string()).collect::<Vec<_>>().join(", ");
        let report = validate_image(&manifest, &config.to_json(), std::slice::from_ref(&layer));
        assert_eq!(kinds(&report), "config digest, config size, number of diff ids");
        let other = LayerDescriptor { blob: Descriptor::of(media_type::LAYER, b"x"), diff_id: DiffId::of(b"x") };
        let report = validate_image(&manifest, &json, &[other, layer]);
        assert_eq!(
            kinds(&report),
            "number of layers, number of diff ids, digest of layer 0, diff id of layer 0, digest of layer 1, diff id of layer 1"
        );
        assert_eq!(report.last().map(|it| it.found.as_str()), Some("none"));
    }
}
