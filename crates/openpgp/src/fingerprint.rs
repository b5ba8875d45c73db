//! The name of a key.

use std::fmt;

/// The 20 bytes that name a key of version 4; shown as upper-case hex.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fingerprint(pub [u8; 20]);

impl Fingerprint {
    /// The last eight bytes.
    pub(crate) fn key_id(&self) -> [u8; 8] {
        std::array::from_fn(|index| self.0[12 + index])
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}
