//! A machine on which a plain build is impossible.

use shipwheel_store::ErrorKind;

use super::offer::Offer;

/// Something that every build needs is missing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a plain build is impossible without: {}", .missing.join(", "))]
pub struct MachineError {
    missing: Vec<&'static str>,
    kind: ErrorKind,
}

impl MachineError {
    /// The error for what is missing; `None` where a plain build is possible.
    pub fn of(offers: &[Offer]) -> Option<Self> {
        let kind = offers.iter().find_map(|offer| offer.blocks)?;
        let mut missing: Vec<&'static str> =
            offers.iter().filter(|offer| offer.blocks.is_some()).map(|offer| offer.name).collect();
        missing.dedup();
        Some(Self { missing, kind })
    }

    /// Who can fix it.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        "the lines that begin with `missing` have a hint each".to_owned()
    }
}
