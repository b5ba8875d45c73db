//! Public keys of version 4 (RFC 9580, 5.5.2.2) and the check of a signature's numbers against them.

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use ring::signature::{self as ring_signature, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey};

use crate::fingerprint::Fingerprint;
use crate::hash::Hash;
use crate::reader::{Reader, widen};
use crate::refusal::RefusalReason;
use crate::signature::Signature;

/// The sizes of RSA keys that are strong enough and can be checked, in bits.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const ED25519: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01];

/// A public key or subkey.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) fingerprint: Fingerprint,
    /// Seconds since 1970.
    pub(crate) created: u32,
    numbers: Numbers,
    /// The packet's body with its prefix, as signatures over keys hash it.
    hashed: Vec<u8>,
}

/// The public numbers, by algorithm.
#[derive(Debug, Clone)]
enum Numbers {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    Ed25519(Vec<u8>),
    P256(Vec<u8>),
    P384(Vec<u8>),
}

impl Key {
    /// Reads a packet's body; `None` when it is malformed or of a kind that cannot sign here.
    pub(crate) fn parse(body: &[u8]) -> Option<Self> {
        let mut reader = Reader(body);
        if reader.u8()? != 4 {
            return None;
        }
        let created = reader.u32()?;
        let numbers = Numbers::parse(reader.u8()?, &mut reader)?;
        if !reader.0.is_empty() {
            return None;
        }
        let mut hashed = vec![0x99];
        hashed.extend_from_slice(&u16::try_from(body.len()).ok()?.to_be_bytes());
        hashed.extend_from_slice(body);
        let fingerprint = Fingerprint(digest(&SHA1_FOR_LEGACY_USE_ONLY, &hashed).as_ref().try_into().ok()?);
        Some(Self { fingerprint, created, numbers, hashed })
    }

    /// What a signature over this key hashes of it.
    pub(crate) fn hashed(&self) -> &[u8] {
        &self.hashed
    }

    /// Checks that this key made a signature over the content; nothing else about either is checked.
    pub(crate) fn verify(&self, signature: &Signature, content: &[u8]) -> Result<(), RefusalReason> {
        let message = [content, &signature.trailer()].concat();
        let mut values = Reader(&signature.values);
        match (&self.numbers, signature.algorithm) {
            (Numbers::Rsa { n, e }, 1 | 3) => verify_rsa(n, e, signature.hash, &message, values),
            (Numbers::Ed25519(key), 22) => {
                let value = pair(&mut values, 32).ok_or(RefusalReason::Wrong)?;
                verify_ed25519(key, signature.hash, &message, &value)
            }
            (Numbers::Ed25519(key), 27) => verify_ed25519(key, signature.hash, &message, values.0),
            (Numbers::P256(key), 19) => {
                let algorithm = match signature.hash {
                    Hash::Sha256 => &ring_signature::ECDSA_P256_SHA256_FIXED,
                    Hash::Sha1 | Hash::Sha384 | Hash::Sha512 => return Err(RefusalReason::Unsupported),
                };
                let value = pair(&mut values, 32).ok_or(RefusalReason::Wrong)?;
                UnparsedPublicKey::new(algorithm, key).verify(&message, &value).map_err(|_| RefusalReason::Wrong)
            }
            (Numbers::P384(key), 19) => {
                let algorithm = match signature.hash {
                    Hash::Sha384 => &ring_signature::ECDSA_P384_SHA384_FIXED,
                    Hash::Sha1 | Hash::Sha256 | Hash::Sha512 => return Err(RefusalReason::Unsupported),
                };
                let value = pair(&mut values, 48).ok_or(RefusalReason::Wrong)?;
                UnparsedPublicKey::new(algorithm, key).verify(&message, &value).map_err(|_| RefusalReason::Wrong)
            }
            _ => Err(RefusalReason::Wrong),
        }
    }
}

impl Numbers {
    fn parse(algorithm: u8, reader: &mut Reader<'_>) -> Option<Self> {
        Some(match algorithm {
            1 | 3 => Self::Rsa { n: reader.mpi()?.to_vec(), e: reader.mpi()?.to_vec() },
            19 => {
                let curve = curve(reader)?;
                let point = reader.mpi()?.to_vec();
                match (curve, point.len(), point.first()) {
                    (P256, 65, Some(4)) => Self::P256(point),
                    (P384, 97, Some(4)) => Self::P384(point),
                    _ => return None,
                }
            }
            22 if curve(reader)? == ED25519 => Self::Ed25519(reader.mpi()?.strip_prefix(&[0x40])?.to_vec()),
            27 => Self::Ed25519(reader.take(32)?.to_vec()),
            _ => return None,
        })
    }
}

/// The object identifier of a curve.
fn curve<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let length = reader.u8()?;
    reader.take(length.into())
}

/// Two numbers of a signature as one value of fixed width.
fn pair(values: &mut Reader<'_>, width: usize) -> Option<Vec<u8>> {
    let mut value = widen(values.mpi()?, width)?;
    value.extend(widen(values.mpi()?, width)?);
    Some(value)
}

fn verify_rsa(n: &[u8], e: &[u8], hash: Hash, message: &[u8], mut values: Reader<'_>) -> Result<(), RefusalReason> {
    let bits = (n.len() * 8).saturating_sub(n.first().map_or(0, |byte| byte.leading_zeros() as usize));
    if !RSA_BITS.contains(&bits) {
        return Err(RefusalReason::KeySize { bits });
    }
    let parameters: &RsaParameters = match hash {
        Hash::Sha1 => &ring_signature::RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
        Hash::Sha256 => &ring_signature::RSA_PKCS1_2048_8192_SHA256,
        Hash::Sha384 => &ring_signature::RSA_PKCS1_2048_8192_SHA384,
        Hash::Sha512 => &ring_signature::RSA_PKCS1_2048_8192_SHA512,
    };
    let value = values.mpi().and_then(|value| widen(value, n.len())).ok_or(RefusalReason::Wrong)?;
    RsaPublicKeyComponents { n, e }.verify(parameters, message, &value).map_err(|_| RefusalReason::Wrong)
}

/// OpenPGP signs the digest of the message, not the message.
fn verify_ed25519(key: &[u8], hash: Hash, message: &[u8], value: &[u8]) -> Result<(), RefusalReason> {
    let digest = hash.digest(message);
    let key = UnparsedPublicKey::new(&ring_signature::ED25519, key);
    key.verify(digest.as_ref(), value).map_err(|_| RefusalReason::Wrong)
}
