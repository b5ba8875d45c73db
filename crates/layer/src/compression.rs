//! How a layer's own bytes are compressed: gzip, gzip to be pulled lazily, or zstd at a level.
//!
//! A layer of zstd is a row of independent frames (RFC 8878, 3.1), each of a fixed number of bytes of the tar and
//! compressed by one thread: the cut decides the bytes, and the number of processors does not.

use std::fmt;
use std::io;
use std::str::FromStr;

use shipwheel_oci::media_type;

use crate::gzip;

/// The release of the library that compresses zstd, as it numbers itself: another one may give other bytes. It is
/// part of the key of every layer of zstd.
pub const ZSTD_VERSION: u32 = 10_507;

/// How many bytes of the tar go into one frame at most: at most levels, more than a window's size gains nothing.
const FRAME: usize = 4 << 20;

/// A level of zstd, from 1 to 19: higher ones take memory from whoever reads the layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ZstdLevel(u8);

impl ZstdLevel {
    /// zstd's own default.
    pub const DEFAULT: Self = Self(3);

    /// A level; `None` outside of 1 to 19.
    pub fn new(level: i64) -> Option<Self> {
        u8::try_from(level).ok().filter(|level| (1..=19).contains(level)).map(Self)
    }

    /// The level's number.
    pub fn number(self) -> u8 {
        self.0
    }
}

/// How a layer is compressed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Compression {
    /// At one level, that all digests depend on; deflated members of wheels are passed through as they are.
    #[default]
    Gzip,
    /// gzip whose files can be fetched one by one; deflated members that are not large are passed through.
    Estargz,
    /// Everything is compressed anew.
    Zstd(ZstdLevel),
}

impl Compression {
    /// The media type of a layer.
    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Gzip | Self::Estargz => media_type::LAYER_GZIP,
            Self::Zstd(_) => media_type::LAYER_ZSTD,
        }
    }

    /// How many bytes of the tar are compressed by themselves at most.
    pub(crate) fn block(self) -> usize {
        match self {
            Self::Gzip | Self::Estargz => gzip::BLOCK,
            Self::Zstd(_) => FRAME,
        }
    }

    /// Whether deflated files are taken over as they are.
    pub(crate) fn passes_deflated(self) -> bool {
        !matches!(self, Self::Zstd(_))
    }

    /// Compresses one block.
    ///
    /// # Errors
    /// When zstd is another release than [`ZSTD_VERSION`], or out of memory.
    pub(crate) fn compress(self, block: &[u8]) -> io::Result<Vec<u8>> {
        let Self::Zstd(level) = self else { return Ok(gzip::member(block)) };
        let found = zstd_safe::version_number();
        if found != ZSTD_VERSION {
            let text = format!("this program was built with release {found} of zstd, expected {ZSTD_VERSION}");
            return Err(io::Error::other(text));
        }
        // One thread for a frame, and its size known beforehand: both decide the bytes.
        zstd::bulk::Compressor::new(i32::from(level.0)).and_then(|mut zstd| zstd.compress(block))
    }
}

impl FromStr for Compression {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let level = match text.split_once(':') {
            None if text == "gzip" => return Ok(Self::Gzip),
            None if text == "estargz" => return Ok(Self::Estargz),
            None if text == "zstd" => Some(ZstdLevel::DEFAULT),
            Some(("zstd", level)) => level.parse().ok().and_then(ZstdLevel::new),
            _ => None,
        };
        level
            .map(Self::Zstd)
            .ok_or_else(|| format!("`{text}` is no compression; expected gzip, estargz, zstd, or zstd:1 to zstd:19"))
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gzip => f.write_str("gzip"),
            Self::Estargz => f.write_str("estargz"),
            Self::Zstd(level) => write!(f, "zstd:{}", level.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_and_are_written_as_they_parse() {
        let zstd = |level| ZstdLevel::new(level).map(Compression::Zstd);
        for (text, expected) in [
            ("gzip", Some(Compression::Gzip)),
            ("estargz", Some(Compression::Estargz)),
            ("zstd", zstd(3)),
            ("zstd:1", zstd(1)),
            ("zstd:19", zstd(19)),
            ("zstd:0", None),
            ("zstd:20", None),
            ("zstd:", None),
            ("gzip:6", None),
            ("xz", None),
        ] {
            let parsed = text.parse::<Compression>().ok();
            assert_eq!(parsed, expected, "{text}");
            assert!(parsed.is_none_or(|it| it.to_string().parse() == Ok(it)));
        }
    }

    #[test]
    fn blocks_are_read_back_whatever_is_in_them() {
        let noise: Vec<u8> =
            (0..FRAME as u64).map(|n| (n.wrapping_mul(6_364_136_223_846_793_005) >> 33) as u8).collect();
        for level in [1, 3, 19] {
            let compression = Compression::Zstd(ZstdLevel::new(level).expect("in range"));
            for block in [&b""[..], b"x", &[0; 70_000], &noise[..if level > 3 { 70_000 } else { FRAME }]] {
                let frame = compression.compress(block).expect("to memory");
                assert!(zstd::decode_all(frame.as_slice()).expect("a frame") == block, "{level}");
            }
        }
    }
}
