//! A private key that signs: ECDSA on P-256 with SHA-256, deterministic by RFC 6979.

use std::fmt;

use p256::SecretKey;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey as Ecdsa};
use pkcs8::DecodePrivateKey as _;

use super::key_error::KeyError;
use super::password::Password;
use super::pem::Pem;
use super::public_key::PublicKey;
use super::{encrypted, sealed};

/// A private key. Its bytes never show.
#[derive(Clone)]
pub struct SigningKey(Ecdsa);

impl SigningKey {
    /// Reads a key file: cosign's own, or PKCS#8 with or without a password, or the older form of openssl.
    ///
    /// # Errors
    /// When it is anything else, or the password does not open it.
    pub fn read(file: &[u8], password: Option<&Password>) -> Result<Self, KeyError> {
        let Pem { label, bytes } = Pem::first(file)?;
        let locked = || password.ok_or(KeyError::Locked);
        match label.as_str() {
            "ENCRYPTED SIGSTORE PRIVATE KEY" | "ENCRYPTED COSIGN PRIVATE KEY" => {
                Self::of_pkcs8(&sealed::open(&bytes, locked()?)?)
            }
            "ENCRYPTED PRIVATE KEY" => Self::of_pkcs8(&encrypted::open(&bytes, locked()?)?),
            "PRIVATE KEY" => Self::of_pkcs8(&bytes),
            "EC PRIVATE KEY" => SecretKey::from_sec1_der(&bytes).map(Self::of).map_err(|_| KeyError::Algorithm),
            "PUBLIC KEY" => Err(KeyError::Public),
            _ => Err(KeyError::Kind { label }),
        }
    }

    fn of_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        let info = pkcs8::PrivateKeyInfo::try_from(der).map_err(|_| KeyError::Malformed { what: "its PKCS#8" })?;
        if info.algorithm.oid != p256::elliptic_curve::ALGORITHM_OID {
            return Err(KeyError::Algorithm);
        }
        SecretKey::from_pkcs8_der(der).map(Self::of).map_err(|_| KeyError::Algorithm)
    }

    fn of(secret: SecretKey) -> Self {
        Self(Ecdsa::from(secret))
    }

    /// The key that verifies what this one signs.
    pub fn public(&self) -> PublicKey {
        PublicKey::of(*self.0.verifying_key())
    }

    /// The signature of a message, in DER.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature: Signature = self.0.sign(message);
        signature.to_der().as_bytes().to_vec()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
