//! What can keep a base from being assembled from Debian's packages.

use std::io;

use shipwheel_debian::base::AssembleError;
use shipwheel_debian::package::{DebError, DecompressError, PackagesError};
use shipwheel_debian::{KeyringError, ReleaseError, ResolveError};
use shipwheel_oci::Platform;
use shipwheel_store::{ErrorKind, StoreError};

use crate::error::BuildError;

/// Why a base could not be assembled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DebianError {
    /// Something could not be fetched or kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The keys to trust cannot be read.
    #[error("the keyring cannot be used")]
    Keyring(#[from] KeyringError),
    /// A release is not to be trusted.
    #[error(transparent)]
    Release(#[from] ReleaseError),
    /// An index is broken.
    #[error(transparent)]
    Packages(#[from] PackagesError),
    /// An index cannot be decompressed.
    #[error("an index cannot be decompressed")]
    Decompress(#[from] DecompressError),
    /// The packages cannot be found or do not fit together.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// A package cannot be unpacked.
    #[error("the package {package} cannot be unpacked")]
    Deb {
        /// The package.
        package: String,
        /// The cause.
        #[source]
        cause: DebError,
    },
    /// The packages do not make a tree.
    #[error(transparent)]
    Base(#[from] AssembleError),
    /// The suite has not the architecture.
    #[error("{suite} has no {architecture}; found {}", .found.join(", "))]
    NoArchitecture {
        /// The suite.
        suite: String,
        /// What was asked for.
        architecture: String,
        /// What it has.
        found: Vec<String>,
    },
    /// Something is needed from the network, and it may not be asked.
    #[error("{what} is not in the cache, and `--offline` forbids to fetch it")]
    Offline {
        /// Its address.
        what: String,
    },
    /// A local file.
    #[error("failed to read a file")]
    File {
        /// The cause, with the path in it.
        #[source]
        cause: io::Error,
    },
    /// The finished tree could not be stored or described.
    #[error(transparent)]
    Build(Box<BuildError>),
}

impl DebianError {
    /// As an error of the whole build.
    pub(crate) fn into_build(self, suite: &str, platform: &Platform) -> BuildError {
        match self {
            Self::Build(error) => *error,
            cause => BuildError::Debian { suite: suite.to_owned(), platform: platform.clone(), cause: Box::new(cause) },
        }
    }

    /// Whether something is not what was signed.
    pub(crate) fn is_verification(&self) -> bool {
        match self {
            Self::Release(_) => true,
            Self::Store(error) => error.kind() == ErrorKind::Verification,
            _ => false,
        }
    }

    /// Whether the user's files are at fault.
    pub(crate) fn is_configuration(&self) -> bool {
        match self {
            Self::Keyring(_)
            | Self::Resolve(_)
            | Self::NoArchitecture { .. }
            | Self::Offline { .. }
            | Self::File { .. } => true,
            Self::Store(error) => error.kind() == ErrorKind::Configuration && error.status().is_none(),
            _ => false,
        }
    }

    /// What to do about it.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Store(error) if error.status() == Some(404) => Some(match error.to_string().contains("/dists/") {
                true => "check `suite` and the mirror: the mirror has no such suite".to_owned(),
                false => "the mirror lists a package that it does not have: try later, or another mirror".to_owned(),
            }),
            Self::Store(error) => error.hint(),
            Self::Release(ReleaseError::NoGoodSignature { .. } | ReleaseError::NotSigned(_)) => Some(
                "the mirror serves something that Debian did not sign; for an archive of your own name its keys in `keyring`"
                    .to_owned(),
            ),
            Self::Resolve(_) => Some("check `packages` and `exclude` of the base in image.toml".to_owned()),
            _ => None,
        }
    }
}
