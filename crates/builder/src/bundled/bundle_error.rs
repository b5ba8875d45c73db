//! A bundle that cannot be made or used.

use std::collections::BTreeSet;

use shipwheel_oci::Platform;
use shipwheel_store::ErrorKind;

/// Why a bundle is of no use.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// It is an image, or something else that `bundle` did not write.
    #[error("{what} is not a bundle of shipwheel")]
    Other {
        /// What was given.
        what: String,
    },
    /// Its answers are not what this version reads.
    #[error("the answers in {what} cannot be read")]
    Answers {
        /// The bundle.
        what: String,
        /// The cause.
        #[source]
        cause: serde_json::Error,
    },
    /// It was made for other platforms.
    #[error("{what} is for {found}, and the image is to be for {platform}")]
    Platform {
        /// The bundle.
        what: String,
        /// A platform that it does not have.
        platform: Platform,
        /// Those it has.
        found: String,
    },
    /// The network lacks what the build needs.
    #[error("{} inputs of the build cannot be had:{}", .missing.len(), indented(.missing))]
    Lacking {
        /// All that is known to be missing, and why.
        missing: BTreeSet<String>,
        /// Who can mend the first.
        kind: ErrorKind,
        /// What to do about the first.
        hint: Option<String>,
    },
    /// What was packed gives another image than the network.
    #[error("what the bundle would have gives another {what} for {platform} than the network")]
    Differs {
        /// What differs.
        what: &'static str,
        /// Where.
        platform: Platform,
    },
}

impl BundleError {
    /// Who can fix it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Other { .. } | Self::Platform { .. } => ErrorKind::Configuration,
            Self::Answers { .. } => ErrorKind::Verification,
            Self::Differs { .. } => ErrorKind::Outside,
            Self::Lacking { kind, .. } => *kind,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Other { .. } => "name a file that `shipwheel bundle` wrote, or where it was pushed to",
            Self::Answers { .. } => "make the bundle again, with the version of shipwheel that reads it",
            Self::Platform { .. } => "pass `--platforms` as for the bundle, or make one for these platforms",
            Self::Lacking { hint: Some(hint), .. } => hint,
            Self::Lacking { hint: None, .. } => "find out where they went, and run it again",
            Self::Differs { .. } => "run it again: a mirror or an index may have changed in between",
        }
        .to_owned()
    }
}

fn indented(missing: &BTreeSet<String>) -> String {
    missing.iter().map(|line| format!("\n  {line}")).collect()
}
