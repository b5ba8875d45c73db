//! One platform's manifest: its raw bytes beside what they say (OCI image spec, `manifest.md`).

use std::collections::BTreeMap;

use oci_spec::image::{ImageManifest, ImageManifestBuilder, MediaType};
use serde_json::{Value, json};

use crate::canonical::{canonical_json, canonical_value};
use crate::descriptor::{Descriptor, media_type};
use crate::digest::{Digest, DigestError};
use crate::spelling::require_plain_document;

/// A manifest that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The bytes are not a manifest in JSON.
    #[error("the manifest is not a valid image manifest")]
    Parse(#[source] serde_json::Error),
    /// It names a blob by something else than a sha256.
    #[error("manifest names a blob by an unsupported digest")]
    Digest(#[from] DigestError),
    /// Its schema version is not 2.
    #[error("manifest has schema version {found}, expected 2")]
    SchemaVersion {
        /// The version found.
        found: u32,
    },
}

/// A manifest: the bytes that were hashed, and the descriptors in them.
///
/// The bytes of a fetched manifest are kept and never rewritten.
#[derive(Debug, Clone)]
pub struct Manifest {
    raw: Vec<u8>,
    descriptor: Descriptor,
    config: Descriptor,
    layers: Vec<Descriptor>,
}

impl Manifest {
    /// Reads a manifest of either family (OCI, Docker schema 2).
    ///
    /// # Errors
    /// When the bytes are not such a manifest, or name a blob by a digest other than sha256.
    pub fn parse(raw: Vec<u8>) -> Result<Self, ManifestError> {
        require_plain_document(&raw).map_err(ManifestError::Parse)?;
        let spec: ImageManifest = serde_json::from_slice(&raw).map_err(ManifestError::Parse)?;
        if spec.schema_version() != 2 {
            return Err(ManifestError::SchemaVersion { found: spec.schema_version() });
        }
        let own_type = spec.media_type().as_ref().map_or(media_type::MANIFEST.to_owned(), ToString::to_string);
        let layers = spec.layers().iter().map(Descriptor::from_spec).collect::<Result<_, _>>()?;
        Ok(Self {
            descriptor: Descriptor::of(&own_type, &raw),
            config: Descriptor::from_spec(spec.config())?,
            layers,
            raw,
        })
    }

    /// Writes the manifest of a config and its layers, bottom to top, in OCI's own media types.
    pub fn assemble(config: Descriptor, layers: Vec<Descriptor>, annotations: &BTreeMap<String, String>) -> Self {
        let mut builder = ImageManifestBuilder::default()
            .schema_version(2u32)
            .media_type(MediaType::ImageManifest)
            .config(config.to_spec())
            .layers(layers.iter().map(Descriptor::to_spec).collect::<Vec<_>>());
        if !annotations.is_empty() {
            builder = builder.annotations(annotations.clone().into_iter().collect::<std::collections::HashMap<_, _>>());
        }
        let spec = builder.build().expect("schema version, config and layers are set");
        let raw = canonical_json(&spec);
        Self { descriptor: Descriptor::of(media_type::MANIFEST, &raw), config, layers, raw }
    }

    /// This manifest with another config and with layers on top; everything else stays as it is,
    /// unknown keys and the family of media types included.
    ///
    /// # Errors
    /// When the result is not a manifest: never, if this one was read from bytes.
    pub fn with_layers(&self, config: &[u8], layers: &[Descriptor]) -> Result<Self, ManifestError> {
        let mut value: Value = serde_json::from_slice(&self.raw).map_err(ManifestError::Parse)?;
        let is_docker = self.descriptor.media_type == media_type::DOCKER_MANIFEST;
        let own_type = |layer: &Descriptor| match (is_docker, layer.media_type.as_str()) {
            (true, media_type::LAYER_GZIP) => media_type::DOCKER_LAYER_GZIP.to_owned(),
            (_, other) => other.to_owned(),
        };
        value["config"]["digest"] = json!(Digest::of(config));
        value["config"]["size"] = json!(config.len());
        let more = layers.iter().map(|l| json!({ "mediaType": own_type(l), "digest": l.digest, "size": l.size }));
        if let Some(list) = value["layers"].as_array_mut() {
            list.extend(more);
        }
        Self::parse(canonical_value(value))
    }

    /// This manifest with another config and other layers; layers that it had stay as they are described, and so does
    /// everything else but the annotations that are given: `None` removes one.
    ///
    /// # Errors
    /// When the result is not a manifest: never, if this one was read from bytes.
    pub fn with_other_layers(
        &self,
        config: &[u8],
        layers: &[Descriptor],
        annotations: &BTreeMap<String, Option<String>>,
    ) -> Result<Self, ManifestError> {
        let mut value: Value = serde_json::from_slice(&self.raw).map_err(ManifestError::Parse)?;
        let is_docker = self.descriptor.media_type == media_type::DOCKER_MANIFEST;
        value["config"]["digest"] = json!(Digest::of(config));
        value["config"]["size"] = json!(config.len());
        let known = value["layers"].as_array().cloned().unwrap_or_default();
        let entry = |layer: &Descriptor| {
            let same = self.layers.iter().position(|own| own.digest == layer.digest);
            same.and_then(|number| known.get(number).cloned()).unwrap_or_else(|| {
                let own_type = match is_docker {
                    true => media_type::to_docker(&layer.media_type),
                    false => layer.media_type.as_str(),
                };
                json!({ "mediaType": own_type, "digest": layer.digest, "size": layer.size })
            })
        };
        value["layers"] = layers.iter().map(entry).collect();
        annotate(&mut value, annotations);
        Self::parse(canonical_value(value))
    }

    /// The value of an annotation.
    pub fn annotation(&self, name: &str) -> Option<String> {
        let value: Value = serde_json::from_slice(&self.raw).ok()?;
        Some(value.get("annotations")?.get(name)?.as_str()?.to_owned())
    }

    /// The bytes, as fetched or as written.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// Media type, digest and size of the bytes.
    pub fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    /// The config blob.
    pub fn config(&self) -> &Descriptor {
        &self.config
    }

    /// The layers, bottom to top.
    pub fn layers(&self) -> &[Descriptor] {
        &self.layers
    }

    /// Every blob that must be present before the manifest may be: config first, then layers.
    pub fn blobs(&self) -> impl Iterator<Item = &Descriptor> {
        std::iter::once(&self.config).chain(&self.layers)
    }
}

/// Sets or removes annotations of a manifest or an index.
pub(crate) fn annotate(document: &mut Value, annotations: &BTreeMap<String, Option<String>>) {
    let mut all = document.get("annotations").and_then(Value::as_object).cloned().unwrap_or_default();
    for (name, value) in annotations {
        match value {
            Some(value) => all.insert(name.clone(), value.clone().into()),
            None => all.remove(name),
        };
    }
    match (document.as_object_mut(), all.is_empty()) {
        (Some(document), true) => document.remove("annotations"),
        (Some(document), false) => document.insert("annotations".to_owned(), all.into()),
        (None, _) => None,
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_gets_other_layers_and_keeps_how_it_describes_its_own() {
        let layer = |text: &str| Descriptor::of(media_type::LAYER_GZIP, text.as_bytes());
        let raw = format!(
            r#"{{"schemaVersion":2,"mediaType":"{}","config":{{"mediaType":"{}","size":2,"digest":"{}"}},
                "layers":[{{"mediaType":"{}","size":5,"digest":"{}","annotations":{{"kept":"1"}}}}],
                "annotations":{{"gone":"1","kept":"1"}}}}"#,
            media_type::MANIFEST,
            media_type::CONFIG,
            Digest::of(b"{}"),
            media_type::LAYER_GZIP,
            Digest::of(b"layer")
        );
        let manifest = Manifest::parse(raw.into_bytes()).expect("valid");
        let changes = BTreeMap::from([("gone".to_owned(), None), ("new".to_owned(), Some("2".to_owned()))]);
        let other = manifest.with_other_layers(b"{ }", &[layer("base"), layer("layer")], &changes).expect("valid");
        assert_eq!(other.layers()[0], layer("base"));
        assert_eq!(other.layers()[1].annotations.get("kept").map(String::as_str), Some("1"));
        let found = ["gone", "kept", "new"].map(|name| other.annotation(name));
        assert_eq!(found, [None, Some("1".to_owned()), Some("2".to_owned())]);
    }

    fn sample() -> Manifest {
        let annotations = ["c", "a", "b", "z", "k", "m"].map(|k| (k.to_owned(), k.to_owned()));
        Manifest::assemble(
            Descriptor::of(media_type::CONFIG, b"{}"),
            vec![Descriptor::of(media_type::LAYER_GZIP, b"layer")],
            &annotations.into(),
        )
    }

    #[test]
    fn an_assembled_manifest_parses_to_the_same_descriptors_and_bytes() {
        let manifest = sample();
        let again = Manifest::parse(manifest.raw().to_vec()).expect("own manifest parses");
        assert_eq!(again.descriptor(), manifest.descriptor());
        assert_eq!(again.config(), manifest.config());
        assert_eq!(again.layers(), manifest.layers());
    }

    #[test]
    fn the_bytes_do_not_depend_on_map_order() {
        let first = sample();
        assert!((0..20).all(|_| sample().raw() == first.raw()));
        let text = String::from_utf8_lossy(first.raw()).into_owned();
        assert!(text.starts_with(r#"{"annotations":{"a":"a","b":"b","c":"c","k":"k""#), "{text}");
    }

    #[test]
    fn layers_go_on_top_and_nothing_else_changes() {
        let raw = format!(
            r#"{{"schemaVersion":2,"mediaType":"{}","config":{{"mediaType":"{}","size":2,"digest":"{}"}},
                "layers":[{{"mediaType":"{}","size":5,"digest":"{}"}}],"x":{{"kept":1}}}}"#,
            media_type::DOCKER_MANIFEST,
            media_type::DOCKER_CONFIG,
            Digest::of(b"{}"),
            media_type::DOCKER_LAYER_GZIP,
            Digest::of(b"layer")
        );
        let manifest = Manifest::parse(raw.into_bytes()).expect("valid");
        let more = manifest.with_layers(b"{ }", &[Descriptor::of(media_type::LAYER_GZIP, b"more")]).expect("valid");
        assert_eq!(more.descriptor().media_type, media_type::DOCKER_MANIFEST);
        assert_eq!(more.config(), &Descriptor::of(media_type::DOCKER_CONFIG, b"{ }"));
        assert_eq!(more.layers()[0], manifest.layers()[0]);
        assert_eq!(more.layers()[1], Descriptor::of(media_type::DOCKER_LAYER_GZIP, b"more"));
        assert!(String::from_utf8_lossy(more.raw()).contains(r#""x":{"kept":1}"#));
    }

    #[test]
    fn hostile_manifests_are_errors() {
        for bad in [
            "",
            "{}",
            "[]",
            r#"{"schemaVersion":1,"config":{},"layers":[]}"#,
            r#"{"schemaVersion":2,"config":{"mediaType":"x","digest":"md5:abc","size":1},"layers":[]}"#,
            r#"{"schemaVersion":2,"config":{"mediaType":"x","digest":"sha256:../../x","size":1},"layers":[]}"#,
        ] {
            assert!(Manifest::parse(bad.as_bytes().to_vec()).is_err(), "{bad}");
        }
    }
}
