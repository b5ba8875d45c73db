//! Signatures of version 4 (RFC 9580, 5.2.3) with their subpackets.

use crate::fingerprint::Fingerprint;
use crate::hash::{self, Hash};
use crate::packet::long_length;
use crate::reader::Reader;
use crate::refusal::{Issuer, RefusalReason, RevocationCause};

/// The types of signatures that are read here (RFC 9580, 5.2.1).
pub(crate) const BINARY: u8 = 0x00;
pub(crate) const TEXT: u8 = 0x01;
pub(crate) const BINDING: u8 = 0x18;
pub(crate) const BACK_SIGNATURE: u8 = 0x19;
pub(crate) const DIRECT: u8 = 0x1f;
pub(crate) const KEY_REVOCATION: u8 = 0x20;
pub(crate) const SUBKEY_REVOCATION: u8 = 0x28;

/// The flag of keys that sign data (RFC 9580, 5.2.3.29).
const SIGNS: u8 = 0x02;
/// A binding holds one back-signature; the limit bounds the work for a hostile one.
const MAX_EMBEDDED: usize = 4;

/// A signature whose packet was read; nothing about it is proven.
#[derive(Debug, Clone)]
pub(crate) struct Signature {
    pub(crate) kind: u8,
    pub(crate) algorithm: u8,
    pub(crate) hash: Hash,
    /// The numbers that the key made.
    pub(crate) values: Vec<u8>,
    /// The packet's start to the end of the hashed subpackets: it is signed too.
    signed: Vec<u8>,
    subpackets: Subpackets,
}

/// The content of the subpackets. Everything except the issuer and the back-signature comes only from the hashed
/// ones: anybody can change the others.
#[derive(Debug, Clone, Default)]
struct Subpackets {
    created: Option<u32>,
    /// Seconds after `created`; zero means never.
    expires: Option<u32>,
    /// Seconds after the key's creation; zero means never.
    key_expires: Option<u32>,
    key_flags: Option<u8>,
    fingerprint: Option<Fingerprint>,
    key_id: Option<[u8; 8]>,
    revocation: Option<u8>,
    embedded: Vec<Vec<u8>>,
    critical: Option<u8>,
}

impl Signature {
    /// Reads a packet's body.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, (Issuer, RefusalReason)> {
        let malformed = (Issuer::Unnamed, RefusalReason::Malformed);
        let mut reader = Reader(body);
        let Some([4, kind, algorithm, number]) = reader.array() else { return Err(malformed) };
        let (Some(hashed), after_hashed) = (reader.counted(), reader.0.len()) else { return Err(malformed) };
        let (Some(unhashed), Some(_first_bits)) = (reader.counted(), reader.u16()) else { return Err(malformed) };
        let mut subpackets = Subpackets::default();
        let read = subpackets.read(hashed, true).and_then(|()| subpackets.read(unhashed, false));
        read.ok_or(malformed)?;
        let signed = body[..body.len() - after_hashed].to_vec();
        let issuer = subpackets.issuer();
        let hash =
            Hash::from_number(number).ok_or_else(|| (issuer, RefusalReason::Digest { digest: hash::name(number) }))?;
        Ok(Self { kind, algorithm, hash, values: reader.0.to_vec(), signed, subpackets })
    }

    /// The bytes that are hashed after the content (RFC 9580, 5.2.4).
    pub(crate) fn trailer(&self) -> Vec<u8> {
        let mut trailer = self.signed.clone();
        trailer.extend_from_slice(&[4, 0xff]);
        // Two areas of 64 KiB at most: the length fits.
        trailer.extend_from_slice(&(self.signed.len() as u32).to_be_bytes());
        trailer
    }

    pub(crate) fn issuer(&self) -> Issuer {
        self.subpackets.issuer()
    }

    /// When it was made, in seconds since 1970.
    pub(crate) fn created(&self) -> Option<u32> {
        self.subpackets.created
    }

    /// Checks everything that does not depend on the key.
    pub(crate) fn check(&self, now: i64) -> Result<(), RefusalReason> {
        if !self.hash.is_strong() {
            return Err(RefusalReason::Digest { digest: "SHA-1".to_owned() });
        }
        if let Some(subpacket) = self.subpackets.critical {
            return Err(RefusalReason::Critical { subpacket });
        }
        let created = i64::from(self.subpackets.created.ok_or(RefusalReason::Undated)?);
        if created > now {
            return Err(RefusalReason::FromTheFuture);
        }
        match self.subpackets.expires {
            Some(seconds) if seconds > 0 && created + i64::from(seconds) <= now => Err(RefusalReason::Expired),
            _ => Ok(()),
        }
    }

    /// When the key that this binds expires, where it says so: in seconds after its creation, zero means never.
    pub(crate) fn key_expires(&self) -> Option<u32> {
        self.subpackets.key_expires
    }

    /// Whether the key that this binds is for signing, where it says so.
    pub(crate) fn signs(&self) -> Option<bool> {
        self.subpackets.key_flags.map(|flags| flags & SIGNS != 0)
    }

    pub(crate) fn revocation_cause(&self) -> RevocationCause {
        RevocationCause::from_number(self.subpackets.revocation)
    }

    /// The signatures inside this one that can be read.
    pub(crate) fn embedded(&self) -> impl Iterator<Item = Self> {
        self.subpackets.embedded.iter().filter_map(|body| Self::parse(body).ok())
    }
}

