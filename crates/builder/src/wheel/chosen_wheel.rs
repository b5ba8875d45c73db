//! A wheel that a lock gives for a target.

use serde::{Deserialize, Serialize};
use shipwheel_oci::{Digest, Hasher};
use shipwheel_python::select::SelectedWheel;

/// A wheel that a lock gives for a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ChosenWheel {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) file_name: String,
    pub(crate) url: Option<String>,
    /// Relative to the lock.
    pub(crate) path: Option<String>,
    pub(crate) size: Option<u64>,
    pub(crate) digest: Digest,
}

impl From<SelectedWheel> for ChosenWheel {
    fn from(wheel: SelectedWheel) -> Self {
        Self {
            name: wheel.name.to_string(),
            version: wheel.version.to_string(),
            file_name: wheel.wheel.file_name().to_owned(),
            url: wheel.url,
            path: wheel.path,
            size: wheel.size,
            digest: wheel.sha256,
        }
    }
}

/// A key over a list of wheels.
pub(crate) fn wheels_key<'d>(digests: impl IntoIterator<Item = &'d Digest>) -> Digest {
    let mut hasher = Hasher::new();
    hasher.fields(digests);
    hasher.finish()
}
