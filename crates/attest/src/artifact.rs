//! A manifest that refers to another one and holds one blob: how an image's attestations are attached to it.

use serde_json::{Value, json};
use shipwheel_oci::{Descriptor, canonical_value, media_type};

use crate::sign::bundle::{BUNDLE, Bundle};
use crate::sign::statement::Statement;

/// SBOMs in SPDX, as a type of artifacts and of blobs: scanners look for it.
pub const SPDX_TYPE: &str = "application/spdx+json";

/// SBOMs in CycloneDX, as a type of artifacts and of blobs.
pub const CYCLONEDX_TYPE: &str = "application/vnd.cyclonedx+json";

/// Statements of in-toto, as a type of artifacts and of blobs.
pub const IN_TOTO: &str = "application/vnd.in-toto+json";

/// The config of a manifest that has none: the two bytes `{}`.
pub const EMPTY: &str = "application/vnd.oci.empty.v1+json";

/// The bytes of such a config.
const EMPTY_BYTES: &[u8] = b"{}";

/// Says in a layer which predicate a statement has: BuildKit's annotation.
const PREDICATE_TYPE: &str = "in-toto.io/predicate-type";

/// Something that is attached to a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// What it is: also the media type of its blob.
    pub kind: &'static str,
    /// Its blob.
    pub blob: Vec<u8>,
    /// Annotations of the manifest.
    annotations: Vec<(&'static str, String)>,
    /// Annotations of the blob.
    blob_annotations: Vec<(&'static str, String)>,
}

impl Artifact {
    /// A blob by itself.
    pub fn plain(kind: &'static str, blob: Vec<u8>) -> Self {
        Self { kind, blob, annotations: Vec::new(), blob_annotations: Vec::new() }
    }

    /// An unsigned statement.
    pub fn statement(statement: &Statement) -> Self {
        let blob_annotations = vec![(PREDICATE_TYPE, statement.predicate_type.clone())];
        Self { blob_annotations, ..Self::plain(IN_TOTO, statement.bytes()) }
    }

    /// A signed statement; `predicate_type` is that of the statement.
    pub fn bundle(bundle: &Bundle, predicate_type: &str) -> Self {
        let annotations = vec![
            ("dev.sigstore.bundle.content", "dsse-envelope".to_owned()),
            ("dev.sigstore.bundle.predicateType", predicate_type.to_owned()),
        ];
        Self { annotations, ..Self::plain(BUNDLE, bundle.bytes().to_vec()) }
    }

    /// The manifest that attaches it to a subject.
    pub fn manifest(&self, subject: &Descriptor) -> Vec<u8> {
        let mut layer = Descriptor::of(self.kind, &self.blob);
        let owned = |(key, value): &(&str, String)| ((*key).to_owned(), value.clone());
        layer.annotations = self.blob_annotations.iter().map(owned).collect();
        // What else its parent says of the subject is no part of this.
        let subject = Descriptor::new(&subject.media_type, subject.digest, subject.size);
        let mut manifest = json!({
            "schemaVersion": 2,
            "mediaType": media_type::MANIFEST,
            "artifactType": self.kind,
            "config": Descriptor::of(EMPTY, EMPTY_BYTES),
            "layers": [layer],
            "subject": subject,
        });
        if !self.annotations.is_empty() {
            manifest["annotations"] = self.annotations.iter().map(|(key, value)| (*key, value.as_str())).collect();
        }
        canonical_value(manifest)
    }

    /// The blobs that the manifest names.
    pub fn blobs(&self) -> [&[u8]; 2] {
        [EMPTY_BYTES, &self.blob]
    }
}

/// What BuildKit calls a manifest of attestations.
const ATTESTATIONS: &str = "application/vnd.docker.attestation.manifest.v1+json";

/// Unsigned statements about a platform's manifest in one manifest, as BuildKit puts it into an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attestations {
    /// The manifest.
    pub manifest: Vec<u8>,
    /// The blobs that it names.
    pub blobs: Vec<Vec<u8>>,
    /// Its entry in the index.
    pub entry: Value,
}

impl Attestations {
    /// The statements about a subject.
    pub fn new(subject: &Descriptor, statements: &[Statement]) -> Self {
        let mut blobs = vec![EMPTY_BYTES.to_vec()];
        let mut layers = Vec::new();
        for statement in statements {
            let bytes = statement.bytes();
            let mut layer = Descriptor::of(IN_TOTO, &bytes);
            layer.annotations.insert(PREDICATE_TYPE.to_owned(), statement.predicate_type.clone());
            layers.push(layer);
            blobs.push(bytes);
        }
        let manifest = canonical_value(json!({
            "schemaVersion": 2,
            "mediaType": media_type::MANIFEST,
            "artifactType": ATTESTATIONS,
            "config": Descriptor::of(EMPTY, EMPTY_BYTES),
            "layers": layers,
            "subject": Descriptor::new(&subject.media_type, subject.digest, subject.size),
        }));
        let mut entry = json!(Descriptor::of(media_type::MANIFEST, &manifest));
        entry["artifactType"] = json!(ATTESTATIONS);
        entry["platform"] = json!({ "os": "unknown", "architecture": "unknown" });
        entry["annotations"] = json!({
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": subject.digest,
        });
        Self { manifest, blobs, entry }
    }
}
