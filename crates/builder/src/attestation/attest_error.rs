//! What can be wrong with keys, signatures and other attestations.

use std::path::PathBuf;

use shipwheel_attest::{AttestationError, KeyError};
use shipwheel_oci::Digest;
use shipwheel_store::ErrorKind;

use super::refused::{Refused, RefusedReason};

/// So many signatures that do not count are listed one by one.
const SHOWN: usize = 10;

/// Why an image is not signed, or is not known to be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AttestError {
    /// A file is not the key that is needed.
    #[error("{} is not a key that can be used: {cause}", .path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        cause: KeyError,
    },
    /// Nothing that the key signed says that the image is signed.
    #[error("{digest} has no signature by this key{}", listed(.found))]
    Unsigned {
        /// The index or the manifest.
        digest: Digest,
        /// What was found in its place.
        found: Vec<Refused>,
    },
    /// The signatures that an image has under its tag cannot be read, so that none can be added.
    #[error("the tag {tag} holds something else than signatures: {cause}")]
    Tag {
        /// The tag.
        tag: String,
        /// What is wrong.
        cause: AttestationError,
    },
}

fn listed(found: &[Refused]) -> String {
    let lines = found.iter().take(SHOWN).map(|refused| format!("\n  {refused}"));
    let more = found.len().saturating_sub(SHOWN);
    lines.chain((more > 0).then(|| format!("\n  and {more} more"))).collect()
}

impl AttestError {
    /// Who can fix it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Key { .. } => ErrorKind::Configuration,
            Self::Unsigned { .. } => ErrorKind::Verification,
            Self::Tag { .. } => ErrorKind::Outside,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        let is_attestation = |refused: &Refused| matches!(refused.reason, RefusedReason::OtherPredicate(_));
        let text = match self {
            Self::Key { cause, .. } => cause.hint(),
            Self::Unsigned { found, .. } if found.is_empty() => {
                "nothing is attached to it that could be a signature: sign it with `shipwheel sign IMAGE --key FILE`, and \
                 check that the signatures came along where it was copied"
            }
            Self::Unsigned { found, .. } if found.iter().any(is_attestation) => {
                "an SBOM or provenance by this key does not sign the image: sign it with `shipwheel sign IMAGE --key FILE`"
            }
            Self::Unsigned { .. } => {
                "do not use it until you know who signed it: check the key, and where the image comes from"
            }
            Self::Tag { .. } => "look at the tag with `skopeo inspect --raw`, and remove it if nobody needs it",
        };
        text.to_owned()
    }
}
