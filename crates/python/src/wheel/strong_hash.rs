//! sha384 and sha512, which RECORD ("sha256 or better", the wheel specification) and locks may have in place of sha256.

use std::fmt;
use std::io::{self, Read, Write};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha384, Sha512};
use shipwheel_layer::Content;
use shipwheel_oci::{Digest, Hasher};

/// A hash that is stronger than sha256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum StrongHash {
    /// sha384.
    Sha384([u8; 48]),
    /// sha512.
    Sha512([u8; 64]),
}

impl StrongHash {
    /// The names of its algorithms, as RECORD, locks and indexes have them; the strongest first.
    pub const ALGORITHMS: [&'static str; 2] = ["sha512", "sha384"];

    /// The hash of an algorithm that hexadecimal digits write.
    ///
    /// # Errors
    /// When the algorithm is another one, or there are more or fewer digits than it has.
    pub fn from_hex(algorithm: &str, digits: &str) -> Result<Self, StrongHashError> {
        let bytes = hex::decode(digits).map_err(|_| StrongHashError)?;
        Self::new(algorithm, &bytes).ok_or(StrongHashError)
    }

    /// Those among the hashes of a file, the strongest first; `digits_of` tells the digits by the name of an algorithm.
    ///
    /// What cannot be read proves nothing, and is left out.
    pub(crate) fn all_of<'d>(digits_of: impl Fn(&str) -> Option<&'d str>) -> Vec<Self> {
        let named = Self::ALGORITHMS.into_iter().filter_map(|name| Some((name, digits_of(name)?)));
        named.filter_map(|(name, digits)| Self::from_hex(name, digits).ok()).collect()
    }

    /// Its name in RECORD, and its bytes.
    pub(super) fn parts(&self) -> (&'static str, &[u8]) {
        match self {
            Self::Sha384(bytes) => ("sha384", bytes),
            Self::Sha512(bytes) => ("sha512", bytes),
        }
    }

    /// The bytes of an algorithm; `None` for another algorithm or another length.
    pub(super) fn new(algorithm: &str, bytes: &[u8]) -> Option<Self> {
        match algorithm {
            "sha384" => bytes.try_into().ok().map(Self::Sha384),
            "sha512" => bytes.try_into().ok().map(Self::Sha512),
            _ => None,
        }
    }
}

/// A text that is no sha384 and no sha512.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no hash: expected sha384: and 96 hex digits, or sha512: and 128")]
pub struct StrongHashError;

impl FromStr for StrongHash {
    type Err = StrongHashError;

    /// Reads `sha512:` and hexadecimal digits.
    fn from_str(text: &str) -> Result<Self, StrongHashError> {
        let (algorithm, digits) = text.split_once(':').ok_or(StrongHashError)?;
        Self::from_hex(algorithm, digits)
    }
}

impl TryFrom<String> for StrongHash {
    type Error = StrongHashError;

    fn try_from(text: String) -> Result<Self, StrongHashError> {
        text.parse()
    }
}

impl From<StrongHash> for String {
    fn from(hash: StrongHash) -> Self {
        hash.to_string()
    }
}

impl fmt::Display for StrongHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (algorithm, bytes) = self.parts();
        write!(f, "{algorithm}:{}", hex::encode(bytes))
    }
}

impl StrongHash {
    /// The first of some hashes that a file has.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn first_of(hashes: &[Self], file: &mut impl Read) -> io::Result<Option<Self>> {
        let (mut sha384, mut sha512) = (Sha384::new(), Sha512::new());
        let has_384 = hashes.iter().any(|hash| matches!(hash, Self::Sha384(_)));
        let has_512 = hashes.iter().any(|hash| matches!(hash, Self::Sha512(_)));
        let mut buffer = vec![0; 1 << 16];
        loop {
            let bytes = match file.read(&mut buffer)? {
                0 => break,
                count => &buffer[..count],
            };
            if has_384 {
                sha384.update(bytes);
            }
            if has_512 {
                sha512.update(bytes);
            }
        }
        let found = [Self::Sha384(sha384.finalize().into()), Self::Sha512(sha512.finalize().into())];
        Ok(hashes.iter().copied().find(|hash| found.contains(hash)))
    }
}

/// The sha256 of a content, and whether it has the strong hash that is expected of it, in one pass.
///
/// # Errors
/// When the content cannot be read, or is longer or shorter than its archive says.
pub(super) fn digest(content: &Content, expected: Option<&StrongHash>) -> io::Result<(Digest, bool)> {
    let strong = match expected {
        None => Strong::Unasked,
        Some(StrongHash::Sha384(_)) => Strong::Sha384(Sha384::new()),
        Some(StrongHash::Sha512(_)) => Strong::Sha512(Sha512::new()),
    };
    let mut hashing = Hashing { sha256: Hasher::new(), strong, left: content.size() };
    content.copy_to(&mut hashing)?;
    if hashing.left > 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let found = match hashing.strong {
        Strong::Unasked => None,
        Strong::Sha384(hasher) => Some(StrongHash::Sha384(hasher.finalize().into())),
        Strong::Sha512(hasher) => Some(StrongHash::Sha512(hasher.finalize().into())),
    };
    Ok((hashing.sha256.finish(), found.as_ref() == expected))
}

enum Strong {
    Unasked,
    Sha384(Sha384),
    Sha512(Sha512),
}

/// Takes as many bytes as were promised, and no more: what inflates to more is not read on.
struct Hashing {
    sha256: Hasher,
    strong: Strong,
    left: u64,
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.left = self.left.checked_sub(bytes.len() as u64).ok_or(io::ErrorKind::InvalidData)?;
        self.sha256.update(bytes);
        match &mut self.strong {
            Strong::Unasked => {}
            Strong::Sha384(hasher) => hasher.update(bytes),
            Strong::Sha512(hasher) => hasher.update(bytes),
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
