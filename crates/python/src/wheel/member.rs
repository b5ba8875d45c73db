//! A file in a wheel.

use shipwheel_oci::Digest;

/// A file in a wheel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its path in the archive, checked: relative, normalized, UTF-8.
    pub path: String,
    /// Where its data begin in the archive, in bytes.
    pub offset: u64,
    /// The length of its data there.
    pub compressed_size: u64,
    /// Its length when inflated.
    pub size: u64,
    /// Its CRC-32 when inflated.
    pub crc32: u32,
    /// Whether it is deflated; otherwise it is stored as it is.
    pub deflated: bool,
    /// Whether its mode has an executable bit.
    pub executable: bool,
    /// Its sha256, according to RECORD or to its bytes; RECORD itself and its signatures have none.
    pub sha256: Option<Digest>,
}
