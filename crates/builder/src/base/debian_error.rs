//! What can keep a base from being assembled from Debian's packages.

use shipwheel_debian::base::AssembleError;
use shipwheel_debian::package::{DebError, DecompressError, PackagesError};
use shipwheel_debian::{KeyringError, ReleaseError, ResolveError};
use shipwheel_oci::Digest;
use shipwheel_store::{ErrorKind, StoreError, is_full};

use crate::disk::file_error::FileError;
use crate::offline::OfflineError;

/// Why a base could not be assembled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DebianError {
    /// Something could not be fetched or kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The mirror has no such suite.
    #[error("the mirror does not have the suite {suite}")]
    NoSuite {
        /// The suite.
        suite: String,
        /// The mirror's answer.
        #[source]
        cause: StoreError,
    },
    /// The mirror lacks a file that its own lists name.
    #[error("the mirror does not have a file that it lists")]
    NotOnMirror {
        /// The mirror's answer.
        #[source]
        cause: StoreError,
    },
    /// The mirror has no package of a locked version and content any more.
    #[error(
        "the mirror does not have {package} {version} ({}) of image.lock; it has {}",
        .digest.short(),
        if .found.is_empty() { "none".to_owned() } else { .found.join(", ") }
    )]
    NotOffered {
        /// The package.
        package: String,
        /// The version that is locked.
        version: String,
        /// The digest that is locked.
        digest: Digest,
        /// What the mirror has of that name.
        found: Vec<String>,
    },
    /// The keys to trust cannot be read.
    #[error("the keyring cannot be used")]
    Keyring(#[from] KeyringError),
    /// A release cannot be trusted.
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
    Tree(#[from] AssembleError),
    /// The suite does not have the architecture.
    #[error("{suite} has no {architecture}; found {}", .found.join(", "))]
    NoArchitecture {
        /// The suite.
        suite: String,
        /// What was asked for.
        architecture: String,
        /// What it has.
        found: Vec<String>,
    },
    /// Something is needed from the network, which must not be asked.
    #[error(transparent)]
    Offline(#[from] OfflineError),
    /// The keyring, or a file that a package unpacks to.
    #[error(transparent)]
    File(#[from] FileError),
}

impl DebianError {
    /// Who can fix it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Release(_) => ErrorKind::Verification,
            // The user names the suite and the packages; the paths are the mirror's own.
            Self::Store(error) if error.status().is_some() => ErrorKind::Outside,
            Self::Store(error) => error.kind(),
            Self::File(error) => error.kind(),
            Self::Offline(error) => error.kind(),
            Self::Deb { cause, .. } if is_full(cause) => ErrorKind::Output,
            Self::Resolve(ResolveError::Index(_))
            | Self::NotOnMirror { .. }
            | Self::NotOffered { .. }
            | Self::Packages(_)
            | Self::Decompress(_)
            | Self::Deb { .. }
            | Self::Tree(_) => ErrorKind::Outside,
            Self::NoSuite { .. } | Self::Keyring(_) | Self::Resolve(_) | Self::NoArchitecture { .. } => {
                ErrorKind::Configuration
            }
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            // A registry's hints: nobody logs in to a mirror.
            Self::Store(error) if error.status().is_some() => return None,
            Self::Store(error) => return error.hint(),
            Self::Offline(error) => return Some(error.hint()),
            Self::File(error) => return error.hint(),
            Self::NoSuite { .. } => "check the spelling of `suite` in image.toml, and that the mirror has it",
            Self::NotOffered { .. } => {
                "name a mirror that keeps old versions, such as a snapshot of the day of the lock, as `mirror` of \
                 `base.debian` or in SHIPWHEEL_DEBIAN_MIRROR, or take today's packages: `shipwheel lock --upgrade`"
            }
            Self::NotOnMirror { .. } => "try later, or use another mirror",
            Self::Release(ReleaseError::NoGoodSignature { .. } | ReleaseError::NotSigned(_)) => {
                "the mirror serves content that Debian did not sign; for your own archive, set `keyring` to a file with its keys"
            }
            Self::Release(ReleaseError::Future { .. }) => {
                "check this machine's clock, or set `check-date = false` in `base.debian` of image.toml"
            }
            Self::Release(ReleaseError::Older { .. }) => {
                "the mirror may be out of date: try later, or use another one; if it is pinned to an older day on \
                 purpose, set `check-date = false` in `base.debian` of image.toml"
            }
            Self::Tree(AssembleError::Read { cause, .. }) | Self::Deb { cause: DebError::Control(cause), .. } => {
                return cause.hint().map(str::to_owned);
            }
            Self::Resolve(_) => "check `packages` and `exclude` of the base in image.toml",
            Self::Keyring(_)
            | Self::Release(_)
            | Self::Packages(_)
            | Self::Decompress(_)
            | Self::Deb { .. }
            | Self::Tree(_)
            | Self::NoArchitecture { .. } => return None,
        };
        Some(text.to_owned())
    }
}
