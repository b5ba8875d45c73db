//! Decompression with a limit: of package indexes and of the tars in a `.deb`.

use std::io::{self, BufRead, Read, Write};

use flate2::bufread::MultiGzDecoder;
use liblzma::bufread::XzDecoder;
use liblzma::stream::{CONCATENATED, Stream};

/// The most memory that an xz stream may ask for, in bytes: its largest preset takes 65 MiB.
const MAX_XZ_MEMORY: u64 = 256 << 20;

/// A compression that the archive uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not compressed.
    None,
    /// gzip.
    Gzip,
    /// xz.
    Xz,
}

/// Compressed bytes that cannot be decompressed.
#[derive(Debug, thiserror::Error)]
pub enum DecompressError {
    /// The stream is broken, or the writer failed.
    #[error("failed to decompress")]
    Stream(#[source] io::Error),
    /// It inflates to more than the limit.
    #[error("more than {limit} bytes when decompressed: refused as a possible bomb")]
    Limit {
        /// The limit in bytes.
        limit: u64,
    },
    /// The compression is not supported.
    #[error("unsupported compression: {found}")]
    Unsupported {
        /// What was found.
        found: String,
    },
}

impl Compression {
    /// What a file's first bytes say.
    pub(crate) fn of(bytes: &[u8]) -> Result<Self, DecompressError> {
        match bytes {
            [0x1f, 0x8b, ..] => Ok(Self::Gzip),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Ok(Self::Xz),
            _ => {
                let found = format!("neither xz nor gzip, it begins with {:02x?}", &bytes[..bytes.len().min(6)]);
                Err(DecompressError::Unsupported { found })
            }
        }
    }

    /// A reader of what `bytes` are compressed from.
    pub(crate) fn reader<'a>(self, bytes: &'a [u8]) -> Result<Box<dyn Read + 'a>, DecompressError> {
        fn boxed<'a>(reader: impl Read + 'a) -> Box<dyn Read + 'a> {
            Box::new(reader)
        }
        Ok(match self {
            Self::None => boxed(bytes),
            Self::Gzip => boxed(MultiGzDecoder::new(bytes)),
            Self::Xz => {
                let stream = Stream::new_stream_decoder(MAX_XZ_MEMORY, CONCATENATED);
                boxed(XzDecoder::new_stream(bytes, stream.map_err(|error| DecompressError::Stream(error.into()))?))
            }
        })
    }

    /// Writes what `bytes` are compressed from, and gives its size.
    pub(crate) fn write(self, bytes: &[u8], out: &mut dyn Write, limit: u64) -> Result<u64, DecompressError> {
        let mut reader = io::BufReader::with_capacity(1 << 16, self.reader(bytes)?);
        let mut written = 0u64;
        loop {
            let chunk = reader.fill_buf().map_err(DecompressError::Stream)?;
            if chunk.is_empty() {
                return Ok(written);
            }
            let size = chunk.len();
            written += size as u64;
            if written > limit {
                return Err(DecompressError::Limit { limit });
            }
            out.write_all(chunk).map_err(DecompressError::Stream)?;
            reader.consume(size);
        }
    }
}

/// Decompresses xz or gzip, known by the first bytes, to at most `limit` bytes.
///
/// # Errors
/// When the bytes are neither, broken, cut, or inflate to more.
pub fn decompress(bytes: &[u8], limit: u64) -> Result<Vec<u8>, DecompressError> {
    let mut out = Vec::new();
    Compression::of(bytes)?.write(bytes, &mut out, limit)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn xz(data: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        liblzma::read::XzEncoder::new(data, 6).read_to_end(&mut out).expect("to memory");
        out
    }

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(data).expect("to memory");
        encoder.finish().expect("to memory")
    }

    #[test]
    fn xz_and_gzip_inflate_up_to_the_limit() {
        let data = b"hello ".repeat(100_000);
        for packed in [xz(&data), gzip(&data), [xz(&data[..6]), xz(&data[6..])].concat()] {
            assert_eq!(decompress(&packed, data.len() as u64).expect("fits"), data);
            let bomb = decompress(&packed, data.len() as u64 - 1);
            assert!(matches!(bomb, Err(DecompressError::Limit { .. })), "{bomb:?}");
            assert!(decompress(&packed[..packed.len() - 9], 1 << 20).is_err(), "cut");
        }
    }

    #[test]
    fn other_bytes_are_unsupported() {
        for bytes in [&b""[..], b"Package: a\n", b"\x28\xb5\x2f\xfd\x00"] {
            assert!(matches!(decompress(bytes, 10), Err(DecompressError::Unsupported { .. })), "{bytes:?}");
        }
    }
}
