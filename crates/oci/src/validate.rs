//! A report on an assembled image: every place where config, manifest and layers disagree, at once.

use crate::descriptor::media_type;
use crate::{ImageConfig, LayerDescriptor, Manifest};

/// One disagreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// What was compared.
    pub what: String,
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
    let mut check = |what: String, expected: String, found: String| {
        if expected != found {
            report.push(Mismatch { what, expected, found });
        }
    };
    let config_descriptor = crate::Descriptor::of(media_type::CONFIG, config);
    check("config digest".into(), config_descriptor.digest.to_string(), manifest.config().digest.to_string());
    check("config size".into(), config_descriptor.size.to_string(), manifest.config().size.to_string());
    check("number of layers".into(), layers.len().to_string(), manifest.layers().len().to_string());
    let diff_ids = ImageConfig::parse(config).and_then(|config| config.diff_ids()).unwrap_or_default();
    check("number of diff ids".into(), layers.len().to_string(), diff_ids.len().to_string());
    for (number, layer) in layers.iter().enumerate() {
        let blob = manifest.layers().get(number).map_or("none".into(), |l| l.digest.to_string());
        check(format!("digest of layer {number}"), layer.blob.digest.to_string(), blob);
        let diff_id = diff_ids.get(number).map_or("none".into(), ToString::to_string);
        check(format!("diff id of layer {number}"), layer.diff_id.to_string(), diff_id);
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
        assert!(validate_image(&manifest, &config.to_json(), &[layer]).len() >= 2);
    }
}
