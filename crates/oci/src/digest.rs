//! Digests, diff ids and chain ids as three types, and the writers that make them.
//!
//! A value of these types exists only because something was hashed or a string was
//! parsed (OCI image spec, `descriptor.md#digests`). Only sha256 is accepted: it is the
//! one algorithm that every registry and runtime implements.

use std::fmt;
use std::io::{self, BufReader, Read, Write};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Digest as _;

/// How many bytes are read at a time to be hashed.
const READ_SIZE: usize = 256 << 10;

/// A text that is not a `sha256:` digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not a digest: expected `sha256:` and 64 lowercase hex digits")]
pub struct DigestError {
    /// The text as it was found.
    pub found: String,
}

/// The sha256 of stored bytes: what a descriptor names and a registry serves.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Hashes a whole byte string.
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// Hashes all that a reader gives; with the number of its bytes.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of_reader(reader: impl Read) -> io::Result<(Self, u64)> {
        let mut hasher = HashWriter::new(io::sink());
        io::copy(&mut BufReader::with_capacity(READ_SIZE, reader), &mut hasher)?;
        let (_, digest, size) = hasher.finish();
        Ok((digest, size))
    }

    /// The 64 lowercase hex digits, without the algorithm: a blob's file name in a layout.
    pub fn hex(&self) -> String {
        hex::encode(self.0)
    }

    /// The first 12 hex digits, for tables and messages.
    pub fn short(&self) -> String {
        hex::encode(&self.0[..6])
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// A digest from 64 hex digits without the algorithm, as lock files and RECORD write it.
    ///
    /// # Errors
    /// When the text is anything but 64 lowercase hex digits.
    pub fn from_hex(digits: &str) -> Result<Self, DigestError> {
        let error = || DigestError { found: digits.to_owned() };
        if digits.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(error());
        }
        let mut bytes = [0; 32];
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| error())?;
        Ok(Self(bytes))
    }

    /// A digest from 32 raw bytes that were a digest before, as RECORD's base64 encodes them.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl AsRef<[u8]> for Digest {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        text.strip_prefix("sha256:")
            .and_then(|digits| Self::from_hex(digits).ok())
            .ok_or_else(|| DigestError { found: text.to_owned() })
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The sha256 of a layer's uncompressed tar (`config.md`, `rootfs.diff_ids`).
///
/// It does not convert to a [`Digest`]: asking a registry for a diff id is always a mistake.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DiffId(Digest);

impl DiffId {
    /// Hashes a whole uncompressed tar.
    pub fn of(tar: &[u8]) -> Self {
        Self(Digest::of(tar))
    }

    /// The diff id that a hasher of uncompressed tar bytes gives when finished.
    pub fn from_hasher(hasher: Hasher) -> Self {
        Self(hasher.finish())
    }

    /// The first 12 hex digits, for tables and messages.
    pub fn short(&self) -> String {
        self.0.short()
    }
}

impl FromStr for DiffId {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        text.parse().map(Self)
    }
}

impl fmt::Display for DiffId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for DiffId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A running sha256.
#[derive(Clone, Default)]
pub struct Hasher(sha2::Sha256);

impl Hasher {
    /// An empty hasher.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes more bytes in.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Takes one field in with its length before it, so that ("ab", "c") and ("a", "bc") differ.
    ///
    /// For keys made of several parts.
    pub fn field(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        let bytes = bytes.as_ref();
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
        self
    }

    /// Takes several fields in, one after the other.
    pub fn fields<T: AsRef<[u8]>>(&mut self, all: impl IntoIterator<Item = T>) -> &mut Self {
        for bytes in all {
            self.field(bytes);
        }
        self
    }

    /// The digest of all that was taken in.
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

impl Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A writer that hashes and counts what goes through it, and yields both when finished.
pub struct HashWriter<W> {
    inner: W,
    hasher: Hasher,
    size: u64,
}

impl<W: Write> HashWriter<W> {
    /// Wraps a writer.
    pub fn new(inner: W) -> Self {
        Self { inner, hasher: Hasher::new(), size: 0 }
    }

