//! Something that only the network has, while `--offline` forbids asking it.

use shipwheel_store::ErrorKind;

/// Something is needed that the cache lacks, and the network must not be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} is not in {}", place(*.of_bundle))]
pub struct OfflineError {
    /// What is needed: an address, a file's name, or an image.
    pub what: String,
    /// Whether a bundle should have it.
    pub of_bundle: bool,
}

fn place(of_bundle: bool) -> &'static str {
    if of_bundle { "the bundle" } else { "the cache, and `--offline` forbids fetching it" }
}

impl OfflineError {
    /// The user asked for `--offline`.
    pub fn kind(&self) -> ErrorKind {
        ErrorKind::Configuration
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        match self.of_bundle {
            true => "make the bundle again with `shipwheel bundle`, where there is a network, from these very files",
            false => "run once without `--offline` to fill the cache",
        }
        .to_owned()
    }
}
