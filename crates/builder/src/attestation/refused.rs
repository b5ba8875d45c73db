//! A signature that does not count, and why.

use std::fmt;

use shipwheel_attest::{AttestationError, SIGNED};
use shipwheel_oci::Digest;

/// The longest name of a predicate that is repeated.
const MAX_SHOWN: usize = 100;

/// Something that was attached to an image and does not sign it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its manifest, or its payload.
    pub place: Digest,
    /// Why it does not count.
    pub reason: RefusedReason,
}

/// Why something does not sign an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefusedReason {
    /// It is not what it should be, or another key signed it.
    Unusable(AttestationError),
    /// The key signed it, and it is about something else.
    OtherImage,
    /// The key signed it, and it says something else than that the image is signed.
    OtherPredicate(String),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.place.short())?;
        match &self.reason {
            RefusedReason::Unusable(error) => error.fmt(f),
            RefusedReason::OtherImage => f.write_str("it is about another image"),
            RefusedReason::OtherPredicate(predicate) => {
                let predicate: String =
                    predicate.chars().take(MAX_SHOWN).map(|c| if c.is_control() { '?' } else { c }).collect();
                write!(f, "it attests {predicate}, and only {SIGNED} is a signature")
            }
        }
    }
}
