//! Certificates (RFC 9580, 10.1): a primary key with what it says of itself, its users and its subkeys.

use crate::error::FormatError;
use crate::key::Key;
use crate::packet::{self, packets};
use crate::signature::Signature;

/// The most signatures by its own key, or by an unnamed one, on one part of a certificate.
const MAX_SIGNATURES: usize = 10_000;

/// A certificate as it was read; the policy decides whether it is valid.
#[derive(Debug, Clone)]
pub(crate) struct Certificate {
    pub(crate) primary: Key,
    /// Direct-key signatures and revocations.
    pub(crate) direct: Vec<Signature>,
    pub(crate) users: Vec<User>,
    pub(crate) subkeys: Vec<Subkey>,
}

/// A user id and the signatures on it.
#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) id: Vec<u8>,
    pub(crate) signatures: Vec<Signature>,
}

/// A subkey and the signatures on it.
#[derive(Debug, Clone)]
pub(crate) struct Subkey {
    pub(crate) key: Key,
    pub(crate) signatures: Vec<Signature>,
}

/// The part that the next signatures belong to.
enum Part {
    Direct,
    User,
    Subkey,
    /// A certificate, subkey or attribute that is skipped.
    Ignored,
}

impl Certificate {
    /// Reads all certificates whose primary keys are of a supported kind.
    pub(crate) fn read_all(bytes: &[u8]) -> Result<Vec<Self>, FormatError> {
        let mut certificates: Vec<Self> = Vec::new();
        // Subkeys, users and signatures that follow a skipped key do not belong to the certificate before it.
        let (mut part, mut skipped) = (Part::Ignored, true);
        for packet in packets(bytes)? {
            if packet.tag == packet::PUBLIC_KEY {
                let primary = Key::parse(packet.body);
                (part, skipped) = (Part::Direct, primary.is_none());
                certificates.extend(primary.map(Self::new));
            }
            let Some(certificate) = certificates.last_mut().filter(|_| !skipped) else { continue };
            match packet.tag {
                packet::USER_ID => {
                    certificate.users.push(User { id: packet.body.to_vec(), signatures: Vec::new() });
                    part = Part::User;
                }
                packet::PUBLIC_SUBKEY => {
                    let key = Key::parse(packet.body);
                    part = if key.is_some() { Part::Subkey } else { Part::Ignored };
                    certificate.subkeys.extend(key.map(|key| Subkey { key, signatures: Vec::new() }));
                }
                packet::USER_ATTRIBUTE => part = Part::Ignored,
                packet::SIGNATURE => certificate.add(&part, packet.body)?,
                _ => {}
            }
        }
        Ok(certificates)
    }

    fn new(primary: Key) -> Self {
        Self { primary, direct: Vec::new(), users: Vec::new(), subkeys: Vec::new() }
    }

    /// Keeps a signature that names the primary key as its maker, or no key. None of these is ever dropped: it could
    /// be a revocation.
    fn add(&mut self, part: &Part, body: &[u8]) -> Result<(), FormatError> {
        let signatures = match part {
            Part::Direct => Some(&mut self.direct),
            Part::User => self.users.last_mut().map(|user| &mut user.signatures),
            Part::Subkey => self.subkeys.last_mut().map(|subkey| &mut subkey.signatures),
            Part::Ignored => None,
        };
        let own = Signature::parse(body).ok().filter(|signature| signature.issuer().fits(&self.primary.fingerprint));
        let (Some(signatures), Some(own)) = (signatures, own) else { return Ok(()) };
        if signatures.len() == MAX_SIGNATURES {
            return Err(FormatError::TooMany { what: "signatures on one part of a certificate", max: MAX_SIGNATURES });
        }
        signatures.push(own);
        Ok(())
    }

    /// Merges another copy of the same certificate: a revocation in either counts.
    pub(crate) fn merge(&mut self, other: Self) {
        self.direct.extend(other.direct);
        self.users.extend(other.users);
        for subkey in other.subkeys {
            match self.subkeys.iter_mut().find(|known| known.key.fingerprint == subkey.key.fingerprint) {
                Some(known) => known.signatures.extend(subkey.signatures),
                None => self.subkeys.push(subkey),
            }
        }
    }
}
