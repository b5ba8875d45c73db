//! Why a signature does not count.

use std::fmt;

use crate::fingerprint::Fingerprint;

/// A signature that proves nothing, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("signature by {issuer}: {reason}")]
pub struct Refusal {
    /// The key that the signature names.
    pub issuer: Issuer,
    /// What is wrong.
    pub reason: RefusalReason,
}

/// The key that a signature says it was made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Issuer {
    /// By the whole fingerprint.
    Fingerprint(Fingerprint),
    /// By the last eight bytes of the fingerprint.
    KeyId([u8; 8]),
    /// Not at all.
    Unnamed,
}

impl Issuer {
    /// Whether a key may be the one named.
    pub(crate) fn fits(&self, key: &Fingerprint) -> bool {
        match self {
            Self::Fingerprint(fingerprint) => fingerprint == key,
            Self::KeyId(id) => key.key_id() == *id,
            Self::Unnamed => true,
        }
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fingerprint(fingerprint) => fingerprint.fmt(f),
            Self::KeyId(id) => id.iter().try_for_each(|byte| write!(f, "{byte:02X}")),
            Self::Unnamed => f.write_str("an unnamed key"),
        }
    }
}

/// What is wrong with a signature, or with the key that made it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RefusalReason {
    /// The packet is malformed, or of a version other than 4.
    #[error("its packet is malformed or not of version 4")]
    Malformed,
    /// It is not over a document.
    #[error("it is of type {found:#04x}, expected one over a document")]
    Type {
        /// The type that was found.
        found: u8,
    },
    /// Its digest algorithm is weak or unknown.
    #[error("it uses the digest {digest}; expected SHA-256, SHA-384 or SHA-512")]
    Digest {
        /// The algorithm's name.
        digest: String,
    },
    /// It does not say when it was made.
    #[error("it has no date")]
    Undated,
    /// It was made after the time of the check.
    #[error("it is from the future")]
    FromTheFuture,
    /// Its own expiry has passed.
    #[error("it has expired")]
    Expired,
    /// It holds a subpacket that must be understood and is not, such as an unknown critical notation.
    #[error("it has a critical subpacket of type {subpacket} that is not understood")]
    Critical {
        /// The type of the subpacket.
        subpacket: u8,
    },
    /// No certificate of the keyring has the key.
    #[error("its key is not in the keyring")]
    UnknownKey,
    /// The key is known, but did not sign this.
    #[error("the text was changed, or another key made it")]
    Wrong,
    /// The key's algorithm, or its pair of key and digest, cannot be checked here.
    #[error("its pair of key and digest is not supported")]
    Unsupported,
    /// An RSA key is too short.
    #[error("its RSA key has {bits} bits; expected 2048 to 8192")]
    KeySize {
        /// The size of the modulus.
        bits: usize,
    },
    /// It was made before its key.
    #[error("it is older than its key")]
    OlderThanKey,
    /// The key, or its primary key, was made after the time of the check.
    #[error("its key is from the future")]
    KeyFromTheFuture,
    /// The key, or its primary key, has expired.
    #[error("its key has expired")]
    KeyExpired,
    /// The key, or its primary key, is revoked.
    #[error("its key is revoked ({cause})")]
    KeyRevoked {
        /// Why, as the revocation says.
        cause: RevocationCause,
    },
    /// No valid self-signature says what the primary key is for.
    #[error("its primary key has no valid self-signature")]
    NoSelfSignature,
    /// All self-signatures that say what the key is for use a weak digest.
    #[error("the self-signature of its key uses a weak digest")]
    WeakSelfSignature,
    /// The primary key has not bound the subkey.
    #[error("its subkey is not bound to the primary key")]
    NotBound,
    /// The subkey has not signed back that it belongs to the primary key.
    #[error("its subkey has no valid back-signature")]
    NoBackSignature,
    /// The key's flags do not allow it to sign.
    #[error("its key is not for signing")]
    NotForSigning,
}

/// The reason that a revocation states (RFC 9580, 5.2.3.31).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevocationCause {
    /// None is stated.
    Unstated,
    /// Another key takes its place.
    Superseded,
    /// The secret is known to others.
    Compromised,
    /// The key is no longer used.
    Retired,
    /// Another reason, by its number.
    Other(u8),
}

impl RevocationCause {
    pub(crate) fn from_number(number: Option<u8>) -> Self {
        match number {
            None | Some(0) => Self::Unstated,
            Some(1) => Self::Superseded,
            Some(2) => Self::Compromised,
            Some(3) => Self::Retired,
            Some(number) => Self::Other(number),
        }
    }
}

impl fmt::Display for RevocationCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unstated => f.write_str("no reason stated"),
            Self::Superseded => f.write_str("superseded"),
            Self::Compromised => f.write_str("compromised"),
            Self::Retired => f.write_str("retired"),
            Self::Other(number) => write!(f, "reason {number}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_names_a_key_by_its_fingerprint_by_the_end_of_it_or_not_at_all() {
        let key = Fingerprint(std::array::from_fn(|index| 0xa0 + index as u8));
        let mut other = key;
        other.0[0] = 0;
        let id = [0xac, 0xad, 0xae, 0xaf, 0xb0, 0xb1, 0xb2, 0xb3];
        for (issuer, fits_key, fits_other, shown) in [
            (Issuer::Fingerprint(key), true, false, "A0A1A2A3A4A5A6A7A8A9AAABACADAEAFB0B1B2B3"),
            (Issuer::KeyId(id), true, true, "ACADAEAFB0B1B2B3"),
            (Issuer::KeyId([0; 8]), false, false, "0000000000000000"),
            (Issuer::Unnamed, true, true, "an unnamed key"),
        ] {
            assert_eq!((issuer.fits(&key), issuer.fits(&other)), (fits_key, fits_other), "{issuer}");
            assert_eq!(issuer.to_string(), shown);
        }
    }

    #[test]
    fn a_revocation_says_its_reason() {
        for (number, shown) in [
            (None, "no reason stated"),
            (Some(0), "no reason stated"),
            (Some(1), "superseded"),
            (Some(2), "compromised"),
            (Some(3), "retired"),
            (Some(32), "reason 32"),
        ] {
            assert_eq!(RevocationCause::from_number(number).to_string(), shown);
        }
    }
}
