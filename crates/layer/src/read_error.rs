//! A tar that cannot be read.

use std::io;

use crate::path::PathError;
use crate::tree::TreeError;

/// A tar that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The bytes are not a tar, or end too early.
    #[error("{name} is not a complete tar")]
    Tar {
        /// The source's name.
        name: String,
        /// The cause.
        #[source]
        cause: io::Error,
    },
    /// An entry that programs read differently: Go's archive/tar, GNU tar, libarchive and Python's tarfile.
    #[error("{name}: `{path}` at byte {offset} {reason}: not every program reads it alike")]
    Ambiguous {
        /// The source's name.
        name: String,
        /// The entry.
        path: String,
        /// Where its header begins, in bytes.
        offset: u64,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// An entry that is no file, directory or link: a sparse file, a part of a backup.
    #[error("{name}: `{path}` at byte {offset} {reason}, which is not allowed in a layer or package")]
    Form {
        /// The source's name.
        name: String,
        /// The entry.
        path: String,
        /// Where its header begins, in bytes.
        offset: u64,
        /// What it is.
        reason: &'static str,
    },
    /// An entry's path is not allowed.
    #[error("{name} has an entry that is not allowed")]
    Path {
        /// The source's name.
        name: String,
        /// The cause.
        #[source]
        cause: PathError,
    },
    /// An entry does not fit into the tree.
    #[error("{name} does not fit over what is below it")]
    Tree {
        /// The source's name.
        name: String,
        /// The cause.
        #[source]
        cause: TreeError,
    },
    /// An entry has a form that is not supported.
    #[error("{name}: `{path}` {reason}")]
    Unsupported {
        /// The source's name.
        name: String,
        /// The entry.
        path: String,
        /// Why not.
        reason: &'static str,
    },
    /// More entries or bytes than the limits allow.
    #[error("{name} has more than {limit}: refused as a possible decompression bomb")]
    Limit {
        /// The source's name.
        name: String,
        /// The limit that was passed.
        limit: String,
    },
}

impl ReadError {
    /// What to do about it, if the error itself does not say so.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Ambiguous { .. } => Some(
                "write the layer or package again with a current version of Docker, Podman, Buildah, GNU tar or dpkg-deb",
            ),
            Self::Form { .. } => {
                Some("write the tar again without the options `--sparse`, `--multi-volume` and `--listed-incremental`")
            }
            Self::Tar { .. }
            | Self::Path { .. }
            | Self::Tree { .. }
            | Self::Unsupported { .. }
            | Self::Limit { .. } => None,
        }
    }
}
