//! A public key that verifies: ECDSA on P-256 with SHA-256.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use pkcs8::{DecodePublicKey as _, EncodePublicKey as _};
use shipwheel_oci::Digest;

use super::key_error::KeyError;
use super::pem::Pem;

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Reads a key file, such as cosign.pub.
    ///
    /// # Errors
    /// When it is anything else than one public key on P-256.
    pub fn read(file: &[u8]) -> Result<Self, KeyError> {
        let Pem { label, bytes } = Pem::first(file)?;
        match label.as_str() {
            "PUBLIC KEY" => VerifyingKey::from_public_key_der(&bytes).map(Self).map_err(|_| KeyError::Algorithm),
            label if label.ends_with("PRIVATE KEY") => Err(KeyError::Private),
            _ => Err(KeyError::Kind { label }),
        }
    }

    pub(super) fn of(key: VerifyingKey) -> Self {
        Self(key)
    }

    /// Whether a signature in DER is this key's, of this very message.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_der(signature).is_ok_and(|signature| self.0.verify(message, &signature).is_ok())
    }

    /// The digest of the key: what it is called where only a name is needed.
    pub fn digest(&self) -> Digest {
        // A point of the curve always encodes.
        p256::PublicKey::from(self.0)
            .to_public_key_der()
            .map_or_else(|_| Digest::of(&[]), |der| Digest::of(der.as_bytes()))
    }

    /// What a bundle calls the key: the base64 of its digest.
    pub(crate) fn hint(&self) -> String {
        STANDARD.encode(self.digest().as_bytes())
    }
}
