//! Something that only the network has, while `--offline` forbids asking it.

use shipwheel_store::ErrorKind;

/// Something is needed that the cache lacks, and the network must not be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} is not in the cache, and `--offline` forbids fetching it")]
pub struct OfflineError {
    /// What is needed: an address, a file's name, or an image.
    pub what: String,
}

impl OfflineError {
    /// The user asked for `--offline`.
    pub fn kind(&self) -> ErrorKind {
        ErrorKind::Configuration
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        "run once without `--offline` to fill the cache".to_owned()
    }
}
