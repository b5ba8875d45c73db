//! sha384 and sha512, which RECORD may have in place of sha256 ("sha256 or better", the wheel specification).

use std::io::{self, Write};

use sha2::{Digest as _, Sha384, Sha512};
use shipwheel_layer::Content;
use shipwheel_oci::{Digest, Hasher};

/// A hash that is stronger than sha256.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StrongHash {
    /// sha384.
    Sha384([u8; 48]),
    /// sha512.
    Sha512([u8; 64]),
}

impl StrongHash {
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
