//! Packets (RFC 9580, 4.2): a tag, a length and a body.

use crate::error::FormatError;
use crate::reader::Reader;

/// More packets than the largest keyrings in use have.
const MAX_PACKETS: usize = 100_000;

/// The tags that are read here; others are skipped.
pub(crate) const SIGNATURE: u8 = 2;
pub(crate) const PUBLIC_KEY: u8 = 6;
pub(crate) const USER_ID: u8 = 13;
pub(crate) const PUBLIC_SUBKEY: u8 = 14;
pub(crate) const USER_ATTRIBUTE: u8 = 17;

/// One packet as it is stored.
pub(crate) struct Packet<'a> {
    pub(crate) tag: u8,
    pub(crate) body: &'a [u8],
}

/// Reads all packets. Keys and signatures never have partial lengths, so these are errors.
pub(crate) fn packets(bytes: &[u8]) -> Result<Vec<Packet<'_>>, FormatError> {
    let (mut reader, mut packets) = (Reader(bytes), Vec::new());
    while !reader.0.is_empty() {
        if packets.len() == MAX_PACKETS {
            return Err(FormatError::TooMany { what: "packets", max: MAX_PACKETS });
        }
        packets.push(packet(&mut reader).ok_or(FormatError::Packet { position: packets.len() + 1 })?);
    }
    Ok(packets)
}

fn packet<'a>(reader: &mut Reader<'a>) -> Option<Packet<'a>> {
    let first = reader.u8()?;
    let (tag, length) = match first >> 6 {
        // The old form has the size of the length in its last two bits.
        0b10 => {
            let length = match first & 0b11 {
                0 => reader.u8()?.into(),
                1 => reader.u16()?.into(),
                2 => reader.u32()?,
                _ => return None,
            };
            (first >> 2 & 0b1111, length)
        }
        0b11 => {
            let length = match reader.u8()? {
                224..=254 => return None,
                length => long_length(length, reader)?,
            };
            (first & 0b11_1111, length)
        }
        _ => return None,
    };
    Some(Packet { tag, body: reader.take(usize::try_from(length).ok()?)? })
}

/// A length of one, two or five bytes, as new packets and subpackets have it; `first` was read already.
pub(crate) fn long_length(first: u8, reader: &mut Reader<'_>) -> Option<u32> {
    match first {
        0..=191 => Some(first.into()),
        192..=254 => Some((u32::from(first) - 192) * 256 + u32::from(reader.u8()?) + 192),
        255 => reader.u32(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expected: Result<Vec<(u8, usize)>, FormatError>) {
        let found = packets(bytes).map(|all| all.iter().map(|packet| (packet.tag, packet.body.len())).collect());
        assert_eq!(found, expected, "{bytes:x?}");
    }

    #[test]
    fn both_forms_of_packets_are_read() {
        let body = [0; 200];
        check(&[], Ok(vec![]));
        check(&[0x88, 1, 0, 0xb4, 0], Ok(vec![(2, 1), (13, 0)]));
        check(&[&[0x89, 0, 200][..], &body].concat(), Ok(vec![(2, 200)]));
        check(&[&[0x8a, 0, 0, 0, 200][..], &body].concat(), Ok(vec![(2, 200)]));
        check(&[&[0xc2, 192, 8][..], &body].concat(), Ok(vec![(2, 200)]));
        check(&[&[0xc2, 193, 8][..], &[0; 456]].concat(), Ok(vec![(2, 456)]));
        check(&[&[0xc2, 255, 0, 0, 0, 200][..], &body].concat(), Ok(vec![(2, 200)]));
    }

    #[test]
    fn cut_partial_and_indeterminate_packets_are_errors() {
        for bytes in
            [&[0x88][..], &[0x88, 2, 0], &[0x8b, 0], &[0xc2, 224, 0], &[0xc2, 255, 255, 255, 255, 255], &[0x12]]
        {
            check(bytes, Err(FormatError::Packet { position: 1 }));
            check(&[&[0xb4, 0], bytes].concat(), Err(FormatError::Packet { position: 2 }));
        }
    }
}
