//! gzip members (RFC 1952) without a name, a time or a host in them.

use flate2::{Compress, Compression, FlushCompress, Status};

/// The header of every member: deflate, no flags, no time, unknown system.
pub(crate) const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/// The compression level of what is compressed here.
const LEVEL: u32 = 6;

/// That of small members, which learn nothing from one another: they are worth more work.
const BEST: u32 = 9;

/// How many uncompressed bytes go into one member at most.
///
/// Members are compressed in parallel; the cut is part of the bytes, so it is a constant.
pub(crate) const BLOCK: usize = 1 << 20;

/// Compresses one block to a whole member.
///
/// A fresh state and one call for each block: zlib-rs's output depends on how its input is
/// cut into calls at some levels, and on earlier data after a reset.
pub(crate) fn member(block: &[u8]) -> Vec<u8> {
    member_at(block, LEVEL)
}

/// As [`member`], with more work for fewer bytes.
pub(crate) fn best_member(block: &[u8]) -> Vec<u8> {
    member_at(block, BEST)
}

fn member_at(block: &[u8], level: u32) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER.len() + block.len() + block.len() / 4 + 1024);
    out.extend_from_slice(&HEADER);
    let mut compress = Compress::new(Compression::new(level), false);
    let status = compress.compress_vec(block, &mut out, FlushCompress::Finish);
    assert!(matches!(status, Ok(Status::StreamEnd)), "the buffer holds any block: {status:?}");
    out.extend_from_slice(&trailer(crc32fast::hash(block), block.len() as u64));
    out
}

/// A member's last eight bytes: CRC-32 and length modulo 2^32.
pub(crate) fn trailer(crc32: u32, size: u64) -> [u8; 8] {
    let mut bytes = [0; 8];
    bytes[..4].copy_from_slice(&crc32.to_le_bytes());
    bytes[4..].copy_from_slice(&(size as u32).to_le_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    #[test]
    fn members_inflate_to_their_block_whatever_is_in_it() {
        let noise: Vec<u8> =
            (0..BLOCK as u64).map(|n| (n.wrapping_mul(6_364_136_223_846_793_005) >> 33) as u8).collect();
        for block in [&b""[..], b"x", &[0; BLOCK], &noise] {
            for member in [member(block), best_member(block)] {
                let mut back = Vec::new();
                flate2::read::GzDecoder::new(member.as_slice()).read_to_end(&mut back).expect("a member");
                assert!(back == block);
            }
        }
    }
}
