//! A manifest that refers to another one.

use serde_json::Value;
use shipwheel_oci::Descriptor;

/// A signature, an SBOM or another manifest that names a manifest as its subject.
#[derive(Debug, Clone, PartialEq)]
pub struct Referrer {
    /// The referring manifest.
    pub descriptor: Descriptor,
    /// Its entry in the list of referrers as it was there, with keys that a descriptor does not know.
    pub entry: Value,
}

impl Referrer {
    /// An entry of an index as a referrer; `None` if it is not a descriptor.
    pub(crate) fn from_entry(entry: Value) -> Option<Self> {
        let descriptor = serde_json::from_value(entry.clone()).ok()?;
        Some(Self { descriptor, entry })
    }
}
