//! The manifest of a `.sig` tag: cosign's form of signatures before version 3, one layer for each of them.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use shipwheel_oci::{Descriptor, Digest, canonical_value, media_type};

use super::attestation_error::AttestationError;
use super::payload::Payload;
use crate::key::signing_key::SigningKey;

/// The media type of a layer that is a signed payload.
pub const SIGNATURE_LAYER: &str = "application/vnd.dev.cosign.simplesigning.v1+json";

/// The annotation of such a layer that has its signature.
const SIGNATURE: &str = "dev.cosignproject.cosign/signature";

/// The most signatures of one image.
const MAX_SIGNATURES: usize = 200;

/// The tag that an image's signatures have.
pub fn signature_tag(image: &Digest) -> String {
    format!("sha256-{}.sig", image.hex())
}

/// A payload and its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaggedSignature {
    /// The blob that is the payload.
    pub payload: Descriptor,
    /// The signature, in DER.
    pub signature: Vec<u8>,
}

/// All signatures of an image under its tag.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TaggedSignatures {
    /// As they are in the manifest, with keys that nobody here knows.
    layers: Vec<Value>,
    annotations: Option<Value>,
}

impl TaggedSignatures {
    /// Reads the manifest of any tool.
    ///
    /// # Errors
    /// When it is not a manifest, or has more signatures than anyone makes.
    pub fn parse(manifest: &[u8]) -> Result<Self, AttestationError> {
        let malformed = AttestationError::Malformed { what: "the manifest of the signatures" };
        let mut value: Value = serde_json::from_slice(manifest).map_err(|_| malformed.clone())?;
        let layers = value.get_mut("layers").and_then(Value::as_array_mut).map(std::mem::take);
        match layers.filter(|layers| layers.len() <= MAX_SIGNATURES) {
            Some(layers) => {
                let annotations = value.get("annotations").filter(|it| it.is_object()).cloned();
                Ok(Self { layers, annotations })
            }
            None => Err(malformed),
        }
    }

    /// The signatures; what is none is left out.
    pub fn signatures(&self) -> impl Iterator<Item = TaggedSignature> + '_ {
        self.layers.iter().filter_map(|layer| {
            let payload: Descriptor = serde_json::from_value(layer.clone()).ok()?;
            let signature = STANDARD.decode(payload.annotations.get(SIGNATURE)?).ok()?;
            (payload.media_type == SIGNATURE_LAYER).then_some(TaggedSignature { payload, signature })
        })
    }

    /// Adds the signature of a payload, and gives the payload's bytes; nothing changes if it is there already.
    pub fn sign(&mut self, payload: &Payload, key: &SigningKey) -> Vec<u8> {
        let bytes = payload.bytes();
        let mut layer = Descriptor::of(SIGNATURE_LAYER, &bytes);
        let signature = key.sign(&bytes);
        if !self.signatures().any(|known| known.payload.digest == layer.digest && known.signature == signature) {
            layer.annotations = BTreeMap::from([(SIGNATURE.to_owned(), STANDARD.encode(&signature))]);
            self.layers.push(json!(layer));
        }
        bytes
    }

    /// The config that the manifest names: an image of nothing, as clients from before artifacts expect it.
    pub fn config(&self) -> Vec<u8> {
        let digests: Vec<&Value> = self.layers.iter().filter_map(|layer| layer.get("digest")).collect();
        let history: Vec<Value> = digests.iter().map(|_| json!({ "created": "0001-01-01T00:00:00Z" })).collect();
        canonical_value(json!({
            "architecture": "",
            "config": {},
            "created": "0001-01-01T00:00:00Z",
            "history": history,
            "os": "",
            "rootfs": { "type": "layers", "diff_ids": digests },
        }))
    }

    /// The manifest.
    pub fn manifest(&self) -> Vec<u8> {
        let mut manifest = json!({
            "schemaVersion": 2,
            "mediaType": media_type::MANIFEST,
            "config": Descriptor::of(media_type::CONFIG, &self.config()),
            "layers": self.layers,
        });
        if let Some(annotations) = &self.annotations {
            manifest["annotations"] = annotations.clone();
        }
        canonical_value(manifest)
    }
}
