//! The keys that a suite's release must be signed with, and the check that it is.
//!
//! `pgp` checks signatures; whether a key may be used is decided here: a self-signature must
//! bind it, it must not be revoked or expired, and a subkey must have signed back (RFC 9580, 10.1.5).

use jiff::Timestamp;
use pgp::composed::{CleartextSignedMessage, Deserializable, SignedPublicKey, SignedPublicSubKey};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{Signature, SignatureType};
use pgp::types::{KeyDetails, Tag};

use crate::release::{Release, ReleaseError};

/// Debian's own archive keys: see `keys/README.md`.
const EMBEDDED: [&[u8]; 9] = [
    include_bytes!("../keys/debian-archive-bullseye-automatic.asc"),
    include_bytes!("../keys/debian-archive-bullseye-security-automatic.asc"),
    include_bytes!("../keys/debian-archive-bullseye-stable.asc"),
    include_bytes!("../keys/debian-archive-bookworm-automatic.asc"),
    include_bytes!("../keys/debian-archive-bookworm-security-automatic.asc"),
    include_bytes!("../keys/debian-archive-bookworm-stable.asc"),
    include_bytes!("../keys/debian-archive-trixie-automatic.asc"),
    include_bytes!("../keys/debian-archive-trixie-security-automatic.asc"),
    include_bytes!("../keys/debian-archive-trixie-stable.asc"),
];

/// A file of keys that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("no OpenPGP certificate in keyring {position} of those given")]
pub struct KeyringError {
    /// Which of the files given, counted from 1.
    pub position: usize,
    /// The cause, where there is one.
    #[source]
    pub cause: Option<pgp::errors::Error>,
}

/// Certificates whose signatures count.
#[derive(Debug, Clone)]
pub struct Keyring {
    certificates: Vec<SignedPublicKey>,
}

impl Keyring {
    /// Reads files of certificates, armored or binary, each with one or several.
    ///
    /// # Errors
    /// When a file has none that can be read.
    pub fn parse(files: &[&[u8]]) -> Result<Self, KeyringError> {
        let mut certificates = Vec::new();
        for (index, file) in files.iter().enumerate() {
            let before = certificates.len();
            let mut cause = None;
            for certificate in read_file(file) {
                match certificate {
                    Ok(certificate) => certificates.push(certificate),
                    // One of an unknown kind among good ones is of no use, and does no harm.
                    Err(error) => cause = Some(error),
                }
            }
            if certificates.len() == before {
                return Err(KeyringError { position: index + 1, cause });
            }
        }
        Ok(Self { certificates })
    }

    /// Debian's archive keys for bullseye, bookworm, trixie and the suites signed with the same.
    pub fn embedded() -> Self {
        Self::parse(&EMBEDDED).expect("because the files are part of this crate and tested")
    }

    /// The fingerprints of the certificates, in upper-case hex.
    pub fn fingerprints(&self) -> Vec<String> {
        self.certificates.iter().map(|certificate| hex(&certificate.primary_key)).collect()
    }

    /// Checks an `InRelease` file and reads the part of it that is signed.
    ///
    /// # Errors
    /// When it is anything but one clear-signed message, when no signature counts (made by a key
    /// of this ring that was valid at `now`), or when the signed text is no release.
    pub fn verify_inline(&self, in_release: &[u8], now: Timestamp) -> Result<Release, ReleaseError> {
        let text = std::str::from_utf8(in_release).map_err(|error| ReleaseError::NotSigned(error.into()))?;
        let (message, _) =
            CleartextSignedMessage::from_string(text).map_err(|error| ReleaseError::NotSigned(error.into()))?;
        let signed = message.signed_text();
        let mut problems = Vec::new();
        for signature in message.signatures() {
            match self.check(signature, signed.as_bytes(), now.as_second()) {
                Ok(()) => return Release::parse(&signed.replace("\r\n", "\n")),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() {
            problems.push("the message has no signature".to_owned());
        }
        Err(ReleaseError::NoGoodSignature { problems })
    }

    /// Whether one signature counts; if not, why.
    fn check(&self, signature: &Signature, text: &[u8], now: i64) -> Result<(), String> {
        let issuer = issuer(signature);
        if !matches!(signature.typ(), Some(SignatureType::Text | SignatureType::Binary)) {
            return Err(format!("the signature by {issuer} is not over a text"));
        }
        if !matches!(signature.hash_alg(), Some(HashAlgorithm::Sha256 | HashAlgorithm::Sha384 | HashAlgorithm::Sha512))
        {
            return Err(format!("the signature by {issuer} uses a weak hash"));
        }
        if !is_live(signature, now) {
            return Err(format!("the signature by {issuer} has expired or is from the future"));
        }
        let mut problem = format!("{issuer} is no known key, or the text was changed");
        // A certificate can be there twice, once with an expiry that was put off: any that is good will do.
        for certificate in &self.certificates {
            let (primary, subkeys) = (&certificate.primary_key, &certificate.public_subkeys);
            let found = if signature.verify(primary, text).is_ok() {
                primary_may_sign(certificate, now)
            } else if let Some(subkey) = subkeys.iter().find(|subkey| signature.verify(&subkey.key, text).is_ok()) {
                subkey_may_sign(certificate, subkey, now)
            } else {
                continue;
            };
            match found {
                Ok(()) => return Ok(()),
                Err(why) => problem = format!("key {issuer} {why}"),
            }
        }
        Err(problem)
    }
}

fn read_file(file: &[u8]) -> Vec<pgp::errors::Result<SignedPublicKey>> {
    const BEGIN: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
    let collect = |read: pgp::errors::Result<Box<dyn Iterator<Item = _> + '_>>| match read {
        Ok(certificates) => certificates.collect(),
        Err(error) => vec![Err(error)],
    };
    match std::str::from_utf8(file) {
        Ok(text) if text.contains(BEGIN) => {
            let blocks = text.split(BEGIN).skip(1).map(|block| format!("{BEGIN}{block}"));
            blocks.flat_map(|block| collect(SignedPublicKey::from_string_many(&block).map(|(read, _)| read))).collect()
        }
        _ => collect(SignedPublicKey::from_bytes_many(file)),
    }
}

/// Whether the primary key itself may sign a release at `now`.
fn primary_may_sign(certificate: &SignedPublicKey, now: i64) -> Result<(), &'static str> {
    let binding = check_primary(certificate, now)?;
    if binding.key_flags().sign() { Ok(()) } else { Err("is not for signing") }
}

