//! Sigstore's bundle v0.3 around a DSSE envelope: cosign's form of signatures since version 3.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::json;
use shipwheel_oci::canonical_value;

use super::attestation_error::AttestationError;
use super::statement::Statement;
use crate::key::public_key::PublicKey;
use crate::key::signing_key::SigningKey;

/// Sigstore's bundles, as a type of artifacts and of blobs.
pub const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// What an envelope says its payload is.
const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// The most signatures of one envelope that are tried.
const MAX_SIGNATURES: usize = 20;

/// A bundle: a signed statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    bytes: Vec<u8>,
    payload: Vec<u8>,
    payload_type: String,
    signatures: Vec<Vec<u8>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    media_type: String,
    dsse_envelope: Option<Envelope>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    payload: String,
    payload_type: String,
    signatures: Vec<Signature>,
}

#[derive(Deserialize)]
struct Signature {
    sig: String,
}

impl Bundle {
    /// Signs a statement.
    pub fn sign(statement: &Statement, key: &SigningKey) -> Self {
        let payload = statement.bytes();
        let signature = key.sign(&encoding(PAYLOAD_TYPE, &payload));
        let bytes = canonical_value(json!({
            "mediaType": BUNDLE,
            "verificationMaterial": { "publicKey": { "hint": key.public().hint() } },
            "dsseEnvelope": {
                "payload": STANDARD.encode(&payload),
                "payloadType": PAYLOAD_TYPE,
                "signatures": [{ "sig": STANDARD.encode(&signature) }],
            },
        }));
        Self { bytes, payload, payload_type: PAYLOAD_TYPE.to_owned(), signatures: vec![signature] }
    }

    /// Reads a bundle of any tool.
    ///
    /// # Errors
    /// When the bytes are anything else, or it signs no statement.
    pub fn parse(bytes: &[u8]) -> Result<Self, AttestationError> {
        let malformed = |what| move |_| AttestationError::Malformed { what };
        let document: Document =
            serde_json::from_slice(bytes).map_err(|_| AttestationError::Malformed { what: "its bundle" })?;
        if !document.media_type.starts_with("application/vnd.dev.sigstore.bundle") {
            return Err(AttestationError::Malformed { what: "its bundle" });
        }
        let envelope = document.dsse_envelope.ok_or(AttestationError::NoEnvelope)?;
        let payload = STANDARD.decode(&envelope.payload).map_err(malformed("its payload"))?;
        let signatures = envelope.signatures.iter().take(MAX_SIGNATURES);
        let signatures = signatures.map(|signature| STANDARD.decode(&signature.sig));
        let signatures = signatures.collect::<Result<_, _>>().map_err(malformed("its signature"))?;
        Ok(Self { bytes: bytes.to_vec(), payload, payload_type: envelope.payload_type, signatures })
    }

    /// The bytes of the bundle.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What it says, if the key signed it.
    ///
    /// # Errors
    /// When another key did, or the payload is not a statement.
    pub fn statement(&self, key: &PublicKey) -> Result<Statement, AttestationError> {
        let signed = encoding(&self.payload_type, &self.payload);
        if self.payload_type != PAYLOAD_TYPE || !self.signatures.iter().any(|it| key.verifies(&signed, it)) {
            return Err(AttestationError::Signature);
        }
        Statement::parse(&self.payload)
    }

    /// What it claims to say, whoever signed it: for messages alone.
    ///
    /// # Errors
    /// When the payload is not a statement.
    pub fn claims(&self) -> Result<Statement, AttestationError> {
        Statement::parse(&self.payload)
    }
}

/// What is signed: DSSE's encoding before authentication.
fn encoding(kind: &str, body: &[u8]) -> Vec<u8> {
    let mut encoded = format!("DSSEv1 {} {kind} {} ", kind.len(), body.len()).into_bytes();
    encoded.extend_from_slice(body);
    encoded
}