impl Subpackets {
    fn issuer(&self) -> Issuer {
        match (self.fingerprint, self.key_id) {
            (Some(fingerprint), _) => Issuer::Fingerprint(fingerprint),
            (None, Some(id)) => Issuer::KeyId(id),
            (None, None) => Issuer::Unnamed,
        }
    }

    fn read(&mut self, area: &[u8], hashed: bool) -> Option<()> {
        let mut reader = Reader(area);
        while !reader.0.is_empty() {
            let first = reader.u8()?;
            let length = long_length(first, &mut reader)?;
            let mut body = Reader(reader.take(usize::try_from(length).ok()?)?);
            let kind = body.u8()?;
            if hashed {
                self.read_hashed(kind & 0x7f, kind & 0x80 != 0, body)?;
            }
            self.read_any(kind & 0x7f, body)?;
        }
        Some(())
    }

    fn read_hashed(&mut self, kind: u8, critical: bool, mut body: Reader<'_>) -> Option<()> {
        match kind {
            2 => self.created = Some(body.u32()?),
            3 => self.expires = Some(body.u32()?),
            9 => self.key_expires = Some(body.u32()?),
            // Further bytes have flags of other kinds.
            27 => self.key_flags = Some(body.u8().unwrap_or(0)),
            29 => self.revocation = Some(body.u8()?),
            // Preferences, notes and limits of third parties: they change nothing about what is checked here.
            4..=7 | 11 | 12 | 16 | 21..=26 | 28 | 30..=35 | 39 => {}
            // Notations are among these: none is understood here.
            _ if critical => self.critical = Some(kind),
            _ => {}
        }
        Some(())
    }

    fn read_any(&mut self, kind: u8, mut body: Reader<'_>) -> Option<()> {
        match kind {
            16 => self.key_id = Some(body.array()?),
            32 if self.embedded.len() < MAX_EMBEDDED => self.embedded.push(body.0.to_vec()),
            // Fingerprints of other versions are of keys that are not known here.
            33 if body.u8()? == 4 => self.fingerprint = Some(Fingerprint(body.array()?)),
            _ => {}
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A signature's packet with these unhashed subpackets, each a type and its data.
    fn with_unhashed(subpackets: &[(u8, &[u8])]) -> Signature {
        let one = |(kind, data): &(u8, &[u8])| [&[data.len() as u8 + 1, *kind][..], data].concat();
        let area = subpackets.iter().flat_map(one).collect::<Vec<u8>>();
        let head = [4, BINARY, 22, 8, 0, 0, (area.len() >> 8) as u8, area.len() as u8];
        Signature::parse(&[&head[..], &area, &[0, 0]].concat()).expect("sound")
    }

    #[test]
    fn the_issuer_is_named_by_its_fingerprint_before_its_key_id() {
        let id: &[u8] = &[7; 8];
        let fingerprint: &[u8] = &[&[4][..], &[9; 20]].concat();
        let other_version: &[u8] = &[&[6][..], &[9; 32]].concat();
        let named = Issuer::Fingerprint(Fingerprint([9; 20]));
        for (subpackets, expected) in [
            (&[][..], Issuer::Unnamed),
            (&[(16, id)], Issuer::KeyId([7; 8])),
            (&[(33, fingerprint)], named),
            (&[(16, id), (33, fingerprint)], named),
            (&[(33, fingerprint), (16, id)], named),
            (&[(33, other_version)], Issuer::Unnamed),
            (&[(33, other_version), (16, id)], Issuer::KeyId([7; 8])),
        ] {
            assert_eq!(with_unhashed(subpackets).issuer(), expected, "{subpackets:?}");
        }
    }

    #[test]
    fn four_embedded_signatures_are_read_and_no_more() {
        let body: &[u8] = &[4, BACK_SIGNATURE, 22, 8, 0, 0, 0, 0, 0, 0];
        for (count, read) in [(0, 0), (1, 1), (4, 4), (5, 4)] {
            assert_eq!(with_unhashed(&vec![(32, body); count]).embedded().count(), read);
        }
        assert_eq!(with_unhashed(&[(32, &body[..9]), (32, body)]).embedded().count(), 1, "one is cut");
    }
}