/// Checks that a certificate is valid at `now`; gives the self-signature that says so.
fn check_primary(certificate: &SignedPublicKey, now: i64) -> Result<&Signature, &'static str> {
    let (primary, details) = (&certificate.primary_key, &certificate.details);
    if details.revocation_signatures.iter().any(|signature| signature.verify_key(primary).is_ok()) {
        return Err("is revoked");
    }
    let by_user = details.users.iter().flat_map(|user| user.signatures.iter().map(move |signature| (user, signature)));
    let certifications = by_user.filter_map(|(user, signature)| {
        let own = signature.issuer_fingerprint().is_empty()
            || signature.issuer_fingerprint().contains(&&primary.fingerprint());
        let valid = own
            && signature.typ() != Some(SignatureType::CertRevocation)
            && signature.verify_certification(primary, Tag::UserId, &user.id).is_ok();
        valid.then_some(signature)
    });
    let direct = details.direct_signatures.iter().filter(|signature| signature.verify_key(primary).is_ok());
    let newest = certifications.chain(direct).filter(|signature| is_live(signature, now)).max_by_key(created);
    let newest = newest.ok_or("has no valid self-signature")?;
    check_expiry(primary.created_at().as_secs(), newest, now)?;
    Ok(newest)
}

/// Whether a subkey may sign a release at `now`: its certificate is valid and both signed each other.
fn subkey_may_sign(certificate: &SignedPublicKey, subkey: &SignedPublicSubKey, now: i64) -> Result<(), &'static str> {
    check_primary(certificate, now).map_err(|_| "has an expired or revoked primary key")?;
    let primary = &certificate.primary_key;
    let mut bindings: Vec<&Signature> = subkey
        .signatures
        .iter()
        .filter(|signature| signature.verify_subkey_binding(primary, &subkey.key).is_ok())
        .collect();
    if bindings.iter().any(|signature| signature.typ() == Some(SignatureType::SubkeyRevocation)) {
        return Err("is revoked");
    }
    bindings.retain(|signature| is_live(signature, now));
    let newest = bindings.into_iter().max_by_key(created).ok_or("is not bound to its primary key")?;
    let signed_back =
        newest.embedded_signature().is_some_and(|back| back.verify_primary_key_binding(&subkey.key, primary).is_ok());
    if !newest.key_flags().sign() || !signed_back {
        return Err("is not for signing");
    }
    check_expiry(subkey.key.created_at().as_secs(), newest, now)
}

fn check_expiry(created: u32, binding: &Signature, now: i64) -> Result<(), &'static str> {
    match binding.key_expiration_time().map(|duration| duration.as_secs()) {
        Some(seconds) if seconds > 0 && i64::from(created) + i64::from(seconds) <= now => Err("has expired"),
        _ if i64::from(created) > now => Err("is from the future"),
        _ => Ok(()),
    }
}

/// Whether a signature is neither from after `now` nor expired.
fn is_live(signature: &Signature, now: i64) -> bool {
    let Some(created) = signature.created() else { return false };
    let created = i64::from(created.as_secs());
    let expiry = signature.signature_expiration_time().map(|duration| i64::from(duration.as_secs()));
    created <= now && expiry.is_none_or(|seconds| seconds == 0 || created + seconds > now)
}

fn created(signature: &&Signature) -> u32 {
    signature.created().map_or(0, |created| created.as_secs())
}

fn issuer(signature: &Signature) -> String {
    match (signature.issuer_fingerprint().first(), signature.issuer_key_id().first()) {
        (Some(fingerprint), _) => format!("{fingerprint:X}"),
        (None, Some(id)) => format!("{id}").to_uppercase(),
        (None, None) => "an unnamed key".to_owned(),
    }
}

fn hex(key: &impl KeyDetails) -> String {
    format!("{:X}", key.fingerprint())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_keys_are_the_ones_that_their_readme_lists() {
        let readme = include_str!("../keys/README.md");
        let fingerprints = Keyring::embedded().fingerprints();
        assert_eq!(fingerprints.len(), EMBEDDED.len());
        for fingerprint in fingerprints {
            assert!(readme.contains(&fingerprint), "{fingerprint}");
        }
    }

    #[test]
    fn files_without_a_certificate_are_errors() {
        let good = EMBEDDED[0];
        assert_eq!(Keyring::parse(&[good, &[good, EMBEDDED[3]].concat()]).expect("armored").certificates.len(), 3);
        for bad in [&b""[..], b"junk", b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\njunk"] {
            assert_eq!(Keyring::parse(&[good, bad]).expect_err("no key").position, 2);
        }
    }
}
