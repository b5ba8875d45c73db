//! Why a layer could not be written.

use std::io;

use crate::content::ContentError;
use crate::path::TreePath;

/// A layer that could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// A file's content cannot be read or is not as promised.
    #[error("`{path}`")]
    Content {
        /// The file in the image.
        path: TreePath,
        /// The cause.
        #[source]
        cause: ContentError,
    },
    /// A file is named like one that the format of the layer has for itself.
    #[error("`{path}` is the name of a file of eStargz itself; a lazy layer cannot hold another one")]
    Reserved {
        /// The file in the image.
        path: TreePath,
    },
    /// The table of contents of an eStargz layer is JSON, which has texts alone.
    #[error("`{path}`: its name or where it leads to is not UTF-8, which a lazy layer needs")]
    Unnamed {
        /// The entry in the image.
        path: TreePath,
    },
    /// The destination failed.
    #[error("failed to write the layer")]
    Write(#[from] io::Error),
}
