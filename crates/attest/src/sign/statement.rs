//! Statements of in-toto: what is said of which digests (in-toto attestation, v1).

use serde::Deserialize;
use serde_json::{Value, json};
use shipwheel_oci::{Digest, canonical_value};

use super::attestation_error::AttestationError;

/// cosign's predicate of a signature: it says nothing but that the subject is signed.
pub const SIGNED: &str = "https://sigstore.dev/cosign/sign/v1";

/// The predicate of an SBOM in SPDX; cosign's `spdxjson` is this one, without a version.
pub const SPDX_PREDICATE: &str = "https://spdx.dev/Document";

/// The predicate of an SBOM in CycloneDX; cosign's `cyclonedx` is this one, without a version.
pub const CYCLONEDX_PREDICATE: &str = "https://cyclonedx.org/bom";

/// The predicate of provenance.
pub const SLSA_PREDICATE: &str = "https://slsa.dev/provenance/v1";

const TYPE: &str = "https://in-toto.io/Statement/v1";

/// Earlier statements have the same keys.
const TYPE_BEFORE: &str = "https://in-toto.io/Statement/v0.1";

/// The most subjects that are looked at.
const MAX_SUBJECTS: usize = 1000;

/// What is said, and of what.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// The digests that it is about.
    pub subjects: Vec<Digest>,
    /// What kind of thing is said.
    pub predicate_type: String,
    /// What is said.
    pub predicate: Value,
}

#[derive(Deserialize)]
struct Document {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Subject>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    #[serde(default)]
    predicate: Value,
}

#[derive(Deserialize)]
struct Subject {
    #[serde(default)]
    digest: serde_json::Map<String, Value>,
}

impl Statement {
    /// A statement about one digest.
    pub fn of(subject: Digest, predicate_type: &str, predicate: Value) -> Self {
        Self { subjects: vec![subject], predicate_type: predicate_type.to_owned(), predicate }
    }

    /// That a digest is signed, and nothing else.
    pub fn signature(subject: Digest) -> Self {
        Self::of(subject, SIGNED, json!({}))
    }

    /// Whether a digest is among its subjects.
    pub fn is_about(&self, digest: &Digest) -> bool {
        self.subjects.contains(digest)
    }

    /// Its bytes: the same for the same statement.
    pub fn bytes(&self) -> Vec<u8> {
        let subjects = self.subjects.iter().map(|digest| json!({ "digest": { "sha256": digest.hex() } }));
        canonical_value(json!({
            "_type": TYPE,
            "subject": subjects.collect::<Vec<_>>(),
            "predicateType": self.predicate_type,
            "predicate": self.predicate,
        }))
    }

    /// Reads one.
    ///
    /// # Errors
    /// When the bytes are anything else.
    pub fn parse(bytes: &[u8]) -> Result<Self, AttestationError> {
        let malformed = AttestationError::Malformed { what: "its statement" };
        let document: Document = serde_json::from_slice(bytes).map_err(|_| malformed.clone())?;
        if ![TYPE, TYPE_BEFORE].contains(&document.kind.as_str()) {
            return Err(malformed);
        }
        let digests = document.subject.iter().take(MAX_SUBJECTS).filter_map(|subject| subject.digest.get("sha256"));
        let subjects = digests.filter_map(|digest| Digest::from_hex(digest.as_str()?).ok()).collect();
        Ok(Self { subjects, predicate_type: document.predicate_type, predicate: document.predicate })
    }
}
