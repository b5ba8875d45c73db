//! "Simple signing": what cosign's older form signs, and what podman's policies read.

use serde::Deserialize;
use serde_json::json;
use shipwheel_oci::{Digest, canonical_value};

use super::attestation_error::AttestationError;
use super::statement::SIGNED;

/// What every payload says that it is.
const TYPE: &str = "cosign container image signature";

/// A signed payload: the digest of an image, and where it was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// The image.
    pub digest: Digest,
    /// The repository that it was signed in, such as `registry.example/app`.
    pub repository: String,
}

#[derive(Deserialize)]
struct Document {
    critical: Critical,
}

#[derive(Deserialize)]
struct Critical {
    identity: Identity,
    image: Image,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Identity {
    #[serde(rename = "docker-reference", default)]
    reference: String,
}

#[derive(Deserialize)]
struct Image {
    #[serde(rename = "docker-manifest-digest")]
    digest: Digest,
}

impl Payload {
    /// Its bytes, as cosign writes them.
    pub fn bytes(&self) -> Vec<u8> {
        canonical_value(json!({
            "critical": {
                "identity": { "docker-reference": self.repository },
                "image": { "docker-manifest-digest": self.digest },
                "type": TYPE,
            },
            "optional": null,
        }))
    }

    /// Reads one.
    ///
    /// # Errors
    /// When the bytes are anything else.
    pub fn parse(bytes: &[u8]) -> Result<Self, AttestationError> {
        let malformed = AttestationError::Malformed { what: "its payload" };
        let Document { critical } = serde_json::from_slice(bytes).map_err(|_| malformed.clone())?;
        // cosign 3 writes the predicate's name here.
        match [TYPE, SIGNED].contains(&critical.kind.as_str()) {
            true => Ok(Self { digest: critical.image.digest, repository: critical.identity.reference }),
            false => Err(malformed),
        }
    }
}
