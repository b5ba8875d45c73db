//! A base that is not known, not complete, or not fit for wheels.

use shipwheel_oci::Platform;

use super::debian_error::DebianError;
use shipwheel_store::{ErrorKind, StoreError};

/// Why a definition has no usable base.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BaseError {
    /// The definition names no base.
    #[error("image.toml names no base")]
    NotNamed,
    /// Every base of the definition is assembled from Debian's packages, and no mirror is known.
    #[error("no base can be tried on this machine: it knows no Debian mirror")]
    NoMirror,
    /// Debian's packages could not be made into a base.
    #[error("failed to assemble the base from Debian {suite} for {platform}")]
    Debian {
        /// The suite.
        suite: String,
        /// The platform.
        platform: Platform,
        /// The cause.
        #[source]
        cause: Box<DebianError>,
    },
    /// A registry does not give the image, and another base of the definition would do.
    #[error("the base {image} cannot be had")]
    Image {
        /// The image.
        image: String,
        /// The suites of Debian that are bases of the definition too.
        suites: Vec<String>,
        /// The cause.
        #[source]
        cause: Box<StoreError>,
    },
    /// The base has no C library that wheels are built for.
    #[error("the base for {platform} has neither glibc nor musl, and every wheel is built for one of the two")]
    NoLibc {
        /// The platform.
        platform: Platform,
    },
    /// The base has no Python, which a lock has to be made for.
    #[error("the base of {file} has no Python to lock for")]
    NoPython {
        /// The definition.
        file: String,
    },
}

impl BaseError {
    /// Who can fix it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Debian { cause, .. } => cause.kind(),
            Self::Image { cause, .. } => cause.kind(),
            Self::NotNamed | Self::NoMirror | Self::NoLibc { .. } | Self::NoPython { .. } => ErrorKind::Configuration,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Debian { cause, .. } => return cause.hint(),
            Self::Image { suites, .. } => {
                let flags: Vec<String> = suites.iter().map(|suite| format!("`--base {suite}`")).collect();
                return Some(format!(
                    "Debian's packages would do as well, and need no registry: pass {}, or put that base first in `base` \
                     of image.toml",
                    flags.join(" or ")
                ));
            }
            Self::NotNamed => {
                "name a `debian` suite, an `image` or a `layout` as `base`; `shipwheel init --force` writes an image.toml \
                                with a base and all else that the folder tells"
            }
            Self::NoMirror => {
                "set SHIPWHEEL_DEBIAN_MIRROR or `mirror` in image.toml, or name an `image` or a `layout` as a base"
            }
            Self::NoLibc { .. } => "choose a base with glibc or musl",
            Self::NoPython { .. } => "choose a base with Python",
        };
        Some(text.to_owned())
    }
}
