//! Contents for the tests of writers: noise that compresses, deflated streams, and the tar of a blob.

use std::io::{Read as _, Write as _};
use std::sync::Arc;

use crate::byte_source::ByteSource;
use crate::content::Deflated;

/// Bytes from 0 to 15 that no one could guess, and that are the same each time.
pub(crate) fn noise(size: usize, seed: u64) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 60) as u8
    };
    (0..size).map(|_| next()).collect()
}

/// A deflate stream that begins some bytes into its source.
pub(crate) fn deflate(data: &[u8]) -> Deflated {
    let mut encoder = flate2::write::DeflateEncoder::new(vec![7; 3], flate2::Compression::best());
    encoder.write_all(data).expect("to memory");
    let raw = encoder.finish().expect("to memory");
    Deflated {
        offset: 3,
        compressed_size: raw.len() as u64 - 3,
        size: data.len() as u64,
        crc32: crc32fast::hash(data),
        source: Arc::new(raw) as Arc<dyn ByteSource>,
    }
}

/// What a blob of gzip members unpacks to.
pub(crate) fn gunzip(blob: &[u8]) -> Vec<u8> {
    let mut tar = Vec::new();
    flate2::read::MultiGzDecoder::new(blob).read_to_end(&mut tar).expect("gzip");
    tar
}
