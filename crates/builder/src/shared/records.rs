//! The records of a build in one blob: lengths, kinds, keys and values, sorted, under zstd.

use std::collections::BTreeMap;
use std::io::{self, Read, Write as _};

use shipwheel_oci::Digest;

use crate::layer::layer_record::LAYER;

/// The media type of the blob.
pub(crate) const RECORDS_TYPE: &str = "application/vnd.shipwheel.records.v1+zstd";

/// The kinds of records that machines share: what was read out of packages and wheels by their digests, and layers by
/// the keys of their inputs.
///
/// Not: what says that a signature was good, when something was last seen, what is of this machine alone, and texts
/// that may have a password in them.
pub(crate) const SHARED_KINDS: &[&str] = &[
    "base",
    "closure",
    "index-files",
    LAYER,
    "libraries",
    "library-names",
    "needs",
    "overlaps",
    "selected",
    "statements",
    "wheel",
];

/// The largest blob of records that is read, as it is and unpacked.
pub(crate) const MAX_RECORDS: u64 = 64 << 20;
const MAX_UNPACKED: u64 = 512 << 20;

/// zstd's level, and its window: records of two platforms repeat one another far apart.
const LEVEL: i32 = 9;
const WINDOW_LOG: u32 = 25;

/// Records by kind and key.
pub(crate) type Records = BTreeMap<(String, Digest), Vec<u8>>;

/// Packs records; the same ones give the same bytes.
///
/// # Errors
/// When zstd has no memory.
pub(crate) fn pack<'r>(records: impl Iterator<Item = (&'r str, Digest, &'r [u8])>) -> io::Result<Vec<u8>> {
    let mut encoder = zstd::Encoder::new(Vec::new(), LEVEL)?;
    encoder.long_distance_matching(true)?;
    encoder.window_log(WINDOW_LOG)?;
    for (kind, key, value) in records {
        let length = u32::try_from(value.len()).map_err(|_| io::Error::other("a record is longer than 4 GiB"))?;
        let kind_length = u8::try_from(kind.len()).map_err(|_| io::Error::other("a kind is a word"))?;
        encoder.write_all(&[kind_length])?;
        encoder.write_all(kind.as_bytes())?;
        encoder.write_all(key.as_bytes())?;
        encoder.write_all(&length.to_le_bytes())?;
        encoder.write_all(value)?;
    }
    encoder.finish()
}

/// Unpacks records that a stranger may have packed; those of other kinds are left out.
///
/// # Errors
/// When they are too long, cut off, or not packed like this.
pub(crate) fn unpack(packed: &[u8]) -> io::Result<Records> {
    let mut reader = zstd::Decoder::new(packed)?.take(MAX_UNPACKED);
    let mut records = Records::new();
    let mut length = [0; 1];
    while reader.read(&mut length)? == 1 {
        let kind = read(&mut reader, length[0].into())?;
        let mut key = [0; 32];
        reader.read_exact(&mut key)?;
        let mut size = [0; 4];
        reader.read_exact(&mut size)?;
        let value = read(&mut reader, u32::from_le_bytes(size).into())?;
        if let Some(kind) = SHARED_KINDS.iter().find(|known| known.as_bytes() == kind) {
            records.insert(((*kind).to_owned(), Digest::from_bytes(key)), value);
        }
    }
    match reader.limit() {
        0 => Err(io::Error::other("the records are longer than any build's")),
        _ => Ok(records),
    }
}

/// So many bytes; memory is taken for what there is, not for what is promised.
fn read(reader: &mut impl Read, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(length).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == length { Ok(bytes) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back_and_strange_ones_are_left_out_or_refused() {
        let key = Digest::of(b"key");
        let all = [("layer", key, b"{}".as_slice()), ("wheel", key, b"[1]"), ("verified-release", key, b"1")];
        let packed = pack(all.into_iter()).expect("in memory");
        assert_eq!(packed, pack(all.into_iter()).expect("in memory"));
        let records = unpack(&packed).expect("our own");
        let expected = [(("layer".to_owned(), key), b"{}".to_vec()), (("wheel".to_owned(), key), b"[1]".to_vec())];
        assert_eq!(records, Records::from(expected));
        for cut in 0..packed.len() {
            let cut_off = unpack(&packed[..cut]);
            assert!(cut_off.as_ref().map_or(true, |records| records.len() < 2), "{cut}: {cut_off:?}");
        }
        let lying = zstd::encode_all([&[5][..], b"layer", key.as_bytes(), &[255; 4]].concat().as_slice(), 1);
        assert!(unpack(&lying.expect("in memory")).is_err(), "a length without its bytes");
        let bomb = zstd::encode_all(io::repeat(0).take(MAX_UNPACKED + 1), 1).expect("in memory");
        assert!(unpack(&bomb).is_err());
    }
}
