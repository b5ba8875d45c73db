//! A keyring: the certificates whose signatures count.

use crate::armor::{self, Label};
use crate::certificate::Certificate;
use crate::cleartext::Cleartext;
use crate::error::FormatError;
use crate::fingerprint::Fingerprint;
use crate::packet::{self, packets};
use crate::refusal::{Refusal, RefusalReason};
use crate::signature::{BINARY, Signature, TEXT};

/// More signatures than any document has; each costs a digest of the whole.
const MAX_SIGNATURES: usize = 32;

/// Certificates whose signatures count.
#[derive(Debug, Clone)]
pub struct Keyring {
    certificates: Vec<Certificate>,
}

/// A file of keys that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("keyring {position} of those given has no usable certificate")]
pub struct KeyringError {
    /// Which of the files given, counted from 1.
    pub position: usize,
    /// What is wrong with it.
    #[source]
    pub cause: FormatError,
}

/// Why a document is not trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The message or the signature cannot be read.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// No signature counts.
    #[error("{}", .0.iter().map(Refusal::to_string).collect::<Vec<_>>().join("; "))]
    Refused(Vec<Refusal>),
}

impl Keyring {
    /// Reads files of certificates, armored or binary, each with one or several. Certificates of unknown kinds are
    /// skipped; several copies of one certificate are merged.
    ///
    /// # Errors
    /// When one of the files is broken or has no certificate of a supported kind.
    pub fn parse(files: &[&[u8]]) -> Result<Self, KeyringError> {
        let mut certificates: Vec<Certificate> = Vec::new();
        for (index, file) in files.iter().enumerate() {
            for certificate in read_file(file).map_err(|cause| KeyringError { position: index + 1, cause })? {
                let fingerprint = certificate.primary.fingerprint;
                match certificates.iter_mut().find(|known| known.primary.fingerprint == fingerprint) {
                    Some(known) => known.merge(certificate),
                    None => certificates.push(certificate),
                }
            }
        }
        Ok(Self { certificates })
    }

    /// The fingerprints of the primary keys.
    pub fn fingerprints(&self) -> impl Iterator<Item = Fingerprint> {
        self.certificates.iter().map(|certificate| certificate.primary.fingerprint)
    }

    /// The fingerprints of the keys and subkeys whose signatures count at `now`, in seconds since 1970.
    pub fn signers(&self, now: i64) -> impl Iterator<Item = Fingerprint> {
        self.certificates.iter().flat_map(move |certificate| {
            let valid = certificate.members().filter(move |member| certificate.check(member, now).is_ok());
            valid.map(|member| member.key(certificate).fingerprint)
        })
    }

    /// Verifies a cleartext message and gives its text, with the ends of lines as LF and no white space before them.
    /// One good signature is enough. `now` is in seconds since 1970.
    ///
    /// # Errors
    /// When it is anything but one message, or no signature was made by a key of this ring that is valid at `now`.
    pub fn verify_cleartext(&self, message: &[u8], now: i64) -> Result<Vec<u8>, VerifyError> {
        let message = Cleartext::parse(message)?;
        // Whatever the type of a signature, in such a message it is over the canonical text.
        let signed = message.lines.join(&b"\r\n"[..]);
        self.verify_any(&message.signatures, now, |_| &signed)?;
        Ok(message.lines.join(&b'\n'))
    }

    /// Verifies a detached signature over a document: a file like `Release.gpg`, armored or binary, with one or
    /// several signatures of which one good one is enough. `now` is in seconds since 1970.
    ///
    /// # Errors
    /// When the signature cannot be read, or none was made by a key of this ring that is valid at `now`.
    pub fn verify_detached(&self, document: &[u8], signature: &[u8], now: i64) -> Result<(), VerifyError> {
        let blocks = match armor::is_armored(signature, Label::Signature) {
            true => armor::blocks(signature, Label::Signature)?,
            false => vec![signature.to_vec()],
        };
        let canonical = canonical(document);
        self.verify_any(&blocks, now, |kind| if kind == TEXT { &canonical } else { document })
    }

    /// Checks that one of the signatures counts; `content` is what those of a type are over.
    fn verify_any<'a>(
        &self,
        blocks: &[Vec<u8>],
        now: i64,
        content: impl Fn(u8) -> &'a [u8],
    ) -> Result<(), VerifyError> {
        let mut refusals = Vec::new();
        for block in blocks {
            for packet in packets(block)?.iter().filter(|packet| packet.tag == packet::SIGNATURE) {
                if refusals.len() == MAX_SIGNATURES {
                    return Err(FormatError::TooMany { what: "signatures", max: MAX_SIGNATURES }.into());
                }
                match self.verify_one(packet.body, now, &content) {
                    Ok(()) => return Ok(()),
                    Err(refusal) => refusals.push(refusal),
                }
            }
        }
        Err(match refusals.is_empty() {
            true => FormatError::Missing { what: "signature" }.into(),
            false => VerifyError::Refused(refusals),
        })
    }

    fn verify_one<'a>(&self, body: &[u8], now: i64, content: impl Fn(u8) -> &'a [u8]) -> Result<(), Refusal> {
        let signature = Signature::parse(body).map_err(|(issuer, reason)| Refusal { issuer, reason })?;
        let refuse = |reason| Refusal { issuer: signature.issuer(), reason };
        if ![BINARY, TEXT].contains(&signature.kind) {
            return Err(refuse(RefusalReason::Type { found: signature.kind }));
        }
        signature.check(now).map_err(refuse)?;
        self.verify_by_key(&signature, now, content(signature.kind)).map_err(refuse)
    }

    /// Checks that a key of the ring made the signature and may do so.
    fn verify_by_key(&self, signature: &Signature, now: i64, content: &[u8]) -> Result<(), RefusalReason> {
        let mut problem = RefusalReason::UnknownKey;
        for certificate in &self.certificates {
            for member in certificate.members() {
                let key = member.key(certificate);
                if !signature.issuer().fits(&key.fingerprint) {
                    continue;
                }
                let checked = key.verify(signature, content).and_then(|()| match signature.created() {
                    Some(created) if created < key.created => Err(RefusalReason::OlderThanKey),
                    _ => certificate.check(&member, now),
                });
                match checked {
                    Ok(()) => return Ok(()),
                    Err(reason) => problem = reason,
                }
            }
        }
        Err(problem)
    }
}

fn read_file(file: &[u8]) -> Result<Vec<Certificate>, FormatError> {
    let blocks = match armor::is_armored(file, Label::PublicKey) {
        true => armor::blocks(file, Label::PublicKey)?,
        false => vec![file.to_vec()],
    };
    let mut certificates = Vec::new();
    for block in blocks {
        certificates.extend(Certificate::read_all(&block)?);
    }
    match certificates.is_empty() {
        true => Err(FormatError::Missing { what: "certificate of a supported kind" }),
        false => Ok(certificates),
    }
}

/// A text with CR and LF at the ends of its lines, as signatures of the type `TEXT` are over.
fn canonical(text: &[u8]) -> Vec<u8> {
    let lines = text.split(|byte| *byte == b'\n');
    let bare = lines.map(|line| {
        let end = line.iter().rposition(|byte| *byte != b'\r');
        &line[..end.map_or(0, |end| end + 1)]
    });
    bare.collect::<Vec<_>>().join(&b"\r\n"[..])
}
