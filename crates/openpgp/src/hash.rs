//! Digest algorithms: which are strong enough for what.

use ring::digest;

/// A digest algorithm that can be computed here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hash {
    /// Too weak to prove anything, but a revocation that uses it still counts.
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    /// By its number (RFC 9580, 9.5).
    pub(crate) fn from_number(number: u8) -> Option<Self> {
        match number {
            2 => Some(Self::Sha1),
            8 => Some(Self::Sha256),
            9 => Some(Self::Sha384),
            10 => Some(Self::Sha512),
            _ => None,
        }
    }

    pub(crate) fn is_strong(self) -> bool {
        self != Self::Sha1
    }

    pub(crate) fn digest(self, bytes: &[u8]) -> digest::Digest {
        digest::digest(
            match self {
                Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
                Self::Sha256 => &digest::SHA256,
                Self::Sha384 => &digest::SHA384,
                Self::Sha512 => &digest::SHA512,
            },
            bytes,
        )
    }
}

/// A digest algorithm's name, for messages.
pub(crate) fn name(number: u8) -> String {
    match number {
        1 => "MD5".to_owned(),
        2 => "SHA-1".to_owned(),
        3 => "RIPEMD-160".to_owned(),
        8 => "SHA-256".to_owned(),
        9 => "SHA-384".to_owned(),
        10 => "SHA-512".to_owned(),
        11 => "SHA-224".to_owned(),
        12 => "SHA3-256".to_owned(),
        14 => "SHA3-512".to_owned(),
        _ => format!("number {number}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_have_their_registered_numbers_and_names() {
        for (number, expected, hash) in [
            (0, "number 0", None),
            (1, "MD5", None),
            (2, "SHA-1", Some(Hash::Sha1)),
            (3, "RIPEMD-160", None),
            (8, "SHA-256", Some(Hash::Sha256)),
            (9, "SHA-384", Some(Hash::Sha384)),
            (10, "SHA-512", Some(Hash::Sha512)),
            (11, "SHA-224", None),
            (12, "SHA3-256", None),
            (14, "SHA3-512", None),
            (99, "number 99", None),
        ] {
            assert_eq!((name(number).as_str(), Hash::from_number(number)), (expected, hash), "{number}");
            assert!(hash.is_none_or(|hash| hash.is_strong() == (number != 2)), "{number}");
        }
    }
}
