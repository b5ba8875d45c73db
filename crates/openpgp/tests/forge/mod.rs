//! A small OpenPGP signer for tests: it makes whatever is asked for, valid or not. Other crates share it.
#![allow(dead_code, reason = "each test that shares this uses another part of it")]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{self, digest};
use ring::signature::{Ed25519KeyPair, KeyPair};

/// Flags of keys: for certifying, for signing.
pub const CERTIFY: u8 = 1;
pub const SIGN: u8 = 2;

/// Numbers of digest algorithms.
pub const SHA1: u8 = 2;
pub const SHA256: u8 = 8;
pub const SHA512: u8 = 10;

/// An Ed25519 key with its secret.
pub struct Secret {
    pair: Ed25519KeyPair,
    created: u32,
    /// 22 with multiprecision integers (RFC 4880bis), 27 with plain bytes (RFC 9580).
    algorithm: u8,
}

/// A signature to be made.
#[derive(Clone)]
pub struct Draft {
    pub kind: u8,
    pub hash: u8,
    pub created: u32,
    /// Further hashed subpackets; the date and the issuer are always there.
    pub hashed: Vec<Vec<u8>>,
    pub unhashed: Vec<Vec<u8>>,
}

/// A signature of a type with SHA-256 and no further subpackets.
pub fn draft(kind: u8, created: u32) -> Draft {
    Draft { kind, hash: SHA256, created, hashed: Vec::new(), unhashed: Vec::new() }
}

impl Draft {
    pub fn with(mut self, subpacket: Vec<u8>) -> Self {
        self.hashed.push(subpacket);
        self
    }

    pub fn hash(self, hash: u8) -> Self {
        Self { hash, ..self }
    }
}

/// A subpacket; a type with the bit 0x80 is critical.
pub fn subpacket(kind: u8, data: &[u8]) -> Vec<u8> {
    let mut bytes = match data.len() + 1 {
        length @ 0..=191 => vec![length as u8],
        length => [&[255][..], &(length as u32).to_be_bytes()].concat(),
    };
    bytes.push(kind);
    bytes.extend_from_slice(data);
    bytes
}

/// A subpacket that holds a number of seconds.
pub fn seconds(kind: u8, seconds: u32) -> Vec<u8> {
    subpacket(kind, &seconds.to_be_bytes())
}

/// A packet in the new form.
pub fn packet(tag: u8, body: &[u8]) -> Vec<u8> {
    [&[0xc0 | tag, 255][..], &(body.len() as u32).to_be_bytes(), body].concat()
}

impl Secret {
    pub fn new(seed: u8, created: u32) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("any 32 bytes are a seed");
        Self { pair, created, algorithm: 22 }
    }

    /// A key in the form of RFC 9580.
    pub fn new_form(seed: u8, created: u32) -> Self {
        Self { algorithm: 27, ..Self::new(seed, created) }
    }

    /// The body of the public key's packet.
    pub fn body(&self) -> Vec<u8> {
        let mut body = vec![4];
        body.extend_from_slice(&self.created.to_be_bytes());
        body.push(self.algorithm);
        if self.algorithm == 22 {
            body.extend_from_slice(&[9, 0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01, 0x01, 0x07, 0x40]);
        }
        body.extend_from_slice(self.pair.public_key().as_ref());
        body
    }

    /// What signatures over the key hash.
    pub fn hashed(&self) -> Vec<u8> {
        let body = self.body();
        [&[0x99][..], &(body.len() as u16).to_be_bytes(), &body].concat()
    }

    pub fn fingerprint(&self) -> Vec<u8> {
        digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &self.hashed()).as_ref().to_vec()
    }

    /// The body of a signature's packet.
    pub fn sign(&self, draft: &Draft, content: &[u8]) -> Vec<u8> {
        let fingerprint = [&[4][..], &self.fingerprint()].concat();
        let own = [seconds(2, draft.created), subpacket(33, &fingerprint)];
        let area = own.iter().chain(&draft.hashed).flatten().copied().collect::<Vec<u8>>();
        let mut unhashed = subpacket(16, &self.fingerprint()[12..]);
        unhashed.extend(draft.unhashed.concat());
        let signed =
            [&[4, draft.kind, self.algorithm, draft.hash][..], &(area.len() as u16).to_be_bytes(), &area].concat();
        let trailer = [&[4, 0xff][..], &(signed.len() as u32).to_be_bytes()].concat();
        let algorithm = match draft.hash {
            SHA1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            SHA512 => &digest::SHA512,
            _ => &digest::SHA256,
        };
        let digest = digest(algorithm, &[content, &signed, &trailer].concat());
        let value = self.pair.sign(digest.as_ref());
        let numbers = match self.algorithm {
            22 => value.as_ref().chunks(32).flat_map(mpi).collect(),
            _ => value.as_ref().to_vec(),
        };
        let unhashed = [&(unhashed.len() as u16).to_be_bytes()[..], &unhashed].concat();
        [&signed[..], &unhashed, &digest.as_ref()[..2], &numbers].concat()
    }
}