    /// The bytes written so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The writer, with the digest and the count of what was written to it.
    pub fn finish(self) -> (W, Digest, u64) {
        (self.inner, self.hasher.finish(), self.size)
    }
}

impl<W: Write> Write for HashWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO: &str = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

    #[test]
    fn digest_of_bytes_prints_as_the_spec_has_it() {
        let (digest, diff_id) = (Digest::of(b"hello"), DiffId::of(b"hello"));
        assert_eq!([digest.to_string(), diff_id.to_string()], [HELLO, HELLO]);
        assert_eq!([format!("{digest:?}"), format!("{diff_id:?}")], [HELLO, HELLO]);
        assert_eq!([digest.short(), diff_id.short()], [&HELLO[7..19]; 2]);
        assert_eq!(digest.hex(), HELLO[7..]);
    }

    #[test]
    fn a_digest_is_the_same_in_each_of_its_forms() {
        let digest = Digest::of(b"hello");
        let raw: &[u8] = digest.as_ref();
        assert_eq!(hex::encode(raw), HELLO[7..]);
        assert_eq!(hex::encode(digest.as_bytes()), HELLO[7..]);
        assert_eq!(Digest::from_bytes(*digest.as_bytes()), digest);
        assert_eq!(Digest::from_hex(&digest.hex()), Ok(digest));
        assert_eq!(HELLO.parse(), Ok(digest));
    }

    #[test]
    fn only_lowercase_sha256_parses() {
        assert!(HELLO.parse::<Digest>().is_ok());
        for bad in [
            "",
            "sha256:",
            "md5:abc",
            &HELLO.to_uppercase(),
            &HELLO.replace("2cf2", "2CF2"),
            &HELLO[..70],
            &format!("{HELLO}00"),
            "sha256:../../../../etc/passwd",
        ] {
            assert!(bad.parse::<Digest>().is_err(), "{bad}");
        }
    }

    #[test]
    fn fields_do_not_run_together() {
        let key = |parts: &[&str]| {
            let mut hasher = Hasher::new();
            for part in parts {
                hasher.field(part);
            }
            hasher.finish()
        };
        assert_ne!(key(&["ab", "c"]), key(&["a", "bc"]));
        let mut at_once = Hasher::new();
        at_once.fields(["ab", "c"]);
        assert_eq!(at_once.finish(), key(&["ab", "c"]), "several fields are the same as one after the other");
    }

    #[test]
    fn a_hasher_takes_in_all_that_is_copied_to_it() {
        let mut hasher = Hasher::new();
        assert_eq!(io::copy(&mut &b"hello"[..], &mut hasher).expect("a hasher takes all"), 5);
        assert_eq!(hasher.finish(), Digest::of(b"hello"));
    }

    #[test]
    fn hash_writer_counts_what_it_hashes() {
        let mut writer = HashWriter::new(Vec::new());
        writer.write_all(b"hel").expect("a Vec takes all");
        assert_eq!(writer.size(), 3);
        writer.write_all(b"lo").expect("a Vec takes all");
        let (bytes, digest, size) = writer.finish();
        assert_eq!((bytes.as_slice(), digest.to_string().as_str(), size), (&b"hello"[..], HELLO, 5));
    }

    #[test]
    fn a_hash_writer_flushes_the_writer_that_it_wraps() {
        let mut sink = Vec::new();
        let mut writer = HashWriter::new(io::BufWriter::new(&mut sink));
        writer.write_all(b"hello").expect("a Vec takes all");
        writer.flush().expect("a Vec takes all");
        // Forgotten, so that nothing but the flush can have written it.
        std::mem::forget(writer);
        assert_eq!(sink, b"hello");
    }
}
