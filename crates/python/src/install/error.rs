//! Wheels that cannot be installed, and why.

use std::io;

use shipwheel_layer::{ContentError, TreeError, TreePath};

/// A wheel that cannot be installed.
#[derive(Debug, thiserror::Error)]
#[error("failed to install {wheel}")]
pub struct InstallError {
    /// The wheel's file name.
    pub wheel: String,
    /// The cause.
    #[source]
    pub kind: InstallErrorKind,
}

/// Why a wheel cannot be installed.
#[derive(Debug, thiserror::Error)]
pub enum InstallErrorKind {
    /// A file goes to a place that the scheme does not have.
    #[error("`{path}` is for the unknown scheme `{scheme}`; expected purelib, platlib, scripts, headers or data")]
    UnknownScheme {
        /// The file in the wheel.
        path: String,
        /// The scheme's key.
        scheme: String,
    },
    /// A script could not be read.
    #[error("failed to read `{path}`")]
    Read {
        /// The file in the wheel.
        path: String,
        /// The cause.
        #[source]
        cause: io::Error,
    },
    /// A script could not be read to its end, or is not what RECORD says.
    #[error("failed to read `{path}`")]
    Content {
        /// The file in the wheel.
        path: String,
        /// The cause.
        #[source]
        cause: ContentError,
    },
    /// A script that must be changed is too large.
    #[error("the script `{path}` has {size} bytes, more than 16 MiB")]
    LargeScript {
        /// The file in the wheel.
        path: String,
        /// Its size in bytes.
        size: u64,
    },
    /// It has a file where the virtual environment has its own, or one that decides which interpreter runs.
    #[error("its file `{path}` belongs to the virtual environment, and a wheel must not replace it")]
    Environment {
        /// The path in the image.
        path: TreePath,
    },
    /// Two of its files go to one place, or a path is too long for an image.
    #[error(transparent)]
    Tree(#[from] TreeError),
}