fn mpi(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let bytes = &bytes[zeros..];
    let bits = bytes.len() * 8 - bytes.first().map_or(0, |byte| byte.leading_zeros() as usize);
    [&(bits as u16).to_be_bytes()[..], bytes].concat()
}

/// A certificate to be made: by default valid for ever, with a primary key that signs and no subkey.
pub struct Certificate<'a> {
    pub primary: &'a Secret,
    /// The self-signature on the user id; its date is when everything was signed.
    pub own: Draft,
    /// Further signatures on the user id.
    pub on_user: Vec<Draft>,
    /// Direct-key signatures and revocations.
    pub direct: Vec<Draft>,
    pub subkey: Option<Bound<'a>>,
}

/// A subkey to be bound.
pub struct Bound<'a> {
    pub key: &'a Secret,
    pub binding: Draft,
    /// The back-signature, where there is one.
    pub back: Option<Draft>,
    pub revocation: Option<Draft>,
}

impl<'a> Certificate<'a> {
    pub fn new(primary: &'a Secret, signed: u32) -> Self {
        let own = draft(0x13, signed).with(subpacket(27, &[CERTIFY | SIGN]));
        Self { primary, own, on_user: Vec::new(), direct: Vec::new(), subkey: None }
    }

    /// With a signing subkey, and a primary key that only certifies.
    pub fn with_subkey(primary: &'a Secret, key: &'a Secret, signed: u32) -> Self {
        let own = draft(0x13, signed).with(subpacket(27, &[CERTIFY]));
        let binding = draft(0x18, signed).with(subpacket(27, &[SIGN]));
        let subkey = Some(Bound { key, binding, back: Some(draft(0x19, signed)), revocation: None });
        Self { own, subkey, ..Self::new(primary, signed) }
    }

    /// The subkey.
    pub fn bound(&mut self) -> &mut Bound<'a> {
        self.subkey.as_mut().expect("made with a subkey")
    }

    /// The subkey's binding.
    pub fn binding(&mut self) -> &mut Draft {
        &mut self.bound().binding
    }

    /// The certificate's packets.
    pub fn bytes(&self) -> Vec<u8> {
        const USER: &[u8] = b"Test <test@mirror.example>";
        let key = self.primary.hashed();
        let on_user = [&key[..], &[0xb4], &(USER.len() as u32).to_be_bytes(), USER].concat();
        let signature = |draft: &Draft, content: &[u8]| packet(2, &self.primary.sign(draft, content));
        let mut bytes = packet(6, &self.primary.body());
        bytes.extend(self.direct.iter().flat_map(|draft| signature(draft, &key)));
        bytes.extend(packet(13, USER));
        bytes.extend(std::iter::once(&self.own).chain(&self.on_user).flat_map(|draft| signature(draft, &on_user)));
        if let Some(subkey) = &self.subkey {
            let both = [key, subkey.key.hashed()].concat();
            let mut binding = subkey.binding.clone();
            let back = subkey.back.as_ref().map(|back| subpacket(32, &subkey.key.sign(back, &both)));
            binding.unhashed.extend(back);
            bytes.extend(packet(14, &subkey.key.body()));
            bytes.extend(signature(&binding, &both));
            bytes.extend(subkey.revocation.iter().flat_map(|draft| signature(draft, &both)));
        }
        bytes
    }
}

/// Bytes as an armored block.
pub fn armor(label: &str, bytes: &[u8]) -> String {
    let base64 = STANDARD.encode(bytes);
    let lines: Vec<&str> = base64.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).expect("ASCII")).collect();
    let checksum = STANDARD.encode(&crc24(bytes).to_be_bytes()[1..]);
    format!("-----BEGIN PGP {label}-----\n\n{}\n={checksum}\n-----END PGP {label}-----\n", lines.join("\n"))
}

fn crc24(bytes: &[u8]) -> u32 {
    let shift = |crc: u32| if crc & 0x80_0000 == 0 { crc << 1 } else { crc << 1 ^ 0x186_4cfb };
    bytes.iter().fold(0xb7_04ce, |crc, byte| (0..8).fold(crc ^ u32::from(*byte) << 16, |crc, _| shift(crc) & 0xff_ffff))
}

/// A block with signatures, given as the bodies of their packets.
pub fn signature_block(signatures: &[Vec<u8>]) -> String {
    let packets: Vec<u8> = signatures.iter().flat_map(|body| packet(2, body)).collect();
    armor("SIGNATURE", &packets)
}

/// A cleartext message over a text that needs no escapes and ends without a line feed.
pub fn cleartext(text: &str, signatures: &[Vec<u8>]) -> String {
    let block = signature_block(signatures);
    format!("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{text}\n{block}")
}

/// A text as signatures of type 0x01 are over it.
pub fn canonical(text: &str) -> Vec<u8> {
    text.replace('\n', "\r\n").into_bytes()
}
