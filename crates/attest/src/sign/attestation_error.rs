//! What can be wrong with a signature or an attestation.

/// Why a signature or an attestation does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AttestationError {
    /// Bytes that do not fit the form.
    #[error("{what} cannot be read")]
    Malformed {
        /// Which part.
        what: &'static str,
    },
    /// A bundle without an attestation.
    #[error("it holds no attestation")]
    NoEnvelope,
    /// Not signed by the key, or changed since.
    #[error("it is signed by another key, or was changed")]
    Signature,
}
